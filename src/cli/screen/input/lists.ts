/** Keys of overlays above the timeline: lists, menus, long texts and questions. */

import { unreachable } from "../../../base/assert.ts";
import { isSameName } from "../../../core/model/item.ts";
import type { SearchQuery } from "../../../core/model/state.ts";
import { restarted } from "../editor/editor.ts";
import type { CommandName } from "../state/commands.ts";
import type { Overlay, Question, ScreenState } from "../state/screen-state.ts";
import type { ListOverlay } from "./field.ts";
import { acting, changed, type Handler, openTarget, type Parts, type Updated } from "./parts.ts";
import { opening, pageOf } from "./reading.ts";
import { selectingSeq, unselected } from "./selection.ts";

/** Number of choices. */
function countOf(overlay: ListOverlay | Extract<Overlay, { kind: "menu" }>, parts: Parts): number {
  if (overlay.kind === "menu") return overlay.entries.length;
  if (overlay.kind === "search") return parts.model.search?.found.length ?? 0;
  return overlay.found.length;
}

/** Moves the choice in the open list. */
export function moved(by: (page: number) => number, isRound: boolean): Handler {
  return (state, parts) => {
    const { overlay, question } = state;
    if (question !== undefined || overlay === undefined) return acting(state);
    if (!("at" in overlay)) return undefined;
    const count = countOf(overlay, parts);
    if (count === 0) return acting(state);
    const wanted = overlay.at + by(pageOf(parts));
    const isRest = isRound && overlay.kind !== "search";
    const at = isRest ? (wanted + count) % count : Math.max(0, Math.min(wanted, count - 1));
    const { search } = parts.model;
    const isEnd = overlay.kind === "search" && wanted >= count - 1;
    const isMore = isEnd && search?.hasMore === true && !search.isLoading;
    const next = changed(state, { overlay: { ...overlay, at } });
    return isMore ? { ...next, acts: [{ kind: "search-more" }] } : next;
  };
}

function chosen(state: ScreenState, parts: Parts): Updated | undefined {
  const { overlay, question } = state;
  if (question !== undefined) return answered(state, question);
  if (overlay === undefined) return undefined;
  switch (overlay.kind) {
    case "switcher": {
      const target = overlay.found[overlay.at];
      return target === undefined ? acting(state) : opening(state, target, parts);
    }
    case "typed": {
      const text = overlay.found[overlay.at];
      if (text === undefined) return acting(state);
      const editor = { ...restarted(state.editor, text), past: state.editor.past };
      return changed(state, { editor, overlay: undefined, recall: undefined });
    }
    case "react": {
      const sign = overlay.found[overlay.at]?.text;
      if (sign === undefined) return acting(state);
      const { seq } = overlay;
      const left = unselected(state, parts).state;
      return changed(left, { overlay: undefined }, { kind: "react", seq, sign });
    }
    case "search":
      return searched(state, overlay, parts);
    default:
      return undefined;
  }
}

/** Enter searches for the typed words; pressed again, it goes to the chosen result. */
function searched(
  state: ScreenState,
  overlay: Extract<Overlay, { kind: "search" }>,
  parts: Parts,
): Updated {
  const { model } = parts;
  const query = searchOf(overlay.query.text, openTarget(model));
  const { search } = model;
  if (query === undefined) return acting(state);
  if (search?.fault !== undefined || search === undefined || !isSameQuery(search.query, query)) {
    return changed(state, { overlay: { ...overlay, at: 0 } }, { kind: "search", query });
  }
  return toFound(state, overlay.at, parts);
}

/** Goes to that result, or to the last one. */
export function toFound(state: ScreenState, at: number, parts: Parts): Updated {
  const { model } = parts;
  const all = model.search?.found ?? [];
  const found = all[Math.min(at, all.length - 1)];
  if (found === undefined) return acting(state);
  const { item, target } = found;
  const seq = item.kind === "edit" && item.re !== undefined ? item.re : item.seq;
  const opened = opening(state, target, parts);
  const isHere = isSameName(target, openTarget(model));
  // A loaded message is shown immediately: a second jump to it would change nothing.
  const shown = isHere ? selectingSeq(opened.state, seq, parts)?.state : undefined;
  const jump = { kind: "jump" as const, target, seq };
  return { state: shown ?? opened.state, acts: [...opened.acts, jump] };
}

