/** State of one room in the model. */

import {
  ANSWER_AFTER_MS,
  CALLS_LISTED_MAX,
  HANDS_MAX,
  PINS_MAX,
  PRESENCE_MEMBERS_MAX,
  READ_CALLS_PER_ACCOUNT_MAX,
} from "../../base/limits.ts";
import { CLOSED_ROOM_ITEMS_MAX, ROOM_CHANGES_MAX } from "../../base/limits-page.ts";
import { formatTarget } from "../../base/names.ts";
import { SECOND_MS } from "../../base/time.ts";
import { kindsWith, MESSAGE_KINDS } from "../../wire/kinds.ts";
import { type ChatRecord, shownTitle } from "../client/chat-record.ts";
import { isCountedAuthor } from "../rooms/counted.ts";
import { type CountedFollow, EVERYWHERE } from "../rooms/prefs.ts";
import { NO_CHANGES, noteChange, notePollEnd, repliesView, withChanges } from "./changes.ts";
import type { ServerEvent } from "./event.ts";
import {
  hasNoItem,
  indexOfSeq,
  isMessage,
  isSameName,
  itemAt,
  itemOf,
  withKeywords,
} from "./item.ts";
import type {
  Changes,
  FoundCall,
  Item,
  ItemRange,
  Member,
  MemberChange,
  Mention,
  Model,
  PresenceChange,
  RoomState,
  StatusChange,
  ThreadState,
} from "./state.ts";

export type RoomDraft = { -readonly [Key in keyof RoomState]: RoomState[Key] };

/** The account whose mentions and keywords mark messages, and whose unread messages are counted. */
type Reader = Pick<Model, "me" | "prefs" | "ignored">;

export type RoomUpdate = Extract<ServerEvent, { kind: "room" }>;

/** The page sums up more new messages than these on a card. */
export const FEW_NEW_MESSAGES = 30;

const NO_ITEMS: ItemRange = { items: [], hasOlder: false, hasNewer: false };
/**
 * Fraction of a full room's items to drop at a time. Every drop rebuilds all rows, so dropping
 * single items would be slow.
 */
const TRIM_DIVISOR = 4;
/** Value of `readAtOpening` after a post. */
const NO_LINE = Number.MAX_SAFE_INTEGER;

type CountingReader = Pick<Model, "me" | "ignored">;

export interface ItemBuffers {
  readonly itemsMax: number;
  /** Arrays created by this update. No other model refers to them, so they may grow in place. */
  readonly ownedItems: WeakMap<readonly Item[], Item[]>;
}

export function newRoom(update: RoomUpdate): RoomDraft {
  const kind = update.with === undefined ? "room" : "person";
  const name = update.with ?? update.name ?? update.room;
  const received = update.n - 1;
  const room: RoomDraft = {
    id: update.room,
    kind,
    name,
    target: formatTarget({ kind, name }),
    formerNames: update.was ?? [],
    ...propertiesOf(update),
    wasBoxed: false,
    isSealed: update.sealed === true,
    last: received,
    read: update.read ?? 1,
    unread: update.unread ?? Math.max(0, received - (update.read ?? 1)),
    countedN: received,
    firstUnread: update.first,
    seen: [],
    readCalls: [],
    readAtOpening: undefined,
    mentions: [],
    lastUnixMs: 0,
    lastSeq: 0,
    tail: { ...NO_ITEMS, hasOlder: received > 0 },
    jump: undefined,
    thread: undefined,
    isCleared: false,
    loading: undefined,
    jumpSeq: undefined,
    bottomRequests: 0,
    receivedN: received,
    linkN: received,
    isListed: true,
    changes: new Map(),
    online: new Set(),
    members: undefined,
    unlisted: undefined,
    typing: [],
    offered: [],
  };
  readCalls(room, update.readCalls);
  noteCalls(room, update);
  return room;
}

function propertiesOf(update: RoomUpdate) {
  return {
    title: shownTitle(update.title),
    face: update.face,
    topic: update.topic ?? "",
    isClosed: update.closed === true,
    isLocked: update.locked === true,
    keepMs: update.keepMs,
    pins: update.pins ?? [],
    people: update.people,
    begunBy: update.begunBy,
    hands: update.hands ?? [],
    called: update.called,
    caller: update.caller,
    calledUnixMs: update.calledUnixMs,
    knocks: update.knocks ?? [],
    wall: update.wall,
    rules: update.rules ?? {},
    slowUntilUnixMs: update.slowUntil,
    receipts: update.receipts === true,
    receiptsWanted: update.receiptsWanted === true,
    moderates: update.moderates === true,
    mutedUntilUnixMs: update.mutedUntil,
  };
}

