import type { RoomId } from "../../base/ids.ts";

/** What a link follows to be told of a room: links of version 1 get messages of their own. */
export function topicOf(room: RoomId, version: number): string {
  return version === 1 ? `${room} 1` : room;
}
