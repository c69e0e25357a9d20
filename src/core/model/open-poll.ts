/** The open poll of a room. */

import type { Item, RoomState } from "./state.ts";

/** Last open poll among the loaded messages. */
export function openPoll(room: RoomState | undefined): Item | undefined {
  return room?.tail.items.findLast(
    ({ poll, state }) => poll !== undefined && !poll.isClosed && state === "whole",
  );
}
