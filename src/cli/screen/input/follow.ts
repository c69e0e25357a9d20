/** Updates the screen state after changes to the model. */

import { placeKey } from "../../../core/model/places.ts";
import { firstUnreadRow, isOwnRow, rowOfPlace } from "../../../core/model/rows.ts";
import { openRoom } from "../../../core/model/selectors.ts";
import type { Model } from "../../../core/model/state.ts";
import { type Editor, EMPTY_EDITOR, replaceText } from "../editor/editor.ts";
import type { Action, ScreenState, ScrollAnchor } from "../state/screen-state.ts";
import { centered, placedAt } from "../state/scroll.ts";
import {
  currentDraft,
  draftActions,
  draftActionsFor,
  type HandlerContext,
  inputKey,
  NO_TARGET,
  openTarget,
  storedDraft,
  timelineOf,
  type UpdateResult,
  withActions,
} from "./handler.ts";
import { withoutSamePane } from "./pane.ts";
import { requestOlder } from "./reading.ts";
import { selectionOf } from "./selection.ts";
import { inUpperThird } from "./walk.ts";

export interface PreviousModel {
  readonly model: Model;
  readonly jumpedKey: string | undefined;
  readonly bottoms: number;
  /** Whether no row of the open room was loaded. */
  readonly isEmpty: boolean;
  /** After a logout, the input belongs to the previous account. */
  readonly isLoggedOut?: boolean;
}

export function follow(
  state: ScreenState,
  before: PreviousModel,
  context: HandlerContext,
): UpdateResult {
  const { model, rows } = context;
  const isRoomChanged = before.isLoggedOut === true || isRoomChangedBetween(before.model, model);
  const { state: opened, actions } = isRoomChanged
    ? withRoomDraft(state, before, model)
    : withActions(withRestoredText(state, before.model, model));
  const isJump =
    rows.shownKey !== undefined && (isRoomChanged || rows.shownKey !== before.jumpedKey);
  const isBottom = !isRoomChanged && rows.bottoms !== before.bottoms;
  // A program that starts, or was away, shows what has arrived meanwhile.
  const isBack = !before.model.isCaughtUp && model.isCaughtUp && state.scroll === undefined;
  const hasLine = rows.rows.some(({ kind }) => kind === "unread");
  const isOpened = isRoomChanged || before.isEmpty || (isBack && hasLine);
  const moved = isJump
    ? jumpedTo(opened, rows.shownKey, context)
    : isBottom
      ? { ...opened, scroll: undefined }
      : isOpened
        ? { ...opened, scroll: openedAt(before.model, context) }
        : heldAt(opened, before.model, context);
  return {
    state: withLoadedSelection(withoutSamePane(moved, context), context),
    actions: [...actions, ...olderIfNotFull(context)],
  };
}

function isRoomChangedBetween(before: Model, model: Model): boolean {
  const [previousRoom, currentRoom] = [openRoom(before), openRoom(model)];
  if (previousRoom?.thread?.root !== currentRoom?.thread?.root) return true;
  if (previousRoom !== undefined && currentRoom !== undefined)
    return previousRoom.id !== currentRoom.id;
  return openTarget(before) !== openTarget(model);
}

/**
 * Text typed while no room was open moves to the opened room if that room has no draft. The first
 * room receives this text even if it has a draft, which returns after the text is sent.
 */
function withRoomDraft(
  state: ScreenState,
  { model: before, isLoggedOut }: PreviousModel,
  model: Model,
): UpdateResult {
  if (isLoggedOut === true) return withActions(resetForRoom(state, before, model, EMPTY_EDITOR));
  const leftTarget = inputKey(before);
  const stored = storedDraft(model);
  const written = currentDraft(state, before);
  const isFirst = state.previousTarget === undefined && written.text !== "";
  const isCarried = leftTarget === NO_TARGET && (stored === undefined || isFirst);
  const draftUpdates = [
    ...draftActionsFor(leftTarget, model, isCarried ? undefined : written),
    ...(isCarried && stored !== undefined
      ? draftActions(model, { text: written.text, before: stored })
      : []),
  ];
  const editor = isCarried ? state.editor : replaceText(state.editor, stored?.text ?? "");
  return { state: resetForRoom(state, before, model, editor), actions: draftUpdates };
}

function resetForRoom(
  state: ScreenState,
  before: Model,
  model: Model,
  editor: Editor,
): ScreenState {
  const left = openTarget(before);
  const isSameRoom = left === openTarget(model);
  return {
    ...state,
    editor,
    completion: undefined,
    recall: undefined,
    scroll: undefined,
    selected: undefined,
    highlighted: undefined,
    previousTarget: isSameRoom ? state.previousTarget : (left ?? state.previousTarget),
    overlay: state.overlay?.kind === "menu" ? undefined : state.overlay,
  };
}

