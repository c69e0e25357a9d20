/**
 * Lays out the visible rows, from the bottom up, and no others. The layout of a row is cached while
 * the row is the same object and nothing else that it shows has changed.
 */

import type { Row, Rows } from "../../../core/model/rows.ts";
import type { Model, TransferView } from "../../../core/model/state.ts";
import type { PictureBox } from "../state/frame.ts";
import type { ScrollAnchor } from "../state/screen-state.ts";
import { edgeOf, lowered } from "../state/scroll.ts";
import { memo } from "./memo.ts";
import { type RowLook, rowLines, topLine } from "./message.ts";
import type { Palette } from "./palette.ts";
import type { Role } from "./roles.ts";
import { type Line, lineWidth } from "./style.ts";

export interface TimelineParts {
  readonly rows: Rows;
  readonly look: RowLook;
  readonly palette: Palette;
  readonly transfers: Model["transfers"];
  readonly scroll: ScrollAnchor | undefined;
  /** Seq that keys act on, or key of an unsent post. */
  readonly selected: number | string | undefined;
  /** Keys of rows whose long text is unfolded. */
  readonly unfolded: ReadonlySet<string>;
  /** Lines of the timeline. */
  readonly height: number;
}

/** A row that is at least partly visible. */
export interface SeenRow {
  readonly row: Row;
  /** Its visible lines: from the first (inclusive) to the second (exclusive). */
  readonly from: number;
  readonly to: number;
}

export interface TimelineLook {
  /** One for each line, newest at the end, each exactly as wide as the look says. */
  readonly lines: readonly string[];
  readonly seen: readonly SeenRow[];
  /** Rows below the bottom edge. */
  readonly rowsBelow: number;
  /** The first row is visible from its first line. */
  readonly isAtTop: boolean;
  /** Pictures with at least one visible row. */
  readonly pictures: readonly PictureBox[];
}

interface Kept {
  readonly lines: readonly Line[];
  /** Additional lines when unfolded. */
  readonly folds: number;
  /** Terminal text; created when first visible. */
  readonly texts: (string | undefined)[];
  readonly transfer: TransferView | undefined;
  readonly isUnfolded: boolean;
}

/** Minimum height of a timeline where a line may be replaced by a name. */
const COVERED_FROM = 4;

type Downloads = ReadonlyMap<string, TransferView>;

export class TimelineCache {
  /** Keyed by row; dropped with the row, and entirely when the look changes. */
  #kept = new WeakMap<Row, Kept>();
  #look: RowLook | undefined;
  #palette: Palette | undefined;
  #transfers: Model["transfers"] | undefined;
  #downloads: Downloads = new Map();
  /** Index of the row whose height was requested last: the next request is mostly beside it. */
  #asked = 0;
  readonly #laid = memo<TimelineLook>();

  /** Lines of the row; 0 if there is none with that key. */
  heightOf(parts: TimelineParts, key: string): number {
    return this.#asking(parts, key)?.lines.length ?? 0;
  }

  /** Additional lines of the unfolded text; 0 if it cannot be folded. */
  foldsOf(parts: TimelineParts, key: string): number {
    return this.#asking(parts, key)?.folds ?? 0;
  }

  #asking(parts: TimelineParts, key: string): Kept | undefined {
    this.#refresh(parts);
    const { rows } = parts.rows;
    const index = indexNear(rows, key, this.#asked);
    const row = rows[index];
    if (row === undefined || index < firstOf(parts.rows)) return undefined;
    this.#asked = index;
    return this.#keptOf(row, parts);
  }

  layOut(parts: TimelineParts): TimelineLook {
    return this.#laid(Object.values(parts), () => this.#laidOut(parts));
  }

