/** Drawing of pictures over their cells after the screen has stopped changing. */

import { PICTURES_CACHED_MAX } from "../../../base/limits-screen.ts";
import type { Clock } from "../../../io/clock.ts";
import { PICTURE_SIGN, pictureRowAt } from "../pictures/cells.ts";
import type { PictureBox } from "../state/frame.ts";
import { blanked, type Row } from "./row.ts";

/** Time without a screen change after which pictures are drawn. */
const PICTURE_DELAY_MS = 120;

/** Output of pictures in a terminal protocol. */
export interface PicturePainter {
  /**
   * Whether the terminal stores pictures and draws them in placeholder cells. If not, the client
   * paints pictures over blank cells, and any text written to these cells erases the picture.
   */
  readonly isPlaced: boolean;
  /** Whether the terminal can display a picture at only a single position. */
  readonly isUnique?: boolean;
  /**
   * Returns the output that draws a picture, in chunks. Other output may be written between two
   * chunks.
   * @returns `undefined` if the picture is not ready or cannot be displayed
   */
  pieces(box: PictureBox): readonly string[] | undefined;
  /**
   * Returns the output that removes pictures; empty if writing to their cells removes them.
   * @param isHalfSent whether some chunks of a picture are still unsent
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
  /** Whether the cursor's position is unknown after the output. */
  readonly movesCursor: boolean;
}

/**
 * Slot of a pen that contains the foreground colour. In a placeholder cell, this colour encodes the
 * number of the picture.
 */
const FOREGROUND = 8;

/**
 * Pictures on the screen. A frame contains only their cells; the pictures follow PICTURE_DELAY_MS
 * after the last change.
 */
export class PictureLayer {
  readonly #clock: Pick<Clock, "after">;
  readonly #onDue: () => void;
  #painter: PicturePainter | undefined;
  /**
   * Drawn pictures, keyed by placement. Painted pictures exist only on the screen, and placed
   * pictures also in the terminal's memory.
   */
  #drawn = new Map<string, Placement>();
  #pending = new Map<string, Placement>();
  /** Ids of pictures in the terminal's memory, oldest first. At most PICTURES_CACHED_MAX. */
  readonly #ids = new Set<number>();
  /** Output that removes pictures, to be written before the next frame. */
  #removals = "";
  /** Unsent chunks of the current picture. */
  #pieces: readonly string[] = [];
  #isDue = false;
  #cancel: (() => void) | undefined;

  /** @param onDue called when picture output is ready to be written */
  constructor(clock: Pick<Clock, "after">, onDue: () => void) {
    this.#clock = clock;
    this.#onDue = onDue;
  }

  /** Sets the painter. @returns output that removes all pictures of the previous painter */
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

  /** Forgets all pictures. @returns output to write before leaving the screen */
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

  /** Whether the screen shows painted pictures, which scrolling would move. */
  get hasPainted(): boolean {
    return this.#painter?.isPlaced === false && this.#drawn.size > 0;
  }

  requestDraw(): void {
    if (this.#pending.size === 0) return;
    this.#isDue = true;
    this.#onDue();
  }

  /** Returns the cells of a frame. The cells of a picture that is not yet painted are blank. */
  cells(rows: readonly Row[], boxes: readonly PictureBox[]): readonly Row[] {
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

  /** Removes painted pictures that are now partly covered. */
  #removeCovered(placements: ReadonlyMap<string, Placement>, painter: PicturePainter): void {
    for (const [key, { box }] of this.#drawn) {
      if (placements.get(key)?.rows === box.rows) continue;
      this.#drawn.delete(key);
      this.#ids.delete(box.id);
      this.#removals += painter.remove([box.id], false);
    }
  }

  /** Returns the output that removes outdated pictures. The caller writes it before the frame. */
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

  /** Replaces the pending pictures. Restarts the delay if a picture was added. */
  #setPending(placements: Map<string, Placement>): void {
    const hasNew = [...placements.keys()].some((key) => !this.#pending.has(key));
    this.#pending = placements;
    if (!hasNew) return;
    this.#isDue = false;
    this.#cancel?.();
    this.#cancel = this.#clock.after(PICTURE_DELAY_MS, () => this.requestDraw());
  }

  #withoutUnpainted(rows: readonly Row[]): readonly Row[] {
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

  /**
   * Returns the next chunk of a picture; `undefined` if there is none. Called only when no text
   * output is pending.
   */
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
    // The terminal replaces the copy that it drew at the old size.
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

function hasCells({ line }: Row): boolean {
  return line.includes(PICTURE_SIGN);
}

/**
 * Returns placements, keyed by picture. The key of a painted picture also contains its position.
 */
function placementsIn(
  rows: readonly Row[],
  boxes: readonly PictureBox[],
  isPlaced: boolean,
): ReadonlyMap<string, Placement> {
  const boxesById = new Map(boxes.map((box) => [box.id, box]));
  const placements = new Map<string, Placement>();
  for (const [at, row] of rows.entries()) {
    if (!hasCells(row)) continue;
    for (const [column, text] of row.texts.entries()) {
      const firstCell = pictureRowAt(text, row.pens[column]?.slots[FOREGROUND] ?? "");
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