function withRestoredText(state: ScreenState, before: Model, model: Model): ScreenState {
  const [previousDraft, nextDraft] = [storedDraft(before), storedDraft(model)];
  const hasEditEnded = previousDraft?.edits !== undefined && nextDraft?.edits === undefined;
  const { text = "" } = nextDraft ?? {};
  if (hasEditEnded && state.editor.text === previousDraft.text && state.editor.text !== text)
    return { ...state, editor: replaceText(state.editor, text) };
  if (previousDraft === nextDraft || nextDraft === undefined || state.editor.text !== "")
    return state;
  if (nextDraft.text === "") return state;
  return { ...state, editor: replaceText(state.editor, nextDraft.text) };
}

/** Lines above the line of new messages when a room is opened, on a high and on a low screen. */
const LINES_ABOVE = 3;
const LINES_ABOVE_LOW = 1;
const LOW_PAGE_ROWS = 17;

/**
 * Scrolls to the first new message, or to where the user left the room, also to open a thread.
 */
function openedAt(before: Model, context: HandlerContext): ScrollAnchor | undefined {
  const timeline = timelineOf(context);
  const { rows } = timeline;
  const line = rows.findIndex(({ kind }) => kind === "unread");
  const was = openRoom(before);
  const isThreadClosed = was?.thread !== undefined && was.id === openRoom(context.model)?.id;
  if (line >= 0 && !isThreadClosed) {
    const above = timeline.pageRows < LOW_PAGE_ROWS ? LINES_ABOVE_LOW : LINES_ABOVE;
    return placedAt(timeline, line, above);
  }
  const room = openRoom(context.model);
  const key = room && placeKey(room.id, room.thread?.root);
  const place = key === undefined ? undefined : context.model.places.get(key);
  const at = rowOfPlace(rows, place);
  return at && placedAt(timeline, at.index, -at.above);
}

/**
 * Messages that nobody sees, without the focus or while the client catches up, move the first of
 * them up to the upper edge, but not back.
 */
function heldAt(state: ScreenState, before: Model, context: HandlerContext): ScreenState {
  const { model } = context;
  const isWatched = ({ isFocused, isCaughtUp }: Model) => isFocused && isCaughtUp;
  const timeline = timelineOf(context);
  const { rows } = timeline;
  const isHidden = state.overlay !== undefined;
  if (state.scroll !== undefined || (isWatched(model) && !isHidden)) return state;
  if (isOwnRow(rows.at(-1))) return state;
  const read = openRoom(model)?.read ?? 0;
  const first = firstUnreadRow(rows, read);
  if (first < 0) return state;
  const held = placedAt(timeline, first, 0);
  const isStill = held !== undefined && isWatched(before);
  const last = rows.at(-1)?.key ?? "";
  return { ...state, scroll: isStill ? { key: last, below: 0 } : held };
}

function jumpedTo(
  state: ScreenState,
  key: string | undefined,
  context: HandlerContext,
): ScreenState {
  const index = context.rows.rows.findIndex((row) => row.key === key);
  if (index < 0) return state;
  const row = context.rows.rows[index];
  const jumpSeq = openRoom(context.model)?.jumpSeq;
  const seq = row?.kind === "item" ? (jumpSeq ?? row.item.seq) : undefined;
  const timeline = timelineOf(context);
  const { returnTo } = state;
  if (returnTo?.seq === seq && returnTo !== undefined) {
    return { ...state, scroll: placedAt(timeline, index, -returnTo.above), returnTo: undefined };
  }
  const last = context.rows.rows.at(-1)?.key ?? "";
  const scroll = isWalkedTo(state, seq)
    ? inUpperThird(timeline, index)
    : (centered(timeline, index) ?? { key: last, below: 0 });
  return { ...state, scroll, selected: undefined, highlighted: highlightedByJump(state, seq) };
}

function isWalkedTo({ walk }: ScreenState, seq: number | undefined): boolean {
  return walk?.part.messages[walk.at]?.seq === seq;
}

/** A return to where the user was reading marks nothing. */
function highlightedByJump({ returnTo }: ScreenState, seq: number | undefined): number | undefined {
  return returnTo === undefined ? seq : undefined;
}

function withLoadedSelection(state: ScreenState, { rows, model }: HandlerContext): ScreenState {
  // A room that opens at its first new message marks nothing.
  const isJump = rows.loading?.side === "around" && openRoom(model)?.jumpSeq === rows.loading.seq;
  if (isJump) return { ...state, highlighted: highlightedByJump(state, rows.loading.seq) };
  const { selected, highlighted } = state;
  const marked = selected ?? highlighted;
  if (marked === undefined) return state;
  const isPresent = rows.rows.some((row) =>
    row.kind === "item"
      ? [row.item, ...row.earlier].some(({ seq }) => seq === marked)
      : selectionOf(row) === marked,
  );
  if (isPresent) return state;
  const overlay = state.overlay?.kind === "menu" ? undefined : state.overlay;
  return { ...state, selected: undefined, highlighted: undefined, overlay };
}

function olderIfNotFull(context: HandlerContext): readonly Action[] {
  const { rows, layout } = context;
  let lines = 0;
  for (let at = rows.rows.length - 1; at >= 0 && lines < context.layout.pageRows; at--) {
    lines += layout.heightOf(rows.rows[at]?.key ?? "");
  }
  return requestOlder(lines < context.layout.pageRows, context);
}
