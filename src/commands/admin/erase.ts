import { Fault } from "../../base/fault.ts";
import { defineVerb } from "../../cli/command.ts";
import { ADMIN_FLAGS, done, withOperator } from "../../cli/connect/operator.ts";

export const command = defineVerb({
  args: {
    seq: { type: "positional", many: true, description: "Numbers as in chat history --json" },
    ...ADMIN_FLAGS,
  },
  details: "The words are blanked on the server's disk. What others have copied stays theirs.",
  async run(args, context) {
    const seqs = args.seq.map(seqOf);
    return withOperator(context, args, async ({ client }) => {
      for (const of of seqs) {
        const { seq } = await client.request("erase", { seq: of });
        done(context, { kind: "erased", seq: of, by: seq }, `message ${of} is erased`);
      }
      return 0;
    });
  },
});

/** @throws Fault usage */
function seqOf(text: string): number {
  const seq = /^[1-9]\d{0,14}$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(seq)) return seq;
  throw new Fault("usage", `'${text.slice(0, 40)}' is no message's number`, {
    remedy: "see them: chat history --json",
  });
}
