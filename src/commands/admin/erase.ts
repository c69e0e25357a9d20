/** `chat admin erase`, which erases messages. */

import { Fault } from "../../base/fault.ts";
import { counted } from "../../base/sizes.ts";
import { argument, defineVerb, stringFlag } from "../../cli/command.ts";
import { confirmAction, YES_FLAG } from "../../cli/confirm.ts";
import { eraseAll } from "../../cli/connect/erase-all.ts";
import { ADMIN_FLAGS, userNameOf, withOperator } from "../../cli/connect/operator.ts";
import { usageFault } from "../../cli/errors.ts";
import { printResult } from "../../cli/output/result.ts";

export const command = defineVerb({
  args: {
    seq: argument("Message numbers, as in chat history --json", { many: true, required: false }),
    ...ADMIN_FLAGS,
    user: stringFlag(
      "NAME",
      "Without numbers: delete everything by this user; with numbers: your user name",
    ),
    ...YES_FLAG,
  },
  details:
    "Text is blanked on the server's disk, and files are removed. Copies on other devices stay.",
  async run(args, context) {
    const { user: name, ...serverFlags } = args;
    if (args.seq.length === 0 && name !== undefined) {
      const user = userNameOf(name);
      const yes = args.yes || context.terminal === undefined;
      if (!(await confirmAction(context, { yes }, `Delete everything ${user} posted?`))) return 130;
      return withOperator(context, { ...serverFlags, user: undefined }, async ({ client }) => {
        const erased = await eraseAll(context, client, { user });
        const line = { kind: "erased-all", user, erased };
        return printResult(context, line, `deleted ${counted(erased, "message")} by ${user}`);
      });
    }
    if (args.seq.length === 0) {
      throw new Fault("usage", "no messages given", {
        remedy: "specify numbers from chat history --json, or --user NAME for everything by a user",
      });
    }
    const seqs = args.seq.map(seqOf);
    return withOperator(context, args, async ({ client }) => {
      for (const target of seqs) {
        const { seq } = await client.request("erase", { seq: target });
        printResult(context, { kind: "erased", seq: target, by: seq }, `deleted message ${target}`);
      }
      return 0;
    });
  },
});

function seqOf(text: string): number {
  const seq = /^[1-9]\d{0,14}$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(seq)) return seq;
  throw usageFault(
    `invalid message number: '${text.slice(0, 40)}'`,
    "list them: chat history --json",
  );
}
