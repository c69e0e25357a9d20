/** Slash command `/me`. */

import { type Command, parseText } from "./command.ts";

export const me: Command<{ readonly text: string }> = {
  usage: "/me TEXT",
  parse: parseText,
  async run({ text }, _session, host) {
    await host.post({ text, action: true });
    return undefined;
  },
};
