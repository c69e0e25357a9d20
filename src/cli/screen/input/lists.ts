/** Key handlers for overlays and questions. */

import { unreachable } from "../../../base/assert.ts";
import { Fault, msg } from "../../../base/fault.ts";
import { isSameName } from "../../../core/model/item.ts";
import { roomOf } from "../../../core/model/selectors.ts";
import { parseSearch } from "../../../ui/search-query.ts";
import { insert, replaceText } from "../editor/editor.ts";
import { walkedMessage } from "../state/card.ts";
import type { CommandName, Overlay, ScreenQuestion, ScreenState } from "../state/screen-state.ts";
import {
  type HandlerContext,
  type KeyHandler,
  openTarget,
  type UpdateResult,
  withActions,
  withChange,
} from "./handler.ts";
import { inboxCount, moveInInbox } from "./inbox.ts";
import { openRoomOf, pageLines } from "./reading.ts";
import { clearSelection, selectSeq } from "./selection.ts";
import { walk } from "./walk.ts";

/** Further results are requested when fewer than these remain. */
const RESULTS_AHEAD = 10;

function countOf(
  overlay: Extract<Overlay, { readonly selectedIndex: number }>,
  context: HandlerContext,
): number {
  if (overlay.kind === "inbox") return inboxCount(overlay);
  if (overlay.kind === "menu") return overlay.entries.length;
  if (overlay.kind === "search") return context.model.search?.found.length ?? 0;
  return overlay.found.length;
}

export function moveChoice(by: (page: number) => number, wrapsAround: boolean): KeyHandler {
  return (state, context) => {
    const { overlay, question } = state;
    if (question !== undefined || overlay === undefined) return withActions(state);
    if (!("selectedIndex" in overlay)) return scrollText(state, by(pageLines(context)), context);
    const count = countOf(overlay, context);
    if (count === 0) return withActions(state);
    const from =
      overlay.kind === "inbox" ? (overlay.action ?? overlay.selectedIndex) : overlay.selectedIndex;
    const requested = from + by(pageLines(context));
    const isWrapping = wrapsAround && overlay.kind !== "search" && overlay.kind !== "inbox";
    const at = isWrapping
      ? (requested + count) % count
      : Math.max(0, Math.min(requested, count - 1));
    const { search } = context.model;
    const isAtEnd = overlay.kind === "search" && requested >= count - 1;
    const needsMore = isAtEnd && search?.hasMore === true && !search.isLoading;
    const moved =
      overlay.kind === "inbox" ? moveInInbox(overlay, at) : { ...overlay, selectedIndex: at };
    const change = { overlay: moved, completion: undefined };
    const next = withChange(state, change);
    return needsMore ? { ...next, actions: [{ kind: "search-more" }] } : next;
  };
}

function choose(state: ScreenState, context: HandlerContext): UpdateResult | undefined {
  const { overlay, question } = state;
  if (question !== undefined) return answered(state, question);
  if (overlay === undefined) return undefined;
  switch (overlay.kind) {
    case "switcher": {
      const target = overlay.found[overlay.selectedIndex];
      return target === undefined ? withActions(state) : openRoomOf(state, target, context);
    }
    case "typed": {
      const text = overlay.found[overlay.selectedIndex];
      if (text === undefined) return withActions(state);
      const editor = { ...replaceText(state.editor, text), past: state.editor.past };
      return withChange(state, { editor, overlay: undefined, recall: undefined });
    }
    case "react": {
      const sign = overlay.found[overlay.selectedIndex]?.text;
      if (sign === undefined) return withActions(state);
      const { seq } = overlay;
      const nextState = clearSelection(state, context).state;
      return withChange(nextState, { overlay: undefined }, { kind: "react", seq, sign });
    }
    case "search":
      return search(state, overlay, context);
    case "messages":
      return openResult(state, overlay.selectedIndex, context);
    case "help":
      return closeHelp(state, overlay);
    default:
      return undefined;
  }
}

/** A command or message that was typed over the help moves to the input. */
function closeHelp(
  state: ScreenState,
  { query: { text }, rows }: Extract<Overlay, { kind: "help" }>,
): UpdateResult {
  const isInput = text.startsWith("/") || rows.length === 0;
  const editor = isInput ? insert(state.editor, text) : state.editor;
  return withChange(state, { editor, overlay: undefined });
}

function search(
  state: ScreenState,
  overlay: Extract<Overlay, { kind: "search" }>,
  context: HandlerContext,
): UpdateResult {
  const { model, times } = context;
  const query = parseSearch(overlay.query.text, { open: openTarget(model), ...times });
  const { search } = model;
  if (query === undefined) return withActions(state);
  const isSame = search?.query.input === query.input && search.query.target === query.target;
  if (isSame && search.fault === undefined) {
    return openResult(state, overlay.selectedIndex, context);
  }
  const change = { overlay: { ...overlay, selectedIndex: 0 }, completion: undefined };
  return withChange(state, { ...change, searchIndex: 0 }, { kind: "search", query });
}

