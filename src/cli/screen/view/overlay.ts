/** Overlays above the timeline: a list of choices, search results, help, a long text. */

import { cleanText } from "../../../base/text.ts";
import type { Model, SearchView } from "../../../core/model/state.ts";
import { authorText, briefText } from "../../../ui/text/event-text.ts";
import type { Times } from "../../../ui/text/times.ts";
import type { Candidate, Overlay } from "../state/screen-state.ts";
import { faultLineIn } from "../text/fault-line.ts";
import type { ScreenTexts } from "../text/texts.ts";
import { nameOf } from "./header.ts";
import { nickRole, ruleLine } from "./message.ts";
import type { Role } from "./roles.ts";
import { cutLine, fitLine, type Line } from "./style.ts";
import { cutTo, fitTo, widthOf } from "./width.ts";
import { wrapSpans } from "./wrap.ts";

export interface OverlayParts {
  readonly overlay: Overlay;
  /** Choices of the switcher, the input history, a message's menu, and help. */
  readonly choices: readonly Candidate[];
  readonly model: Model;
  readonly texts: ScreenTexts;
  readonly times: Times;
}

/** Columns around a heading's text. */
const RULE_COLUMNS = 4;

/** A line, and whether it is the current choice. */
export interface Entry {
  readonly line: Line;
  readonly under?: Role;
  /** Index of the choice, from 0. */
  readonly choice?: number;
  readonly isHeading?: true;
}

/** Prompt of the input box while the overlay is open. */
export function overlayPrompt(overlay: Overlay, texts: ScreenTexts): string | undefined {
  switch (overlay.kind) {
    case "switcher":
      return `${texts.screen.goTo}: `;
    case "search":
      return `${texts.screen.find}: `;
    case "typed":
      return `${texts.screen.typed}: `;
    case "react":
      return ":";
    default:
      return undefined;
  }
}

/**
 * All lines from the heading on, each exactly so many columns wide.
 * @param height maximum lines
 */
export function overlayLines(
  parts: OverlayParts,
  columns: number,
  height: number,
): readonly Entry[] {
  const { overlay, texts } = parts;
  const entries = entriesOf(parts, columns);
  const room = roomOf(height);
  const isScrolled = overlay.kind === "help" || overlay.kind === "text";
  const top = isScrolled
    ? Math.max(0, Math.min(overlay.top, entries.length - room))
    : Math.max(0, Math.min(atOf(overlay) - Math.floor(room / 2), entries.length - room));
  const shown = entries.slice(top, top + room);
  const below = entries.length - top - shown.length;
  const title = titleOf(parts) + (below > 0 ? ` · ${texts.screen.moreHere(below)}` : "");
  const keys = keysOf(parts);
  const shownTitle = cutTo(title, Math.max(1, columns - RULE_COLUMNS - widthOf(keys))) + keys;
  const heading: Entry = { line: ruleLine(shownTitle, "title", columns), isHeading: true };
  return (room === height ? shown : [heading, ...shown])
    .slice(0, height)
    .map(({ line, ...rest }) => ({ line: fitLine(line, columns), ...rest }));
}

/** Scroll limit of help or a long text, at which its last line is visible. */
export function overlayTopMax(parts: OverlayParts, columns: number, height: number): number {
  if (!("top" in parts.overlay)) return 0;
  return Math.max(0, entriesOf(parts, columns).length - roomOf(height));
}

/** Lines below the heading, which is omitted if there is only one line. */
function roomOf(height: number): number {
  return height > 1 ? height - 1 : Math.max(0, height);
}

function atOf(overlay: Overlay): number {
  return "at" in overlay ? overlay.at : 0;
}

function titleOf({ overlay, texts, model }: OverlayParts): string {
  switch (overlay.kind) {
    case "switcher":
      return texts.switcher;
    case "search":
      return searchTitle(model.search, texts);
    case "typed":
      return texts.screen.typed;
    case "menu":
    case "react":
      return texts.screen.messageMenu;
    case "help":
      return `${texts.help} · ${texts.screen.pressToClose}`;
    default:
      return cleanText(overlay.title);
  }
}