/**
 * Parses a query: words, with `from:NAME`, `in:ROOM` (`in:here`) and `has:file` among them.
 * `undefined` if the query is empty.
 */
export function searchOf(typed: string, here: string | undefined): SearchQuery | undefined {
  const words: string[] = [];
  const query: { from?: string; target?: string; files?: boolean } = {};
  for (const word of typed.trim().split(/\s+/)) {
    const [, key = "", value = ""] = /^(from|in|has):(.+)$/i.exec(word) ?? [];
    const name = key.toLowerCase();
    if (name === "from") query.from = value.replace(/^@/, "");
    else if (name === "in") {
      const target = value.toLowerCase() === "here" ? here : value.replace(/^#/, "");
      if (target !== undefined) query.target = target;
    } else if (name === "has" && /^files?$/i.test(value)) query.files = true;
    else words.push(word);
  }
  const text = words.join(" ");
  return text === "" && query.files !== true ? undefined : { text, ...query };
}

function isSameQuery(one: SearchQuery, other: SearchQuery): boolean {
  const isSamePlace = one.target === other.target && one.from === other.from;
  return one.text === other.text && isSamePlace && one.files === other.files;
}

/**
 * @param by lines; positive: towards the end
 * @returns `undefined` if no long text is open
 */
export function turnedBy(state: ScreenState, by: number, parts: Parts): Updated | undefined {
  const { overlay } = state;
  if (overlay === undefined || !("top" in overlay)) return undefined;
  const lines = overlay.kind === "help" ? overlay.rows : overlay.lines;
  const last = Math.max(parts.layout.topMax ?? lines.length - 1, 0);
  const top = Math.max(0, Math.min(overlay.top + by, last));
  return changed(state, { overlay: { ...overlay, top } });
}

function turned(by: (page: number) => number): Handler {
  return (state, parts) => turnedBy(state, by(pageOf(parts)), parts);
}

function answered(state: ScreenState, question: Question): Updated {
  if (question.kind === "yes-no") return acting(state);
  const answer = question.answer.text;
  return changed(state, { question: undefined }, { kind: "answered", answer });
}

/** Closes the question without an answer. */
export function unanswered(state: ScreenState): Updated | undefined {
  const { question } = state;
  if (question === undefined) return undefined;
  const rest = { question: undefined };
  if (question.about !== undefined) return changed(state, rest);
  return changed(state, rest, { kind: "answered", answer: undefined });
}

function yes(state: ScreenState, parts: Parts): Updated | undefined {
  const { question } = state;
  if (question?.kind !== "yes-no") return undefined;
  const { about } = question;
  const rest: ScreenState = { ...state, question: undefined };
  switch (about?.kind) {
    case undefined:
      return acting(rest, { kind: "answered", answer: "yes" });
    case "erase":
      return acting(unselected(rest, parts).state, { kind: "erase", seq: about.seq });
    case "discard":
      return acting(unselected(rest, parts).state, { kind: "discard", key: about.key });
    default:
      return unreachable(about);
  }
}

function no(state: ScreenState): Updated | undefined {
  const { question } = state;
  if (question?.kind !== "yes-no") return undefined;
  if (question.about !== undefined) return unanswered(state);
  return changed(state, { question: undefined }, { kind: "answered", answer: "no" });
}

export const LISTS = {
  choose: chosen,
  "list-up": moved(() => -1, true),
  "list-down": moved(() => 1, true),
  "list-page-up": moved((page) => -page, false),
  "list-page-down": moved((page) => page, false),
  "text-up": turned(() => -1),
  "text-down": turned(() => 1),
  "text-page-up": turned((page) => -page),
  "text-page-down": turned((page) => page),
  "text-first": turned(() => Number.NEGATIVE_INFINITY),
  "text-last": turned(() => Number.POSITIVE_INFINITY),
  close: (state) =>
    state.overlay === undefined ? undefined : changed(state, { overlay: undefined }),
  yes,
  no,
} satisfies Partial<Record<CommandName, Handler>>;

/** Closing restores the window of the previous mode. */
export function closedOverlay(state: ScreenState): Updated | undefined {
  const { overlay } = state;
  if (overlay === undefined) return undefined;
  const rest = { overlay: undefined };
  return overlay.kind === "search"
    ? changed(state, rest, { kind: "search", query: undefined })
    : changed(state, rest);
}
