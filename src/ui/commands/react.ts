/** Slash command `/react`. */

import { type Command, isSeq, splitWords } from "./command.ts";

export const react: Command<{ readonly seq: number | undefined; readonly sign: string }> = {
  usage: "/react EMOJI [SEQ]",
  defaultAuthor: "other",
  parse(input) {
    const [sign, seq] = splitWords(input, 1, 2) ?? [];
    if (sign === undefined || (seq !== undefined && !isSeq(seq))) return undefined;
    return { sign, seq: seq === undefined ? seq : Number(seq) };
  },
  async run({ seq, sign }, _session, host) {
    await host.react(await host.resolveSeq(seq, "other"), sign);
    return undefined;
  },
};
