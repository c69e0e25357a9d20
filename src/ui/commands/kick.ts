/** `/kick`. */

import { kick as kickFrom } from "../../client/chat/room-actions.ts";
import { type Command, person } from "./command.ts";

export const kick: Command<{ readonly user: string }> = {
  usage: "/kick NAME",
  parse: person,
  run: async ({ user }, session, host) => ({ seq: await kickFrom(session, host.room, user) }),
};
