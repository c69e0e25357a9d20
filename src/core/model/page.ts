/** Requests for pages of history and search results, and handlers for the answers. */

import { unreachable } from "../../base/assert.ts";
import { Fault, msg } from "../../base/fault.ts";
import type { RoomId } from "../../base/ids.ts";
import { SEARCH_RESULTS_MAX } from "../../base/limits-page.ts";
import { formatTarget } from "../../base/names.ts";
import type { ChatRecord } from "../client/chat-record.ts";
import { type EventHandlers, inRoom, type ModelDraft } from "./builder.ts";
import type { AnswerEvent } from "./event.ts";
import { hasNoItem, isMessage, itemAt, itemOf } from "./item.ts";
import { showFault } from "./local-events.ts";
import { setDisplayNames } from "./people.ts";
import {
  addToThread,
  append,
  applyChanges,
  countAgain,
  itemsOf,
  jumpTo,
  listMembers,
  markAnswers,
  openThread,
  prepend,
  type RoomDraft,
} from "./room.ts";
import type { FoundItem, Item, PageRequest, SearchQuery } from "./state.ts";
import { isHiddenWork } from "./unignored.ts";

type PageEvent = Extract<AnswerEvent, { kind: "page" }>;
type ThreadPageEvent = Extract<AnswerEvent, { kind: "thread-page" }>;
type FoundEvent = Extract<AnswerEvent, { kind: "found" }>;

/** Answers to unknown or obsolete requests are ignored. */
export const ANSWER_HANDLERS: EventHandlers<AnswerEvent> = {
  "write-limit": ({ fields }, { target, only }) => {
    fields.writeLimits = new Map(fields.writeLimits).set(target.toLowerCase(), only);
  },
  page: inRoom(applyPage),
  "page-failed": inRoom((draft, room, event) => {
    if (!matchesRequest(room.loading, event)) return;
    room.loading = undefined;
    if (room.jump?.items.length === 0) room.jump = undefined;
    showFault(draft, event.fault);
  }),
  "thread-page": inRoom(applyThreadPage),
  "thread-failed": inRoom((draft, room, { root, fault }) => {
    if (room.thread?.root !== root) return;
    room.thread = { ...room.thread, loading: undefined };
    showFault(draft, fault);
  }),
  members: inRoom(({ fields }, room, { members }) => {
    const names = members.map(({ name, displayName }) => [name, displayName] as const);
    setDisplayNames(fields, names);
    listMembers(room, members);
  }),
  found: applyResults,
  counted: applyCounted,
  called: applyCalls,
  "search-failed": ({ fields }, { query, fault }) => {
    const { search } = fields;
    if (search?.query === query) fields.search = { ...search, isLoading: false, fault };
  },
};

function matchesRequest(options: PageRequest | undefined, { side, seq }: PageRequest): boolean {
  return options?.side === side && options.seq === seq;
}

function applyPage(draft: ModelDraft, room: RoomDraft, event: PageEvent): void {
  if (!matchesRequest(room.loading, event)) return;
  room.loading = undefined;
  const items = itemsOf(room, [...event.records, ...(event.later ?? [])], draft.fields);
  placePage(draft, room, event, items);
  markAnswers(room, draft.fields.calls);
}

function placePage(
  draft: ModelDraft,
  room: RoomDraft,
  event: PageEvent,
  items: readonly Item[],
): void {
  const { hasOlder, hasNewer } = event;
  switch (event.side) {
    case "older":
      prepend(room, items, hasOlder, draft.buffers.itemsMax);
      // A page can contain only records without items; the next page is then needed too.
      if (items.length === 0 && hasOlder) requestPage(draft, room, "older", firstOf(event));
      return;
    case "newer":
      append(room, items, hasNewer, draft.buffers.itemsMax);
      if (items.length === 0 && hasNewer) requestPage(draft, room, "newer", lastOf(event));
      return;
    case "around":
      if (items.length === 0) room.jump = undefined;
      else jumpTo(room, { items, hasOlder, hasNewer });
      return revealInThread(draft, room, event.seq);
    default:
      return unreachable(event.side);
  }
}

/** Opens the thread if the message is visible only there. */
export function revealInThread(draft: ModelDraft, room: RoomDraft, seq: number): void {
  const { items } = room.jump ?? room.tail;
  if (itemAt(items, seq)?.isInThread === true)
    openThread(room, seq, draft.fields.follows, draft.buffers);
}

function applyThreadPage(draft: ModelDraft, room: RoomDraft, event: ThreadPageEvent): void {
  const { root, before, records, hasOlder } = event;
  if (room.thread?.root !== root) return;
  room.thread = { ...room.thread, loading: undefined, hasOlder };
  const items = itemsOf(room, records, draft.fields);
  const first = items.find(({ seq }) => seq === root);
  if (before === undefined && (first === undefined || !isMessage(first))) {
    room.thread = undefined;
    return showFault(draft, new Fault("not-found", msg`no message ${root} here`));
  }
  addToThread(room, items, draft.buffers);
  if (first?.isInThread === true) openThread(room, root, draft.fields.follows, draft.buffers);
}

/** Requests the newest replies of open threads after log-ins and gaps. */
export function requestThreads(draft: ModelDraft): void {
  if (!draft.fields.isCaughtUp) return;
  for (const { id, thread } of draft.rooms.values()) {
    const room = thread?.loading === "wanted" ? draft.room(id) : undefined;
    if (room !== undefined) requestThread(draft, room, undefined);
  }
}

