/** Overlays above the timeline: choices, search results, help and long texts. */

import { cleanText } from "../../../base/text.ts";
import { isSameName } from "../../../core/model/item.ts";
import type { FoundItem, Model } from "../../../core/model/state.ts";
import { tintOf } from "../../../core/model/tint.ts";
import { authorText, briefText } from "../../../ui/text/event-text.ts";
import { targetTitle } from "../../../ui/text/target-text.ts";
import type { Times } from "../../../ui/text/times.ts";
import type { FinderOverlay } from "../state/finder.ts";
import type { InboxOverlay } from "../state/inbox.ts";
import type { CompletionCandidate, Overlay } from "../state/screen-state.ts";
import type { ScreenTexts } from "../text/texts.ts";
import { ruleLine } from "./message.ts";
import { type ColourRole, nickRole } from "./palette.ts";
import { cutLine, cutTo, fitLine, type StyledLine, widthOf } from "./style.ts";
import { wrapSpans } from "./wrap.ts";

export interface OverlayOptions {
  readonly overlay: Exclude<Overlay, InboxOverlay | FinderOverlay>;
  readonly model: Model;
  readonly texts: ScreenTexts;
  readonly times: Times;
}

type ListOverlay = OverlayOptions["overlay"];
type ScrolledOverlay = Extract<ListOverlay, { readonly top: number }>;
type ChoiceList = Exclude<ListOverlay, ScrolledOverlay | { readonly kind: "messages" }>;

const RULE_COLUMNS = 4;

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

function listTexts(kind: ChoiceList["kind"], { screen }: ScreenTexts): ListTexts {
  const lists: Readonly<Record<typeof kind, ListTexts>> = {
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
  if (overlay.kind === "finder") return undefined;
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

function titleOf({ overlay, texts }: OverlayOptions): string {
  switch (overlay.kind) {
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

function entriesOf(options: OverlayOptions, columns: number, rows: number): readonly Entry[] {
  const { overlay, texts } = options;
  switch (overlay.kind) {
    case "messages":
      return resultEntries(overlay.found, options, columns, { at: overlay.selectedIndex, rows });
    case "text":
      return overlay.lines.flatMap((text) =>
        wrapSpans([{ text: cleanText(text, { tabs: true }) }], columns).map((line) => ({ line })),
      );
    default: {
      const detail = overlay.kind === "menu" ? overlay.detail : undefined;
      return [
        ...(detail === undefined ? [] : [dimEntry(cleanText(detail))]),
        ...choiceEntries(
          choicesOf(overlay),
          overlay.selectedIndex,
          listTexts(overlay.kind, texts).emptyText,
          columns,
        ),
      ];
    }
  }
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

interface ResultView {
  readonly at: number;
  readonly rows: number;
}

/** Lays out only the results that can be visible, because there may be thousands. */
function resultEntries(
  found: readonly FoundItem[],
  options: OverlayOptions,
  columns: number,
  { at, rows }: ResultView,
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
    const text = briefText(item, texts, times, columns);
    return { line: cutLine([...head, { text }], columns), choice: i, ...highlightIf(i === at) };
  });
}

function resultTime(unixMs: number, { times, texts }: OverlayOptions): string {
  return times.day(unixMs) === texts.today ? times.clock(unixMs) : times.date(unixMs);
}
