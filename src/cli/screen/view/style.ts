/** Styled lines, which the palette converts to terminal text. */

import { allMatchSegments } from "../../../core/markup/match.ts";
import { isSameList } from "../../../core/model/rows.ts";
import { PRINTABLE_ASCII } from "../../word-wrap.ts";
import type { PictureBox } from "../state/screen-state.ts";
import { terminalWidths } from "../width/measured.ts";
import type { ColourRole } from "./palette.ts";

/** Cleaned text without line feeds, in a single style. */
export interface Span {
  readonly text: string;
  readonly role?: ColourRole;
  readonly bold?: boolean;
  readonly italic?: boolean;
  readonly strike?: boolean;
  readonly link?: string;
  /** If absent, a click selects the row. */
  readonly clickAction?: "fetch" | "unfold" | "newest" | "unread";
  /** File that a click fetches. */
  readonly file?: string;
  /** Set for picture cells, whose colour encodes the picture, so that no style applies. */
  readonly picture?: PictureBox;
}

export type StyledLine = readonly Span[];

export function lineWidth(line: StyledLine): number {
  let columns = 0;
  for (const { text } of line) columns += widthOf(text);
  return columns;
}

export function spanAt(line: StyledLine, column: number): Span | undefined {
  let end = 0;
  return line.find(({ text }) => {
    end += widthOf(text);
    return column < end;
  });
}

/** A line that was cut ends with `…`. */
export function cutLine(line: StyledLine, columns: number): StyledLine {
  if (lineWidth(line) <= columns) return line;
  const cut: Span[] = [];
  let remaining = columns;
  for (const span of line) {
    const width = widthOf(span.text);
    if (width < remaining) {
      cut.push(span);
      remaining -= width;
      continue;
    }
    const text = cutTo(`${span.text}${width === remaining ? "  " : ""}`, remaining);
    if (remaining > 0) cut.push({ ...span, text });
    break;
  }
  return cut;
}

export function fitLine(line: StyledLine, columns: number): StyledLine {
  const cut = cutLine(line, columns);
  const padding = columns - lineWidth(cut);
  return padding > 0 ? [...cut, { text: " ".repeat(padding) }] : cut;
}

/** Omits the right text if there is not enough space. */
export function splitLine(left: StyledLine, right: StyledLine, columns: number): StyledLine {
  const width = lineWidth(right);
  if (width === 0 || width >= columns) return fitLine(left, columns);
  const room = columns - width;
  if (lineWidth(left) + 1 > room && room < columns / 3) return fitLine(left, columns);
  return [...fitLine(cutLine(left, room - 1), room), ...right];
}

/** Marks a searched text, which may extend over several spans. */
export function withHits(spans: StyledLine, hit = ""): StyledLine {
  if (hit === "") return spans;
  const parts = allMatchSegments(spans.map(({ text }) => text).join(""), hit);
  if (!parts.some(({ isMatch }) => isMatch)) return spans;
  let [at, end] = [0, 0];
  return spans.flatMap((span) => {
    const pieces: Span[] = [];
    for (let text = span.text; text !== ""; ) {
      const part = parts[at];
      if (part === undefined) return [...pieces, { ...span, text }];
      const length = part.text.length - end;
      const piece = { ...span, text: text.slice(0, length) };
      pieces.push(part.isMatch ? { ...piece, role: "hit" } : piece);
      end += piece.text.length;
      if (end === part.text.length) [at, end] = [at + 1, 0];
      text = text.slice(length);
    }
    return pieces;
  });
}

const CUT = "…";

export function graphemesOf(text: string): readonly string[] {
  if (PRINTABLE_ASCII.test(text)) return text.split("");
  return terminalWidths.graphemesOf(text).map((grapheme) => grapheme.text);
}

/** Tabs and line feeds have no width. */
export function widthOf(text: string): number {
  if (PRINTABLE_ASCII.test(text)) return text.length;
  let columns = 0;
  for (const { width } of terminalWidths.graphemesOf(text)) columns += width;
  return columns;
}

/** A text that was cut ends with `…`. */
export function cutTo(text: string, columns: number): string {
  if (columns <= 0) return "";
  if (PRINTABLE_ASCII.test(text)) {
    return text.length <= columns ? text : text.slice(0, columns - 1) + CUT;
  }
  let used = 0;
  let fittingWithMark = "";
  let fitting = "";
  for (const grapheme of terminalWidths.graphemesOf(text)) {
    used += grapheme.width;
    if (used > columns) return fittingWithMark + CUT;
    fitting += grapheme.text;
    if (used < columns) fittingWithMark = fitting;
  }
  return fitting;
}

export function fitTo(text: string, columns: number): string {
  const cut = cutTo(text, columns);
  return cut + " ".repeat(Math.max(0, columns - widthOf(cut)));
}

/** Memoises the last value by its inputs. */
export function memo<T>(): (from: readonly unknown[], make: () => T) => T {
  let cached: { readonly inputs: readonly unknown[]; readonly value: T } | undefined;
  return (inputs, compute) => {
    if (cached === undefined || !isSameList(cached.inputs, inputs))
      cached = { inputs, value: compute() };
    return cached.value;
  };
}
