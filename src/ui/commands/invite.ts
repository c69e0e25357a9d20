/** Slash command `/invite`. */

import { sealedRoomAt } from "../../client/chat/room-actions.ts";
import { type Command, splitWords, withoutAt } from "./command.ts";

export const invite: Command<{ readonly user: string | undefined }> = {
  usage: "/invite [NAME]",
  parse(input) {
    const words = splitWords(input, 0, 1);
    return words && { user: words[0] && withoutAt(words[0]) };
  },
  async run({ user }, session, host) {
    const room = sealedRoomAt(session, host.current);
    if (user === undefined || room === undefined) return host.show({ kind: "invite", user });
    const rooms = await session.sealedRooms();
    const { added, missing } = await rooms.invite(room, user);
    return {
      json: { kind: "let-in", user, room: room.name, added, missing },
      text: (texts) => texts.devicesAdded(user, added, missing),
    };
  },
};
