/** Slash command `/kick`. */

import { kick as kickFrom } from "../../client/chat/room-actions.ts";
import { type Command, splitFirstWord, withoutAt } from "./command.ts";

export const kick: Command<{ readonly user: string; readonly reason: string }> = {
  usage: "/kick NAME [REASON]",
  parse(input) {
    const [name, reason] = splitFirstWord(input);
    return name === "" ? undefined : { user: withoutAt(name), reason };
  },
  run: async ({ user, reason }, session, host) => ({
    seq: await kickFrom(session, host.room, user, reason),
  }),
};
