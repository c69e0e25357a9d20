/** Equality for `memo` that ignores what every message changes in its room. */

import type { RoomState } from "../../../core/model/state.ts";

/** Fields that every message changes; components that do not show them are not redrawn. */
const OF_EACH_MESSAGE: ReadonlySet<keyof RoomState> = new Set([
  ...(["tail", "jump", "changes", "last", "lastSeq", "lastUnixMs"] as const),
  ...(["read", "unread", "mentions", "receivedN", "linkN"] as const),
]);

function isSameRoom(one: RoomState | undefined, other: RoomState | undefined): boolean {
  if (one === other || one === undefined || other === undefined) return one === other;
  const keys = Object.keys(other) as (keyof RoomState)[];
  return keys.every((key) => OF_EACH_MESSAGE.has(key) || one[key] === other[key]);
}

interface OfRoom {
  readonly room: RoomState | undefined;
}

/** Equality for components around a room's messages. */
export function isAboutSame<Props extends OfRoom>(one: Props, other: Props): boolean {
  const keys = Object.keys(other) as (keyof Props)[];
  const isSameRest = keys.every((key) => key === "room" || one[key] === other[key]);
  return isSameRest && isSameRoom(one.room, other.room);
}
