/** `/receipts`. */

import { type Command, onOrOff } from "./command.ts";

export const receipts: Command<{ readonly on: boolean }> = {
  usage: "/receipts on|off",
  parse: (words) => onOrOff(words),
  run: async ({ on }, session, host) => ({
    seq: (await session.request("receipts", { target: host.current, on })).seq,
  }),
};