export function applyRoomUpdate(room: RoomDraft, update: RoomUpdate, reader: Reader): void {
  room.name = update.with ?? update.name ?? room.name;
  room.target = formatTarget(room);
  room.formerNames = update.was ?? [];
  Object.assign(room, propertiesOf(update));
  room.isSealed ||= update.sealed === true; // Never unset, even if the server omits the flag later.
  room.isListed = true;
  room.linkN = Math.max(room.linkN, update.n - 1);
  if (update.n - 1 > room.receivedN) restart(room, update.n - 1);
  room.last = Math.max(room.last, update.n - 1);
  readUpTo(room, update.read ?? 1, reader);
  readCalls(room, update.readCalls);
  noteCalls(room, update);
  if (update.unread === undefined || update.read !== room.read) return;
  room.firstUnread = update.first;
  room.countedN = Math.max(update.n - 1, room.read);
  room.unread = update.unread + messagesOfOthers(room.tail, room.countedN, reader);
}

function restart(room: RoomDraft, received: number): void {
  room.tail = { ...NO_ITEMS, hasOlder: received > 0 };
  room.jump = undefined;
  room.loading = undefined;
  room.thread &&= newThread(room.thread.root, undefined);
  room.changes = new Map();
  room.receivedN = received;
  room.last = received;
  room.offered = [];
}

/**
 * Called after the server has sent all rooms over this link. Loaded records that it did not send
 * have been lost on the server.
 */
export function endListing(room: RoomDraft): void {
  room.countedN = 0;
  if (room.linkN >= room.receivedN) return;
  restart(room, room.linkN);
  room.read = Math.min(room.read, room.linkN); // New records have the numbers of lost ones.
  room.unread = Math.max(0, Math.min(room.unread, room.last - room.read));
  room.firstUnread = undefined;
  room.seen = [];
  room.mentions = room.mentions.filter(({ n }) => n <= room.linkN);
  room.readCalls = room.readCalls.filter((n) => n <= room.linkN);
}

/**
 * @param server what the server has counted behind the position, if it sent it
 * @returns true if the read position advanced
 */
export function readUpTo(
  room: RoomDraft,
  n: number,
  reader: Reader,
  { unread, first }: { readonly unread?: number; readonly first?: number } = {},
): boolean {
  // The server sends the same position again if erasures have changed the number.
  if (n === room.read && unread !== undefined) {
    room.unread = unread;
    room.firstUnread = first;
  }
  if (n <= room.read) return false;
  room.read = n;
  room.unread = unread ?? countUnread(room, reader);
  room.firstUnread = first;
  if (room.seen.length > 0) room.seen = room.seen.filter(({ to }) => to > n);
  if (room.mentions.length > 0) room.mentions = room.mentions.filter((mention) => mention.n > n);
  if (room.readCalls.length > 0) room.readCalls = room.readCalls.filter((call) => call > n);
  return true;
}

/** Notes calls beyond the read position that were read on this or another device. */
export function readCalls(room: RoomDraft, ns: readonly number[] = []): void {
  const added = ns.filter((n) => n > room.read && !room.readCalls.includes(n));
  if (added.length === 0) return;
  const all = [...room.readCalls, ...added].sort((a, b) => a - b);
  room.readCalls = all.slice(-READ_CALLS_PER_ACCOUNT_MAX);
  room.mentions = room.mentions.filter((mention) => !isReadCall(room, mention));
}

function isReadCall({ readCalls }: Pick<RoomState, "readCalls">, { n }: { n: number }): boolean {
  return readCalls.includes(n);
}

/** Reports whether no device of the account has displayed the message that calls the user. */
export function isUnreadCall(
  room: Pick<RoomState, "read" | "readCalls">,
  call: { readonly n: number },
): boolean {
  return call.n > room.read && !isReadCall(room, call);
}

