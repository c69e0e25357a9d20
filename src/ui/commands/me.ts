/** `/me`. */

import { type Command, someText } from "./command.ts";

export const me: Command<{ readonly text: string }> = {
  usage: "/me TEXT",
  parse: someText,
  async run({ text }, _session, host) {
    await host.post({ text, action: true });
    return undefined;
  },
};
