/** Changes of the model by actions of the user. */

import { unreachable } from "../../base/assert.ts";
import { PRESENCE_MEMBERS_MAX } from "../../base/limits.ts";
import type { ModelDraft } from "./builder.ts";
import type { ModelEvent, PersonEvent } from "./event.ts";
import { isSame, itemAt } from "./item.ts";
import { wantFound, wantMoreFound, wantNewer, wantOlder, wantPage } from "./page.ts";
import { arrange } from "./prefs.ts";
import { leaveView, nOfSeen, type RoomDraft, readUpTo } from "./room.ts";
import type { Draft } from "./state.ts";

const PERSONS: ReadonlySet<string> = new Set<PersonEvent["kind"]>([
  ...(["open", "focus", "at-newest", "seen", "reach", "jump", "bottom", "mark-read"] as const),
  ...(["mark-unread", "arrange", "draft", "search", "search-more", "dismissed"] as const),
]);

export function isPersons(event: ModelEvent): event is PersonEvent {
  return PERSONS.has(event.kind);
}

export function done(draft: ModelDraft, event: PersonEvent): void {
  const { fields } = draft;
  switch (event.kind) {
    case "open":
      return open(draft, event.target);
    case "focus":
      fields.isFocused = event.on;
      return;
    case "at-newest":
      fields.isAtNewest = event.on;
      return;
    case "search":
      return wantFound(draft, event.query);
    case "search-more":
      return wantMoreFound(draft);
    case "arrange":
      return arrange(draft, event.room, event.prefs);
    case "draft":
      return written(draft, event.target, event.draft);
    case "dismissed":
      fields.faults = fields.faults.filter(({ id }) => id !== event.fault);
      return;
    case "seen":
    case "reach":
    case "jump":
    case "mark-read":
    case "mark-unread":
    case "bottom": {
      const room = draft.room(event.room);
      return room === undefined ? undefined : inRoom(draft, room, event);
    }
    default:
      return unreachable(event);
  }
}

type InRoom = Extract<
  PersonEvent,
  { kind: "seen" | "reach" | "jump" | "bottom" | "mark-read" | "mark-unread" }
>;

function inRoom(draft: ModelDraft, room: RoomDraft, event: InRoom): void {
  switch (event.kind) {
    case "seen":
      return seen(draft, room, event.seq);
    case "reach":
      return event.side === "older" ? wantOlder(draft, room) : wantNewer(draft, room);
    case "jump":
      return jump(draft, room, event.seq);
    case "mark-read":
      arrange(draft, room.id, { unread: undefined });
      if (readUpTo(room, room.last)) {
        draft.effects.push({ kind: "read", room: room.id, n: room.last });
      }
      return;
    case "mark-unread":
      if (isSame(draft.fields.open, room.target)) room.readAtOpening = event.n - 1;
      return arrange(draft, room.id, { unread: event.n });
    case "bottom":
      room.jump = undefined;
      room.shown = undefined;
      room.bottoms += 1;
      if (room.loading?.side !== "older") room.loading = undefined;
      return;
    default:
      return unreachable(event);
  }
}

function open(draft: ModelDraft, target: string | undefined): void {
  const before = draft.fields.open;
  if (before !== undefined && isSame(before, target)) {
    const here = roomAt(draft, before);
    // Reopening a room ends its mark as unread, whichever device set it.
    if (here !== undefined) arrange(draft, here.id, { unread: undefined });
    return;
  }
  const left = roomAt(draft, before);
  if (left !== undefined) leaveView(left);
  const room = roomAt(draft, target);
  draft.fields.open = room?.target ?? target?.replace(/^#/, "");
  draft.fields.isAtNewest = false;
  if (room === undefined) return;
  room.readAtOpening = firstUnreadAt(draft.fields, room);
  arrange(draft, room.id, { unread: undefined, hidden: undefined });
  // The server sends no presence of large rooms.
  if (room.members === undefined || room.members.length > PRESENCE_MEMBERS_MAX) {
    draft.effects.push({ kind: "members", room: room.id, target: room.target });
  }
  if (room.tail.items.length === 0) wantOlder(draft, room);
}

/** The read position, by the user's own mark or in fact; `undefined` if all is read. */
function firstUnreadAt({ prefs }: ModelDraft["fields"], room: RoomDraft): number | undefined {
  const marked = prefs?.get(room.id)?.unread;
  if (marked !== undefined) return Math.min(room.read, marked - 1);
  return room.unread > 0 ? room.read : undefined;
}

function roomAt(draft: ModelDraft, target: string | undefined): RoomDraft | undefined {
  const wanted = target?.replace(/^#/, "");
  if (wanted === undefined) return undefined;
  for (const room of draft.rooms.values()) {
    if (isSame(room.target, wanted)) return draft.room(room.id);
  }
  return undefined;
}

function seen(draft: ModelDraft, room: RoomDraft, seq: number): void {
  const n = draft.fields.isFocused ? nOfSeen(room, seq) : undefined;
  if (n === undefined || !readUpTo(room, n)) return;
  draft.effects.push({ kind: "read", room: room.id, n });
}

function jump(draft: ModelDraft, room: RoomDraft, seq: number): void {
  room.shown = seq;
  draft.fields.isAtNewest = false;
  if (itemAt(room.tail.items, seq) !== undefined) room.jump = undefined;
  else if (room.jump === undefined || itemAt(room.jump.items, seq) === undefined) {
    return wantPage(draft, room, "around", seq);
  }
  room.loading = undefined;
}

function written(draft: ModelDraft, target: string, text: Draft | undefined): void {
  const drafts = new Map(draft.fields.drafts);
  if (text === undefined) drafts.delete(target);
  else drafts.set(target, text);
  draft.fields.drafts = drafts;
  draft.effects.push({ kind: "keep-draft", target, draft: text });
}
