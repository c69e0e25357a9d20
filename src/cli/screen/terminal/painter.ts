/** Minimal output that turns the displayed screen into the next screen. */

import { PICTURE_SIGN } from "../pictures/cells.ts";
import { terminalWidths } from "../width/measured.ts";
import { EMPTY_ROW, isSameCell, type Pen, PLAIN, penChange, type TerminalRow } from "./row.ts";

export interface CursorPosition {
  readonly row: number;
  readonly column: number;
}

/** Minimum run of blank cells for which an erase sequence is shorter than spaces. */
const ERASED_CELLS_MIN = 8;
/** All terminals give a letter with combining marks the width of the letter alone. */
const MARKED_LETTER = /^.\p{Mn}+$/u;

export class Painter {
  #bytes = "";
  #position: CursorPosition | undefined;
  #pen: Pen = PLAIN;

  constructor(
    private readonly columns: number,
    cursor: CursorPosition | undefined,
  ) {
    this.#position = cursor;
  }

  finish(cursor: CursorPosition | undefined, rows: readonly TerminalRow[]): string {
    this.#setPen(PLAIN);
    if (cursor !== undefined) this.#move(cursor, rows[cursor.row] ?? EMPTY_ROW);
    return this.#bytes;
  }

  get position(): CursorPosition | undefined {
    return this.#position;
  }

  erase(): void {
    this.#bytes += "\x1b[H\x1b[2J";
    this.#position = { row: 0, column: 0 };
  }

  /**
   * Scrolls up, or down if `by` is negative. Uses line feeds at the region's edge, because not
   * every terminal supports SU and SD.
   */
  scroll(top: number, bottom: number, by: number): void {
    const steps = by > 0 ? "\n".repeat(by) : "\x1bM".repeat(-by);
    const edge = `\x1b[${(by > 0 ? bottom : top) + 1}H`;
    this.#bytes += `\x1b[${top + 1};${bottom + 1}r${edge}${steps}\x1b[r`;
    this.#position = { row: 0, column: 0 };
  }

  row(row: number, current: TerminalRow, next: TerminalRow): void {
    const { length } = next.texts;
    for (let column = 0; column < length; ) {
      if (isSameCell(current, next, column)) {
        column++;
        continue;
      }
      const blank = blankUntil(current, next, column);
      if (blank - column >= ERASED_CELLS_MIN) {
        this.#moveTo(row, column, next);
        this.#setPenForBlank();
        this.#bytes += `\x1b[${blank - column}X`;
        column = blank;
      } else {
        this.#moveTo(row, column, next);
        column = this.#writeCell(row, column, next);
      }
    }
    if (current.texts.length <= length) return;
    this.#moveTo(row, length, next);
    this.#setPenForBlank();
    this.#bytes += "\x1b[K";
  }

