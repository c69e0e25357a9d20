/** `/leave`. */

import { checkName } from "../../base/names.ts";
import { leaveRoom } from "../../client/chat/room-actions.ts";
import { type Command, wordsOf } from "./command.ts";

export const leave: Command<{ readonly room: string | undefined }> = {
  usage: "/leave [ROOM]",
  parse(words) {
    const given = wordsOf(words, 0, 1);
    const room = given?.[0];
    return given && { room: room && checkName(room.replace(/^#/, ""), "room's name") };
  },
  async run(order, session, host) {
    if (order.room === undefined && host.current.startsWith("@")) return host.leaveConversation();
    const room = order.room ?? host.room;
    await leaveRoom(session, room);
    return { json: { kind: "left", room }, text: (texts) => texts.youLeft(room), left: room };
  },
};