/** Key hints in the heading of a long text; cut last. */
function keysOf({ overlay, texts }: OverlayParts): string {
  return overlay.kind === "text" ? ` · ${texts.screen.copyOrClose}` : "";
}

function searchTitle(search: SearchView | undefined, texts: ScreenTexts): string {
  if (search === undefined) return texts.search;
  if (search.isLoading) return texts.searching;
  return `${texts.search}: ${texts.found(search.found.length, search.hasMore)}`;
}

function entriesOf(parts: OverlayParts, columns: number): readonly Entry[] {
  const { overlay, choices, texts } = parts;
  switch (overlay.kind) {
    case "switcher":
      return listed(choices, overlay.at, texts.nobodyFound, columns);
    case "typed":
      return listed(choices, overlay.at, texts.screen.nothingTyped, columns);
    case "menu":
    case "react":
      return listed(choices, overlay.at, "", columns);
    case "search":
      return foundEntries(parts, overlay.at, columns);
    case "help":
      return helpEntries(choices, columns);
    default:
      return overlay.lines.flatMap((text) =>
        wrapSpans([{ text: cleanText(text, { tabs: true }) }], columns).map((line) => ({ line })),
      );
  }
}

function listed(
  choices: readonly Candidate[],
  at: number,
  none: string,
  columns: number,
): readonly Entry[] {
  if (choices.length === 0)
    return none === "" ? [] : [{ line: [{ text: ` ${none}`, role: "dim" }] }];
  return choices.map(({ text, hint }, i): Entry => {
    const shown = cleanText(text.replaceAll(/[\n\t]+/g, " "));
    const line: Line = [
      { text: i === at ? " > " : "   ", role: "prompt" },
      { text: shown },
      { text: hint === "" ? "" : `  ${cleanText(hint)}`, role: "dim" },
    ];
    return { line: cutLine(line, columns), choice: i, ...underOf(i === at) };
  });
}

function underOf(isChosen: boolean): Pick<Entry, "under"> {
  return isChosen ? { under: "selected" } : {};
}

function foundEntries(
  { model, texts, times }: OverlayParts,
  at: number,
  columns: number,
): readonly Entry[] {
  const { search } = model;
  const dim = (text: string): Entry => ({ line: [{ text: ` ${text}`, role: "dim" }] });
  if (search === undefined) return [];
  if (search.fault !== undefined) {
    const text = faultLineIn(texts, search.fault);
    return [{ line: [{ text: ` ${text}`, role: "danger" }] }];
  }
  if (search.found.length === 0) return search.isLoading ? [] : [dim(texts.foundNothing)];
  const entries = search.found.map(({ target, item }, i): Entry => {
    const from = authorText(item, texts);
    const line: Line = [
      { text: i === at ? " > " : "   ", role: "prompt" },
      { text: `${times.full(item.timeUnixMs)}  `, role: "dim" },
      { text: `${nameOf(target)}  `, role: "accent" },
      { text: from, role: nickRole(from) },
      { text: `  ${briefText(item, texts, times)}` },
    ];
    return { line: cutLine(line, columns), choice: i, ...underOf(i === at) };
  });
  return search.hasMore ? [...entries, dim(texts.moreResults)] : entries;
}

/** A choice without a hint is a heading. */
function helpEntries(choices: readonly Candidate[], columns: number): readonly Entry[] {
  const widest = Math.max(0, ...choices.map(({ text, hint }) => (hint === "" ? 0 : widthOf(text))));
  const keys = Math.min(widest, Math.floor(columns / 2) - 2);
  return choices.flatMap(({ text, hint }, i): readonly Entry[] => {
    const shown = cleanText(text);
    if (hint === "") {
      const heading: Entry = { line: [{ text: ` ${shown}`, role: "title" }] };
      return i === 0 ? [heading] : [{ line: [] }, heading];
    }
    const words = wrapSpans([{ text: cleanText(hint) }], Math.max(2, columns - keys - 4));
    return words.map((line, row) => ({
      line: [{ text: `  ${fitTo(row === 0 ? shown : "", keys)}  `, role: "accent" }, ...line],
    }));
  });
}
