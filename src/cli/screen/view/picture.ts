/** Pictures below the lines of their files: as large as there is room, in their ratio. */

import { PICTURE_COLUMNS_MAX, PICTURE_ROWS_MAX } from "../../../base/limits-screen.ts";
import { pictureCells } from "../pictures/cells.ts";
import type { PictureBox } from "../state/frame.ts";
import type { Line } from "./style.ts";

/** One that is ready. */
export interface PictureSize {
  readonly id: number;
  /** Cells that it would take if there were enough; no whole numbers. */
  readonly columns: number;
  readonly rows: number;
}

/** By file. */
export type PictureSizes = ReadonlyMap<string, PictureSize>;

/** In less there is nothing to be seen. */
const COLUMNS_MIN = 8;
const ROWS_MIN = 2;
/** What stands around the timeline, with a message or two. */
const OTHER_ROWS = 6;

/** Rows that a picture may have on a screen of so many; 0: none is shown. */
export function pictureRows(screenRows: number): number {
  const rows = Math.min(PICTURE_ROWS_MAX, Math.floor((screenRows - OTHER_ROWS) / 2));
  return rows < ROWS_MIN ? 0 : rows;
}

/** @param columns and rows of the room for it */
export function pictureBox(
  { id, ...size }: PictureSize,
  columns: number,
  rows: number,
): PictureBox | undefined {
  if (columns < COLUMNS_MIN || rows < ROWS_MIN) return undefined;
  const most = Math.min(columns, PICTURE_COLUMNS_MAX);
  const scale = Math.min(1, most / size.columns, rows / size.rows);
  const cells = (count: number, max: number) =>
    Math.min(max, Math.max(1, Math.ceil(count * scale - 0.01)));
  return { id, columns: cells(size.columns, most), rows: cells(size.rows, rows) };
}

export function pictureLines(box: PictureBox): readonly Line[] {
  return Array.from({ length: box.rows }, (_, row) => [
    { text: pictureCells(box, row), picture: box },
  ]);
}
