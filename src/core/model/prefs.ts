/** Room settings (muted, favourite, hidden, unread) and saved messages. */

import type { RoomId } from "../../base/ids.ts";
import type { RoomPrefs } from "../rooms/prefs.ts";
import type { ModelDraft } from "./builder.ts";
import type { ServerEvent } from "./event.ts";
import { isMessage } from "./item.ts";
import type { Item } from "./state.ts";

type PrefsEvent = Extract<ServerEvent, { kind: "prefs" | "prefs-set" | "save" }>;

export function applyPrefs({ fields }: ModelDraft, event: PrefsEvent): void {
  switch (event.kind) {
    case "prefs":
      fields.prefs = new Map(event.rooms.map(({ room, ...prefs }) => [room, prefs]));
      fields.saved = new Map(event.saved.map(({ room, seq }) => [seq, room]));
      return;
    case "prefs-set":
      fields.prefs = new Map(fields.prefs).set(event.room, event.prefs);
      return;
    default: {
      const saved = new Map(fields.saved);
      saved.delete(event.seq);
      if (event.on) saved.set(event.seq, event.room);
      fields.saved = saved;
    }
  }
}

export function changePrefs(draft: ModelDraft, room: RoomId, change: RoomPrefs): void {
  const { fields } = draft;
  if (fields.prefs === undefined) return;
  const before = fields.prefs.get(room) ?? {};
  const keys = Object.keys(change) as (keyof RoomPrefs)[];
  if (keys.every((key) => before[key] === change[key])) return;
  const prefs = { ...before, ...change };
  fields.prefs = new Map(fields.prefs).set(room, prefs);
  draft.effects.push({ kind: "prefs-set", room, prefs });
}

export function unhideOnMessage(draft: ModelDraft, room: RoomId, item: Item): void {
  const hidden = draft.fields.prefs?.get(room)?.hidden;
  if (hidden === undefined || item.n <= hidden || !isMessage(item)) return;
  changePrefs(draft, room, { hidden: undefined });
}
