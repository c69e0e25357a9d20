/** Update function, which computes the next model and effects from a model and an event. */

import { Fault, msg } from "../../base/fault.ts";
import type { FileId, RoomId } from "../../base/ids.ts";
import { CALLS_LISTED_MAX, PRESENCE_MEMBERS_MAX } from "../../base/limits.ts";
import { PAGE_ROOM_ITEMS_MAX } from "../../base/limits-page.ts";
import { RoomNames, roomAt } from "../client/room-names.ts";
import { TIMELINE_ROOMS_MAX } from "../client/timeline.ts";
import { type EventHandlers, inRoom, ModelDraft, setOperator } from "./builder.ts";
import { withChanges } from "./changes.ts";
import { withoutErasedEdit } from "./draft-targets.ts";
import type { ConnectionEvent, ModelEffect, ModelEvent, ServerEvent, UserEvent } from "./event.ts";
import { isSameName, itemAt } from "./item.ts";
import { dropOrphanedPosts, dropSentPosts, LOCAL_HANDLERS, showFault } from "./local-events.ts";
import { NOTICE_HANDLERS } from "./notices.ts";
import {
  ANSWER_HANDLERS,
  requestNewerPage,
  requestOlderPage,
  requestOlderReplies,
  requestPage,
  requestThreads,
  revealInThread,
  searchMore,
  startSearch,
} from "./page.ts";
import { setDisplayNames } from "./people.ts";
import { NO_PLACES, withPlace } from "./places.ts";
import {
  applyPrefs,
  changePrefs,
  countReply,
  followReplied,
  readReplies,
  unhideOnMessage,
} from "./prefs.ts";
import {
  markArrivals,
  markCallsRead,
  markRead,
  markRepliesSeen,
  markSeen,
  startReading,
} from "./reading.ts";
import {
  addRecord,
  applyRoomUpdate,
  changeMembers,
  clearView,
  closeView,
  endListing,
  isConversation,
  isFromOthers,
  isUnreadFollow,
  loadedItem,
  markAuthor,
  messagesOfOthers,
  newRoom,
  noteMention,
  openThread,
  positionAfterPrinted,
  type RoomDraft,
  type RoomUpdate,
  readCalls,
  readUpTo,
  renameAuthor,
  unloadClosed,
} from "./room.ts";
import { dndEnd, draftKey, isBoxed, isIgnored, postTarget, roomNotifyLevel } from "./selectors.ts";
import type { AllRead, ComposerDraft, Item, Model, NoticeTexts, RoomState } from "./state.ts";

/** Shared, so that the model stays identical if there are no notices. */
const NO_NOTICES: NoticeTexts = {};

export interface Updated {
  readonly model: Model;
  readonly effects: readonly ModelEffect[];
}

const LOGGED_OUT = {
  me: undefined,
  isCaughtUp: false,
  isOperator: false,
  notices: NO_NOTICES,
  open: undefined,
  watchedFrom: undefined,
  pending: [],
  waiting: [],
  drafts: new Map(),
  ignored: new Set(),
  writeLimits: new Map(),
  displayNames: new Map(),
  prefs: undefined,
  saved: new Map(),
  follows: undefined,
  transfers: new Map(),
  search: undefined,
  calls: [],
  lastReplies: [],
  places: NO_PLACES,
  allRead: undefined,
} as const satisfies Partial<Model>;

export function emptyModel(itemsMax = PAGE_ROOM_ITEMS_MAX): Model {
  return {
    ...LOGGED_OUT,
    itemsMax,
    connection: { kind: "connecting" },
    guessDelay: undefined,
    server: undefined,
    rooms: new Map(),
    isFocused: true,
    isThreadAlone: false,
    faults: [],
    isOutdated: false,
    nextFault: 1,
  };
}

export function updateAll(model: Model, events: readonly ModelEvent[]): Updated {
  if (events.length === 0) return { model, effects: [] };
  const draft = new ModelDraft(model);
  for (const event of events) handle(draft, event);
  markArrivals(draft, model, events);
  endErasedEdits(draft, model);
  eraseResults(draft, model);
  requestThreads(draft);
  return { model: draft.build(), effects: draft.effects };
}