  #laidOut(parts: TimelineParts): TimelineLook {
    this.#refresh(parts);
    const { rows } = parts.rows;
    const { height } = parts;
    const seen = this.#fill(parts, this.#bottomOf(parts));
    const lines: string[] = [];
    const pictures = new Set<PictureBox>();
    for (const { row, from, to } of seen) {
      for (let i = from; i < to; i++) {
        const isTop = lines.length === 0;
        lines.push((isTop ? this.#topOf(row, i, parts) : undefined) ?? this.#textOf(row, i, parts));
        const picture = this.#kept.get(row)?.lines[i]?.at(-1)?.picture;
        if (picture !== undefined) pictures.add(picture);
      }
    }
    const blank = " ".repeat(parts.look.columns);
    lines.unshift(...Array<string>(Math.max(0, height - lines.length)).fill(blank));
    const last = seen.at(-1);
    const at = last === undefined ? rows.length - 1 : rows.lastIndexOf(last.row);
    const cut = last !== undefined && last.to < this.#keptOf(last.row, parts).lines.length ? 1 : 0;
    const [top] = seen;
    const isAtTop = top === undefined || (top.from === 0 && top.row === rows[firstOf(parts.rows)]);
    const rowsBelow = rows.length - 1 - at + cut;
    return { lines, seen, rowsBelow, isAtTop, pictures: [...pictures] };
  }

  /** Position in a line that was laid out, from the top. `undefined` if there is nothing. */
  placeAt(
    { height }: TimelineParts,
    { seen }: TimelineLook,
    at: number,
  ): { readonly key: string; readonly line: Line } | undefined {
    let bottom = height;
    for (const { row, from, to } of seen.toReversed()) {
      bottom -= to - from;
      if (at < bottom) continue;
      return { key: row.key, line: this.#kept.get(row)?.lines[from + at - bottom] ?? [] };
    }
    return undefined;
  }

  /** The row at the bottom edge and how many of its lines are visible. */
  #bottomOf(parts: TimelineParts): { readonly at: number; readonly to: number } {
    const { rows } = parts.rows;
    const newest = { at: rows.length - 1, to: Number.POSITIVE_INFINITY };
    const heightOf = (key: string) => this.heightOf(parts, key);
    const heightAt = (at: number) => heightOf(rows[at]?.key ?? "");
    const timeline = { rows, heightOf, pageRows: parts.height };
    const { scroll } = parts;
    const edge = edgeOf(timeline, scroll);
    if (scroll === undefined || rows[edge.index]?.key !== scroll.key) return newest;
    // A page is filled while there are enough rows: scrolling beyond the top leaves no blank lines.
    let missing = parts.height + edge.below;
    for (let i = edge.index; i >= firstOf(parts.rows) && missing > 0; i--) missing -= heightAt(i);
    const filled = missing > 0 ? lowered(timeline, edge, missing) : edge;
    return filled === undefined
      ? newest
      : { at: filled.index, to: heightAt(filled.index) - filled.below };
  }

  #fill(parts: TimelineParts, bottom: { readonly at: number; readonly to: number }): SeenRow[] {
    const { rows } = parts.rows;
    const seen: SeenRow[] = [];
    let left = parts.height;
    for (let at = bottom.at; at >= firstOf(parts.rows) && left > 0; at--) {
      const row = rows[at];
      if (row === undefined) continue;
      const all = this.#keptOf(row, parts).lines.length;
      const to = at === bottom.at ? Math.min(all, bottom.to) : all;
      const from = Math.max(0, to - left);
      seen.unshift({ row, from, to });
      left -= to - from;
    }
    return seen;
  }

  /** The uppermost line, if it has to name its author. */
  #topOf(row: Row, index: number, parts: TimelineParts): string | undefined {
    const { look, palette, height } = parts;
    const under = markOf(row, parts);
    const mayCover = height >= COVERED_FROM && under === undefined; // Keys act on a marked row.
    const known = this.#kept.get(row)?.lines[index] ?? [];
    const line = topLine(row, index, known, look, mayCover);
    return line === undefined ? undefined : padded(line, look.columns, palette, under);
  }

  #textOf(row: Row, index: number, { palette, look, ...parts }: TimelineParts): string {
    const kept = this.#kept.get(row);
    const line = kept?.lines[index] ?? [];
    const under = markOf(row, parts);
    if (under !== undefined) return padded(line, look.columns, palette, under);
    const known = kept?.texts[index];
    if (known !== undefined) return known;
    const text = padded(line, look.columns, palette, undefined);
    if (kept !== undefined) kept.texts[index] = text;
    return text;
  }

  #keptOf(row: Row, { look, unfolded }: TimelineParts): Kept {
    const file = row.kind === "item" ? row.item.file?.file : undefined;
    const transfer = file === undefined ? undefined : this.#downloads.get(file);
    const isUnfolded = unfolded.has(row.key);
    const known = this.#kept.get(row);
    const isSame = known?.transfer === transfer && known?.isUnfolded === isUnfolded;
    if (known !== undefined && isSame) return known;
    const extras = { transfer, isUnfolded };
    const kept = { ...rowLines(row, look, extras), texts: [], ...extras };
    this.#kept.set(row, kept);
    return kept;
  }

  #refresh({ look, palette, transfers }: TimelineParts): void {
    if (this.#look !== look || this.#palette !== palette) {
      this.#kept = new WeakMap();
      this.#look = look;
      this.#palette = palette;
    }
    if (this.#transfers === transfers) return;
    this.#transfers = transfers;
    const downloads = new Map<string, TransferView>();
    for (const transfer of transfers.values()) {
      const isDone = transfer.state.kind === "done";
      if (transfer.kind !== "download" || transfer.file === undefined || isDone) continue;
      downloads.set(transfer.file, transfer);
    }
    this.#downloads = downloads;
  }
}

function padded(line: Line, columns: number, palette: Palette, under: Role | undefined): string {
  const left = columns - lineWidth(line);
  if (left <= 0) return palette.ansiOf(line, under);
  return palette.ansiOf([...line, { text: " ".repeat(left) }], under);
}

/** Background role of the whole row. */
function markOf(
  row: Row,
  { selected, rows }: Pick<TimelineParts, "selected" | "rows">,
): Role | undefined {
  if (row.kind === "pending") return row.post.key === selected ? "selected" : undefined;
  if (row.kind !== "item") return undefined;
  if (selected !== undefined && row.item.seq === selected) return "selected";
  return row.key === rows.shownKey ? "shown" : undefined;
}

/**
 * Omits the day line of the first row while older rows are missing: its day may begin earlier, and
 * later insertions before it must not move what is being read.
 */
function firstOf({ rows, hasOlder }: Rows): number {
  return hasOlder && rows[0]?.kind === "day" ? 1 : 0;
}

function indexNear(rows: readonly Row[], key: string, near: number): number {
  for (let i = near - 1; i <= near + 1; i++) if (rows[i]?.key === key) return i;
  return rows.findLastIndex((row) => row.key === key);
}
