/** Pages of history and search results: requests and answers. */

import { unreachable } from "../../base/assert.ts";
import type { RoomId } from "../../base/ids.ts";
import { SEARCH_RESULTS_MAX } from "../../base/limits-page.ts";
import { formatTarget } from "../../base/names.ts";
import { type Handlers, inRoom, type ModelDraft } from "./builder.ts";
import type { AnswerEvent } from "./event.ts";
import { isFolded, isSame, itemOf } from "./item.ts";
import { showFault } from "./local-events.ts";
import { append, itemsOf, jumpTo, prepend, type RoomDraft } from "./room.ts";
import type { SearchQuery, WantedPage } from "./state.ts";

type PageEvent = Extract<AnswerEvent, { kind: "page" }>;
type FoundEvent = Extract<AnswerEvent, { kind: "found" }>;

/** Applies answers. Those to requests that are unknown or obsolete change nothing. */
export const ANSWERS: Handlers<AnswerEvent> = {
  page: inRoom(paged),
  "page-failed": inRoom((draft, room, event) => {
    if (!isWished(room.loading, event)) return;
    room.loading = undefined;
    showFault(draft, event.fault);
  }),
  members: inRoom(({ fields }, room, { members }) => {
    room.members = members;
    if (members.some(({ name, role }) => role === "operator" && isSame(name, fields.me))) {
      fields.isOperator = true;
    }
    room.online = new Set(members.filter((one) => one.isOnline).map(({ name }) => name));
  }),
  found,
  "search-failed": ({ fields }, { query, fault }) => {
    const { search } = fields;
    if (search?.query === query) fields.search = { ...search, isLoading: false, fault };
  },
};

function isWished(options: WantedPage | undefined, { side, seq }: WantedPage): boolean {
  return options?.side === side && options.seq === seq;
}

function paged(draft: ModelDraft, room: RoomDraft, event: PageEvent): void {
  if (!isWished(room.loading, event)) return;
  room.loading = undefined;
  const items = itemsOf(room, event.records, draft.fields.me);
  const { hasOlder, hasNewer } = event;
  switch (event.side) {
    case "older":
      prepend(room, items, hasOlder, draft.holding.itemsMax);
      // A page may have only invisible records: the next page may have more.
      if (items.length === 0 && hasOlder) wantPage(draft, room, "older", firstOf(event));
      return;
    case "newer":
      append(room, items, hasNewer, draft.holding.itemsMax);
      if (items.length === 0 && hasNewer) wantPage(draft, room, "newer", lastOf(event));
      return;
    case "around":
      return jumpTo(room, { items, hasOlder, hasNewer });
    default:
      return unreachable(event.side);
  }
}

function firstOf({ records, seq }: PageEvent): number {
  return records[0]?.seq ?? seq;
}

function lastOf({ records, seq }: PageEvent): number {
  return records.at(-1)?.seq ?? seq;
}

export function wantPage(
  draft: ModelDraft,
  room: RoomDraft,
  side: WantedPage["side"],
  seq: number,
): void {
  room.loading = { side, seq };
  const { id, target } = room;
  draft.effects.push({ kind: "page", room: id, target, side, seq });
}

/** Requests the page before the oldest loaded record. */
export function wantOlder(draft: ModelDraft, room: RoomDraft): void {
  const shown = room.jump ?? room.tail;
  if (room.loading !== undefined || !shown.hasOlder) return;
  wantPage(draft, room, "older", shown.items[0]?.seq ?? Number.MAX_SAFE_INTEGER);
}

export function wantNewer(draft: ModelDraft, room: RoomDraft): void {
  if (room.loading !== undefined || room.jump?.hasNewer !== true) return;
  wantPage(draft, room, "newer", room.jump.items.at(-1)?.seq ?? 0);
}

function found(draft: ModelDraft, { query, records, hasMore }: FoundEvent): void {
  const { search, me } = draft.fields;
  if (search?.query !== query) return;
  const fresh = records
    .filter((record) => !isFolded(record) || record.kind === "edit")
    .map((record) => {
      const { room } = record;
      const item = itemOf(record, me, () => false);
      return { room: room.id as RoomId, target: formatTarget(room), item };
    })
    .reverse();
  const all = [...search.found, ...fresh].slice(0, SEARCH_RESULTS_MAX);
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

export function wantFound(draft: ModelDraft, query: SearchQuery | undefined): void {
  if (query === undefined) {
    draft.fields.search = undefined;
    return;
  }
  const nothing = { found: [], hasMore: false, before: undefined, fault: undefined };
  draft.fields.search = { query, isLoading: true, ...nothing };
  draft.effects.push({ kind: "search", query, before: undefined });
}

export function wantMoreFound(draft: ModelDraft): void {
  const { search } = draft.fields;
  if (search === undefined || search.isLoading || !search.hasMore) return;
  const { query, before } = search;
  draft.fields.search = { ...search, isLoading: true };
  draft.effects.push({ kind: "search", query, before });
}
