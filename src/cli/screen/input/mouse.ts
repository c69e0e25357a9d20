/** Mouse click and wheel handlers. */

import { unreachable } from "../../../base/assert.ts";
import { isSameName } from "../../../core/model/item.ts";
import { withCursor } from "../editor/editor.ts";
import type { Hit } from "../state/hit.ts";
import type { ScreenState } from "../state/screen-state.ts";
import { activeEditor, withEditor } from "./field.ts";
import {
  type Handler,
  type HandlerContext,
  type UpdateResult,
  withActions,
  withChange,
} from "./handler.ts";
import type { Key } from "./keys.ts";
import { closeOverlay, moveChoice, openResult, scrollText } from "./lists.ts";
import { newest, openRoomOf, READING, scroll } from "./reading.ts";
import {
  clearSelection,
  isSelectable,
  menu,
  selectInPlace,
  toggleFold,
  transferOf,
} from "./selection.ts";

const WHEEL_LINES = 3;

type TimelineHit = Extract<Hit, { kind: "timeline" }>;

function hitOf({ text }: Key, context: HandlerContext): Hit | undefined {
  const [column = Number.NaN, row = Number.NaN] = text.split(";").map(Number);
  return context.layout.hitAt(column, row);
}

export function click(
  state: ScreenState,
  key: Key,
  context: HandlerContext,
  choose: Handler,
): UpdateResult {
  const hit = hitOf(key, context);
  if (hit?.kind === "input") return clickInput(state, hit.at, context);
  if (hit === undefined || state.question !== undefined) return withActions(state);
  switch (hit.kind) {
    case "rooms":
      return clickRoom(state, hit.target, context);
    case "members":
      return clickMember(state, hit.name, context);
    case "overlay":
      return clickOverlay(state, hit, context, choose);
    case "newest":
      return newest(state, context) ?? withActions(state);
    case "unread":
      return READING["room-unread"](state, context);
    case "timeline":
      return closeOverlay(state) ?? clickTimeline(state, hit, context);
    default:
      return unreachable(hit);
  }
}

function clickInput(state: ScreenState, at: number, context: HandlerContext): UpdateResult {
  const isCovered = state.overlay !== undefined && !("query" in state.overlay);
  const uncovered =
    isCovered && state.question === undefined ? { ...state, overlay: undefined } : state;
  const current =
    uncovered.selected !== undefined && uncovered.overlay === undefined
      ? clearSelection(uncovered, context).state
      : uncovered;
  const editor = activeEditor(current);
  return editor === undefined
    ? withActions(state)
    : withEditor(current, withCursor(editor, at), context);
}

function clickRoom(
  state: ScreenState,
  target: string | undefined,
  context: HandlerContext,
): UpdateResult {
  if (target === undefined) return withActions(state);
  const roomsScroll = { open: target, top: context.layout.rooms.top };
  return openRoomOf({ ...state, roomsScroll: roomsScroll }, target, context);
}

function clickMember(
  state: ScreenState,
  name: string | undefined,
  context: HandlerContext,
): UpdateResult {
  if (name === undefined || isSameName(name, context.model.me)) return withActions(state);
  return openRoomOf(state, `@${name}`, context);
}

function clickOverlay(
  state: ScreenState,
  { choice, isHeading }: Extract<Hit, { kind: "overlay" }>,
  context: HandlerContext,
  choose: Handler,
): UpdateResult {
  const { overlay } = state;
  if (isHeading) return closeOverlay(state) ?? withActions(state);
  if (choice === undefined || overlay === undefined || !("selectedIndex" in overlay))
    return withActions(state);
  // `choose` would start a new search if the query has changed.
  if (overlay.kind === "search") return openResult(state, choice, context);
  return (
    choose({ ...state, overlay: { ...overlay, selectedIndex: choice } }, context) ??
    withActions(state)
  );
}

/** Clicking a selected message opens its menu. */
function clickTimeline(
  state: ScreenState,
  { key, clickAction, link }: TimelineHit,
  context: HandlerContext,
): UpdateResult {
  const { model, rows } = context;
  const row = rows.rows.find((candidate) => candidate.key === key);
  if (row === undefined || !isSelectable(row)) {
    return state.selected !== undefined ? clearSelection(state, context) : withActions(state);
  }
  const { state: next } = selectInPlace(state, row, context);
  const wasSelected = next.selected === state.selected;
  if (clickAction === "unfold") return toggleFold(next, context) ?? withActions(next);
  const item = row.kind === "item" ? row.item : undefined;
  if (
    clickAction === "fetch" &&
    item?.file !== undefined &&
    transferOf(item, model) === undefined
  ) {
    return withActions(state, { kind: "fetch", file: item.file.file, name: item.file.name });
  }
  if (wasSelected || clickAction === "fetch") return menu(next, context);
  return link === undefined ? withActions(next) : withActions(next, { kind: "copy", text: link });
}

/** @param by 1 scrolls up, -1 down */
export function wheel(
  state: ScreenState,
  key: Key,
  by: 1 | -1,
  context: HandlerContext,
): UpdateResult {
  if (state.question !== undefined) return withActions(state);
  const hit = hitOf(key, context);
  const list = hit?.kind === "rooms" || hit?.kind === "members" ? hit.kind : undefined;
  // If the whole list is visible, the wheel scrolls the overlay or the timeline instead.
  if (list !== undefined && context.layout[list].topMax > 0)
    return scrollList(state, list, by, context);
  const { overlay } = state;
  if (overlay === undefined) return scroll(state, by * WHEEL_LINES, context);
  if ("top" in overlay) return scrollText(state, -by * WHEEL_LINES, context) ?? withActions(state);
  return moveChoice(() => -by, false)(state, context) ?? withActions(state);
}

function scrollList(
  state: ScreenState,
  list: "rooms" | "members",
  by: 1 | -1,
  { model, layout }: HandlerContext,
): UpdateResult {
  const { top, topMax } = layout[list];
  const requested = Math.max(0, Math.min(top - by * WHEEL_LINES, topMax));
  const position = { open: model.open, top: requested };
  return withChange(
    state,
    list === "rooms" ? { roomsScroll: position } : { membersScroll: position },
  );
}
