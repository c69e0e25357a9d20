/** Rules for the place where rooms open, and for what counts as read. */

import type { RoomId } from "../../base/ids.ts";
import { SEEN_SPANS_MAX } from "../../base/limits-page.ts";
import type { ModelDraft } from "./builder.ts";
import type { ModelEvent } from "./event.ts";
import { isSameName } from "./item.ts";
import { requestOlderPage, requestPage } from "./page.ts";
import { placeKey } from "./places.ts";
import { readReplies } from "./prefs.ts";
import {
  hasLine,
  isConversation,
  isCounted,
  isFromOthers,
  lastReplySeq,
  loadedItem,
  type RoomDraft,
  readCalls,
  readUpTo,
} from "./room.ts";
import type { MessageSpan, SeenMessages } from "./seen.ts";
import { isIgnored, openRoom } from "./selectors.ts";
import type { Item, ItemRange, Mention, Model, RoomState } from "./state.ts";

/** Shown until the messages around the first unread one are loaded. */
const NOT_LOADED: ItemRange = { items: [], hasOlder: true, hasNewer: true };

export function markRead(draft: ModelDraft, room: RoomDraft, n: number | undefined): void {
  if (n === undefined || !readUpTo(room, n, draft.fields)) return;
  draft.effects.push({ kind: "read", room: room.id, n });
}

/**
 * Advances the read position to the first message that was not seen. Messages that were seen
 * behind that one count as soon as those between were seen, too, but calls count immediately.
 */
export function markSeen(draft: ModelDraft, room: RoomDraft, seen: SeenMessages): void {
  if (!draft.fields.isFocused) return;
  for (const span of seen.isPassed ? withoutCalls(seen, room) : [seen]) {
    if (span.to > room.read) room.seen = withSpan(room.seen, span);
  }
  advancePosition(draft, room);
  markCallsSeen(draft, room);
}

/** In a conversation, each message calls the user and is counted by the read position. */
function markCallsSeen(draft: ModelDraft, room: RoomDraft): void {
  if (isConversation(room)) return;
  const isSeen = ({ seq }: Mention) => {
    const item = loadedItem(room, seq);
    return item !== undefined && item.isInThread !== true && isIn(room.seen, item);
  };
  markCallsRead(
    draft,
    room,
    room.mentions.filter(isSeen).map(({ n }) => n),
  );
}

/** @param calls numbers of messages beyond the read position */
export function markCallsRead(draft: ModelDraft, room: RoomDraft, calls: readonly number[]): void {
  if (calls.length === 0) return;
  readCalls(room, calls);
  draft.effects.push({ kind: "read", room: room.id, n: room.read, calls });
}

function advancePosition(draft: ModelDraft, room: RoomDraft): void {
  const range = unreadRange(room);
  if (range === undefined) return;
  const { items, hasNewer } = range;
  const next = items.find((item) => item.n > room.read && isUnseen(draft, room, item));
  const end = hasNewer ? items.at(-1) : undefined;
  markRead(draft, room, next === undefined ? (end?.n ?? room.receivedN) : next.n - 1);
  if (room.unread > 0) room.firstUnread = next?.seq ?? (end && end.seq + 1);
}

function isUnseen({ fields }: ModelDraft, { seen }: RoomState, item: Item): boolean {
  return isCounted(item, fields) && !isIn(seen, item);
}

function isIn(spans: readonly MessageSpan[], { n }: Item): boolean {
  return spans.some(({ from, to }) => from <= n && n <= to);
}

/** Advances the read position of the open thread to the first reply that was not seen. */
export function markRepliesSeen(
  draft: ModelDraft,
  room: RoomDraft,
  { root, from, to }: MessageSpan & { readonly root: number },
): void {
  const { thread } = room;
  const { fields } = draft;
  const known = fields.follows?.get(root);
  if (!fields.isFocused || thread?.root !== root || known === undefined) return;
  const seen = withSpan(thread.seen, { from, to });
  room.thread = { ...thread, seen };
  const replies = thread.items.filter(({ seq }) => seq !== root);
  const isComplete = !thread.hasOlder || replies.some(({ seq }) => seq <= known.read);
  if (!isComplete || thread.loading !== undefined) return;
  const next = replies.findIndex((item) => {
    const isUnread = item.seq > known.read && isFromOthers(item, fields.me);
    return isUnread && !isIgnored(fields, item.from) && !isIn(seen, item);
  });
  const read = next < 0 ? lastReplySeq(room, root) : replies[next - 1]?.seq;
  readReplies(draft, root, read ?? 0);
}

