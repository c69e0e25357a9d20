/** Slash commands `/pin` and `/unpin`. */

import { type Command, parseOptionalSeq, parseSeq } from "./command.ts";

export const pin: Command<{ readonly seq: number | undefined }> = {
  usage: "/pin [SEQ]",
  defaultAuthor: "other",
  parse: parseOptionalSeq,
  async run(args, session, host) {
    const seq = await host.resolveSeq(args.seq, "other");
    return { seq: (await session.request("pin", { seq, on: true })).seq };
  },
};

export const unpin: Command<{ readonly seq: number }> = {
  usage: "/unpin SEQ",
  parse: parseSeq,
  run: async ({ seq }, { request }) => ({
    seq: (await request("pin", { seq, on: false })).seq,
  }),
};
