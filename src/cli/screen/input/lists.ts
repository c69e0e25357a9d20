/** Key handlers for overlays and questions. */

import { unreachable } from "../../../base/assert.ts";
import { isSameName } from "../../../core/model/item.ts";
import type { SearchQuery } from "../../../core/model/state.ts";
import { insert, replaceText } from "../editor/editor.ts";
import type { CommandName, Overlay, Question, ScreenState } from "../state/screen-state.ts";
import {
  type Handler,
  type HandlerContext,
  openTarget,
  type UpdateResult,
  withActions,
  withChange,
} from "./handler.ts";
import { openRoomOf, pageLines } from "./reading.ts";
import { clearSelection, selectSeq } from "./selection.ts";

function countOf(
  overlay: Extract<Overlay, { readonly selectedIndex: number }>,
  context: HandlerContext,
): number {
  if (overlay.kind === "menu") return overlay.entries.length;
  if (overlay.kind === "search") return context.model.search?.found.length ?? 0;
  return overlay.found.length;
}

export function moveChoice(by: (page: number) => number, wrapsAround: boolean): Handler {
  return (state, context) => {
    const { overlay, question } = state;
    if (question !== undefined || overlay === undefined) return withActions(state);
    if (!("selectedIndex" in overlay)) return scrollText(state, by(pageLines(context)), context);
    const count = countOf(overlay, context);
    if (count === 0) return withActions(state);
    const requested = overlay.selectedIndex + by(pageLines(context));
    const isWrapping = wrapsAround && overlay.kind !== "search";
    const at = isWrapping
      ? (requested + count) % count
      : Math.max(0, Math.min(requested, count - 1));
    const { search } = context.model;
    const isAtEnd = overlay.kind === "search" && requested >= count - 1;
    const needsMore = isAtEnd && search?.hasMore === true && !search.isLoading;
    const next = withChange(state, { overlay: { ...overlay, selectedIndex: at } });
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
  const { model } = context;
  const query = parseSearch(overlay.query.text, openTarget(model));
  const { search } = model;
  if (query === undefined) return withActions(state);
  if (search?.fault !== undefined || search === undefined || !isSameQuery(search.query, query)) {
    return withChange(
      state,
      { overlay: { ...overlay, selectedIndex: 0 } },
      { kind: "search", query },
    );
  }
  return openResult(state, overlay.selectedIndex, context);
}

export function openResult(state: ScreenState, at: number, context: HandlerContext): UpdateResult {
  const { model } = context;
  const { overlay } = state;
  const results = (overlay?.kind === "messages" ? overlay : model.search)?.found ?? [];
  const result = results[Math.min(at, results.length - 1)];
  if (result === undefined) return withActions(state);
  const { item, target } = result;
  const seq = item.kind === "edit" && item.re !== undefined ? item.re : item.seq;
  const opened = openRoomOf(state, target, context);
  const isOpenTarget = isSameName(target, openTarget(model));
  // Jumping to the same message again has no effect, so a loaded message is selected directly.
  const selected = isOpenTarget ? selectSeq(opened.state, seq, context)?.state : undefined;
  const jump = { kind: "jump" as const, target, seq };
  return { state: selected ?? opened.state, actions: [...opened.actions, jump] };
}

/**
 * Parses words and the filters `from:NAME`, `in:ROOM`, `in:here` and `has:file`. `undefined` if the
 * query is empty.
 */
export function parseSearch(
  queryText: string,
  openTarget: string | undefined,
): SearchQuery | undefined {
  const words: string[] = [];
  const query: { from?: string; target?: string; files?: boolean } = {};
  for (const word of queryText.trim().split(/\s+/)) {
    const [, key = "", value = ""] = /^(from|in|has):(.+)$/i.exec(word) ?? [];
    const name = key.toLowerCase();
    if (name === "from") query.from = value.replace(/^@/, "");
    else if (name === "in") {
      const target = value.toLowerCase() === "here" ? openTarget : value.replace(/^#/, "");
      if (target !== undefined) query.target = target;
    } else if (name === "has" && /^files?$/i.test(value)) query.files = true;
    else words.push(word);
  }
  const text = words.join(" ");
  return text === "" && query.files !== true ? undefined : { text, ...query };
}

function isSameQuery(a: SearchQuery, b: SearchQuery): boolean {
  const isSameScope = a.target === b.target && a.from === b.from;
  return a.text === b.text && isSameScope && a.files === b.files;
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

function scrollTextBy(by: (page: number) => number): Handler {
  return (state, context) => scrollText(state, by(pageLines(context)), context);
}

function answered(state: ScreenState, question: Question): UpdateResult {
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
  close: (state) =>
    state.overlay === undefined ? undefined : withChange(state, { overlay: undefined }),
  yes,
  no,
} satisfies Partial<Record<CommandName, Handler>>;

/** Closing the search overlay also ends the search in the model. */
export function closeOverlay(state: ScreenState): UpdateResult | undefined {
  const { overlay } = state;
  if (overlay === undefined) return undefined;
  const change = { overlay: undefined };
  return overlay.kind === "search"
    ? withChange(state, change, { kind: "search", query: undefined })
    : withChange(state, change);
}
