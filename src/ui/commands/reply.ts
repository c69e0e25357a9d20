/** `/reply`. */

import type { Command } from "./command.ts";

export const reply: Command<{ readonly seq: number | undefined; readonly text: string }> = {
  usage: "/reply [SEQ] TEXT",
  about: "other",
  parse(words) {
    const [, seq, text = words] = /^([1-9]\d{0,14})\s+([\s\S]+)$/.exec(words) ?? [];
    return text === "" ? undefined : { seq: seq === undefined ? seq : Number(seq), text };
  },
  async run({ seq, text }, _session, host) {
    await host.post({ text, re: await host.resolveSeq(seq, "other") });
    return undefined;
  },
};
