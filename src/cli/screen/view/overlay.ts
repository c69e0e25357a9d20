/** Overlays above the timeline: choices, search results, help and long texts. */

import { TEXT_BYTES_MAX } from "../../../base/limits.ts";
import { cleanText } from "../../../base/text.ts";
import { matchSegments } from "../../../core/markup/match.ts";
import { isSameName } from "../../../core/model/item.ts";
import { hasMoreResults } from "../../../core/model/page.ts";
import type { FoundItem, Model, SearchView } from "../../../core/model/state.ts";
import { tintOf } from "../../../core/model/tint.ts";
import { authorText, briefText } from "../../../ui/text/event-text.ts";
import { targetTitle } from "../../../ui/text/target-text.ts";
import type { Times } from "../../../ui/text/times.ts";
import type { InboxOverlay } from "../state/inbox.ts";
import type { CompletionCandidate, Overlay } from "../state/screen-state.ts";
import { faultLineIn, type ScreenTexts } from "../text/texts.ts";
import { ruleLine } from "./message.ts";
import { type ColourRole, nickRole } from "./palette.ts";
import {
  cutLine,
  cutTo,
  fitLine,
  fitTo,
  lineWidth,
  type Span,
  type StyledLine,
  widthOf,
} from "./style.ts";
import { wrapSpans } from "./wrap.ts";

export interface OverlayOptions {
  readonly overlay: Exclude<Overlay, InboxOverlay>;
  readonly model: Model;
  readonly texts: ScreenTexts;
  readonly times: Times;
}

type ListOverlay = OverlayOptions["overlay"];
type ScrolledOverlay = Extract<ListOverlay, { readonly top: number }>;
type ChoiceList = Exclude<ListOverlay, ScrolledOverlay | { readonly kind: "search" | "messages" }>;

const RULE_COLUMNS = 4;
const RESULT_LENGTH_MIN = 12;

export interface Entry {
  readonly line: StyledLine;
  readonly background?: ColourRole;
  readonly choice?: number;
  readonly isHeading?: true;
}

interface ListTexts {
  readonly title: string;
  readonly prompt?: string;
  readonly emptyText?: string;
}

function listTexts(kind: ChoiceList["kind"], { screen, ...texts }: ScreenTexts): ListTexts {
  const lists: Readonly<Record<typeof kind, ListTexts>> = {
    switcher: { title: texts.switcher, prompt: `${screen.goTo}: `, emptyText: texts.noMatches },
    typed: {
      title: screen.inputHistory,
      prompt: `${screen.inputHistory}: `,
      emptyText: screen.noHistoryMatches,
    },
    react: { title: screen.messageMenu, prompt: ":" },
    menu: { title: screen.messageMenu },
  };
  return lists[kind];
}

export function overlayPrompt(overlay: Overlay, texts: ScreenTexts): string | undefined {
  if (overlay.kind === "inbox") return `${texts.screen.goTo}> `;
  if (overlay.kind === "search" || overlay.kind === "help") return `${texts.screen.find}: `;
  return isScrolled(overlay) || overlay.kind === "messages"
    ? undefined
    : listTexts(overlay.kind, texts).prompt;
}

function choicesOf(overlay: ChoiceList): readonly CompletionCandidate[] {
  switch (overlay.kind) {
    case "menu":
      return overlay.entries.map(({ chord, label }) => ({ text: label, hint: chord }));
    case "react":
      return overlay.found;
    default:
      return overlay.found.map((text) => ({ text, hint: "" }));
  }
}

/**
 * Returns lines that are exactly as wide as the overlay.
 * @param height maximum number of lines
 */
