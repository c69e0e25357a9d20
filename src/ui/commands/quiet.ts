/** Slash command `/quiet`, which hides joins and leaves. */

import { type Command, parseOnOff } from "./command.ts";

export const quiet: Command<{ readonly on: boolean }> = {
  usage: "/quiet [on|off]",
  parse: (input) => parseOnOff(input, true),
  run({ on }, _session, host) {
    host.hideJoins(on);
    return Promise.resolve({
      json: { kind: "quiet", on },
      text: (texts) => (on ? texts.quietOn : texts.quietOff),
    });
  },
};