const LINK_HANDLERS: EventHandlers<ConnectionEvent> = {
  connection: ({ fields }, { connection }) => {
    fields.connection = connection;
    fields.guessDelay = undefined;
    if (connection.kind !== "online") fields.isCaughtUp = false;
  },
  "guess-delay": ({ fields }, { delay }) => {
    fields.guessDelay = delay;
  },
  stalled: ({ fields }, { on }) => {
    if (fields.connection.kind !== "online") return;
    fields.connection = on ? { kind: "online", isStalled: true } : { kind: "online" };
  },
  greeted: ({ fields }, { server }) => {
    fields.server = server;
  },
  entered: (draft, { user, isRenamed }) => entered(draft, user, isRenamed === true),
  left: forgetAll,
  restored: (draft, { me, server, displayNames, prefs, places, rooms }) => {
    Object.assign(draft.fields, { me, server, displayNames, prefs, places });
    for (const room of rooms.values()) draft.putRoom({ ...room });
  },
  operator: ({ fields }, { on }) => setOperator(fields, on),
  outdated: ({ fields }) => {
    fields.isOutdated = true;
  },
};

const OFFERED_FILES_MAX = 16;

const SERVER_HANDLERS: EventHandlers<ServerEvent> = {
  ...NOTICE_HANDLERS,
  // Handled separately from `entered`, because decryption is asynchronous: data from the previous
  // link may arrive after `entered`.
  listing: (draft) => {
    draft.fields.ignored = new Set();
    for (const room of roomDrafts(draft)) markUnlisted(room);
  },
  room: roomUpdated,
  "room-gone": (draft, { room }) => roomRemoved(draft, room),
  record: recordReceived,
  opened: inRoom((draft, room, { isComplete }) => {
    unloadClosed(room);
    if (isComplete) countOpened(draft, room);
  }),
  "caught-up": caughtUp,
  presence: inRoom((_draft, room, presence) => changeMembers(room, presence)),
  status: inRoom((_draft, room, status) => changeMembers(room, status)),
  typing: inRoom((_, room, { users }) => {
    room.typing = users;
  }),
  read: inRoom((draft, room, event) => {
    readElsewhere(draft, room, event.n, event.unread);
    readUpTo(room, event.n, draft.fields, event);
    readCalls(room, event.readCalls);
  }),
  named: ({ fields }, { names }) => setDisplayNames(fields, names),
  "author-key": (draft, { user, by }) => {
    for (const room of roomDrafts(draft)) markAuthor(room, user, by);
  },
  prefs: (draft, event) => {
    applyPrefs(draft, event);
    if (event.follows?.some((follow) => isUnreadFollow(follow, 0)) === true)
      draft.effects.push({ kind: "calls" });
  },
  "prefs-set": applyPrefs,
  save: applyPrefs,
  follow: applyPrefs,
  offered: inRoom((_, room, { file, from, name, size: sizeBytes, thread }) => {
    if (room.offered.some((item) => item.file === file)) return;
    const offered = { file: file as FileId, from, name, sizeBytes, thread };
    room.offered = [...room.offered.slice(1 - OFFERED_FILES_MAX), offered];
  }),
};

