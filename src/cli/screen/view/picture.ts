/** Layout of pictures below file lines, as large as the space allows. */

import { PICTURE_COLUMNS_MAX, PICTURE_ROWS_MAX } from "../../../base/limits-screen.ts";
import { pictureCells } from "../pictures/cells.ts";
import type { PictureBox } from "../state/screen-state.ts";
import type { Line } from "./style.ts";

export interface PictureSize {
  readonly id: number;
  /** Natural width in cells; may be fractional. */
  readonly columns: number;
  readonly rows: number;
}

export type PictureSizes = ReadonlyMap<string, PictureSize>;

/** A narrower picture is not recognisable. */
const COLUMNS_MIN = 8;
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
  if (columns < COLUMNS_MIN || rows < ROWS_MIN) return undefined;
  const columnsMax = Math.min(columns, PICTURE_COLUMNS_MAX);
  const scale = Math.min(1, columnsMax / size.columns, rows / size.rows);
  const cells = (count: number, max: number) =>
    Math.min(max, Math.max(1, Math.ceil(count * scale - 0.01)));
  return { id, columns: cells(size.columns, columnsMax), rows: cells(size.rows, rows) };
}

export function pictureLines(box: PictureBox): readonly Line[] {
  return Array.from({ length: box.rows }, (_, row) => [
    { text: pictureCells(box, row), picture: box },
  ]);
}
