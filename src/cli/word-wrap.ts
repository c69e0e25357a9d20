/** Word wrapping at the width of a terminal. */

import { segmentsOf } from "../base/text.ts";
import type { Output } from "../io/terminal/output.ts";

/** Minimum width for wrapping. Narrower terminals would show a column of single words. */
const COLUMNS_MIN = 20;
const CONTINUATION_INDENT = "  ";
const SGR = /\x1b\[[0-9;]*m/g;
export const PRINTABLE_ASCII = /^[\x20-\x7e]*$/;
const CLUSTER_PARTS = /\p{M}|\p{Cf}/u;
const EMOJI_SELECTOR = "\ufe0f";

type Screen = Pick<Output, "isTerminal" | "columns">;

/**
 * Continued lines align with the text in their first line or, in a table, with the last column.
 * Words wider than the terminal, such as addresses, stay whole.
 */
export function wrapWords(output: Screen, text: string): string {
  const columns = output.columns();
  if (!output.isTerminal || columns < COLUMNS_MIN) return text;
  return text
    .split("\n")
    .map((line) => wrapLine(line, columns))
    .join("\n");
}

function wrapLine(line: string, columns: number): string {
  if (cellWidth(line) <= columns) return line;
  const [, head = "", words = ""] = /^(\s*(?:.*\S {2,})?)(.*)$/s.exec(line) ?? [];
  const indent = cellWidth(head);
  if (indent > columns / 2 || indent === 0)
    return wrapMarked(line, columns, CONTINUATION_INDENT, "own");
  return (
    head +
    wrapMarked(words, columns - indent, "", "own").replaceAll("\n", `\n${" ".repeat(indent)}`)
  );
}

/**
 * Continued rows begin with the mark, so that no text can imitate another line. ASCII words stay
 * whole, so that users can copy addresses.
 * @param longWords whether a word wider than the screen starts a new row or fills the current row
 */
export function wrapMarked(
  line: string,
  columns: number,
  mark: string,
  longWords: "own" | "fill" = "fill",
): string {
  if (cellWidth(line) <= columns) return line;
  const columnsLeft = Math.max(1, columns - mark.length);
  const rows: string[] = [];
  let row = "";
  let usedColumns = 0;
  /** Whether the last word reached the edge, so that no text can follow in this row. */
  let isFull = false;
  const endRow = () => {
    rows.push(row.replace(/(?<! ) +$/, ""));
    row = "";
    usedColumns = 0;
    isFull = false;
  };
  for (const [i, word] of line.split(" ").entries()) {
    const widthMax = rows.length === 0 ? columns : columnsLeft;
    const gap = i === 0 ? 0 : 1;
    const width = cellWidth(word);
    if (!isFull && usedColumns + gap + width <= widthMax) {
      row += (gap === 1 ? " " : "") + word;
      usedColumns += gap + width;
      continue;
    }
    const fillsRow =
      longWords === "fill" && !isFull && width > columnsLeft && usedColumns + gap < widthMax;
    if (fillsRow) {
      row += gap === 1 ? " " : "";
      usedColumns += gap;
    } else if (i > 0) {
      endRow();
    }
    for (const [index, piece] of piecesOf(
      word,
      columnsLeft,
      fillsRow ? widthMax - usedColumns : columnsLeft,
    ).entries()) {
      if (index > 0) endRow();
      row += piece;
      usedColumns += cellWidth(piece);
    }
    isFull = usedColumns > (rows.length === 0 ? columns : columnsLeft);
  }
  endRow();
  return rows.join(`\n${mark}`);
}

function piecesOf(word: string, columnsLeft: number, first: number): string[] {
  if (cellWidth(word) <= columnsLeft || PRINTABLE_ASCII.test(word.replaceAll(SGR, "")))
    return [word];
  const pieces: string[] = [];
  let piece = "";
  let usedColumns = 0;
  for (const { segment } of segmentsOf(word)) {
    const width = clusterWidth(segment);
    const isFirst = pieces.length === 0 && first < columnsLeft;
    if (usedColumns + width > (isFirst ? first : columnsLeft) && (piece !== "" || isFirst)) {
      pieces.push(piece);
      piece = "";
      usedColumns = 0;
    }
    piece += segment;
    usedColumns += width;
  }
  return [...pieces, piece];
}

/**
 * Maximum width on any terminal; some terminals draw each part of an emoji separately.
 * @internal
 */
export function cellWidth(text: string): number {
  const bare = text.replaceAll(SGR, "");
  if (PRINTABLE_ASCII.test(bare)) return bare.length;
  let sum = 0;
  for (const { segment } of segmentsOf(bare)) sum += clusterWidth(segment);
  return sum;
}

function clusterWidth(cluster: string): number {
  if (PRINTABLE_ASCII.test(cluster)) return cluster.length;
  let sum = 0;
  for (const point of cluster) {
    if (point === EMOJI_SELECTOR) sum = Math.max(2, sum);
    else if (!CLUSTER_PARTS.test(point)) sum += Bun.stringWidth(point);
  }
  return sum;
}

/** A text that was cut ends with `…`. */
export function cutToWidth(text: string, cells: number): string {
  if (Bun.stringWidth(text) <= cells) return text;
  let fitting = "";
  for (const char of text) {
    if (Bun.stringWidth(fitting + char) > cells - 1) break;
    fitting += char;
  }
  return `${fitting}…`;
}
