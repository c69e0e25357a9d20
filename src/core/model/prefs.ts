/** Room settings (muted, favourite, hidden, unread) and saved messages. */

import type { RoomId } from "../../base/ids.ts";
import { EVERYWHERE, type RoomPrefs } from "../rooms/prefs.ts";
import type { ModelDraft } from "./builder.ts";
import type { ServerEvent } from "./event.ts";
import { isMessage } from "./item.ts";
import { markKeywords } from "./room.ts";
import { isIgnored } from "./selectors.ts";
import type { Item, Model } from "./state.ts";

type PrefsEvent = Extract<ServerEvent, { kind: "prefs" | "prefs-set" | "save" }>;

export function applyPrefs(draft: ModelDraft, event: PrefsEvent): void {
  const { fields } = draft;
  switch (event.kind) {
    case "prefs":
      setPrefs(draft, new Map(event.rooms.map(({ room, ...prefs }) => [room, prefs])));
      fields.saved = new Map(event.saved.map(({ room, seq }) => [seq, room]));
      return;
    case "prefs-set":
      return setPrefs(draft, new Map(fields.prefs).set(event.room, event.prefs));
    default: {
      const saved = new Map(fields.saved);
      saved.delete(event.seq);
      if (event.on) saved.set(event.seq, event.room);
      fields.saved = saved;
    }
  }
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