const USER_ACTIONS: EventHandlers<UserEvent> = {
  open: (draft, { target }) => open(draft, target),
  focus: ({ fields }, { on }) => {
    fields.isFocused = on;
  },
  search: (draft, { query }) => startSearch(draft, query),
  "search-more": (draft) => searchMore(draft),
  arrange: (draft, { room, prefs }) => changePrefs(draft, room, prefs),
  draft: (draft, event) => setDraft(draft, event.target, event.draft),
  dismissed: ({ fields }, { fault }) => {
    fields.faults = fields.faults.filter(({ id }) => id !== fault);
  },
  seen: inRoom((draft, room, event) => markSeen(draft, room, event)),
  watching: ({ fields }, { from }) => {
    fields.watchedFrom = from;
  },
  placed: ({ fields }, { key, place }) => {
    fields.places = withPlace(fields.places, key, place);
  },
  places: ({ fields }, { places }) => {
    fields.places = places;
  },
  "printed-call": inRoom((draft, room, { n }) => markCallsRead(draft, room, [n])),
  "printed-reply": (draft, { root, seq }) => readReplies(draft, root, seq),
  printed: inRoom((draft, room, { n }) => markRead(draft, room, positionAfterPrinted(room, n))),
  reach: inRoom((draft, room, { side }) => {
    if (side === "older") requestOlderPage(draft, room);
    else requestNewerPage(draft, room);
  }),
  clear: inRoom((_, room) => clearView(room)),
  jump: inRoom((draft, room, { seq }) => jump(draft, room, seq)),
  "mark-read": inRoom((draft, room) => {
    changePrefs(draft, room.id, { unread: undefined });
    markRead(draft, room, room.last);
  }),
  "all-read": (draft, { rooms }) => {
    endAllRead(draft, false);
    const allRead = new Map<RoomId, AllRead>();
    for (const each of rooms) {
      const room = draft.room(each);
      if (room === undefined) continue;
      const { last, read, unread, mentions, readAtOpening, firstUnread } = room;
      const before = { read, unread, mentions, readAtOpening, firstUnread };
      const isMarked = draft.fields.prefs?.get(each)?.unread !== undefined;
      const isRead = unread === 0 && readAtOpening === undefined && !isMarked;
      if (!readUpTo(room, last, draft.fields) && isRead) continue;
      allRead.set(each, { n: last, shown: Math.max(unread, Number(isMarked)), before });
      room.readAtOpening = undefined;
      if (isSameName(draft.fields.open, room.target)) goToEnd(room);
    }
    draft.fields.allRead = allRead.size === 0 ? undefined : allRead;
  },
  "all-read-end": (draft, { isUndone }) => endAllRead(draft, isUndone),
  "mark-unread": inRoom((draft, room, { n }) => {
    if (isSameName(draft.fields.open, room.target)) room.readAtOpening = n - 1;
    changePrefs(draft, room.id, { unread: n });
  }),
  thread: inRoom((draft, room, { seq }) => {
    if (seq === undefined) room.thread = undefined;
    else openThread(room, seq, draft.fields.follows, draft.buffers);
  }),
  "replies-seen": inRoom((draft, room, event) => markRepliesSeen(draft, room, event)),
  "thread-older": inRoom((draft, room) => requestOlderReplies(draft, room)),
  "thread-alone": ({ fields }, { on }) => {
    fields.isThreadAlone = on;
  },
  bottom: inRoom((_, room, { isInThread }) => {
    const { thread } = room;
    if (isInThread === true) {
      room.thread = thread && { ...thread, bottomRequests: thread.bottomRequests + 1 };
      return;
    }
    goToEnd(room);
  }),
};

const HANDLERS: EventHandlers<ModelEvent> = {
  ...LINK_HANDLERS,
  ...SERVER_HANDLERS,
  ...ANSWER_HANDLERS,
  ...USER_ACTIONS,
  ...LOCAL_HANDLERS,
};

export function changesModel<Event extends { readonly kind: string }>(
  event: Event,
): event is Extract<Event, { readonly kind: ModelEvent["kind"] }> {
  return Object.hasOwn(HANDLERS, event.kind);
}

function handle(draft: ModelDraft, event: ModelEvent): void {
  const handler = HANDLERS[event.kind] as (draft: ModelDraft, event: ModelEvent) => void;
  handler(draft, event);
}

function roomDrafts(draft: ModelDraft): RoomDraft[] {
  return [...draft.rooms.keys()].flatMap((id) => draft.room(id) ?? []);
}

function markUnlisted(room: RoomDraft): void {
  room.isListed = false;
  room.linkN = 0;
}

function entered(draft: ModelDraft, user: string, isRenamed: boolean): void {
  if (!isRenamed && !isSameName(draft.fields.me, user)) forgetAll(draft);
  draft.fields.me = user;
  draft.fields.connection = { kind: "online" };
  draft.fields.isCaughtUp = false;
  // `isOperator` remains until the server has sent its notices, so that no view closes meanwhile.
  draft.fields.notices = NO_NOTICES;
  for (const room of roomDrafts(draft)) {
    markUnlisted(room);
    room.loading = undefined;
    room.thread &&= { ...room.thread, loading: "wanted" };
    room.online = new Set();
    room.members = undefined;
    room.unlisted = undefined;
    room.typing = [];
    room.offered = [];
  }
}

function forgetAll(draft: ModelDraft): void {
  Object.assign(draft.fields, LOGGED_OUT);
  draft.removeRooms();
}