export function overlayLines(
  options: OverlayOptions,
  columns: number,
  height: number,
): readonly Entry[] {
  const { overlay, texts } = options;
  const rows = contentRows(height);
  const entries = entriesOf(options, columns, rows);
  const requestedTop = isScrolled(overlay)
    ? overlay.top
    : overlay.selectedIndex - Math.floor(rows / 2);
  const top = Math.max(0, Math.min(requestedTop, entries.length - rows));
  const visible = entries.slice(top, top + rows);
  const below = entries.length - top - visible.length;
  const title = titleOf(options) + (below > 0 ? ` · ${texts.screen.moreCount(below)}` : "");
  const keys = keysOf(options);
  const shownTitle = cutTo(title, Math.max(1, columns - RULE_COLUMNS - widthOf(keys))) + keys;
  const heading: Entry = { line: ruleLine(shownTitle, "title", columns), isHeading: true };
  return (rows === height ? visible : [heading, ...visible])
    .slice(0, height)
    .map(({ line, ...entry }) => ({ line: fitLine(line, columns), ...entry }));
}

export function overlayTopMax(options: OverlayOptions, columns: number, height: number): number {
  if (!isScrolled(options.overlay)) return 0;
  const rows = contentRows(height);
  return Math.max(0, entriesOf(options, columns, rows).length - rows);
}

function contentRows(height: number): number {
  return height > 1 ? height - 1 : Math.max(0, height);
}

function isScrolled(overlay: ListOverlay): overlay is ScrolledOverlay {
  return "top" in overlay;
}

function titleOf({ overlay, texts, model }: OverlayOptions): string {
  switch (overlay.kind) {
    case "search":
      return searchTitle(model.search, texts);
    case "help":
      return `${texts.help} · ${texts.screen.closeHint}`;
    case "text":
    case "messages":
      return cleanText(overlay.title);
    case "menu":
      return overlay.title ?? texts.screen.messageMenu;
    default:
      return listTexts(overlay.kind, texts).title;
  }
}

function keysOf({ overlay, texts }: OverlayOptions): string {
  return overlay.kind === "text" ? ` · ${texts.screen.copyHint}` : "";
}

function searchTitle(search: SearchView | undefined, texts: ScreenTexts): string {
  if (search === undefined) return texts.search;
  if (search.isLoading) return texts.searching;
  return `${texts.search}: ${texts.resultCount(search.found.length, hasMoreResults(search))}`;
}

function entriesOf(options: OverlayOptions, columns: number, rows: number): readonly Entry[] {
  const { overlay, texts } = options;
  switch (overlay.kind) {
    case "search":
      return searchEntries(options, columns, { at: overlay.selectedIndex, rows });
    case "messages":
      return resultEntries(overlay.found, options, columns, { at: overlay.selectedIndex, rows });
    case "help":
      return overlay.rows.length === 0
        ? [dimEntry(texts.noMatches)]
        : helpEntries(overlay.rows, columns);
    case "text":
      return overlay.lines.flatMap((text) =>
        wrapSpans([{ text: cleanText(text, { tabs: true }) }], columns).map((line) => ({ line })),
      );
    default:
      return choiceEntries(
        titled(choicesOf(overlay), options.model),
        overlay.selectedIndex,
        listTexts(overlay.kind, texts).emptyText,
        columns,
      );
  }
}

/** The switcher lists groups and rooms by their titles. */
function titled(
  choices: readonly CompletionCandidate[],
  model: Model,
): readonly CompletionCandidate[] {
  return choices.map((choice) => {
    const { text } = choice;
    return text.startsWith("#") ? { ...choice, text: targetTitle(model, text.slice(1)) } : choice;
  });
}

function choiceEntries(
  choices: readonly CompletionCandidate[],
  at: number,
  emptyText: string | undefined,
  columns: number,
): readonly Entry[] {
  if (choices.length === 0) return emptyText === undefined ? [] : [dimEntry(emptyText)];
  return choices.map(({ text, hint }, i): Entry => {
    const label = cleanText(text.replaceAll(/[\n\t]+/g, " "));
    const line: StyledLine = [
      { text: i === at ? " > " : "   ", role: "prompt" },
      { text: label },
      { text: hint === "" ? "" : `  ${cleanText(hint)}`, role: "dim" },
    ];
    return { line: cutLine(line, columns), choice: i, ...highlightIf(i === at) };
  });
}

