/** Slash command `/leave`. */

import { checkName } from "../../base/names.ts";
import { leaveRoom } from "../../client/chat/room-actions.ts";
import { type Command, splitWords } from "./command.ts";

export const leave: Command<{ readonly room: string | undefined }> = {
  usage: "/leave [ROOM]",
  parse(input) {
    const words = splitWords(input, 0, 1);
    const room = words?.[0];
    return words && { room: room && checkName(room.replace(/^#/, ""), "room's name") };
  },
  async run(args, session, host) {
    if (args.room === undefined && host.current.startsWith("@")) return host.leaveConversation();
    const room = args.room ?? host.room;
    await leaveRoom(session, room);
    return { json: { kind: "left", room }, text: (texts) => texts.leftRoom(room), leftRoom: room };
  },
};
