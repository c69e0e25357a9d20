/** Wraps text at the width of a terminal. */

import type { Output } from "../io/terminal/output.ts";

/** A narrower terminal would show a column of single words, so it breaks lines itself. */
const COLUMNS_MIN = 20;
/** Indentation of a wrapped sentence, so that it does not look like a new one. */
const HANG = "  ";
const SGR = /\x1b\[[0-9;]*m/g;
const ASCII = /^[\x20-\x7e]*$/;
const CLUSTER_PARTS = /\p{M}|\p{Cf}/u;
const EMOJI_SELECTOR = "\ufe0f";

const segmenter = new Intl.Segmenter("und", { granularity: "grapheme" });

type Screen = Pick<Output, "isTerminal" | "columns">;

/**
 * Breaks lines between words if they are wider than the terminal, which would break inside words;
 * unchanged in a pipe. Continued lines align with the line's text: in a table with its last column.
 * An address wider than the terminal stays whole.
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
  if (cells(line) <= columns) return line;
  const [, head = "", words = ""] = /^(\s*(?:.*\S {2,})?)(.*)$/.exec(line) ?? [];
  const indent = cells(head);
  // A column that takes nearly all of the screen leaves no room beside it.
  if (indent > columns / 2 || indent === 0) return wrapMarked(line, columns, HANG, "own");
  return (
    head +
    wrapMarked(words, columns - indent, "", "own").replaceAll("\n", `\n${" ".repeat(indent)}`)
  );
}

/**
 * Breaks one line into several, of which all but the first begin with the mark, whatever the text
 * is, so that no text can look like another line. Breaks between words; within a word only if it is
 * not plain ASCII, since addresses are copied, and an imitation needs blanks.
 * @param columns of the screen @param mark before continued lines
 * @param long a word wider than the screen gets rows of its own, or continues in the current row
 */
export function wrapMarked(
  line: string,
  columns: number,
  mark: string,
  long: "own" | "fill" = "fill",
): string {
  if (cells(line) <= columns) return line;
  const room = Math.max(1, columns - mark.length);
  const rows: string[] = [];
  let row = "";
  let used = 0;
  /** The row is full, with a word that the terminal itself breaks or one that does not fit. */
  let isFull = false;
  const end = () => {
    rows.push(row.replace(/ +$/, ""));
    row = "";
    used = 0;
    isFull = false;
  };
  for (const [i, word] of line.split(" ").entries()) {
    const widthMax = rows.length === 0 ? columns : room;
    const gap = i === 0 ? 0 : 1;
    const width = cells(word);
    if (!isFull && used + gap + width <= widthMax) {
      row += (gap === 1 ? " " : "") + word;
      used += gap + width;
      continue;
    }
    // A word wider than any row continues in the current row, and so does the text after it.
    const fills = long === "fill" && !isFull && width > room && used + gap < widthMax;
    if (fills) {
      row += gap === 1 ? " " : "";
      used += gap;
    } else if (i > 0) {
      end();
    }
    for (const [at, piece] of piecesOf(word, room, fills ? widthMax - used : room).entries()) {
      if (at > 0) end();
      row += piece;
      used += cells(piece);
    }
    isFull = used > (rows.length === 0 ? columns : room);
  }
  end();
  return rows.join(`\n${mark}`);
}

/**
 * Splits a word into parts that fit, unless it may be copied. @param first room for the first part
 */
function piecesOf(word: string, room: number, first: number): string[] {
  if (cells(word) <= room || ASCII.test(word.replaceAll(SGR, ""))) return [word];
  const pieces: string[] = [];
  let piece = "";
  let used = 0;
  for (const { segment } of segmenter.segment(word)) {
    const width = clusterCells(segment);
    const isFirst = pieces.length === 0 && first < room; // It may be empty if nothing fits there.
    if (used + width > (isFirst ? first : room) && (piece !== "" || isFirst)) {
      pieces.push(piece);
      piece = "";
      used = 0;
    }
    piece += segment;
    used += width;
  }
  return [...pieces, piece];
}

/** Maximum cells of a text on any terminal: some draw each part of an emoji. @internal */
export function cells(text: string): number {
  const bare = text.replaceAll(SGR, "");
  if (ASCII.test(bare)) return bare.length;
  let sum = 0;
  for (const { segment } of segmenter.segment(bare)) sum += clusterCells(segment);
  return sum;
}

function clusterCells(cluster: string): number {
  if (ASCII.test(cluster)) return cluster.length;
  let sum = 0;
  for (const point of cluster) {
    if (point === EMOJI_SELECTOR) sum = Math.max(2, sum);
    else if (!CLUSTER_PARTS.test(point)) sum += Bun.stringWidth(point);
  }
  return sum;
}
