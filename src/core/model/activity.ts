/** Calls of the user, replies in followed threads and reactions to own messages. */

import { CALL_REASONS, type CallReason } from "../../wire/messages.ts";
import { EVERYWHERE } from "../rooms/prefs.ts";
import { withChanges } from "./changes.ts";
import { isMessage, isSameName, withKeywords } from "./item.ts";
import { isUnreadCall, lastReplySeq, loadedItem } from "./room.ts";
import { followedThreads, isIgnored } from "./selectors.ts";
import type { Item, Model, RoomState } from "./state.ts";
import { withoutIgnored } from "./unignored.ts";

/** `own-thread`: a reply in a thread of the user's own message. */
export type ActivityKind = CallReason | "own-thread" | "reaction";

export interface ActivityEntry {
  readonly kind: ActivityKind;
  readonly target: string;
  readonly item: Item;
  /** Root of the thread to open. */
  readonly root?: number;
  /** The user's own message that a reply answers, if it is loaded. */
  readonly answered?: Item | undefined;
  /** Emoji of a reaction. */
  readonly sign?: string;
  /** Author of the last reaction or of the message. */
  readonly by: string | undefined;
  readonly isUnread: boolean;
}

/** Maximum of listed entries. */
const ENTRIES_MAX = 400;

/** Reports whether the entry is a message for the user, and not only in a thread. */
export function isCall<Entry extends Pick<ActivityEntry, "kind">>(
  entry: Entry,
): entry is Entry & { readonly kind: CallReason } {
  const { kind } = entry;
  return kind !== "thread" && kind !== "own-thread" && kind !== "reaction";
}

/** Rooms in which a moderator calls on the user. */
export function ownTurns({ rooms, me }: Model): readonly RoomState[] {
  return [...rooms.values()].filter(({ called }) => called !== undefined && isSameName(called, me));
}

/**
 * Lists each message once, for the strongest reason, and each thread once.
 * @returns entries of the loaded messages and of all that call the user, the newest first
 */
export function activityOf(model: Model): readonly ActivityEntry[] {
  const entries = [...model.rooms.values()].flatMap((room) => entriesIn(model, room));
  const listed = new Set(entries.map(({ item }) => item.seq));
  for (const { seq: root, room: id, isUnread } of followedThreads(model)) {
    const room = model.rooms.get(id);
    const item = room && lastReply(model, room, root);
    if (room === undefined || item === undefined || item.isMine || !isListed(model, item)) continue;
    if (listed.has(item.seq)) continue;
    const kind = loadedItem(room, root)?.isMine === true ? "own-thread" : "thread";
    entries.push({ kind, target: room.target, item, root, by: item.from, isUnread });
  }
  const order = (entry: ActivityEntry) => Number(entry.isUnread);
  entries.sort((a, b) => order(b) - order(a) || b.item.seq - a.item.seq);
  return entries.slice(0, ENTRIES_MAX);
}

function lastReply(model: Model, room: RoomState, root: number): Item | undefined {
  const loaded = loadedItem(room, lastReplySeq(room, root));
  const found = model.lastReplies.find(
    (reply) => reply.room === room.id && reply.item.re === root,
  )?.item;
  if (found === undefined || (loaded !== undefined && loaded.seq >= found.seq)) return loaded;
  return withChanges(found, room.changes.get(found.seq), model.me);
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

/** Returns the strongest reason for which the message calls the user. */
function reasonOf(model: Model, room: RoomState, item: Item): CallReason {
  const { re, isInThread, mentions, everyone } = item;
  const answer = isInThread === true ? "thread" : "reply";
  const reasons: (CallReason | undefined)[] = [
    model.calls.find((call) => call.item.seq === item.seq)?.reason,
    mentions.some((name) => isSameName(name, model.me)) ? "mention" : undefined,
    re !== undefined && loadedItem(room, re)?.isMine === true ? answer : undefined,
    everyone === undefined ? undefined : "everyone",
    hasKeyword(model, item) ? "keyword" : undefined,
  ];
  // The message that it answers may not be loaded any more.
  return CALL_REASONS.find((reason) => reasons.includes(reason)) ?? answer;
}

function hasKeyword({ prefs }: Model, item: Item): boolean {
  const keywords = prefs?.get(EVERYWHERE)?.keywords;
  return withKeywords({ ...item, mentionsMe: false }, keywords).mentionsMe;
}

function entriesIn(model: Model, room: RoomState): ActivityEntry[] {
  const { target } = room;
  return itemsIn(model, room).flatMap((item): ActivityEntry[] => {
    if (!isListed(model, item)) return [];
    if (!item.isMine) {
      if (!item.mentionsMe) return [];
      const kind = reasonOf(model, room, item);
      // The thread has a row of its own.
      if (kind === "thread") return [];
      const { re } = item;
      const root = item.isInThread === true && re !== undefined ? { root: re } : {};
      const answered = kind === "reply" && re !== undefined ? loadedItem(room, re) : undefined;
      const isUnread = isUnreadCall(room, item);
      return [{ kind, target, item, ...root, answered, by: item.from, isUnread }];
    }
    return withoutIgnored(model, item).reactions.flatMap(({ sign, by, mine }) => {
      const last = by.at(-1);
      if (last === undefined || (mine.length > 0 && by.length === 1)) return [];
      return [{ kind: "reaction", target, item, sign, by: last, isUnread: false }];
    });
  });
}
