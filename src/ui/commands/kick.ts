/** Slash command `/kick`. */

import { kick as kickFrom } from "../../client/chat/room-actions.ts";
import { type Command, parseUser } from "./command.ts";

export const kick: Command<{ readonly user: string }> = {
  usage: "/kick NAME",
  parse: parseUser,
  run: async ({ user }, session, host) => ({ seq: await kickFrom(session, host.room, user) }),
};
