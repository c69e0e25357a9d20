/** Slash command `/invite`. */

import { sealedRoomAt } from "../../client/chat/room-actions.ts";
import { type Command, splitWords, withoutAt } from "./command.ts";

export const invite: Command<{ readonly user: string | undefined; readonly isAccount: boolean }> = {
  usage: "/invite [NAME | @NAME]",
  parse(input) {
    const words = splitWords(input, 0, 1);
    const [word] = words ?? [];
    return words && { user: word && withoutAt(word), isAccount: word?.startsWith("@") === true };
  },
  async run({ user, isAccount }, session, host) {
    const room = sealedRoomAt(session, host.current);
    if (user !== undefined && room === undefined && isAccount) {
      const { seq } = await session.request("invite-user", { room: host.room, user });
      return { seq };
    }
    if (user === undefined || room === undefined) return host.show({ kind: "invite", user });
    const rooms = await session.sealedRooms();
    const { added, missing } = await rooms.invite(room, user);
    return {
      json: { kind: "let-in", user, room: room.name, added, missing },
      text: (texts) => texts.devicesAdded(user, added, missing),
    };
  },
};
