/** `/pin` and `/unpin`. */

import { type Command, oneSeq, perhapsSeq } from "./command.ts";

export const pin: Command<{ readonly seq: number | undefined }> = {
  usage: "/pin [SEQ]",
  about: "other",
  parse: perhapsSeq,
  async run(order, session, host) {
    const seq = await host.resolveSeq(order.seq, "other");
    return { seq: (await session.request("pin", { seq, on: true })).seq };
  },
};

export const unpin: Command<{ readonly seq: number }> = {
  usage: "/unpin SEQ",
  parse: oneSeq,
  run: async ({ seq }, { request }) => ({
    seq: (await request("pin", { seq, on: false })).seq,
  }),
};
