/** Key handlers that scroll the timeline and switch rooms. */

import { foldedList } from "../../../core/model/folded-boxes.ts";
import { isSameName } from "../../../core/model/item.ts";
import { type RoomListEntry, roomList } from "../../../core/model/selectors.ts";
import type { Model } from "../../../core/model/state.ts";
import { forRooms } from "../../../ui/messages/en/keys.ts";
import { walkedMessage } from "../state/card.ts";
import {
  type Action,
  type CommandName,
  type ScreenState,
  showsMembers,
} from "../state/screen-state.ts";
import { atOldest, edgeOf, scrollDown, scrollUp } from "../state/scroll.ts";
import { isTargetMuted, nextToRead } from "../view/panels.ts";
import { openList } from "./fields.ts";
import { findHere, reopenFinder } from "./finder.ts";
import {
  currentDraft,
  draftActions,
  type HandlerContext,
  type KeyHandler,
  openTarget,
  timelineOf,
  type UpdateResult,
  withActions,
  withChange,
  withOverlay,
} from "./handler.ts";

/** @param lines positive scrolls to older rows */
export function scroll(state: ScreenState, lines: number, context: HandlerContext): UpdateResult {
  const timeline = timelineOf(context);
  const { rows } = context;
  if (lines > 0) {
    const { anchor, isNearEnd } = scrollUp(timeline, state.scroll, lines);
    return withChange(state, { scroll: anchor }, ...requestOlder(isNearEnd, context));
  }
  const { anchor, isNearEnd } = scrollDown(timeline, state.scroll, -lines);
  // Without an anchor, the timeline would move when newer rows arrive.
  const last = rows.rows.at(-1);
  const isAnchored = anchor === undefined && rows.hasNewer && last !== undefined;
  return withChange(
    state,
    { scroll: isAnchored ? { key: last.key, below: 0 } : anchor },
    ...(isNearEnd ? requestNewer(context) : []),
  );
}

/** The page that the user leaves has been read. */
function turned({ state, actions }: UpdateResult): UpdateResult {
  return { state, actions: [{ kind: "turn-page" }, ...actions] };
}

export function requestOlder(isNearEnd: boolean, { rows }: HandlerContext): readonly Action[] {
  const isNeeded = isNearEnd && rows.hasOlder && rows.loading === undefined;
  return isNeeded ? [{ kind: "reach", direction: "older" }] : [];
}

export function requestNewer({ rows }: HandlerContext): readonly Action[] {
  const isNeeded = rows.hasNewer && rows.loading === undefined;
  return isNeeded ? [{ kind: "reach", direction: "newer" }] : [];
}

/** A page key keeps one line of the previous page visible. */
export function pageLines({ layout }: HandlerContext): number {
  return Math.max(layout.pageRows - 1, 1);
}

export function newest(state: ScreenState, { rows }: HandlerContext): UpdateResult | undefined {
  if (state.scroll === undefined && !rows.hasNewer) return undefined;
  const actions: readonly Action[] = rows.hasNewer ? [{ kind: "bottom" }] : [];
  return withChange(state, { scroll: undefined }, ...actions);
}

/** Rows of the list of rooms. */
function linesOf(model: Model): readonly RoomListEntry[] {
  const { rooms, people } = foldedList(model);
  return [...rooms, ...people];
}

export function openRoomOf(
  state: ScreenState,
  target: string,
  { model }: HandlerContext,
): UpdateResult {
  const open = openTarget(model);
  const name = target.replace(/^#/, "");
  const change = { overlay: undefined, selected: undefined, highlighted: undefined };
  if (isSameName(open, name)) return withChange(state, change);
  const draft = draftActions(model, currentDraft(state, model));
  return withChange(state, { ...change, completion: undefined }, ...draft, {
    kind: "open",
    target: name,
  });
}

function openAdjacent(by: 1 | -1): KeyHandler {
  return (state, context) => {
    const lines = linesOf(context.model);
    const at = lines.findIndex(({ isOpen }) => isOpen);
    const next = at < 0 ? lines[0] : lines[(at + by + lines.length) % lines.length];
    return next === undefined ? withActions(state) : openRoomOf(state, next.target, context);
  };
}

function openNumbered(index: number): KeyHandler {
  return (state, context) => {
    const line = linesOf(context.model)[index];
    return line === undefined ? withActions(state) : openRoomOf(state, line.target, context);
  };
}

/** Lines of the last page that stay on top of the next one. */
const KEPT_LINES = 2;

/**
 * Turns the page on an empty line, and opens the next room with something new at the end of one. A
 * message that was cut at the lower edge begins the next page.
 */
function readOn(state: ScreenState, context: HandlerContext): UpdateResult | undefined {
  const { editor, overlay, question, selected, completion } = state;
  const { model, rows, layout, settings } = context;
  if (editor.text !== "" || selected !== undefined || openTarget(model) === undefined) {
    return undefined;
  }
  if (walkedMessage(state) !== undefined) return undefined;
  if (overlay !== undefined || question !== undefined || completion !== undefined) return undefined;
  const reading = { ...state, readsOn: true };
  if (state.scroll !== undefined || rows.hasNewer) {
    const timeline = timelineOf(context);
    const { index, below } = edgeOf(timeline, state.scroll);
    const shown = layout.heightOf(timeline.rows[index]?.key ?? "") - below;
    const kept = below > 0 && shown < layout.pageRows / 2 ? shown : KEPT_LINES;
    return turned(scroll(reading, -Math.max(1, layout.pageRows - kept), context));
  }
  const next = nextToRead(model, settings.muted);
  return next === undefined ? undefined : turned(openRoomOf(reading, next.target, context));
}

/** Targets with mentions come first. Boxes are targets, although they have no rows. */
function nextUnread(state: ScreenState, context: HandlerContext): UpdateResult {
  const { rooms, people } = roomList(context.model);
  const lines = [...rooms, ...people];
  const at = lines.findIndex(({ isOpen }) => isOpen);
  const { muted } = context.settings;
  const candidates = [...lines.slice(at + 1), ...lines.slice(0, Math.max(at, 0))].filter(
    (line) => line.unread > 0 && !line.isIgnored && !isTargetMuted(muted, line.target),
  );
  const next = candidates.find(({ mentions }) => mentions > 0) ?? candidates[0];
  return next === undefined ? withActions(state) : openRoomOf(state, next.target, context);
}

export const READING = {
  "read-on": readOn,
  switcher: reopenFinder,
  "room-previous": openAdjacent(-1),
  "room-next": openAdjacent(1),
  "room-unread": nextUnread,
  "room-last": (state, context) =>
    state.previousTarget === undefined
      ? withActions(state)
      : openRoomOf(state, state.previousTarget, context),
  ...forRooms(openNumbered),
  rooms: (state) => withChange(state, { showsRooms: !state.showsRooms }),
  members: (state, { model, layout }) =>
    withChange(state, { showsMembers: !showsMembers(state, model, layout.isWide === true) }),
  "page-up": (state, context) => scroll(state, pageLines(context), context),
  "page-down": (state, context) => turned(scroll(state, -pageLines(context), context)),
  "row-up": (state, context) => scroll(state, 1, context),
  "row-down": (state, context) => scroll(state, -1, context),
  oldest: (state, context) =>
    withChange(state, { scroll: atOldest(timelineOf(context)) }, ...requestOlder(true, context)),
  newest: (state, context) => newest(state, context) ?? withActions(state),
  search: findHere,
  "typed-search": (state, context) =>
    state.overlay?.kind === "typed" ? undefined : withOverlay(state, openList("typed", context)),
} satisfies Partial<Record<CommandName, KeyHandler>>;
