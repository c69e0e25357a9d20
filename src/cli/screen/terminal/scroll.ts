/** Detects lines that scrolled between two frames. */

import { EMPTY_ROW, isSameCell, type Row } from "./row.ts";

/** Lines of a region of the screen that have moved together. */
export interface Scroll {
  /** Rows of the region, from 0; both inclusive. */
  readonly top: number;
  readonly bottom: number;
  /** Rows to move up; negative: down. */
  readonly by: number;
}

/** Candidate distances: those that most lines moved by. */
const DISTANCES_MAX = 3;

/**
 * The region where moving the lines saves the most cells. A column beside them that does not move
 * is moved, too, and rewritten: that is cheap if it is narrow or mostly empty.
 */
export function scrollOf(shown: readonly Row[], next: readonly Row[]): Scroll | undefined {
  let best: Scroll | undefined;
  let bestCells = 0;
  for (const by of distances(shown, next)) {
    let cells = 0;
    let from = 0;
    for (let row = 0; row < next.length; row++) {
      if (shown[row + by] === undefined) continue;
      if (cells <= 0) [cells, from] = [0, row];
      cells += savedCells(shown, next, row, by);
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

/** Cells saved in this row if it moved from elsewhere; negative: additional cells. */
function savedCells(shown: readonly Row[], next: readonly Row[], row: number, by: number): number {
  const now = next[row] ?? EMPTY_ROW;
  return otherCells(shown[row] ?? EMPTY_ROW, now) - otherCells(shown[row + by] ?? EMPTY_ROW, now);
}

function otherCells(one: Row, other: Row): number {
  if (one === other) return 0;
  const length = Math.max(one.texts.length, other.texts.length);
  let count = 0;
  for (let column = 0; column < length; column++) if (!isSameCell(one, other, column)) count++;
  return count;
}

/** Distances that the middles of lines have moved; empty and duplicate lines are ignored. */
function distances(shown: readonly Row[], next: readonly Row[]): number[] {
  const columns = Math.max(0, ...shown.map(({ texts }) => texts.length));
  const middleOf = ({ texts }: Row) =>
    texts
      .slice(columns / 3, (2 * columns) / 3)
      .join("")
      .trim();
  const places = new Map<string, number | undefined>();
  for (const [at, row] of shown.entries()) {
    const middle = middleOf(row);
    places.set(middle, places.has(middle) ? undefined : at);
  }
  places.delete("");
  const votes = new Map<number, number>();
  for (const [at, row] of next.entries()) {
    const was = row === shown[at] ? undefined : places.get(middleOf(row));
    if (was !== undefined && was !== at) votes.set(was - at, (votes.get(was - at) ?? 0) + 1);
  }
  const sorted = [...votes].sort(([, one], [, other]) => other - one);
  return sorted.slice(0, DISTANCES_MAX).map(([by]) => by);
}
