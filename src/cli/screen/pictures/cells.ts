/**
 * Placeholder cells in kitty's graphics protocol. The client lays out, moves and covers these cells
 * like text, and the terminal draws the picture over them.
 * @see https://sw.kovidgoyal.net/kitty/graphics-protocol/#unicode-placeholders
 */

import { assert } from "../../../base/assert.ts";
import { PICTURE_COLUMNS_MAX, PICTURE_ROWS_MAX } from "../../../base/limits-screen.ts";
import type { PictureBox } from "../state/screen-state.ts";

export const PICTURE_SIGN = "\u{10eeee}";

/** First diacritics in kitty's list. A diacritic's index encodes a row, column or family. */
const NUMBERS = [
  "\u0305\u030d\u030e\u0310\u0312\u033d\u033e\u033f\u0346\u034a",
  "\u034b\u034c\u0350\u0351\u0352\u0357\u035b\u0363\u0364\u0365",
  "\u0366\u0367\u0368\u0369\u036a\u036b\u036c\u036d\u036e\u036f",
].join("");
/**
 * A family is a range of picture ids. Each process chooses one at random, so that processes in the
 * same window rarely share ids.
 */
export const PICTURE_FAMILIES = NUMBERS.length;
/** An 8-bit colour encodes a picture's number, and colour 0 stands for no picture. */
export const PICTURE_NUMBERS_MAX = 255;

/**
 * @param family 0 to PICTURE_FAMILIES - 1
 * @param number 1 to PICTURE_NUMBERS_MAX
 */
export function pictureId(family: number, number: number): number {
  assert(family < PICTURE_FAMILIES, "a picture's family is one of the list");
  assert(number >= 1 && number <= PICTURE_NUMBERS_MAX, "a picture's number is a colour");
  return family * 2 ** 24 + number;
}

/** The colour encodes the picture's number and is never visible. */
export function pictureAttributes(id: number): string {
  return `38;5;${id & 0xff}`;
}

/**
 * Only the first cell encodes a position; the terminal derives the positions of the following
 * cells.
 * @internal
 */
export function pictureCells({ id, columns }: PictureBox, row: number): string {
  assert(row < PICTURE_ROWS_MAX, "a picture can have at most PICTURE_ROWS_MAX rows");
  const first = PICTURE_SIGN + numberSign(row) + numberSign(0) + numberSign(id >>> 24);
  return first + PICTURE_SIGN.repeat(columns - 1);
}

export function pictureRowAt(
  text: string,
  attributes: string,
): { readonly id: number; readonly row: number } | undefined {
  if (!text.startsWith(PICTURE_SIGN) || text.length !== PICTURE_SIGN.length + 3) return undefined;
  const [row = -1, column, family = -1] = [...text.slice(PICTURE_SIGN.length)].map((sign) =>
    NUMBERS.indexOf(sign),
  );
  const [, number] = /^38;5;(\d+)$/.exec(attributes) ?? [];
  if (row < 0 || column !== 0 || family < 0 || number === undefined) return undefined;
  return { id: family * 2 ** 24 + Number(number), row };
}

function numberSign(number: number): string {
  return NUMBERS[number] ?? "";
}

export interface PictureSize {
  readonly id: number;
  /** Natural width in cells; may be fractional. */
  readonly columns: number;
  readonly rows: number;
}

export type PictureSizes = ReadonlyMap<string, PictureSize>;

/** A narrower picture is not recognisable. */
const PICTURE_COLUMNS_MIN = 8;
const ROWS_MIN = 2;
/** Screen rows reserved for other regions and a few messages. */
const OTHER_ROWS = 6;

export function pictureRows(screenRows: number): number {
  const rows = Math.min(PICTURE_ROWS_MAX, Math.floor((screenRows - OTHER_ROWS) / 2));
  return rows < ROWS_MIN ? 0 : rows;
}

export function pictureBox(
  { id, ...size }: PictureSize,
  columns: number,
  rows: number,
): PictureBox | undefined {
  if (columns < PICTURE_COLUMNS_MIN || rows < ROWS_MIN) return undefined;
  const columnsMax = Math.min(columns, PICTURE_COLUMNS_MAX);
  const scale = Math.min(1, columnsMax / size.columns, rows / size.rows);
  const cells = (count: number, max: number) =>
    Math.min(max, Math.max(1, Math.ceil(count * scale - 0.01)));
  return { id, columns: cells(size.columns, columnsMax), rows: cells(size.rows, rows) };
}

export function pictureLines(box: PictureBox) {
  return Array.from({ length: box.rows }, (_, row) => [
    { text: pictureCells(box, row), picture: box },
  ]);
}