/** @returns the record's item, if it has one; `again` if the record was already loaded */
export function addRecord(
  room: RoomDraft,
  record: ChatRecord,
  reader: Reader,
  holding: ItemBuffers,
): Item | undefined | "again" {
  const { n, seq } = record;
  const { me } = reader;
  room.linkN = Math.max(room.linkN, n);
  if (n <= room.receivedN) return "again";
  if (n > room.receivedN + 1) restart(room, n - 1);
  const wasRead = room.read >= n - 1;
  room.receivedN = n;
  room.last = Math.max(room.last, n);
  if (hasNoItem(record)) {
    applyChanges(room, [record], reader);
    if (wasRead) readUpTo(room, n, reader);
    return undefined;
  }
  const isMine = isSameName(record.from, me);
  if (isMine && (wasRead || record.kind === "join")) readUpTo(room, n, reader);
  const item = withChanges(newItem(room, record, reader), room.changes.get(seq), me);
  if (MESSAGE_KINDS.has(item.kind) && room.typing.length > 0) {
    room.typing = room.typing.filter((name) => !isSameName(name, item.from));
  }
  addToTail(room, item, holding);
  addToThread(room, [item], holding);
  if (item.re !== undefined || record.body?.["poll"] !== undefined)
    applyChanges(room, [record], reader);
  if (isUnread(room, item, reader)) {
    if (room.unread === 0) room.firstUnread = seq;
    room.unread++;
  }
  room.lastUnixMs = record.timeUnixMs;
  room.lastSeq = seq;
  applyToRoom(room, item);
  return item;
}

function countUnread({ tail, last, read, unread }: RoomDraft, reader: CountingReader): number {
  const here = messagesOfOthers(tail, read, reader);
  const isWhole = (tail.items[0]?.n ?? Number.POSITIVE_INFINITY) <= read + 1;
  return isWhole ? here : Math.max(here, Math.min(unread, last - read));
}

export function messagesOfOthers(
  { items }: ItemRange,
  after: number,
  reader: CountingReader,
): number {
  const first = items.findLastIndex(({ n }) => n <= after) + 1;
  return items.slice(first).filter((item) => isCounted(item, reader)).length;
}

/** Reports whether every message is for the user: in a direct conversation or a group. */
export function isConversation({ kind, people }: Pick<RoomState, "kind" | "people">): boolean {
  return kind === "person" || people !== undefined;
}

/** Reports whether the item counts as unread in its room, and not only in its thread. */
export function isCounted(item: Item, reader: CountingReader): boolean {
  const isHere = isMessage(item) && !item.isInThread && item.state !== "erased";
  return isHere && isCountedFrom(item, reader);
}

function isCountedFrom({ from = "" }: Item, { me = "", ignored }: CountingReader): boolean {
  return isCountedAuthor(from.toLowerCase(), { id: me.toLowerCase(), ignored });
}

function isUnread({ read }: Pick<RoomState, "read">, item: Item, reader: CountingReader): boolean {
  return item.n > read && isCounted(item, reader);
}

export function noteMention(room: RoomDraft, { n, seq }: Mention): void {
  if (isUnreadCall(room, { n })) room.mentions = [...room.mentions, { n, seq }];
}

/**
 * Notes the calls in records that this client has not received, and will not receive by itself.
 * The list of the server replaces what was noted there, which may have been erased or edited.
 */
function noteCalls(room: RoomDraft, { calls = [], n: next }: RoomUpdate): void {
  // The server sees no calls in encrypted rooms, and lists none in conversations.
  if (room.isSealed || isConversation(room)) return;
  const oldest = calls.length < CALLS_LISTED_MAX ? 0 : (calls[0]?.n ?? 0);
  const isKept = ({ n, seq }: Mention) =>
    n >= next || n < oldest || loadedItem(room, seq) !== undefined;
  const kept = room.mentions.filter(isKept);
  const known = new Set(kept.map(({ seq }) => seq));
  const others = calls.filter(
    (call) => call.n < next && isUnreadCall(room, call) && !known.has(call.seq),
  );
  if (others.length === 0 && kept.length === room.mentions.length) return;
  room.mentions = [...kept, ...others].sort((a, b) => a.n - b.n);
}

/**
 * Counts again after the reader has ignored people, or no longer ignores them. The server counts
 * what is not loaded.
 * @param calls messages that call the reader and are not loaded
 * @param before names of the people whom the reader ignored before
 */
export function recount(
  room: RoomDraft,
  calls: readonly Item[],
  reader: CountingReader,
  before: ReadonlySet<string>,
): void {
  room.unread = countUnread(room, reader);
  const items = new Map([...calls, ...room.tail.items].map((item) => [item.seq, item]));
  const isNoted = ({ seq }: Mention) => {
    const item = items.get(seq);
    return item === undefined || isCountedFrom(item, reader);
  };
  room.mentions = room.mentions.filter(isNoted);
  const known = new Set(room.mentions.map(({ seq }) => seq));
  const isCalled = (item: Item) =>
    (item.mentionsMe || isConversation(room)) &&
    isUnreadCall(room, item) &&
    isFromOthers(item, reader.me) &&
    !isCountedFrom(item, { ...reader, ignored: before }) &&
    isCountedFrom(item, reader);
  const others = room.tail.items.filter((item) => !known.has(item.seq) && isCalled(item));
  if (others.length === 0) return;
  const added = others.map(({ n, seq }) => ({ n, seq }));
  room.mentions = [...room.mentions, ...added].sort((a, b) => a.n - b.n);
}