function roomUpdated(draft: ModelDraft, update: RoomUpdate): void {
  const room = draft.room(update.room);
  if (room !== undefined) {
    const { target, rules } = room;
    room.wasBoxed ||= isBoxed({ ...draft.fields, rooms: draft.rooms }, target);
    applyRoomUpdate(room, update, draft.fields);
    if (rules.post !== "private") moveDraftToBox(draft, target);
    if (draft.fields.isCaughtUp) room.countedN = 0;
    // A server that was killed may have lost the last positions that it received.
    else if (room.read > (update.read ?? room.read))
      draft.effects.push({ kind: "read", room: room.id, n: room.read });
    resendReadCalls(draft, room, update);
    if (target !== room.target) followRename(draft, target, room.target);
    followFormerTargets(draft, room.id);
    dropSentPosts(draft, room);
  } else if (draft.rooms.size < TIMELINE_ROOMS_MAX) {
    draft.putRoom(newRoom(update));
    followFormerTargets(draft, update.room);
    if (draft.fields.isCaughtUp) requestMembers(draft, update.room);
  }
}

/** As with positions: a server that was killed may have lost the last ones. */
function resendReadCalls(
  { fields, effects }: ModelDraft,
  { id, read, readCalls }: RoomState,
  { readCalls: known = [] }: RoomUpdate,
): void {
  const lost = fields.isCaughtUp ? [] : readCalls.filter((n) => !known.includes(n));
  const calls = lost.slice(-CALLS_LISTED_MAX);
  if (calls.length > 0) effects.push({ kind: "read", room: id, n: read, calls });
}

/** In a room that has become an assignment, members write to their own box. */
function moveDraftToBox({ fields, rooms, effects }: ModelDraft, target: string): void {
  const box = postTarget({ ...fields, rooms }, target);
  const written = fields.drafts.get(target);
  if (box === target || written === undefined || written.edits !== undefined) return;
  if (fields.drafts.has(box)) return;
  const { re: _, ...moved } = written;
  const drafts = new Map(fields.drafts).set(box, moved);
  drafts.delete(target);
  fields.drafts = drafts;
  effects.push({ kind: "keep-draft", target, draft: undefined });
  effects.push({ kind: "keep-draft", target: box, draft: moved });
}

/** An edit cannot be sent once its message is erased. Its text stays as a draft. */
function endErasedEdits(draft: ModelDraft, before: Model): void {
  for (const [key, written] of draft.fields.drafts) {
    const { edits } = written;
    const [target, root] = key.split(" ");
    const room = edits === undefined ? undefined : roomAt(draft.rooms.values(), target);
    if (edits === undefined || room === undefined) continue;
    const isErased = room.changes.get(edits)?.isErased ?? false;
    if (!isErased && loadedItem(room, edits)?.state !== "erased") continue;
    const earlier = before.rooms.get(room.id);
    const original = earlier && loadedItem(earlier, edits);
    const isKnown = original?.state === "whole";
    const left = withoutErasedEdit(written, isKnown ? original.text : undefined);
    setDraft(draft, key, isEmpty(left) ? undefined : left);
    const isOpen = isSameName(draft.fields.open, room.target);
    if (!isOpen || (root !== undefined && room.thread?.root !== Number(root))) continue;
    const remedy = msg`what you typed is still in the input field`;
    const message = msg`the message that you were editing was deleted`;
    showFault(draft, new Fault("not-found", message, { remedy }));
  }
}

/** A result of the search loses its text when its message is erased. */
function eraseResults({ fields, rooms }: ModelDraft, before: Model): void {
  const { search, me } = fields;
  const changed = new Set<RoomId>();
  for (const { room } of search?.found ?? [])
    if (rooms.get(room)?.changes !== before.rooms.get(room)?.changes) changed.add(room);
  if (search === undefined || changed.size === 0) return;
  const found = search.found.map((result) => {
    const { room, item } = result;
    const changes = changed.has(room) ? rooms.get(room)?.changes.get(item.seq) : undefined;
    return changes?.isErased === true
      ? { ...result, item: withChanges(item, changes, me) }
      : result;
  });
  fields.search = { ...search, found };
}