function dimEntry(text: string): Entry {
  return { line: [{ text: ` ${text}`, role: "dim" }] };
}

function highlightIf(isChosen: boolean): Pick<Entry, "background"> {
  return isChosen ? { background: "selected" } : {};
}

function searchEntries(
  options: OverlayOptions,
  columns: number,
  view: ResultView,
): readonly Entry[] {
  const { texts } = options;
  const { search } = options.model;
  if (search === undefined) return [];
  if (search.fault !== undefined) {
    const text = faultLineIn(texts, search.fault);
    return [{ line: [{ text: ` ${text}`, role: "danger" }] }];
  }
  if (search.found.length === 0) return search.isLoading ? [] : [dimEntry(texts.foundNothing)];
  const hit = search.query.text;
  const entries = resultEntries(search.found, options, columns, { ...view, hit });
  return search.hasMore ? [...entries, dimEntry(texts.moreResults)] : entries;
}

interface ResultView {
  readonly at: number;
  readonly rows: number;
  readonly hit?: string;
}

/** Lays out only the results that can be visible, because there may be thousands. */
function resultEntries(
  found: readonly FoundItem[],
  options: OverlayOptions,
  columns: number,
  { at, rows, hit = "" }: ResultView,
): readonly Entry[] {
  const { texts, times, model } = options;
  return found.map(({ target, item }, i): Entry => {
    if (Math.abs(i - at) > rows) return { line: [], choice: i };
    const from = authorText(item, texts);
    const head: StyledLine = [
      { text: i === at ? " > " : "   ", role: "prompt" },
      { text: `${resultTime(item.timeUnixMs, options)}  #${item.seq}  `, role: "dim" },
      {
        text: isSameName(target, model.open) ? "" : `${targetTitle(model, target)}  `,
        role: "accent",
      },
      { text: authorText(item, texts, model), role: nickRole(tintOf(from)) },
      { text: item.files.map(({ file }) => `  ${cleanText(file)}`).join(""), role: "dim" },
      { text: "  " },
    ];
    const length = Math.max(RESULT_LENGTH_MIN, columns - lineWidth(head));
    const text = briefText(item, texts, times, hit === "" ? columns : TEXT_BYTES_MAX);
    const parts = matchSegments(text, hit, length + 1).map(({ text, isMatch }): Span => {
      return isMatch ? { text, role: "hit" } : { text };
    });
    return { line: cutLine([...head, ...parts], columns), choice: i, ...highlightIf(i === at) };
  });
}

function resultTime(unixMs: number, { times, texts }: OverlayOptions): string {
  return times.day(unixMs) === texts.today ? times.clock(unixMs) : times.date(unixMs);
}

function helpEntries(choices: readonly CompletionCandidate[], columns: number): readonly Entry[] {
  const widest = Math.max(0, ...choices.map(({ text, hint }) => (hint === "" ? 0 : widthOf(text))));
  const keys = Math.min(widest, Math.floor(columns / 2) - 2);
  return choices.flatMap(({ text, hint }, i): readonly Entry[] => {
    const label = cleanText(text);
    if (hint === "") {
      const heading: Entry = { line: [{ text: ` ${label}`, role: "title" }] };
      return i === 0 ? [heading] : [{ line: [] }, heading];
    }
    // An answer stands below its question.
    const before = label === "" ? "  " : `  ${fitTo(label, keys)}  `;
    const width = Math.max(2, columns - widthOf(before));
    return wrapSpans([{ text: cleanText(hint) }], width).map((line, row) => ({
      line: [{ text: row === 0 ? before : fitTo("", widthOf(before)), role: "accent" }, ...line],
    }));
  });
}
