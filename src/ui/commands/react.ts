/** `/react`. */

import { type Command, isSeq, wordsOf } from "./command.ts";

export const react: Command<{ readonly seq: number | undefined; readonly sign: string }> = {
  usage: "/react EMOJI [SEQ]",
  about: "other",
  parse(words) {
    const [sign, seq] = wordsOf(words, 1, 2) ?? [];
    if (sign === undefined || (seq !== undefined && !isSeq(seq))) return undefined;
    return { sign, seq: seq === undefined ? seq : Number(seq) };
  },
  async run({ seq, sign }, _session, host) {
    await host.react(await host.resolveSeq(seq, "other"), sign);
    return undefined;
  },
};
