/** Detects lines that moved between two frames. */

import { EMPTY_ROW, isSameCell, type Row } from "./row.ts";

export interface Scroll {
  /** From 0; `bottom` is inclusive. */
  readonly top: number;
  readonly bottom: number;
  /** Negative if the lines moved down. */
  readonly by: number;
}

/** Only the distances that occur most often are tried. */
const DISTANCES_MAX = 3;

/**
 * Scrolling also moves the columns beside the timeline, which then have to be rewritten.
 * `undefined` if no scroll saves any cells.
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

/** Compares only the middle columns; ignores empty lines and lines that occur more than once. */
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
