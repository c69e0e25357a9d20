/** Slash command `/reply`. */

import type { Command } from "./command.ts";

export const reply: Command<{ readonly seq: number | undefined; readonly text: string }> = {
  usage: "/reply [SEQ] TEXT",
  defaultAuthor: "other",
  parse(input) {
    const [, seq, text = input] = /^([1-9]\d{0,14})\s+([\s\S]+)$/.exec(input) ?? [];
    return text === "" ? undefined : { seq: seq === undefined ? seq : Number(seq), text };
  },
  async run({ seq, text }, _session, host) {
    await host.post({ text, re: await host.resolveSeq(seq, "other") });
    return undefined;
  },
};
