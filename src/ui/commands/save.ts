/** `/save` and `/unsave`. */

import { type Command, oneSeq, perhapsSeq } from "./command.ts";

export const save: Command<{ readonly seq: number | undefined }> = {
  usage: "/save [SEQ]",
  about: "other",
  parse: perhapsSeq,
  async run(order, session, host) {
    const seq = await host.resolveSeq(order.seq, "other");
    const room = await host.roomOfSaved(seq, false);
    await session.request("save", { room, seq, on: true });
    return { json: { kind: "save", seq, on: true }, text: (texts) => texts.savedNow };
  },
};

export const unsave: Command<{ readonly seq: number }> = {
  usage: "/unsave SEQ",
  parse: oneSeq,
  async run({ seq }, session, host) {
    const room = await host.roomOfSaved(seq, true);
    await session.request("save", { room, seq, on: false });
    return { json: { kind: "save", seq, on: false }, text: (texts) => texts.notSaved };
  },
};
