/** Handlers for user actions. */

import { PRESENCE_MEMBERS_MAX } from "../../base/limits.ts";
import { type Handlers, inRoom, type ModelDraft } from "./builder.ts";
import type { UserEvent } from "./event.ts";
import { isSameName, itemAt } from "./item.ts";
import { requestNewer, requestOlder, requestPage, searchMore, startSearch } from "./page.ts";
import { changePrefs } from "./prefs.ts";
import { clearView, closeView, type RoomDraft, readPositionAfter, readUpTo } from "./room.ts";
import type { Draft } from "./state.ts";

export const USER_ACTIONS: Handlers<UserEvent> = {
  open: (draft, { target }) => open(draft, target),
  focus: ({ fields }, { on }) => {
    fields.isFocused = on;
  },
  "at-newest": ({ fields }, { on }) => {
    fields.isAtNewest = on;
  },
  search: (draft, { query }) => startSearch(draft, query),
  "search-more": (draft) => searchMore(draft),
  arrange: (draft, { room, prefs }) => changePrefs(draft, room, prefs),
  draft: (draft, event) => setDraft(draft, event.target, event.draft),
  dismissed: ({ fields }, { fault }) => {
    fields.faults = fields.faults.filter(({ id }) => id !== fault);
  },
  seen: inRoom((draft, room, { seq }) => markSeen(draft, room, seq)),
  reach: inRoom((draft, room, { side }) => {
    if (side === "older") requestOlder(draft, room);
    else requestNewer(draft, room);
  }),
  clear: inRoom((_, room) => clearView(room)),
  jump: inRoom((draft, room, { seq }) => jump(draft, room, seq)),
  "mark-read": inRoom((draft, room) => {
    changePrefs(draft, room.id, { unread: undefined });
    if (!readUpTo(room, room.last)) return;
    draft.effects.push({ kind: "read", room: room.id, n: room.last });
  }),
  "mark-unread": inRoom((draft, room, { n }) => {
    if (isSameName(draft.fields.open, room.target)) room.readAtOpening = n - 1;
    changePrefs(draft, room.id, { unread: n });
  }),
  bottom: inRoom((_, room) => {
    room.jump = undefined;
    room.jumpSeq = undefined;
    room.bottomRequests += 1;
    if (room.loading?.side !== "older") room.loading = undefined;
  }),
};

function open(draft: ModelDraft, target: string | undefined): void {
  const before = draft.fields.open;
  if (before !== undefined && isSameName(before, target)) {
    const here = roomAt(draft, before);
    if (here !== undefined) changePrefs(draft, here.id, { unread: undefined });
    return;
  }
  const left = roomAt(draft, before);
  if (left !== undefined) closeView(left);
  const room = roomAt(draft, target);
  draft.fields.open = room?.target ?? target?.replace(/^#/, "");
  draft.fields.isAtNewest = false;
  if (room === undefined) return;
  room.readAtOpening = firstUnreadAt(draft.fields, room);
  changePrefs(draft, room.id, { unread: undefined, hidden: undefined });
  if (room.members === undefined || room.members.length > PRESENCE_MEMBERS_MAX) {
    draft.effects.push({ kind: "members", room: room.id, target: room.target });
  }
  if (room.tail.items.length === 0) requestOlder(draft, room);
}

/** Read position, or the position before the user's unread mark; `undefined` if all is read. */
function firstUnreadAt({ prefs }: ModelDraft["fields"], room: RoomDraft): number | undefined {
  const marked = prefs?.get(room.id)?.unread;
  if (marked !== undefined) return Math.min(room.read, marked - 1);
  return room.unread > 0 ? room.read : undefined;
}

function roomAt(draft: ModelDraft, target: string | undefined): RoomDraft | undefined {
  const name = target?.replace(/^#/, "");
  if (name === undefined) return undefined;
  for (const room of draft.rooms.values()) {
    if (isSameName(room.target, name)) return draft.room(room.id);
  }
  return undefined;
}

function markSeen(draft: ModelDraft, room: RoomDraft, seq: number): void {
  const n = draft.fields.isFocused ? readPositionAfter(room, seq) : undefined;
  if (n === undefined || !readUpTo(room, n)) return;
  draft.effects.push({ kind: "read", room: room.id, n });
}

function jump(draft: ModelDraft, room: RoomDraft, seq: number): void {
  room.jumpSeq = seq;
  draft.fields.isAtNewest = false;
  if (itemAt(room.tail.items, seq) !== undefined) room.jump = undefined;
  else if (room.jump === undefined || itemAt(room.jump.items, seq) === undefined) {
    return requestPage(draft, room, "around", seq);
  }
  room.loading = undefined;
}

function setDraft(draft: ModelDraft, target: string, text: Draft | undefined): void {
  const drafts = new Map(draft.fields.drafts);
  if (text === undefined) drafts.delete(target);
  else drafts.set(target, text);
  draft.fields.drafts = drafts;
  draft.effects.push({ kind: "keep-draft", target, draft: text });
}
