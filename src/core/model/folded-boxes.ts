/** Boxes of others in a list of rooms: a moderator sees one row for an assignment. */

import { boxNames, foldName, type Name } from "../../base/names.ts";
import { isSameName } from "./item.ts";
import { isBoxOf, type RoomListEntry } from "./selectors.ts";

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
  const isFolded = ({ target }: RoomListEntry) => {
    const box = boxNames(target);
    return box !== undefined && !isSameName(box.user, me) && rooms.has(keyOf(box.room));
  };
  const boxes = new Map<string, RoomListEntry[]>();
  for (const entry of entries) {
    if (!isFolded(entry)) continue;
    const key = keyOf(boxNames(entry.target)?.room ?? "");
    boxes.set(key, [...(boxes.get(key) ?? []), entry]);
  }
  return entries
    .filter((entry) => entry.isOpen || !isFolded(entry))
    .map((entry) => withBoxes(entry, isBoxOf(entry.target) ? [] : boxes.get(keyOf(entry.target))));
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
