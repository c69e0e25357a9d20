/** Keys that scroll the timeline and switch rooms. */

import { isSameName } from "../../../core/model/item.ts";
import { type RoomListEntry, roomList } from "../../../core/model/selectors.ts";
import type { Model } from "../../../core/model/state.ts";
import { forRooms } from "../../../ui/messages/en/keys.ts";
import type { Act } from "../state/act.ts";
import type { CommandName } from "../state/commands.ts";
import type { ScreenState } from "../state/screen-state.ts";
import { atOldest, scrolledDown, scrolledUp } from "../state/scroll.ts";
import { openedList } from "./field.ts";
import {
  acting,
  changed,
  draftAct,
  draftNow,
  type Handler,
  openTarget,
  type Parts,
  timelineOf,
  type Updated,
} from "./parts.ts";

/** @param lines positive: to older rows */
export function scrolled(state: ScreenState, lines: number, parts: Parts): Updated {
  const timeline = timelineOf(parts);
  const { rows } = parts;
  if (lines > 0) {
    const { anchor, isNearEnd } = scrolledUp(timeline, state.scroll, lines);
    return changed(state, { scroll: anchor }, ...older(isNearEnd, parts));
  }
  const { anchor, isNearEnd } = scrolledDown(timeline, state.scroll, -lines);
  // Rows added after a past position must not move it.
  const last = rows.rows.at(-1);
  const isHeld = anchor === undefined && rows.hasNewer && last !== undefined;
  return changed(
    state,
    { scroll: isHeld ? { key: last.key, below: 0 } : anchor },
    ...(isNearEnd ? newer(parts) : []),
  );
}

/** Requests older rows once. */
export function older(isNearEnd: boolean, { rows }: Parts): readonly Act[] {
  const isWanted = isNearEnd && rows.hasOlder && rows.loading === undefined;
  return isWanted ? [{ kind: "reach", side: "older" }] : [];
}

/** Requests newer rows at a past position. */
export function newer({ rows }: Parts): readonly Act[] {
  const isWanted = rows.hasNewer && rows.loading === undefined;
  return isWanted ? [{ kind: "reach", side: "newer" }] : [];
}

/** Lines of a page turn: one line of the previous page stays. */
export function pageOf({ layout }: Parts): number {
  return Math.max(layout.pageRows - 1, 1);
}

export function newest(state: ScreenState, { rows }: Parts): Updated | undefined {
  if (state.scroll === undefined && !rows.hasNewer) return undefined;
  const acts: readonly Act[] = rows.hasNewer ? [{ kind: "bottom" }] : [];
  return changed(state, { scroll: undefined }, ...acts);
}

/** In the order of the list of rooms. */
function linesOf(model: Model): readonly RoomListEntry[] {
  const { rooms, people } = roomList(model);
  return [...rooms, ...people];
}

/** Opens a target; the draft of the previous room stays there. */
export function opening(state: ScreenState, target: string, { model }: Parts): Updated {
  const open = openTarget(model);
  const bare = target.replace(/^#/, "");
  const change = { overlay: undefined, selected: undefined };
  if (isSameName(open, bare)) return changed(state, change);
  const draft = draftAct(model, draftNow(state, model));
  return changed(state, { ...change, completion: undefined }, ...draft, {
    kind: "open",
    target: bare,
  });
}

function stepped(by: 1 | -1): Handler {
  return (state, parts) => {
    const lines = linesOf(parts.model);
    const at = lines.findIndex(({ isOpen }) => isOpen);
    const next = at < 0 ? lines[0] : lines[(at + by + lines.length) % lines.length];
    return next === undefined ? acting(state) : opening(state, next.target, parts);
  };
}

function numbered(index: number): Handler {
  return (state, parts) => {
    const line = linesOf(parts.model)[index];
    return line === undefined ? acting(state) : opening(state, line.target, parts);
  };
}

/** Goes to the next unread target after the open one; mentions before other messages. */
function unread(state: ScreenState, parts: Parts): Updated {
  const lines = linesOf(parts.model);
  const at = lines.findIndex(({ isOpen }) => isOpen);
  const { muted } = parts.settings;
  const isMuted = (line: RoomListEntry) =>
    line.isIgnored || muted.some((one) => isSameName(one.replace(/^#/, ""), line.target));
  const others = [...lines.slice(at + 1), ...lines.slice(0, Math.max(at, 0))].filter(
    (line) => line.unread > 0 && !isMuted(line),
  );
  const next = others.find(({ mentions }) => mentions > 0) ?? others[0];
  return next === undefined ? acting(state) : opening(state, next.target, parts);
}

export const READING = {
  switcher: (state, parts) => changed(state, { overlay: openedList("switcher", parts) }),
  "room-previous": stepped(-1),
  "room-next": stepped(1),
  "room-unread": unread,
  "room-last": (state, parts) =>
    state.lastOpen === undefined ? acting(state) : opening(state, state.lastOpen, parts),
  ...forRooms(numbered),
  rooms: (state) => changed(state, { showsRooms: !state.showsRooms }),
  members: (state) => changed(state, { showsMembers: !state.showsMembers }),
  "page-up": (state, parts) => scrolled(state, pageOf(parts), parts),
  "page-down": (state, parts) => scrolled(state, -pageOf(parts), parts),
  "row-up": (state, parts) => scrolled(state, 1, parts),
  "row-down": (state, parts) => scrolled(state, -1, parts),
  oldest: (state, parts) =>
    changed(state, { scroll: atOldest(timelineOf(parts)) }, ...older(true, parts)),
  newest: (state, parts) => newest(state, parts) ?? acting(state),
  search: (state, parts) => changed(state, { overlay: openedList("search", parts) }),
  "typed-search": (state, parts) =>
    state.overlay?.kind === "typed"
      ? undefined
      : changed(state, { overlay: openedList("typed", parts) }),
} satisfies Partial<Record<CommandName, Handler>>;