/** Copies a busy room's items once per update instead of once per record. */
function addToTail(room: RoomDraft, item: Item, { itemsMax, ownedItems: own }: ItemBuffers): void {
  const { items: before, hasOlder } = room.tail;
  const isFull = before.length >= itemsMax;
  const items = isFull ? before.slice(itemsMax / TRIM_DIVISOR) : (own.get(before) ?? [...before]);
  items.push(item);
  own.set(items, items);
  room.tail = { items, hasOlder: hasOlder || isFull, hasNewer: false };
}

export function loadedItem({ tail, jump, thread }: RoomState, seq: number): Item | undefined {
  const known = itemAt(tail.items, seq) ?? itemAt(jump?.items ?? [], seq);
  return known ?? itemAt(thread?.items ?? [], seq);
}

/** Seq of the last loaded reply; 0 if none is loaded. */
export function lastReplySeq({ changes }: RoomState, root: number): number {
  return repliesView(changes.get(root) ?? NO_CHANGES)?.lastSeq ?? 0;
}

/** Returns the seq of the message or, for a reply in a thread, of the thread's root. */
export function threadRoot(room: RoomState, seq: number): number {
  const { isInThread, re } = loadedItem(room, seq) ?? {};
  return (isInThread === true ? re : undefined) ?? seq;
}

/**
 * Opens the thread to which replies to a message belong, with the line of new replies if the user
 * follows it.
 */
export function openThread(
  room: RoomDraft,
  seq: number,
  follows: Model["follows"],
  holding: ThreadBuffers,
): void {
  const root = threadRoot(room, seq);
  if (room.thread?.root === root) return;
  const follow = follows?.get(root);
  const isUnread = isUnreadFollow(follow, lastReplySeq(room, root));
  room.thread = newThread(root, isUnread ? follow?.read : undefined);
  addToThread(room, [...(room.jump?.items ?? []), ...room.tail.items], holding);
}

/** @param lastSeq seq of the last known reply */
export function isUnreadFollow(follow: CountedFollow | undefined, lastSeq: number): boolean {
  if (follow?.on !== true) return false;
  return lastSeq > follow.read || (follow.unread ?? 0) > 0;
}

function newThread(root: number, readAtOpening: number | undefined): ThreadState {
  return { ...NO_ITEMS, root, loading: "wanted", bottomRequests: 0, readAtOpening, seen: [] };
}

type ThreadBuffers = Pick<ItemBuffers, "itemsMax">;

/** Adds the thread's root and the replies to it that are among the items. */
export function addToThread(
  room: RoomDraft,
  items: readonly Item[],
  { itemsMax }: ThreadBuffers,
): void {
  const { thread } = room;
  if (thread === undefined) return;
  const { root } = thread;
  const added = items.filter((item) => isMessage(item) && (item.re === root || item.seq === root));
  if (added.length === 0) return;
  const bySeq = new Map([...thread.items, ...added].map((item) => [item.seq, item]));
  const all = [...bySeq.values()].sort((a, b) => a.seq - b.seq);
  room.thread = { ...thread, items: all.slice(-itemsMax) };
}

function newItem(
  room: RoomDraft,
  record: ChatRecord,
  { me, prefs }: Reader,
  own?: ReadonlySet<number>,
): Item {
  const isMine = (re: number) =>
    own?.has(re) === true || itemAt(room.tail.items, re)?.isMine === true;
  const item = itemOf(record, me, isMine);
  return withKeywords(item, prefs?.get(EVERYWHERE)?.keywords);
}

function applyToRoom(room: RoomDraft, item: Item): void {
  if (item.state !== "whole") return;
  if (item.kind === "topic") room.topic = item.text;
  const { slow } = room.rules;
  if (slow !== undefined && item.isMine && isMessage(item) && !room.moderates) {
    room.slowUntilUnixMs = item.timeUnixMs + slow * SECOND_MS;
  }
  if (item.kind === "retention") room.keepMs = item.keepMs;
  if (item.kind === "pin" && item.re !== undefined) pinned(room, item.re, item.on === true);
  if (item.kind === "hand" && item.subject !== undefined) applyHand(room, item, item.subject);
  const answerFrom = (room.calledUnixMs ?? 0) + ANSWER_AFTER_MS;
  const isAnswer = isMessage(item) && item.timeUnixMs >= answerFrom;
  if (isAnswer && isSameName(item.from, room.called)) endCall(room);
  if (item.files.length > 0) {
    const posted = new Set<string>(item.files.map(({ file }) => file));
    room.offered = room.offered.filter(({ file }) => !posted.has(file));
  }
  if (item.kind === "rename") renameMember(room, item);
  if (item.kind === "leave") endHand(room, item.from);
  if (item.kind === "kick") endHand(room, item.subject);
  if (MEMBER_KINDS.has(item.kind)) changeMembers(room, item);
}