function isEmpty({ text, re }: ComposerDraft): boolean {
  return text === "" && re === undefined;
}

function requestMembers(draft: ModelDraft, id: RoomId): void {
  const { rooms, fields } = draft;
  const room = rooms.get(id);
  if (room === undefined || !(room.kind === "person" || isSameName(fields.open, room.target)))
    return;
  askMembers(draft, id);
}

function askMembers(draft: ModelDraft, id: RoomId): void {
  const room = draft.room(id);
  if (room === undefined) return;
  room.unlisted = [];
  draft.effects.push({ kind: "members", room: id, target: room.target });
}

/** Moves what was stored under a former target while this device was not connected. */
function followFormerTargets(draft: ModelDraft, id: RoomId): void {
  const { fields, rooms } = draft;
  const room = rooms.get(id);
  if (room === undefined) return;
  const { open, pending, waiting, drafts } = fields;
  const targets = [...pending.map(({ to }) => to), ...waiting.flatMap(({ to }) => to)];
  const stored = [open, ...targets, ...drafts.keys()];
  const names = new RoomNames(rooms.values());
  for (const key of stored) {
    const [target = ""] = key?.split(" ") ?? [];
    if (isSameName(target, room.target) || names.at(target)?.id !== id) continue;
    followRename(draft, target, room.target);
  }
}

function followRename({ fields, effects }: ModelDraft, oldTarget: string, target: string): void {
  if (isSameName(fields.open, oldTarget)) fields.open = target;
  fields.pending = fields.pending.map((item) =>
    isSameName(item.to, oldTarget) ? { ...item, to: target } : item,
  );
  fields.waiting = fields.waiting.map((message) => {
    const isIn = message.to.some((to) => isSameName(to, oldTarget));
    if (!isIn) return message;
    const to = message.to.map((to) => (isSameName(to, oldTarget) ? target : to));
    return { ...message, to };
  });
  for (const [key, draft] of fields.drafts) {
    const [written, root] = key.split(" ");
    if (written !== oldTarget) continue;
    const newKey = draftKey(target, root === undefined ? root : Number(root));
    const drafts = new Map(fields.drafts);
    drafts.delete(key);
    drafts.set(newKey, draft);
    fields.drafts = drafts;
    effects.push({ kind: "keep-draft", target: key, draft: undefined });
    effects.push({ kind: "keep-draft", target: newKey, draft });
  }
}

function roomRemoved(draft: ModelDraft, id: RoomId): void {
  const room = draft.rooms.get(id);
  if (room === undefined) return;
  draft.removeRoom(id);
  dropSentPosts(draft, room, "gone");
  if (isSameName(draft.fields.open, room.target) && room.kind === "room") {
    draft.fields.open = undefined;
  }
}

function recordReceived(
  draft: ModelDraft,
  { record }: Extract<ServerEvent, { kind: "record" }>,
): void {
  const room = draft.room(record.room.id);
  if (room === undefined) return;
  const { me } = draft.fields;
  const readBefore = room.read;
  const item = addRecord(room, record, draft.fields, draft.buffers);
  if (room.read > readBefore) draft.effects.push({ kind: "read", room: room.id, n: room.read });
  if (item === "again") return;
  dropSentPosts(draft, room, record.id);
  const why = item && isSameName(item.subject, me) ? ownNotice(draft.fields, item) : undefined;
  if (item !== undefined && why !== undefined) {
    draft.effects.push({ kind: "notify", room: room.id, target: room.target, item, why });
  }
  if (item === undefined) return;
  // Records that the server sends while the link catches up already have the new name, which may
  // be a former name of another user.
  if (item.kind === "rename" && draft.fields.isCaughtUp) renameAuthor(room, item);
  unhideOnMessage(draft, room.id, item);
  const { isCaughtUp } = draft.fields;
  if (!isIgnored(draft.fields, item.from)) {
    countReply(draft, item);
    if (isCaughtUp) followReplied(draft, room, item);
  }
  notifyMessage(draft, room.id, item);
}

/**
 * Notifies of a call even in a room that is muted or open.
 * @param item concerns the user
 */
function ownNotice(
  fields: Pick<Model, "prefs"> & { readonly isCaughtUp: boolean },
  { kind, isCall }: Item,
): "put-out" | "called" | undefined {
  if (!fields.isCaughtUp) return undefined;
  if (kind === "kick") return "put-out";
  return kind === "hand" && isCall === true && dndEnd(fields) === undefined ? "called" : undefined;
}

