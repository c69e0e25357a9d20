/** Room settings (muted, favourite, hidden, unread) and saved messages. */

import type { RoomId } from "../../base/ids.ts";
import { EVERYWHERE, type Follow, type RoomPrefs, setFollow } from "../rooms/prefs.ts";
import type { ModelDraft } from "./builder.ts";
import type { ServerEvent } from "./event.ts";
import { isMessage } from "./item.ts";
import { loadedItem, markKeywords } from "./room.ts";
import { isIgnored } from "./selectors.ts";
import type { Item, Model, RoomState } from "./state.ts";

type PrefsEvent = Extract<ServerEvent, { kind: "prefs" | "prefs-set" | "save" | "follow" }>;

export function applyPrefs(draft: ModelDraft, event: PrefsEvent): void {
  const { fields } = draft;
  switch (event.kind) {
    case "prefs":
      setPrefs(draft, new Map(event.rooms.map(({ room, ...prefs }) => [room, prefs])));
      fields.saved = new Map(event.saved.map(({ room, seq }) => [seq, room]));
      fields.follows = event.follows && new Map(event.follows.map((one) => [one.seq, one]));
      return;
    case "prefs-set":
      return setPrefs(draft, new Map(fields.prefs).set(event.room, event.prefs));
    case "follow":
      return applyFollow(draft, event);
    default: {
      const saved = new Map(fields.saved);
      saved.delete(event.seq);
      if (event.on) saved.set(event.seq, event.room);
      fields.saved = saved;
    }
  }
}

/** A change by this client has no count: what it read is no longer unread. */
function applyFollow(
  { fields }: ModelDraft,
  { seq, room, on, read, ...counts }: Extract<PrefsEvent, { kind: "follow" }>,
): void {
  const known = fields.follows?.get(seq);
  const { last = known?.last } = counts;
  const isRead = known?.unread !== undefined && read >= (last ?? 0);
  const unread = counts.unread ?? (isRead ? 0 : known?.unread);
  const follows = new Map(fields.follows);
  setFollow(follows, seq, { room, on, read, unread, last });
  fields.follows = follows;
}

/** Counts a reply in a followed thread, also in a room that was never opened. */
export function countReply({ fields }: ModelDraft, { re, isInThread, isMine, seq }: Item): void {
  const known = re === undefined ? undefined : fields.follows?.get(re);
  if (re === undefined || isInThread !== true || known?.unread === undefined) return;
  if (seq <= (known.last ?? 0)) return;
  const unread = known.unread + (isMine || seq <= known.read ? 0 : 1);
  fields.follows = new Map(fields.follows).set(re, { ...known, last: seq, unread });
}

/** Also marks loaded messages, because records can arrive before the settings after a log-in. */
function setPrefs(draft: ModelDraft, prefs: ReadonlyMap<RoomId, RoomPrefs>): void {
  const { fields } = draft;
  const keywordsIn = (from: Model["prefs"]) => from?.get(EVERYWHERE)?.keywords ?? [];
  const [keywords, before] = [keywordsIn(prefs), keywordsIn(fields.prefs)];
  fields.prefs = prefs;
  if (keywords.every((keyword) => before.includes(keyword))) return;
  for (const id of [...draft.rooms.keys()]) {
    const room = draft.room(id);
    if (room !== undefined) markKeywords(room, keywords, ({ from }) => !isIgnored(fields, from));
  }
}

/** Sends the change, unless the server does not store followed threads. */
function follow(draft: ModelDraft, seq: number, change: Follow): void {
  if (draft.fields.follows === undefined) return;
  applyPrefs(draft, { kind: "follow", seq, ...change });
  draft.effects.push({ kind: "follow", seq, ...change });
}

/** Follows threads in which the user posts, and those of the user's messages. */
export function followReplied(draft: ModelDraft, room: RoomState, item: Item): void {
  const { re, isInThread, isMine, seq } = item;
  if (re === undefined || isInThread !== true || draft.fields.follows?.has(re) !== false) return;
  if (!isMine && loadedItem(room, re)?.isMine !== true) return;
  follow(draft, re, { room: room.id, on: true, read: isMine ? seq : re });
}

/** Advances the read position of a followed thread. */
export function readReplies(draft: ModelDraft, root: number, read: number): void {
  const known = draft.fields.follows?.get(root);
  if (known?.on === true && known.read < read) follow(draft, root, { ...known, read });
}

export function changePrefs(draft: ModelDraft, room: RoomId, change: RoomPrefs): void {
  const { fields } = draft;
  if (fields.prefs === undefined) return;
  const before = fields.prefs.get(room) ?? {};
  const keys = Object.keys(change) as (keyof RoomPrefs)[];
  if (keys.every((key) => before[key] === change[key])) return;
  const prefs = { ...before, ...change };
  setPrefs(draft, new Map(fields.prefs).set(room, prefs));
  draft.effects.push({ kind: "prefs-set", room, prefs });
}

export function unhideOnMessage(draft: ModelDraft, room: RoomId, item: Item): void {
  const hidden = draft.fields.prefs?.get(room)?.hidden;
  if (hidden === undefined || item.n <= hidden || !isMessage(item)) return;
  changePrefs(draft, room, { hidden: undefined });
}
