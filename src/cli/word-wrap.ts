/** Wraps words at the width of a terminal. */

import type { Output } from "../io/terminal/output.ts";

/** A narrower terminal would show a column of single words: there its own breaking must do. */
const COLUMNS_MIN = 20;
/** What continues a sentence stands a little to the right, so that it cannot pass for a new one. */
const HANG = "  ";
const SGR = /\x1b\[[0-9;]*m/g;
const ASCII = /^[\x20-\x7e]*$/;
const CLUSTER_PARTS = /\p{M}|\p{Cf}/u;
const EMOJI_SELECTOR = "\ufe0f";

const segmenter = new Intl.Segmenter("und", { granularity: "grapheme" });

type Screen = Pick<Output, "isTerminal" | "columns">;

/**
 * Lines broken between words where they are wider than the terminal, which would break them inside
 * of words; in a pipe as they are. What continues a line stands below that line's words: in a table
 * below its last column. An address wider than the terminal stays whole.
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
  // A column that is nearly all of the screen leaves no room beside it.
  if (indent > columns / 2 || indent === 0) return wrapMarked(line, columns, HANG, "own");
  return (
    head +
    wrapMarked(words, columns - indent, "", "own").replaceAll("\n", `\n${" ".repeat(indent)}`)
  );
}

/**
 * One line as several: no row of the screen but the first begins without the mark, whatever the
 * words are, so that no text can look like another line. Broken between words; within a word only
 * where it is not plain ASCII, since an address is to be copied, and a lie needs blanks.
 * @param columns of the screen; @param mark stands before what continues
 * @param long a word wider than the screen has rows of its own, or fills the row where it comes
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
  /** The row is full, by a word that the terminal itself breaks or by none that fits. */
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
    // One that no row holds goes on where the row is: what is said in such words begins there too.
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

/** A word in parts that fit, unless it is one to be copied. @param first room for the first part */
function piecesOf(word: string, room: number, first: number): string[] {
  if (cells(word) <= room || ASCII.test(word.replaceAll(SGR, ""))) return [word];
  const pieces: string[] = [];
  let piece = "";
  let used = 0;
  for (const { segment } of segmenter.segment(word)) {
    const width = clusterCells(segment);
    const isFirst = pieces.length === 0 && first < room; // It may be empty: nothing fits there.
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

/** Most cells that any terminal takes for a text: some draw each part of an emoji. @internal */
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
