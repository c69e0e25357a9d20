/** Equality for `memo` that ignores changes caused by new messages. */

import type { RoomState } from "../../../core/model/state.ts";

/** Fields that change with every message. */
const MESSAGE_FIELDS: ReadonlySet<keyof RoomState> = new Set([
  ...(["tail", "jump", "changes", "last", "lastSeq", "lastUnixMs"] as const),
  ...(["read", "unread", "mentions", "readCalls", "receivedN", "linkN"] as const),
]);

function isSameRoom(a: RoomState | undefined, b: RoomState | undefined): boolean {
  if (a === b || a === undefined || b === undefined) return a === b;
  const keys = Object.keys(b) as (keyof RoomState)[];
  return keys.every((key) => MESSAGE_FIELDS.has(key) || a[key] === b[key]);
}

interface OfRoom {
  readonly room: RoomState | undefined;
}

export function isSameExceptMessages<Props extends OfRoom>(a: Props, b: Props): boolean {
  const keys = Object.keys(b) as (keyof Props)[];
  const areOtherPropsEqual = keys.every((key) => key === "room" || a[key] === b[key]);
  return areOtherPropsEqual && isSameRoom(a.room, b.room);
}
