/** Equality for `memo` that ignores what every message changes in its room. */

import type { RoomState } from "../../../core/model/state.ts";

/** Fields that change with every message. */
const MESSAGE_FIELDS: ReadonlySet<keyof RoomState> = new Set([
  ...(["tail", "jump", "changes", "last", "lastSeq", "lastUnixMs"] as const),
  ...(["read", "unread", "mentions", "receivedN", "linkN"] as const),
]);

function isSameRoom(one: RoomState | undefined, other: RoomState | undefined): boolean {
  if (one === other || one === undefined || other === undefined) return one === other;
  const keys = Object.keys(other) as (keyof RoomState)[];
  return keys.every((key) => MESSAGE_FIELDS.has(key) || one[key] === other[key]);
}

interface OfRoom {
  readonly room: RoomState | undefined;
}

/** Equality for components around a room's messages. */
export function isSameExceptMessages<Props extends OfRoom>(one: Props, other: Props): boolean {
  const keys = Object.keys(other) as (keyof Props)[];
  const areOtherPropsEqual = keys.every((key) => key === "room" || one[key] === other[key]);
  return areOtherPropsEqual && isSameRoom(one.room, other.room);
}
