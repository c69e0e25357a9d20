import type { RoomState } from "../../../core/model/state.ts";

/** What each message changes of its room: a part that shows none of it is not drawn for one. */
const OF_EACH_MESSAGE: ReadonlySet<keyof RoomState> = new Set([
  ...(["tail", "jump", "changes", "last", "lastSeq", "lastUnixMs"] as const),
  ...(["read", "unread", "calls", "told", "linkN"] as const),
]);

function isSameRoom(one: RoomState | undefined, other: RoomState | undefined): boolean {
  if (one === other || one === undefined || other === undefined) return one === other;
  const keys = Object.keys(other) as (keyof RoomState)[];
  return keys.every((key) => OF_EACH_MESSAGE.has(key) || one[key] === other[key]);
}

interface OfRoom {
  readonly room: RoomState | undefined;
}

/** For `memo`, of what stands around the messages of a room. */
export function isAboutSame<Props extends OfRoom>(one: Props, other: Props): boolean {
  const keys = Object.keys(other) as (keyof Props)[];
  const isSameRest = keys.every((key) => key === "room" || one[key] === other[key]);
  return isSameRest && isSameRoom(one.room, other.room);
}