/** A call that new messages have moved off the screen was not seen. */
function withoutCalls(span: MessageSpan, { mentions }: RoomState): readonly MessageSpan[] {
  const spans: MessageSpan[] = [];
  let { from } = span;
  for (const { n } of mentions) {
    if (n < from || n > span.to) continue;
    if (n > from) spans.push({ from, to: n - 1 });
    from = n + 1;
  }
  return from > span.to ? spans : [...spans, { from, to: span.to }];
}

function withSpan(spans: readonly MessageSpan[], added: MessageSpan): readonly MessageSpan[] {
  let { from, to } = added;
  const apart = spans.filter((span) => {
    if (span.to < from - 1 || span.from > to + 1) return true;
    from = Math.min(from, span.from);
    to = Math.max(to, span.to);
    return false;
  });
  return [...apart, { from, to }].sort((a, b) => a.from - b.from).slice(0, SEEN_SPANS_MAX);
}

/** Loaded items that begin before the first unread message. */
function unreadRange(room: RoomState): ItemRange | undefined {
  const { jump, tail } = room;
  return [jump, tail].find((range) => range !== undefined && hasFirstUnread(room, range));
}

function hasFirstUnread({ read, firstUnread }: RoomState, { items, hasOlder }: ItemRange): boolean {
  const [first] = items;
  if (first === undefined) return !hasOlder;
  if (!hasOlder || first.n <= read + 1) return true;
  return firstUnread !== undefined && first.seq <= firstUnread;
}

/**
 * Read position before the first new message, or before the one that the user has marked as
 * unread; `undefined` if all is read.
 */
function positionAtOpening({ prefs }: Pick<Model, "prefs">, room: RoomState): number | undefined {
  const marked = prefs?.get(room.id)?.unread;
  if (marked !== undefined) return Math.min(room.read, marked - 1);
  return room.unread > 0 ? room.read : undefined;
}

/** Draws the line of new messages, and requests the messages around the place to be shown. */
export function startReading(draft: ModelDraft, room: RoomDraft): void {
  room.readAtOpening = positionAtOpening(draft.fields, room);
  loadPlace(draft, room);
}

/**
 * The newest messages stay on the screen while the client is offline, because no others can be
 * loaded.
 */
function loadPlace(draft: ModelDraft, room: RoomDraft): void {
  const { tail } = room;
  const isUnread = hasLine(room);
  const place = draft.fields.places.get(placeKey(room.id));
  const seq = isUnread ? room.firstUnread : place?.seq;
  const isLoaded =
    isUnread && room.unread > 0
      ? hasFirstUnread(room, tail)
      : !tail.hasOlder || (tail.items[0]?.seq ?? Number.POSITIVE_INFINITY) <= (seq ?? 0);
  if (seq !== undefined && !isLoaded && draft.fields.connection.kind === "online") {
    room.jump = NOT_LOADED;
    requestPage(draft, room, "around", seq);
  } else if (tail.items.length === 0) requestOlderPage(draft, room);
}

/**
 * Draws the line before the messages that arrive while nobody looks at the open room: without the
 * focus, or while the client catches up. Leaving the window counts as leaving the room.
 */
export function markArrivals(
  draft: ModelDraft,
  before: Model,
  events: readonly Pick<ModelEvent, "kind">[],
): void {
  const was = openRoom(before);
  const id = was?.id;
  const room = id === undefined ? undefined : draft.rooms.get(id);
  if (was === undefined || room === undefined) return;
  if (!isSameName(draft.fields.open, room.target)) return;
  const hasCaughtUp = events.some(({ kind }) => kind === "caught-up");
  const isWatched = draft.fields.isFocused && before.isCaughtUp && !hasCaughtUp;
  const isMarked = was.unread > 0 && was.readAtOpening !== undefined;
  if (!isWatched && !isMarked && room.unread > 0 && room.readAtOpening === was.readAtOpening)
    setLine(draft, was.id, was.read);
  if (hasCaughtUp && draft.fields.isCaughtUp) resume(draft, was.id);
}

function setLine(draft: ModelDraft, id: RoomId, n: number): void {
  const room = draft.room(id);
  if (room !== undefined) room.readAtOpening = n;
}

/** Loads what an earlier link has not loaded, and what its server has skipped. */
function resume(draft: ModelDraft, id: RoomId): void {
  const room = draft.room(id);
  if (room === undefined || room.loading !== undefined) return;
  const isWaiting = room.jump?.items.length === 0;
  if (isWaiting) room.jump = undefined;
  const isMissing = hasLine(room) && unreadRange(room) === undefined;
  const isEmpty = room.tail.items.length === 0;
  if (isWaiting || (room.jump === undefined && (isMissing || isEmpty))) loadPlace(draft, room);
}
