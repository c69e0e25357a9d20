/** Pictures drawn over their cells after the screen has stopped changing. */

import { PICTURES_CACHED_MAX } from "../../../base/limits-screen.ts";
import type { Clock } from "../../../io/clock.ts";
import { PICTURE_SIGN, pictureRowAt } from "../pictures/cells.ts";
import type { PictureBox } from "../state/screen-state.ts";
import { blanked, type TerminalRow } from "./row.ts";

const PICTURE_DELAY_MS = 120;

export interface PicturePainter {
  /**
   * Whether the terminal draws pictures in placeholder cells. If not, the client paints them over
   * blank cells, where any text erases them.
   */
  readonly isPlaced: boolean;
  readonly isUnique?: boolean;
  /**
   * Other output may be written between two chunks. `undefined` if the picture is not ready or
   * cannot be displayed.
   */
  pieces(box: PictureBox): readonly string[] | undefined;
  /**
   * Returns the output that deletes pictures. Empty if writing to their cells erases them.
   * @param isHalfSent whether a picture has unsent chunks
   */
  remove(ids: Iterable<number>, isHalfSent: boolean): string;
}

interface Placement {
  readonly key: string;
  readonly box: PictureBox;
  readonly top: number;
  readonly column: number;
  rows: number;
}

export interface PictureText {
  readonly text: string;
  readonly movesCursor: boolean;
}

/** Pen slot of the foreground colour, which encodes a picture's number in placeholder cells. */
const FOREGROUND_SLOT = 8;

/**
 * A frame contains only the cells of its pictures; the pictures follow PICTURE_DELAY_MS after the
 * last change.
 */
export class PictureLayer {
  #painter: PicturePainter | undefined;
  /** Painted pictures exist only on the screen; placed pictures also in the terminal's memory. */
  #drawn = new Map<string, Placement>();
  #pending = new Map<string, Placement>();
  readonly #ids = new Set<number>();
  #removals = "";
  #pieces: readonly string[] = [];
  #isDue = false;
  #cancel: (() => void) | undefined;

  constructor(
    private readonly clock: Pick<Clock, "after">,
    private readonly onDue: () => void,
  ) {}

  setPainter(painter: PicturePainter | undefined): string {
    const text = this.release();
    this.#painter = painter;
    return text;
  }

  markErased(): void {
    if (this.#painter?.isPlaced === false) {
      this.#removals += this.#painter.remove(this.#ids, false);
      this.#ids.clear();
    }
    this.#drawn.clear();
    this.#pending.clear();
  }

  release(): string {
    const text = this.#painter?.remove(this.#ids, this.#pieces.length > 0) ?? "";
    this.markErased();
    this.#ids.clear();
    this.#removals = "";
    this.#pieces = [];
    this.#cancel?.();
    this.#isDue = false;
    return text;
  }

  /** Scrolling would move painted pictures. */
  get hasPainted(): boolean {
    return this.#painter?.isPlaced === false && this.#drawn.size > 0;
  }

