/**
 * Columns that text takes on a terminal, by grapheme. All text here is clean (`cleanText`), so
 * control characters have no width to consider.
 */

import { terminalWidths } from "../width/measured.ts";

const ASCII = /^[\x20-\x7e]*$/;
const CUT = "…";

/** Splits text into what a reader sees as single characters. */
export function graphemesOf(text: string): readonly string[] {
  if (ASCII.test(text)) return text.split("");
  return terminalWidths.graphemesOf(text).map((grapheme) => grapheme.text);
}

/** Columns of one line; tabs and line feeds have none. */
export function widthOf(text: string): number {
  if (ASCII.test(text)) return text.length;
  let columns = 0;
  for (const { width } of terminalWidths.graphemesOf(text)) columns += width;
  return columns;
}

/** The beginning of a text that fits, with `…` if it was cut. */
export function cutTo(text: string, columns: number): string {
  if (columns <= 0) return "";
  if (ASCII.test(text)) {
    return text.length <= columns ? text : text.slice(0, columns - 1) + CUT;
  }
  let used = 0;
  let fittingWithMark = ""; // Fits with the mark after it.
  let fitting = "";
  for (const grapheme of terminalWidths.graphemesOf(text)) {
    used += grapheme.width;
    if (used > columns) return fittingWithMark + CUT;
    fitting += grapheme.text;
    if (used < columns) fittingWithMark = fitting;
  }
  return fitting;
}

/** Cut or filled to exactly so many columns. */
export function fitTo(text: string, columns: number): string {
  const cut = cutTo(text, columns);
  return cut + " ".repeat(Math.max(0, columns - widthOf(cut)));
}