function notifyMessage(draft: ModelDraft, id: RoomId, item: Item): void {
  const room = draft.room(id);
  const { fields } = draft;
  if (room === undefined || isIgnored(fields, item.from)) return;
  if (!isFromOthers(item, fields.me)) return;
  const isFollowed = item.re !== undefined && fields.follows?.get(item.re)?.on === true;
  // A message to those who were online does not call those who read it later.
  const isMentioned = item.mentionsMe && (item.everyone !== "here" || fields.isCaughtUp);
  const isCalled = isMentioned || isFollowed;
  if (isCalled || isConversation(room)) noteMention(room, item);
  if (dndEnd(fields) !== undefined) return;
  const level = roomNotifyLevel(fields, room);
  if (level === "nothing" || (level === "mentions" && !isCalled)) return;
  if (!fields.isCaughtUp || item.n <= room.read || isVisible(draft, room, item)) return;
  draft.effects.push({ kind: "notify", room: id, target: room.target, item, why: "message" });
}

function isVisible({ fields }: ModelDraft, room: RoomState, item: Item): boolean {
  if (!fields.isFocused || !isSameName(fields.open, room.target)) return false;
  const { thread } = room;
  if (thread !== undefined && thread.root === item.re) return true;
  const isCovered = fields.isThreadAlone && thread !== undefined;
  return item.isInThread !== true && !isCovered && room.jump === undefined;
}

function caughtUp(draft: ModelDraft): void {
  draft.fields.isCaughtUp = true;
  draft.fields.isOperator = draft.fields.notices.isOperator === true;
  if (draft.fields.notices.rules?.direct === undefined) draft.fields.writeLimits = new Map();
  for (const [id, { isListed }] of [...draft.rooms]) {
    const room = isListed ? draft.room(id) : undefined;
    if (room === undefined) roomRemoved(draft, id);
    else endListing(room);
  }
  dropOrphanedPosts(draft);
  requestMissing(draft);
  countSealed(draft);
  const hasUnloaded = (room: RoomState) =>
    room.kind === "room" && room.mentions.some(({ seq }) => loadedItem(room, seq) === undefined);
  const follows = [...(draft.fields.follows?.values() ?? [])];
  const hasReplies = follows.some((follow) => isUnreadFollow(follow, 0));
  if (hasReplies || [...draft.rooms.values()].some(hasUnloaded)) {
    draft.effects.push({ kind: "calls" });
  }
}

/**
 * Number of conversations whose presence the client requests after log-in. It requests the presence
 * in others when the user opens them.
 */
const CONVERSATIONS_REQUESTED_MAX = 32;

/** Encrypted rooms whose unread messages a device counts after a log-in, the newest ones. */
const SEALED_COUNTED_MAX = 8;

/** The server knows neither calls nor replies in threads of encrypted rooms. */
function countSealed(draft: ModelDraft): void {
  const isMissing = ({ isSealed, unread, tail, read }: RoomState) =>
    isSealed && unread > 0 && tail.hasOlder && (tail.items[0]?.n ?? 0) > read + 1;
  const rooms = [...draft.rooms.values()].filter(isMissing).sort((a, b) => b.lastSeq - a.lastSeq);
  for (const room of rooms.slice(0, SEALED_COUNTED_MAX)) countOpened(draft, room);
}

function countOpened({ effects }: ModelDraft, { id, target, read, last }: RoomState): void {
  if (read < last) effects.push({ kind: "count", room: id, target, n: read });
}

/** Requests data that the server does not send by itself over a new link. */
function requestMissing(draft: ModelDraft): void {
  const people = [...draft.rooms.values()]
    .filter(({ kind }) => kind === "person")
    .sort((a, b) => b.lastSeq - a.lastSeq)
    .slice(0, CONVERSATIONS_REQUESTED_MAX);
  for (const { id } of people) askMembers(draft, id);
  for (const { id, target } of draft.rooms.values()) {
    const room = isSameName(draft.fields.open, target) ? draft.room(id) : undefined;
    if (room === undefined) continue;
    if (room.kind === "room") askMembers(draft, id);
  }
}