  requestDraw(): void {
    if (this.#pending.size === 0) return;
    this.#isDue = true;
    this.onDue();
  }

  /** The cells of a picture that is not yet painted are blank. */
  cells(rows: readonly TerminalRow[], boxes: readonly PictureBox[]): readonly TerminalRow[] {
    const painter = this.#painter;
    if (boxes.length === 0 && this.#pending.size === 0 && !this.hasPainted) return rows;
    // The frame may still contain cells of pictures that have since been disabled.
    if (painter === undefined) return this.#withoutUnpainted(rows);
    const placements = placementsIn(rows, boxes, painter.isPlaced);
    if (!painter.isPlaced) this.#removeCovered(placements, painter);
    this.#setPending(
      new Map([...placements].filter(([key, placement]) => this.#isMissing(key, placement))),
    );
    return painter.isPlaced ? rows : this.#withoutUnpainted(rows);
  }

  #removeCovered(placements: ReadonlyMap<string, Placement>, painter: PicturePainter): void {
    for (const [key, { box }] of this.#drawn) {
      if (placements.get(key)?.rows === box.rows) continue;
      this.#drawn.delete(key);
      this.#ids.delete(box.id);
      this.#removals += painter.remove([box.id], false);
    }
  }

  takeRemovals(): string {
    const text = this.#removals;
    this.#removals = "";
    return text;
  }

  #isMissing(key: string, { rows, box }: Placement): boolean {
    if (this.#drawn.has(key)) return false;
    if (this.#painter?.isPlaced === true) return true;
    const isDrawnElsewhere = this.#painter?.isUnique === true && this.#ids.has(box.id);
    return rows === box.rows && !isDrawnElsewhere;
  }

  #setPending(placements: Map<string, Placement>): void {
    const hasNew = [...placements.keys()].some((key) => !this.#pending.has(key));
    this.#pending = placements;
    if (!hasNew) return;
    this.#isDue = false;
    this.#cancel?.();
    this.#cancel = this.clock.after(PICTURE_DELAY_MS, () => this.requestDraw());
  }

  #withoutUnpainted(rows: readonly TerminalRow[]): readonly TerminalRow[] {
    return rows.map((row, at) => {
      if (!hasCells(row)) return row;
      const painted = [...this.#drawn.values()].filter(
        ({ top, box }) => at >= top && at < top + box.rows,
      );
      const isPainted = (column: number) =>
        painted.some(
          (placement) =>
            column >= placement.column && column < placement.column + placement.box.columns,
        );
      return blanked(row, (text, column) => text.startsWith(PICTURE_SIGN) && !isPainted(column));
    });
  }

  nextOutput(): PictureText | undefined {
    const painter = this.#painter;
    if (painter === undefined) return undefined;
    const [piece, ...remaining] = this.#pieces;
    if (piece !== undefined) {
      this.#pieces = remaining;
      return { text: piece, movesCursor: false };
    }
    if (!this.#isDue) return undefined;
    for (const [key, placement] of this.#pending) {
      const { box } = placement;
      const isDrawnElsewhere = painter.isUnique === true && this.#ids.has(box.id);
      const pieces = isDrawnElsewhere ? undefined : painter.pieces(box);
      if (pieces === undefined) continue;
      this.#pending.delete(key);
      this.#drawn.set(key, placement);
      if (painter.isPlaced) return this.#sendPlaced(placement, pieces);
      this.#ids.add(box.id);
      return paintAt(placement, pieces);
    }
    this.#isDue = false;
    return undefined;
  }

  #sendPlaced({ key, box: { id } }: Placement, pieces: readonly string[]): PictureText {
    const [first = "", ...remaining] = pieces;
    this.#pieces = remaining;
    // The terminal replaces the picture at the old size, because the id is the same.
    for (const [drawnKey, { box }] of this.#drawn) {
      if (box.id === id && drawnKey !== key) this.#drawn.delete(drawnKey);
    }
    this.#ids.delete(id);
    this.#ids.add(id);
    return { text: this.#removeOldest() + first, movesCursor: false };
  }

  #removeOldest(): string {
    const [oldest] = this.#ids;
    if (oldest === undefined || this.#ids.size <= PICTURES_CACHED_MAX) return "";
    this.#ids.delete(oldest);
    for (const [key, { box }] of this.#drawn) if (box.id === oldest) this.#drawn.delete(key);
    return this.#painter?.remove([oldest], false) ?? "";
  }
}

function paintAt({ top, column }: Placement, pieces: readonly string[]): PictureText {
  return { text: `\x1b[${top + 1};${column + 1}H${pieces.join("")}`, movesCursor: true };
}

function hasCells({ line }: TerminalRow): boolean {
  return line.includes(PICTURE_SIGN);
}

/** The key of a painted picture also contains its position. */
function placementsIn(
  rows: readonly TerminalRow[],
  boxes: readonly PictureBox[],
  isPlaced: boolean,
): ReadonlyMap<string, Placement> {
  const boxesById = new Map(boxes.map((box) => [box.id, box]));
  const placements = new Map<string, Placement>();
  for (const [at, row] of rows.entries()) {
    if (!hasCells(row)) continue;
    for (const [column, text] of row.texts.entries()) {
      const firstCell = pictureRowAt(text, row.pens[column]?.slots[FOREGROUND_SLOT] ?? "");
      const box = firstCell === undefined ? undefined : boxesById.get(firstCell.id);
      if (firstCell === undefined || box === undefined) continue;
      if (row.texts[column + box.columns - 1]?.startsWith(PICTURE_SIGN) !== true) continue;
      const top = at - firstCell.row;
      const size = `${box.id} ${box.columns} ${box.rows}`;
      const key = isPlaced ? size : `${size} ${top} ${column}`;
      const placement = placements.get(key) ?? { key, box, top, column, rows: 0 };
      placement.rows++;
      placements.set(key, placement);
    }
  }
  return placements;
}
