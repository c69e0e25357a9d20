/** Boxes of others in a list of rooms: a moderator sees one row for an assignment. */

import { boxNames, foldName, type Name } from "../../base/names.ts";
import { isSameName } from "./item.ts";
import { hasUnreadFirst, type RoomListEntry, roomList } from "./selectors.ts";
import type { Model } from "./state.ts";

export interface FoldedEntry extends RoomListEntry {
  /** Number of people whose boxes have something unread. */
  readonly newBoxes: number;
}

/**
 * Adds what is unread in the boxes of others to the row of their room, which alone remains. The
 * open box stays, and so do boxes without a row of their room.
 */
export function withFoldedBoxes(
  entries: readonly RoomListEntry[],
  me: string,
): readonly FoldedEntry[] {
  const rooms = new Set(entries.map(({ target }) => keyOf(target)));
  const roomOf = ({ target }: RoomListEntry): string | undefined => {
    const box = boxNames(target);
    if (box === undefined || isSameName(box.user, me)) return undefined;
    const key = keyOf(box.room);
    return rooms.has(key) ? key : undefined;
  };
  const boxes = Map.groupBy(entries, roomOf);
  return entries
    .filter((entry) => entry.isOpen || roomOf(entry) === undefined)
    .map((entry) => withBoxes(entry, boxes.get(keyOf(entry.target))));
}

/** Rooms, then people, with the order of `roomList` for what is new in boxes, too. */
export function foldedList(model: Model): {
  readonly rooms: readonly FoldedEntry[];
  readonly people: readonly RoomListEntry[];
} {
  const { rooms, people } = roomList(model);
  const folded = withFoldedBoxes(rooms, model.me ?? "");
  if (!hasUnreadFirst(model)) return { rooms: folded, people };
  const rank = ({ isFavourite, isFirst }: FoldedEntry) => Number(isFavourite) * 2 + Number(isFirst);
  return { rooms: folded.toSorted((a, b) => rank(b) - rank(a)), people };
}

function withBoxes(entry: RoomListEntry, boxes: readonly RoomListEntry[] = []): FoldedEntry {
  const fresh = boxes.filter(({ unread, isOpen }) => unread > 0 && !isOpen);
  const sum = (key: "unread" | "mentions" | "badge") =>
    fresh.reduce((total, box) => total + box[key], entry[key]);
  return {
    ...entry,
    newBoxes: fresh.length,
    unread: sum("unread"),
    mentions: sum("mentions"),
    badge: sum("badge"),
    activeSeq: Math.max(entry.activeSeq, ...fresh.map(({ activeSeq }) => activeSeq)),
    isFirst: entry.isFirst || fresh.some(({ isFirst }) => isFirst),
  };
}

function keyOf(target: string): string {
  return foldName(target as Name);
}
