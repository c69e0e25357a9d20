/** Slash command `/receipts`. */

import { type Command, parseOnOff } from "./command.ts";

export const receipts: Command<{ readonly on: boolean }> = {
  usage: "/receipts on|off",
  parse: (input) => parseOnOff(input),
  run: async ({ on }, session, host) => ({
    seq: (await session.request("receipts", { target: host.current, on })).seq,
  }),
};
