/** Mentions of the user, replies in followed threads and reactions to own messages. */

import { withChanges } from "./changes.ts";
import { isMessage } from "./item.ts";
import { lastReplySeq, loadedItem } from "./room.ts";
import { followedThreads, isIgnored } from "./selectors.ts";
import type { Item, Model, RoomState } from "./state.ts";
import { withoutIgnored } from "./unignored.ts";

export interface ActivityEntry {
  readonly kind: "mention" | "thread" | "reaction";
  readonly target: string;
  readonly item: Item;
  /** Root of the thread to open. */
  readonly root?: number;
  /** Emoji of a reaction. */
  readonly sign?: string;
  /** Author of the last reaction or of the message. */
  readonly by: string | undefined;
  readonly isUnread: boolean;
}

/** Maximum of listed entries. */
const ENTRIES_MAX = 100;

/** @returns entries of the loaded messages and of all that call the user, the newest first */
export function activityOf(model: Model): readonly ActivityEntry[] {
  const entries = [...model.rooms.values()].flatMap((room) => entriesIn(model, room));
  for (const { seq: root, room: id, isUnread } of followedThreads(model)) {
    const room = model.rooms.get(id);
    const item = room && loadedItem(room, lastReplySeq(room, root));
    if (room === undefined || item === undefined || item.isMine || !isListed(model, item)) continue;
    const { target } = room;
    entries.push({ kind: "thread", target, item, root, by: item.from, isUnread });
  }
  const order = (entry: ActivityEntry) => Number(entry.isUnread);
  entries.sort((a, b) => order(b) - order(a) || b.item.seq - a.item.seq);
  return entries.slice(0, ENTRIES_MAX);
}

function isListed(model: Model, item: Item): boolean {
  return item.state === "whole" && isMessage(item) && !isIgnored(model, item.from);
}

/** The loaded messages, after those that call the user and are not loaded. */
function itemsIn({ calls, me }: Model, room: RoomState): readonly Item[] {
  const others = calls.filter(
    (call) => call.room === room.id && loadedItem(room, call.item.seq) === undefined,
  );
  if (others.length === 0) return room.tail.items;
  const changed = others.map(({ item }) => withChanges(item, room.changes.get(item.seq), me));
  return [...changed, ...room.tail.items];
}

function entriesIn(model: Model, room: RoomState): ActivityEntry[] {
  const { target, read } = room;
  return itemsIn(model, room).flatMap((item): ActivityEntry[] => {
    if (!isListed(model, item)) return [];
    if (!item.isMine) {
      if (!item.mentionsMe) return [];
      const root = item.isInThread === true && item.re !== undefined ? { root: item.re } : {};
      const isUnread = item.n > read;
      return [{ kind: "mention", target, item, ...root, by: item.from, isUnread }];
    }
    return withoutIgnored(model, item).reactions.flatMap(({ sign, by, mine }) => {
      const last = by.at(-1);
      if (last === undefined || (mine.length > 0 && by.length === 1)) return [];
      return [{ kind: "reaction", target, item, sign, by: last, isUnread: false }];
    });
  });
}
