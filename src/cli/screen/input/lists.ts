/** Key handlers for overlays and questions. */

import { replaceText } from "../editor/editor.ts";
import { isSameSearch } from "../state/finder.ts";
import {
  type CommandName,
  choiceOf,
  type MenuAction,
  type Overlay,
  type ScreenQuestion,
  type ScreenState,
} from "../state/screen-state.ts";
import { escapeFinder, finderCount, moveInFinder } from "./finder-keys.ts";
import {
  type HandlerContext,
  type KeyHandler,
  type UpdateResult,
  withActions,
  withChange,
} from "./handler.ts";
import { inboxCount, moveInInbox } from "./inbox.ts";
import { pageLines } from "./reading.ts";
import { clearSelection } from "./selection.ts";
import { openResult, walk } from "./walk.ts";

function countOf(
  overlay: Extract<Overlay, { readonly selectedIndex: number }>,
  context: HandlerContext,
): number {
  if (overlay.kind === "inbox") return inboxCount(overlay, context);
  if (overlay.kind === "finder") return finderCount(overlay, context);
  if (overlay.kind === "menu") return overlay.entries.length;
  return overlay.found.length;
}

export function moveChoice(by: (page: number) => number, wrapsAround: boolean): KeyHandler {
  return (state, context) => {
    const { overlay, question } = state;
    if (question?.kind === "yes-no") {
      const choice = choiceOf(question) === "yes" ? "no" : "yes";
      return withChange(state, { question: { ...question, choice } });
    }
    if (question !== undefined || overlay === undefined) return withActions(state);
    if (!("selectedIndex" in overlay)) return scrollText(state, by(pageLines(context)), context);
    const count = countOf(overlay, context);
    if (count === 0) return withActions(state);
    const from =
      "action" in overlay ? (overlay.action ?? overlay.selectedIndex) : overlay.selectedIndex;
    const requested = from + by(pageLines(context));
    const isWrapping = wrapsAround && overlay.kind !== "finder" && overlay.kind !== "inbox";
    const at = isWrapping
      ? (requested + count) % count
      : Math.max(0, Math.min(requested, count - 1));
    const { search } = context.model;
    const isAtEnd = overlay.kind === "finder" && requested >= count - 1;
    const isSearched = isAtEnd && isSameSearch(search, overlay.result.search);
    const needsMore = isSearched && search?.hasMore === true && !search.isLoading;
    const moved = movedTo(overlay, at);
    const change = { overlay: moved, completion: undefined };
    const next = withChange(state, change);
    return needsMore ? { ...next, actions: [{ kind: "search-more" }] } : next;
  };
}

/** Moves the cursor of a list. */
export function movedTo(
  overlay: Extract<Overlay, { readonly selectedIndex: number }>,
  at: number,
): Overlay {
  if (overlay.kind === "inbox") return moveInInbox(overlay, at);
  if (overlay.kind === "finder") return moveInFinder(overlay, at);
  return { ...overlay, selectedIndex: at };
}

function choose(state: ScreenState, context: HandlerContext): UpdateResult | undefined {
  const { overlay, question } = state;
  if (question !== undefined) return answered(state, question, context);
  if (overlay === undefined) return undefined;
  switch (overlay.kind) {
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
    case "messages": {
      const { found, selectedIndex } = overlay;
      const result = found[selectedIndex];
      if (result === undefined) return withActions(state);
      return openResult(state, found, result, undefined, context);
    }
    default:
      return undefined;
  }
}

/** @param by 1 opens the next message of the walk, -1 the previous one */
function walkOn(by: 1 | -1): KeyHandler {
  return (state, context) => {
    const { overlay } = state;
    if (overlay !== undefined && overlay.kind !== "inbox") return undefined;
    return walk(state, by, context);
  };
}

export function scrollText(
  state: ScreenState,
  by: number,
  context: HandlerContext,
): UpdateResult | undefined {
  const { overlay } = state;
  if (overlay === undefined || !("top" in overlay)) return undefined;
  const last = Math.max(context.layout.topMax ?? overlay.lines.length - 1, 0);
  const top = Math.max(0, Math.min(overlay.top + by, last));
  return withChange(state, { overlay: { ...overlay, top } });
}

function scrollTextBy(by: (page: number) => number): KeyHandler {
  return (state, context) => scrollText(state, by(pageLines(context)), context);
}

/** Enter answers a question that has stood this long; before, it was meant for something else. */
const ENTER_AFTER_MS = 300;

function answered(
  state: ScreenState,
  question: ScreenQuestion,
  { times }: HandlerContext,
): UpdateResult {
  const { askedUnixMs = 0 } = question;
  const isYesNo = question.kind === "yes-no";
  if (isYesNo && times.nowUnixMs - askedUnixMs < ENTER_AFTER_MS) return withActions(state);
  const answer = isYesNo ? choiceOf(question) : question.answer.text;
  return withChange(state, { question: undefined }, { kind: "answered", answer });
}

export function cancelQuestion(state: ScreenState): UpdateResult | undefined {
  if (state.question === undefined) return undefined;
  return withChange(state, { question: undefined }, { kind: "answered", answer: undefined });
}

/** Runs a destroying entry of the second menu. */
export function eraseChosen(
  state: ScreenState,
  action: Extract<MenuAction, { readonly kind: "erase" | "discard" }>,
  context: HandlerContext,
): UpdateResult {
  return withActions(clearSelection({ ...state, overlay: undefined }, context).state, action);
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
  "result-next": walkOn(1),
  "result-previous": walkOn(-1),
  close: (state) =>
    state.overlay === undefined ? undefined : withChange(state, { overlay: undefined }),
} satisfies Partial<Record<CommandName, KeyHandler>>;

export function closeOverlay(
  state: ScreenState,
  context: HandlerContext,
): UpdateResult | undefined {
  if (state.overlay === undefined) return undefined;
  const change = { overlay: undefined, completion: undefined };
  return escapeFinder(state, context) ?? withChange(state, change);
}
