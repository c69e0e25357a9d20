/** Slash command `/topic`. */

import { sealedRoomAt } from "../../client/chat/room-actions.ts";
import { checkNotSealed } from "../../client/sealed/seal-rooms.ts";
import type { Command } from "./command.ts";

export const topic: Command<{ readonly text: string }> = {
  usage: "/topic [TEXT]",
  parse: (text) => ({ text }),
  async run({ text }, session, host) {
    if (text === "") return host.show({ kind: "topic" });
    const { room } = host;
    checkNotSealed(sealedRoomAt(session, room));
    return { seq: (await session.request("topic", { room, topic: text })).seq };
  },
};