/** A class that arrives at once changes the members most often while they are requested. */
const UNLISTED_MAX = 256;
const MEMBER_KINDS: ReadonlySet<string> = /* @__PURE__ */ kindsWith("member-change");

export function changeMembers(room: RoomDraft, change: MemberChange): void {
  if (room.unlisted !== undefined) room.unlisted = [...room.unlisted, change].slice(-UNLISTED_MAX);
  if ("online" in change) changePresence(room, change);
  else if ("user" in change) changeStatus(room, change);
  else applyToMembers(room, change);
}

/** Applies what has happened since the server listed these members, or shortly before. */
export function listMembers(room: RoomDraft, members: readonly Member[]): void {
  const { unlisted = [] } = room;
  room.unlisted = undefined;
  room.members = members;
  room.online = new Set(members.filter((item) => item.isOnline).map(({ name }) => name));
  for (const change of unlisted) changeMembers(room, change);
}

function changePresence(room: RoomDraft, { user, online }: PresenceChange): void {
  const all = new Set(room.online);
  if (online) all.add(user);
  else all.delete(user);
  room.online = all;
  room.members = room.members?.map((item) =>
    isSameName(item.name, user) ? { ...item, isOnline: online } : item,
  );
}

function changeStatus(room: RoomDraft, { user, status, statusUntil }: StatusChange): void {
  room.members = room.members?.map((item) =>
    isSameName(item.name, user) ? { ...item, status, statusUntil } : item,
  );
}

function applyToMembers(room: RoomDraft, item: Item): void {
  const hasSubject = item.kind === "kick" || item.kind === "grant" || item.kind === "mute";
  const who = hasSubject ? item.subject : item.from;
  const members = room.members;
  if (members === undefined) return;
  const others = members.filter(({ name }) => !isSameName(name, who));
  if (item.kind === "leave" || item.kind === "kick") room.members = others;
  if (item.kind === "group" && item.on === true && room.kind === "room") {
    room.members = [...members, ...invitedBy(item, room)];
  }
  const joined = members.find(({ name }) => isSameName(name, who));
  if (item.kind === "join" && joined?.isInvited === true) {
    room.members = [...others, { ...joined, isInvited: undefined }];
  }
  if (item.kind === "join" && who !== undefined && joined === undefined) {
    // The server sends no presence in a large room, so a new member counts as online.
    const isOnline = room.online.has(who) || members.length >= PRESENCE_MEMBERS_MAX;
    room.members = [...members, { name: who, isOnline, role: "member" }];
  }
  if (item.kind === "mute") {
    const { on, untilUnixMs } = item;
    const isMuted = on === true && untilUnixMs !== 0;
    const mutedUntilUnixMs = isMuted ? (untilUnixMs ?? 0) : undefined;
    room.members = members.map((item) =>
      isSameName(item.name, who) ? { ...item, mutedUntilUnixMs } : item,
    );
  }
  if (item.kind === "grant") {
    const role = item.on === true ? "moderator" : "member";
    const isTarget = (name: string, was: string) => isSameName(name, who) && was !== "operator";
    room.members = members.map((item) =>
      isTarget(item.name, item.role) ? { ...item, role } : item,
    );
  }
}

function pinned(room: RoomDraft, seq: number, on: boolean): void {
  const others = room.pins.filter((item) => item !== seq);
  room.pins = on ? [...others, seq].slice(-PINS_MAX) : others;
}

function applyHand(room: RoomDraft, item: Item, user: string): void {
  const { on, isCall, from, timeUnixMs } = item;
  endHand(room, user);
  if (on === true) room.hands = [...room.hands, user].slice(0, HANDS_MAX);
  else if (isCall === true) {
    room.called = user;
    room.caller = from;
    room.calledUnixMs = timeUnixMs;
  }
}

function endCall(room: RoomDraft): void {
  room.called = undefined;
  room.caller = undefined;
  room.calledUnixMs = undefined;
}

