/** Terminal width of cleaned text, which contains no control characters. */

import { terminalWidths } from "../width/measured.ts";

const ASCII = /^[\x20-\x7e]*$/;
const CUT = "…";

export function graphemesOf(text: string): readonly string[] {
  if (ASCII.test(text)) return text.split("");
  return terminalWidths.graphemesOf(text).map((grapheme) => grapheme.text);
}

/** Tabs and line feeds have no width. */
export function widthOf(text: string): number {
  if (ASCII.test(text)) return text.length;
  let columns = 0;
  for (const { width } of terminalWidths.graphemesOf(text)) columns += width;
  return columns;
}

/** A text that was cut ends with `…`. */
export function cutTo(text: string, columns: number): string {
  if (columns <= 0) return "";
  if (ASCII.test(text)) {
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