function open(draft: ModelDraft, target: string | undefined): void {
  const before = draft.fields.open;
  if (
    before !== undefined &&
    target !== undefined &&
    isSameName(before, presentTarget(draft, target))
  ) {
    const here = draftAt(draft, before);
    if (here !== undefined) changePrefs(draft, here.id, { unread: undefined });
    return;
  }
  const left = draftAt(draft, before);
  if (left !== undefined) closeView(left);
  const room = draftAt(draft, target);
  draft.fields.open = room?.target ?? target?.replace(/^#/, "");
  draft.fields.watchedFrom = undefined;
  if (room === undefined) return;
  startReading(draft, room);
  changePrefs(draft, room.id, { unread: undefined, hidden: undefined });
  if (room.members === undefined || room.members.length > PRESENCE_MEMBERS_MAX) {
    askMembers(draft, room.id);
  }
}

function draftAt(draft: ModelDraft, target: string | undefined): RoomDraft | undefined {
  const room = roomAt(draft.rooms.values(), target);
  return room && draft.room(room.id);
}

/** The present target of a room to which the target leads. */
function presentTarget({ rooms }: ModelDraft, target: string): string {
  return roomAt(rooms.values(), target)?.target ?? target;
}

function goToEnd(room: RoomDraft): void {
  room.jump = undefined;
  room.jumpSeq = undefined;
  room.bottomRequests += 1;
  if (room.loading?.side !== "older") room.loading = undefined;
}

function endAllRead(draft: ModelDraft, isUndone: boolean): void {
  const { allRead = [] } = draft.fields;
  draft.fields.allRead = undefined;
  for (const [id, each] of allRead) {
    const room = draft.room(id);
    if (room === undefined) continue;
    if (isUndone) undoRead(draft, room, each);
    else {
      changePrefs(draft, id, { unread: undefined });
      draft.effects.push({ kind: "read", room: id, n: room.read });
    }
  }
}

/** Keeps what has arrived, or was read on another device, since the room was marked as read. */
function undoRead({ fields }: ModelDraft, room: RoomDraft, { n, before }: AllRead): void {
  const arrived = room.mentions.filter((mention) => mention.n > n);
  room.read = before.read;
  room.unread = before.unread + messagesOfOthers(room.tail, Math.max(n, before.read), fields);
  room.mentions = [...before.mentions, ...arrived];
  room.readAtOpening = before.readAtOpening;
  room.firstUnread = before.firstUnread;
}

function readElsewhere({ fields }: ModelDraft, { id }: RoomState, n: number, unread?: number) {
  const allRead = fields.allRead?.get(id);
  if (allRead === undefined || n <= allRead.before.read) return;
  const { before } = allRead;
  const mentions = before.mentions.filter((mention) => mention.n > n);
  const left = unread ?? Math.min(before.unread, Math.max(0, allRead.n - n));
  const now = { ...before, read: n, unread: left, mentions };
  const change = { ...allRead, shown: left, before: now };
  fields.allRead = new Map([...(fields.allRead ?? []), [id, change]]);
}

function jump(draft: ModelDraft, room: RoomDraft, seq: number): void {
  room.jumpSeq = seq;
  const { thread } = room;
  const isInThread = thread !== undefined && itemAt(thread.items, seq) !== undefined;
  if (draft.fields.isThreadAlone && !isInThread) room.thread = undefined;
  if (itemAt(room.tail.items, seq) !== undefined) room.jump = undefined;
  else if (room.jump === undefined || itemAt(room.jump.items, seq) === undefined) {
    return requestPage(draft, room, "around", seq);
  }
  revealInThread(draft, room, seq);
  room.loading = undefined;
}

function setDraft(draft: ModelDraft, key: string, text: ComposerDraft | undefined): void {
  const [written = "", root] = key.split(" ");
  const present = presentTarget(draft, written);
  const isFormer = !isSameName(written, present);
  const target = isFormer ? draftKey(present, root === undefined ? root : Number(root)) : key;
  const drafts = new Map(draft.fields.drafts);
  if (text === undefined) drafts.delete(target);
  else drafts.set(target, text);
  draft.fields.drafts = drafts;
  draft.effects.push({ kind: "keep-draft", target, draft: text });
}