/** Lowers the user's hand, and ends the call on the user. */
function endHand(room: RoomDraft, user: string | undefined): void {
  if (isSameName(room.called ?? "", user)) endCall(room);
  if (room.hands.length === 0) return;
  room.hands = room.hands.filter((name) => !isSameName(name, user));
}

/** Users whose devices the change adds to a sealed room, and who have not joined it yet. */
function invitedBy({ subject = "" }: Item, { members = [], online }: RoomDraft): Member[] {
  const names = subject.split(", ").filter((name) => name !== "");
  const added = names.filter((name) => !members.some((member) => isSameName(member.name, name)));
  return added.map((name) => {
    return { name, isOnline: online.has(name), role: "member", isInvited: true };
  });
}

function renameMember(room: RoomDraft, { oldName, subject: newName }: Item): void {
  if (oldName === undefined || newName === undefined) return;
  room.members = room.members?.map((item) =>
    isSameName(item.name, oldName) ? { ...item, name: newName } : item,
  );
  room.hands = room.hands.map((name) => (isSameName(name, oldName) ? newName : name));
  if (isSameName(oldName, room.called)) room.called = newName;
  if (isSameName(oldName, room.caller)) room.caller = newName;
  room.online = new Set(
    [...room.online].map((name) => (isSameName(name, oldName) ? newName : name)),
  );
}

/** Replaces the old name of the author of loaded messages, reactions, votes and erasures. */
export function renameAuthor(room: RoomDraft, { oldName, subject: newName }: Item): void {
  if (oldName === undefined || newName === undefined) return;
  const renamed = <Name extends string | undefined>(name: Name) =>
    isSameName(name, oldName) ? newName : name;
  room.changes = new Map(
    [...room.changes].map(([seq, changes]) => {
      const reactions = changes.reactions.map((one) => ({ ...one, by: renamed(one.by) }));
      const votes = changes.votes?.map((one) => ({ ...one, by: renamed(one.by) }));
      const erasedBy = renamed(changes.erasedBy);
      return [seq, { ...changes, erasedBy, reactions, ...(votes && { votes }) }];
    }),
  );
  const withName = (item: Item): Item => {
    const { from, erasedBy, poll } = item;
    const rows = [...item.reactions, ...(poll?.options ?? [])];
    const names = [from, erasedBy, ...rows.flatMap(({ by }) => by)];
    if (!names.some((name) => isSameName(name, oldName))) return item;
    const withNewBy = <Row extends { readonly by: readonly string[] }>(row: Row): Row => {
      return { ...row, by: row.by.map(renamed) };
    };
    return {
      ...item,
      from: renamed(from),
      reactions: item.reactions.map(withNewBy),
      ...(erasedBy === undefined ? {} : { erasedBy: renamed(erasedBy) }),
      ...(poll === undefined ? {} : { poll: { ...poll, options: poll.options.map(withNewBy) } }),
    };
  };
  mapItems(room, withName);
}

function mapItems(room: RoomDraft, change: (item: Item) => Item): void {
  room.tail = { ...room.tail, items: room.tail.items.map(change) };
  if (room.thread) room.thread = { ...room.thread, items: room.thread.items.map(change) };
  if (room.jump === undefined) return;
  room.jump = { ...room.jump, items: room.jump.items.map(change) };
}

/**
 * Marks replies to the user whose answered messages are not loaded.
 * @param calls what the server lists as calls
 */
export function markAnswers(room: RoomDraft, calls: readonly FoundCall[]): void {
  const isAnswer = ({ room: id, reason }: FoundCall) => id === room.id && reason === "reply";
  const answers = new Set(calls.filter(isAnswer).map(({ item }) => item.seq));
  if (answers.size === 0) return;
  mapItems(room, (item) => {
    if (!answers.has(item.seq) || item.mentionsMe || item.isMine) return item;
    if (room.mentions.every(({ seq }) => seq !== item.seq)) noteMention(room, item);
    return { ...item, answersMe: true, mentionsMe: true };
  });
  room.mentions = room.mentions.toSorted((a, b) => a.n - b.n);
}

/** Marks the loaded messages with a keyword, and counts unread ones as mentions. */
export function markKeywords(
  room: RoomDraft,
  keywords: readonly string[],
  isCounted: (item: Item) => boolean,
): void {
  mapItems(room, (item) => {
    const marked = withKeywords(item, keywords);
    const isNew = marked !== item && !room.mentions.some(({ seq }) => seq === item.seq);
    if (isNew && isCounted(item)) noteMention(room, item);
    return marked;
  });
}