  #writeCell(row: number, column: number, { texts, pens }: TerminalRow): number {
    const text = texts[column] ?? " ";
    const pen = pens[column] ?? PLAIN;
    if (text === " " && pen === PLAIN) this.#setPenForBlank();
    else this.#setPen(pen);
    let nextColumn = column + 1;
    while (texts[nextColumn] === "") nextColumn++;
    if (hasUncertainWidth(text)) {
      // The terminal may display the grapheme in one column, so both columns are erased first.
      this.#bytes += nextColumn - column > 1 ? `\x1b[${nextColumn - column}X${text}` : text;
      this.#position = undefined;
    } else {
      this.#bytes += text;
      // After a character in the last column, the cursor position depends on the terminal.
      this.#position = nextColumn < this.columns ? { row, column: nextColumn } : undefined;
    }
    return nextColumn;
  }

  #setPen(pen: Pen): void {
    this.#bytes += penChange(this.#pen, pen);
    this.#pen = pen;
  }

  #setPenForBlank(): void {
    if (this.#pen.isVisibleOnBlank) this.#setPen(PLAIN);
  }

  #moveTo(row: number, column: number, next: TerminalRow): void {
    this.#move({ row, column }, next);
  }

  #move(to: CursorPosition, content: TerminalRow): void {
    const from = this.#position;
    this.#position = to;
    if (from?.row === to.row && from.column === to.column) return;
    const sequences = [`\x1b[${to.row + 1}${to.column === 0 ? "" : `;${to.column + 1}`}H`];
    if (from?.row === to.row) {
      const right = to.column - from.column;
      if (to.column === 0) sequences.push("\r");
      sequences.push(`\x1b[${to.column + 1}G`);
      if (right < 0) sequences.push("\b".repeat(-right));
      else
        sequences.push(
          `\x1b[${right === 1 ? "" : right}C`,
          ...this.#rewrittenCells(content, from, to),
        );
    } else if (from?.column === to.column) sequences.push(`\x1b[${to.row + 1}d`);
    this.#bytes += sequences.reduce((best, sequence) =>
      sequence.length < best.length ? sequence : best,
    );
  }

  /** Writing a few cells again takes fewer bytes than a cursor movement. */
  #rewrittenCells(
    { texts, pens }: TerminalRow,
    from: CursorPosition,
    to: CursorPosition,
  ): string[] {
    if (to.column - from.column > 5) return [];
    let written = "";
    for (let column = from.column; column < to.column; column++) {
      const text = texts[column] ?? " ";
      const pen = pens[column] ?? PLAIN;
      const isBlank = text === " " && pen === PLAIN && !this.#pen.isVisibleOnBlank;
      const hasSamePen = text >= " " && text <= "~" && pen.key === this.#pen.key;
      if (text.length !== 1 || !(isBlank || hasSamePen)) return [];
      written += text;
    }
    return [written];
  }
}

function blankUntil(current: TerminalRow, next: TerminalRow, from: number): number {
  let blankEnd = from;
  for (let column = from; column < next.texts.length; column++) {
    if (next.texts[column] !== " " || next.pens[column] !== PLAIN) break;
    if (!isSameCell(current, next, column)) blankEnd = column + 1;
  }
  return blankEnd;
}

/** Terminals differ on emoji and on sequences of several code points. */
function hasUncertainWidth(text: string): boolean {
  if (terminalWidths.isWiderThanLayout(text)) return true;
  // Terminals that support placeholder characters for images draw each in one column.
  if (text.length === 1 || text.startsWith(PICTURE_SIGN)) return false;
  return (text.codePointAt(0) ?? 0) >= 0x1f000 || !MARKED_LETTER.test(text);
}

interface Scroll {
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
export function scrollOf(
  current: readonly TerminalRow[],
  next: readonly TerminalRow[],
): Scroll | undefined {
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

export function scrolledRows(
  rows: readonly TerminalRow[],
  { top, bottom, by }: Scroll,
): TerminalRow[] {
  return rows.map((row, at) => {
    if (at < top || at > bottom) return row;
    const from = at + by;
    return from < top || from > bottom ? EMPTY_ROW : (rows[from] ?? EMPTY_ROW);
  });
}

function savedCells(
  current: readonly TerminalRow[],
  next: readonly TerminalRow[],
  row: number,
  by: number,
): number {
  const target = next[row] ?? EMPTY_ROW;
  return (
    differentCells(current[row] ?? EMPTY_ROW, target) -
    differentCells(current[row + by] ?? EMPTY_ROW, target)
  );
}

function differentCells(a: TerminalRow, b: TerminalRow): number {
  if (a === b) return 0;
  const length = Math.max(a.texts.length, b.texts.length);
  let count = 0;
  for (let column = 0; column < length; column++) if (!isSameCell(a, b, column)) count++;
  return count;
}

/** Compares only the middle columns; ignores empty lines and lines that occur more than once. */
function distances(current: readonly TerminalRow[], next: readonly TerminalRow[]): number[] {
  const columns = Math.max(0, ...current.map(({ texts }) => texts.length));
  const middleOf = ({ texts }: TerminalRow) =>
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
