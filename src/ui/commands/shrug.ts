/** Slash command `/shrug`. */

import type { Command } from "./command.ts";

export const shrug: Command<{ readonly text: string }> = {
  usage: "/shrug [TEXT]",
  parse: (text) => ({ text }),
  async run({ text }, _session, host) {
    await host.post({ text: `${text} ¯\\_(ツ)_/¯`.trimStart() });
    return undefined;
  },
};