/** @throws {Fault} not-member if the user has left the room since the search */
export function openResult(state: ScreenState, at: number, context: HandlerContext): UpdateResult {
  const { model } = context;
  const { overlay } = state;
  const isSearch = overlay?.kind !== "messages";
  const results = (isSearch ? model.search : overlay)?.found ?? [];
  const index = Math.min(at, results.length - 1);
  const result = results[index];
  if (result === undefined) return withActions(state);
  const { item, target } = result;
  if (roomOf(model, target) === undefined) {
    throw new Fault("not-member", msg`you are not in ${target}`);
  }
  const seq = item.kind === "edit" && item.re !== undefined ? item.re : item.seq;
  const searchIndex = isSearch ? index : state.searchIndex;
  const opened = openRoomOf({ ...state, searchIndex, completion: undefined }, target, context);
  const isOpenTarget = isSameName(target, openTarget(model));
  // Jumping to the same message again has no effect, so a loaded message is selected directly.
  const loaded = isOpenTarget ? selectSeq(opened.state, seq, context)?.state : undefined;
  const jump = { kind: "jump" as const, target, seq };
  // The next keys of the same read are for the message, too.
  const selected = { ...opened.state, selected: seq };
  return { state: loaded ?? selected, actions: [...opened.actions, jump] };
}

/**
 * Skips results in rooms that the user has left. In a walk, or without a search, walks on.
 * @param by 1 opens the next older result of the search, -1 the next newer one
 */
function openAdjacentResult(by: 1 | -1): KeyHandler {
  return (state, context) => {
    const { model } = context;
    const { overlay } = state;
    if (overlay !== undefined && overlay.kind !== "inbox") return undefined;
    const isWalking = overlay !== undefined || walkedMessage(state) !== undefined;
    if (model.search === undefined || isWalking) return walk(state, by, context);
    const { found, hasMore, isLoading } = model.search;
    const isLeft = (index: number) => {
      const result = found[index];
      return result !== undefined && roomOf(model, result.target) === undefined;
    };
    let at = state.searchIndex + by;
    while (isLeft(at)) at += by;
    if (at < 0 || (at >= found.length && !hasMore)) {
      const note = { text: context.texts.noMoreResults, tone: "plain" as const };
      return withChange(state, { notes: [...state.notes, note] });
    }
    const opened = at < found.length ? openResult(state, at, context) : withActions(state);
    const needsMore = at >= found.length - RESULTS_AHEAD && hasMore && !isLoading;
    if (!needsMore) return opened;
    return withActions(opened.state, ...opened.actions, { kind: "search-more" });
  };
}

export function scrollText(
  state: ScreenState,
  by: number,
  context: HandlerContext,
): UpdateResult | undefined {
  const { overlay } = state;
  if (overlay === undefined || !("top" in overlay)) return undefined;
  const lines = overlay.kind === "help" ? overlay.rows : overlay.lines;
  const last = Math.max(context.layout.topMax ?? lines.length - 1, 0);
  const top = Math.max(0, Math.min(overlay.top + by, last));
  return withChange(state, { overlay: { ...overlay, top } });
}

function scrollTextBy(by: (page: number) => number): KeyHandler {
  return (state, context) => scrollText(state, by(pageLines(context)), context);
}

function answered(state: ScreenState, question: ScreenQuestion): UpdateResult {
  if (question.kind === "yes-no") return withActions(state);
  const answer = question.answer.text;
  return withChange(state, { question: undefined }, { kind: "answered", answer });
}

export function cancelQuestion(state: ScreenState): UpdateResult | undefined {
  const { question } = state;
  if (question === undefined) return undefined;
  const change = { question: undefined };
  if (question.action !== undefined) return withChange(state, change);
  return withChange(state, change, { kind: "answered", answer: undefined });
}

function yes(state: ScreenState, context: HandlerContext): UpdateResult | undefined {
  const { question } = state;
  if (question?.kind !== "yes-no") return undefined;
  const { action } = question;
  const closed: ScreenState = { ...state, question: undefined };
  switch (action?.kind) {
    case undefined:
      return withActions(closed, { kind: "answered", answer: "yes" });
    case "erase":
      return withActions(clearSelection(closed, context).state, { kind: "erase", seq: action.seq });
    case "discard":
      return withActions(clearSelection(closed, context).state, {
        kind: "discard",
        key: action.key,
      });
    default:
      return unreachable(action);
  }
}

function no(state: ScreenState): UpdateResult | undefined {
  const { question } = state;
  if (question?.kind !== "yes-no") return undefined;
  if (question.action !== undefined) return cancelQuestion(state);
  return withChange(state, { question: undefined }, { kind: "answered", answer: "no" });
}

export const LISTS = {
  choose,
  "list-up": moveChoice(() => -1, true),
  "list-down": moveChoice(() => 1, true),
  "list-page-up": moveChoice((page) => -page, false),
  "list-page-down": moveChoice((page) => page, false),
  "text-up": scrollTextBy(() => -1),
  "text-down": scrollTextBy(() => 1),
  "text-page-up": scrollTextBy((page) => -page),
  "text-page-down": scrollTextBy((page) => page),
  "text-first": scrollTextBy(() => Number.NEGATIVE_INFINITY),
  "text-last": scrollTextBy(() => Number.POSITIVE_INFINITY),
  "result-next": openAdjacentResult(1),
  "result-previous": openAdjacentResult(-1),
  close: (state) =>
    state.overlay === undefined ? undefined : withChange(state, { overlay: undefined }),
  yes,
  no,
} satisfies Partial<Record<CommandName, KeyHandler>>;

/** Closing the search overlay also ends the search in the model. */
export function closeOverlay(state: ScreenState): UpdateResult | undefined {
  const { overlay } = state;
  if (overlay === undefined) return undefined;
  const change = { overlay: undefined, completion: undefined };
  return overlay.kind === "search"
    ? withChange(state, change, { kind: "search", query: undefined })
    : withChange(state, change);
}
