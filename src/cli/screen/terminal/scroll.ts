/** Detection of lines that have moved between two frames. */

import { EMPTY_ROW, isSameCell, type Row } from "./row.ts";

/** A region of lines that moved by the same distance. */
export interface Scroll {
  /** First row of the region, from 0. `bottom` is the last row, inclusive. */
  readonly top: number;
  readonly bottom: number;
  /** Number of rows by which the lines moved up; negative if they moved down. */
  readonly by: number;
}

/** Maximum number of distances to try. The most frequent distances are tried first. */
const DISTANCES_MAX = 3;

/**
 * Returns the scroll that saves the most cells; `undefined` if none saves any. Scrolling also moves
 * the columns beside the timeline, which then have to be rewritten. This costs little if they are
 * narrow or mostly empty.
 */
export function scrollOf(current: readonly Row[], next: readonly Row[]): Scroll | undefined {
  let best: Scroll | undefined;
  let bestCells = 0;
  for (const by of distances(current, next)) {
    let cells = 0;
    let from = 0;
    for (let row = 0; row < next.length; row++) {
      if (current[row + by] === undefined) continue;
      if (cells <= 0) [cells, from] = [0, row];
      cells += savedCells(current, next, row, by);
      if (cells <= bestCells) continue;
      bestCells = cells;
      best = { by, top: Math.min(from, from + by), bottom: Math.max(row, row + by) };
    }
  }
  return best;
}

export function scrolledRows(rows: readonly Row[], { top, bottom, by }: Scroll): Row[] {
  return rows.map((row, at) => {
    if (at < top || at > bottom) return row;
    const from = at + by;
    return from < top || from > bottom ? EMPTY_ROW : (rows[from] ?? EMPTY_ROW);
  });
}

/**
 * Returns the number of cells that scrolling saves in a row. Negative if more cells must be
 * written.
 */
function savedCells(
  current: readonly Row[],
  next: readonly Row[],
  row: number,
  by: number,
): number {
  const target = next[row] ?? EMPTY_ROW;
  return (
    differentCells(current[row] ?? EMPTY_ROW, target) -
    differentCells(current[row + by] ?? EMPTY_ROW, target)
  );
}

function differentCells(a: Row, b: Row): number {
  if (a === b) return 0;
  const length = Math.max(a.texts.length, b.texts.length);
  let count = 0;
  for (let column = 0; column < length; column++) if (!isSameCell(a, b, column)) count++;
  return count;
}

/**
 * Returns the distances between equal lines of two frames. Compares only the middle columns, and
 * ignores empty lines and lines that occur more than once.
 */
function distances(current: readonly Row[], next: readonly Row[]): number[] {
  const columns = Math.max(0, ...current.map(({ texts }) => texts.length));
  const middleOf = ({ texts }: Row) =>
    texts
      .slice(columns / 3, (2 * columns) / 3)
      .join("")
      .trim();
  const positions = new Map<string, number | undefined>();
  for (const [at, row] of current.entries()) {
    const middle = middleOf(row);
    positions.set(middle, positions.has(middle) ? undefined : at);
  }
  positions.delete("");
  const votes = new Map<number, number>();
  for (const [at, row] of next.entries()) {
    const previous = row === current[at] ? undefined : positions.get(middleOf(row));
    if (previous !== undefined && previous !== at)
      votes.set(previous - at, (votes.get(previous - at) ?? 0) + 1);
  }
  const sorted = [...votes].sort(([, a], [, b]) => b - a);
  return sorted.slice(0, DISTANCES_MAX).map(([by]) => by);
}
