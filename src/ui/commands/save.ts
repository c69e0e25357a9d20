/** Slash commands `/save` and `/unsave`. */

import { type Command, parseOptionalSeq, parseSeq } from "./command.ts";

export const save: Command<{ readonly seq: number | undefined }> = {
  usage: "/save [SEQ]",
  defaultAuthor: "other",
  parse: parseOptionalSeq,
  async run(args, session, host) {
    const seq = await host.resolveSeq(args.seq, "other");
    const room = await host.roomOfSaved(seq, false);
    await session.request("save", { room, seq, on: true });
    return { json: { kind: "save", seq, on: true }, text: (texts) => texts.messageSaved };
  },
};

export const unsave: Command<{ readonly seq: number }> = {
  usage: "/unsave SEQ",
  parse: parseSeq,
  async run({ seq }, session, host) {
    const room = await host.roomOfSaved(seq, true);
    await session.request("save", { room, seq, on: false });
    return { json: { kind: "save", seq, on: false }, text: (texts) => texts.messageUnsaved };
  },
};