export function markAuthor(room: RoomDraft, user: string, by: string | undefined): void {
  mapItems(room, (item) => {
    if (item.isMine || !isSameName(item.from, user)) return item;
    const hasNewKey = by !== undefined && item.by === by;
    return hasNewKey === (item.hasNewKey === true) ? item : { ...item, hasNewKey };
  });
}

/** Closes a poll whose time has passed. The server writes no record for it. */
export function markPollEnded(room: RoomDraft, seq: number, reader: CountingReader): void {
  if (room.changes.get(seq)?.poll?.rules === undefined) return;
  noteChanges(room, reader, (changes) => notePollEnd(changes, seq, seq));
}

export function applyChanges(
  room: RoomDraft,
  records: readonly ChatRecord[],
  reader: CountingReader,
): void {
  noteChanges(room, reader, (changes) => records.flatMap((record) => noteChange(changes, record)));
}

function noteChanges(
  room: RoomDraft,
  reader: CountingReader,
  note: (changes: Map<number, Changes>) => readonly number[],
): void {
  const changes = new Map(room.changes);
  const touched = new Set(note(changes));
  if (touched.size === 0) return;
  if (room.pins.some((seq) => changes.get(seq)?.isErased === true)) {
    room.pins = room.pins.filter((seq) => changes.get(seq)?.isErased !== true);
  }
  room.mentions = room.mentions.filter(({ seq }) => changes.get(seq)?.isErased !== true);
  if (changes.size > ROOM_CHANGES_MAX) return restart(room, room.receivedN);
  room.changes = changes;
  const { me } = reader;
  const { tail } = room;
  room.tail = applyChangesTo(tail, touched, changes, me);
  for (const seq of touched) {
    uncount(room, itemAt(tail.items, seq), itemAt(room.tail.items, seq), reader);
  }
  if (room.jump !== undefined) room.jump = applyChangesTo(room.jump, touched, changes, me);
  if (room.thread) room.thread = applyChangesTo(room.thread, touched, changes, me);
}

/** Takes a changed message from the counts that it no longer belongs to. */
function uncount(
  room: RoomDraft,
  before: Item | undefined,
  after: Item | undefined,
  reader: CountingReader,
): void {
  if (before === undefined || after === undefined) return;
  const isCountedHere = before.n > room.countedN && isUnread(room, before, reader);
  if (isCountedHere && !isUnread(room, after, reader)) room.unread = Math.max(0, room.unread - 1);
  if (!before.mentionsMe || after.mentionsMe || isConversation(room)) return;
  room.mentions = room.mentions.filter(({ seq }) => seq !== after.seq);
}

function applyChangesTo<Range extends ItemRange>(
  stretch: Range,
  touched: ReadonlySet<number>,
  changes: ReadonlyMap<number, Changes>,
  me: string | undefined,
): Range {
  let items: Item[] | undefined;
  for (const seq of touched) {
    const index = indexOfSeq(stretch.items, seq);
    const item = stretch.items[index];
    if (item?.seq !== seq) continue;
    items ??= [...stretch.items];
    items[index] = withChanges(item, changes.get(seq), me);
  }
  return items === undefined ? stretch : { ...stretch, items };
}

/** @param own seqs of messages of the user, which may not be loaded */
export function itemsOf(
  room: RoomDraft,
  records: readonly ChatRecord[],
  reader: Reader,
  own: ReadonlySet<number> = new Set(),
): Item[] {
  const { me } = reader;
  applyChanges(room, records, reader);
  const words = records.filter((record) => !hasNoItem(record));
  return words.map((record) =>
    withChanges(newItem(room, record, reader, own), room.changes.get(record.seq), me),
  );
}

/**
 * Counts again what is unread, from all records after the read position.
 * @returns the unread messages that call the user
 */
export function countAgain(
  room: RoomDraft,
  records: readonly ChatRecord[],
  reader: Reader,
): readonly Item[] {
  const own = new Set(records.flatMap((one) => (isSameName(one.from, reader.me) ? one.seq : [])));
  const items = itemsOf(room, records, reader, own);
  const last = Math.max(records.at(-1)?.n ?? 0, room.read);
  const unread = items.filter((item) => isUnread(room, item, reader));
  room.unread = unread.length + messagesOfOthers(room.tail, last, reader);
  room.firstUnread = unread[0]?.seq ?? room.firstUnread;
  const isCalling = (item: Item) =>
    (item.mentionsMe || isConversation(room)) &&
    isUnreadCall(room, item) &&
    isFromOthers(item, reader.me) &&
    isCountedFrom(item, reader);
  const called = items.filter(isCalling);
  const later = room.mentions.filter(({ n }) => n > last);
  room.mentions = [...called.map(({ n, seq }) => ({ n, seq })), ...later];
  if (room.tail.items.length === 0 && last >= room.receivedN)
    room.tail = { items: items.slice(-CLOSED_ROOM_ITEMS_MAX), hasOlder: true, hasNewer: false };
  return called;
}