export function requestOlderReplies(draft: ModelDraft, room: RoomDraft): void {
  const { thread } = room;
  if (thread?.loading !== undefined || thread?.hasOlder !== true) return;
  if (thread.items.length >= draft.buffers.itemsMax) return;
  requestThread(draft, room, thread.items.find(({ seq }) => seq > thread.root)?.seq);
}

function requestThread(draft: ModelDraft, room: RoomDraft, before: number | undefined): void {
  const { id, target, thread, tail } = room;
  if (thread === undefined) return;
  const { root } = thread;
  const first = tail.items[0]?.seq;
  const isWhole = !tail.hasOlder || (first !== undefined && first <= root);
  const changesTo =
    isWhole || before !== undefined ? undefined : (first ?? Number.MAX_SAFE_INTEGER);
  room.thread = { ...thread, loading: "requested" };
  draft.effects.push({ kind: "thread", room: id, target, root, before, changesTo });
}

function firstOf({ records, seq }: PageEvent): number {
  return records[0]?.seq ?? seq;
}

function lastOf({ records, seq }: PageEvent): number {
  return records.at(-1)?.seq ?? seq;
}

export function requestPage(
  draft: ModelDraft,
  room: RoomDraft,
  side: PageRequest["side"],
  seq: number,
): void {
  room.loading = { side, seq };
  const { id, target } = room;
  draft.effects.push({ kind: "page", room: id, target, side, seq });
}

export function requestOlderPage(draft: ModelDraft, room: RoomDraft): void {
  const shown = room.jump ?? room.tail;
  if (room.loading !== undefined || !shown.hasOlder) return;
  requestPage(draft, room, "older", shown.items[0]?.seq ?? Number.MAX_SAFE_INTEGER);
}

export function requestNewerPage(draft: ModelDraft, room: RoomDraft): void {
  if (room.loading !== undefined || room.jump?.hasNewer !== true) return;
  requestPage(draft, room, "newer", room.jump.items.at(-1)?.seq ?? 0);
}

function applyResults(draft: ModelDraft, { query, records, hasMore }: FoundEvent): void {
  const { search, me } = draft.fields;
  if (search?.query !== query) return;
  // A search for an ignored person's messages shows them.
  const isShown = ({ kind, from }: ChatRecord) =>
    query.from !== undefined || !isHiddenWork(draft.fields, kind, from);
  const found = foundItems(records.filter(isShown), me);
  const all = [...search.found, ...found].slice(0, SEARCH_RESULTS_MAX);
  const isFull = all.length >= SEARCH_RESULTS_MAX;
  draft.fields.search = {
    ...search,
    found: all,
    isLoading: false,
    hasMore: hasMore && !isFull,
    before: records[0]?.seq ?? search.before,
    fault: undefined,
  };
}

/** Counts the unread messages of an encrypted room that this device can read. */
function applyCounted(
  draft: ModelDraft,
  { room: id, records }: Extract<AnswerEvent, { kind: "counted" }>,
): void {
  const room = draft.room(id);
  if (room === undefined) return;
  const { fields } = draft;
  const called = countAgain(room, records, fields);
  const calls = called.map((item) => ({ room: id, target: room.target, item, reason: undefined }));
  fields.calls = [...fields.calls.filter((call) => call.room !== id), ...calls];
}

function applyCalls(
  draft: ModelDraft,
  { records, reasons }: Extract<AnswerEvent, { kind: "called" }>,
): void {
  const { me } = draft.fields;
  for (const record of records) {
    const room = record.kind === "edit" ? draft.room(record.room.id) : undefined;
    if (room !== undefined) applyChanges(room, [record], draft.fields);
  }
  const found = foundItems(
    records.filter(({ kind }) => kind !== "edit"),
    me,
  );
  draft.fields.lastReplies = found.filter(({ item }) => item.isInThread === true);
  const listed = found.flatMap((call) => {
    const reason = reasons.get(call.item.seq);
    return reason === undefined
      ? []
      : [{ ...call, item: { ...call.item, mentionsMe: true }, reason }];
  });
  // The server knows none in encrypted rooms.
  const counted = draft.fields.calls.filter(({ room }) => draft.rooms.get(room)?.isSealed === true);
  draft.fields.calls = [...counted, ...listed];
  for (const id of new Set(found.map(({ room }) => room))) {
    const room = draft.room(id);
    if (room !== undefined) markAnswers(room, draft.fields.calls);
  }
}

/** Newest first. */
export function foundItems(
  records: readonly ChatRecord[],
  me: string | undefined,
): readonly FoundItem[] {
  return records
    .filter((record) => !hasNoItem(record) || record.kind === "edit")
    .map((record) => {
      const { room } = record;
      const item = itemOf(record, me, () => false);
      return { room: room.id as RoomId, target: formatTarget(room), item };
    })
    .reverse();
}

export function startSearch(draft: ModelDraft, query: SearchQuery | undefined): void {
  if (query === undefined) {
    draft.fields.search = undefined;
    return;
  }
  const nothing = { found: [], hasMore: false, before: undefined, fault: undefined };
  draft.fields.search = { query, isLoading: true, ...nothing };
  draft.effects.push({ kind: "search", query, before: undefined });
}

export function searchMore(draft: ModelDraft): void {
  const { search } = draft.fields;
  if (search === undefined || search.isLoading || !search.hasMore) return;
  const { query, before } = search;
  draft.fields.search = { ...search, isLoading: true };
  draft.effects.push({ kind: "search", query, before });
}