export function prepend(
  room: RoomDraft,
  page: readonly Item[],
  hasOlder: boolean,
  itemsMax: number,
): void {
  const visible = room.jump ?? room.tail;
  const first = visible.items[0]?.seq ?? Number.POSITIVE_INFINITY;
  const items = [...page.filter(({ seq }) => seq < first), ...visible.items];
  if (items.length <= itemsMax) return setVisible(room, { ...visible, items, hasOlder });
  if (room.jump === undefined) room.tail = trimmed(room.tail);
  room.jump = { items: items.slice(0, itemsMax), hasOlder, hasNewer: true };
}

export function append(
  room: RoomDraft,
  page: readonly Item[],
  hasNewer: boolean,
  itemsMax: number,
): void {
  const { jump } = room;
  if (jump === undefined) return;
  const last = jump.items.at(-1)?.seq ?? 0;
  const items = [...jump.items, ...page.filter(({ seq }) => seq > last)];
  const retained = items.slice(-itemsMax);
  const hasOlder = jump.hasOlder || retained.length < items.length;
  jumpTo(room, { items: retained, hasOlder, hasNewer });
}

export function jumpTo(room: RoomDraft, stretch: ItemRange): void {
  const { items: newest } = room.tail;
  const first = newest[0]?.seq ?? Number.POSITIVE_INFINITY;
  const last = stretch.items.at(-1)?.seq ?? 0;
  if (stretch.hasNewer && last < first) {
    room.jump = stretch;
    return;
  }
  room.jump = undefined;
  const items = [...stretch.items.filter(({ seq }) => seq < first), ...newest];
  if (items.length > 0) room.tail = { items, hasOlder: stretch.hasOlder, hasNewer: false };
}

function setVisible(room: RoomDraft, stretch: ItemRange): void {
  if (room.jump === undefined) room.tail = stretch;
  else room.jump = stretch;
}

/** Posting answers what is new: the line disappears, and new messages follow the post. */
export function removeLine(room: RoomDraft): void {
  if (room.readAtOpening !== undefined) room.readAtOpening = NO_LINE;
}

/** Reports whether the line of new messages stands in the room. */
export function hasLine({ readAtOpening }: RoomState): boolean {
  return readAtOpening !== undefined && readAtOpening !== NO_LINE;
}

export function closeView(room: RoomDraft): void {
  room.jump = undefined;
  room.thread = undefined;
  room.loading = undefined;
  room.jumpSeq = undefined;
  room.readAtOpening = undefined;
  room.tail = trimmed(room.tail);
  if (room.isCleared) room.tail = { ...room.tail, hasOlder: true };
  room.isCleared = false;
}

export function clearView(room: RoomDraft): void {
  closeView(room);
  room.tail = NO_ITEMS;
  room.isCleared = true;
}

/** Unloads the messages that could not be read, and those before them, so that they load again. */
export function unloadClosed(room: RoomDraft): void {
  const { jump, tail, thread } = room;
  const isClosed = ({ kind }: Item) => kind === "sealed";
  if (jump?.items.some(isClosed) === true) room.jump = undefined;
  const last = tail.items.findLastIndex(isClosed);
  if (last >= 0) room.tail = { ...tail, items: tail.items.slice(last + 1), hasOlder: true };
  room.loading = undefined;
  room.thread = thread && { ...thread, loading: "wanted" };
}

function trimmed(tail: ItemRange): ItemRange {
  if (tail.items.length <= CLOSED_ROOM_ITEMS_MAX) return tail;
  return { ...tail, items: tail.items.slice(-CLOSED_ROOM_ITEMS_MAX), hasOlder: true };
}

/** Read position after the printed record `n`, including the records without items behind it. */
export function positionAfterPrinted(
  { tail: { items }, receivedN }: RoomState,
  n: number,
): number | undefined {
  if (n > receivedN) return undefined; // The server has lost it since.
  const index = items.findLastIndex((item) => item.n <= n);
  if (index === -1) return n;
  const next = items[index + 1];
  return next === undefined ? receivedN : next.n - 1;
}

/** Notices of bots never notify (as in IRC). */
export function isFromOthers(item: Item, me: string | undefined): boolean {
  const isErased = item.state === "erased";
  return !isSameName(item.from, me) && isMessage(item) && !isErased && item.isNotice !== true;
}
