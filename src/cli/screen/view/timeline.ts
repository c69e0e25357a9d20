/**
 * Timeline layout. Only visible rows are laid out, from the bottom up, and cached until they or
 * their inputs change.
 */

import { firstItem, isSameList, type Row, type Rows, unsentKey } from "../../../core/model/rows.ts";
import type { Model, TransferView } from "../../../core/model/state.ts";
import { CARD_KEY } from "../state/card.ts";
import type { PictureBox, ScrollAnchor } from "../state/screen-state.ts";
import { edgeOf, movedDown } from "../state/scroll.ts";
import { type RowOptions, rowLines, topLine } from "./message.ts";
import { type NewMessagesView, railSpans } from "./new-messages.ts";
import type { ColourRole, Palette } from "./palette.ts";
import { lineWidth, memo, type StyledLine } from "./style.ts";

export interface TimelineOptions {
  readonly rows: Rows;
  readonly rowOptions: RowOptions;
  readonly palette: Palette;
  readonly transfers: Model["transfers"];
  readonly scroll: ScrollAnchor | undefined;
  readonly selected: number | string | undefined;
  readonly unfolded: ReadonlySet<string>;
  readonly height: number;
  readonly newMessages: NewMessagesView | undefined;
  /** Whether the rail is drawn in its columns. */
  readonly hasRail: boolean;
}

export interface VisibleRow {
  readonly row: Row;
  readonly from: number;
  readonly to: number;
}

export interface TimelineLayout {
  /** Newest last. Each line is exactly as wide as the timeline. */
  readonly lines: readonly string[];
  readonly visible: readonly VisibleRow[];
  readonly rowsBelow: number;
  readonly isAtTop: boolean;
  readonly pictures: readonly PictureBox[];
}

interface CachedRow {
  readonly lines: readonly StyledLine[];
  readonly folds: number;
  readonly texts: (string | undefined)[];
  readonly transfers: readonly (TransferView | undefined)[];
  readonly isUnfolded: boolean;
  readonly newMessages: NewMessagesView | undefined;
}

const COVER_HEIGHT_MIN = 4;

type Downloads = ReadonlyMap<string, TransferView>;

export class TimelineCache {
  /** Cached layouts, cleared when the row options change. */
  #cache = new WeakMap<Row, CachedRow>();
  #rowOptions: RowOptions | undefined;
  #palette: Palette | undefined;
  #transfers: Model["transfers"] | undefined;
  #downloads: Downloads = new Map();
  /** Cached because the next request is usually for a neighbouring row. */
  #lastIndex = 0;
  readonly #layout = memo<TimelineLayout>();

  heightOf(options: TimelineOptions, key: string): number {
    return this.#rowByKey(options, key)?.lines.length ?? 0;
  }

  foldsOf(options: TimelineOptions, key: string): number {
    return this.#rowByKey(options, key)?.folds ?? 0;
  }

  #rowByKey(options: TimelineOptions, key: string): CachedRow | undefined {
    this.#refresh(options);
    const { rows } = options.rows;
    const index = indexNear(rows, key, this.#lastIndex);
    const row = rows[index];
    if (row === undefined || index < firstVisibleIndex(options.rows)) return undefined;
    this.#lastIndex = index;
    return this.#cachedRow(row, options);
  }

  layOut(options: TimelineOptions): TimelineLayout {
    return this.#layout(Object.values(options), () => this.#computeLayout(options));
  }

  #computeLayout(options: TimelineOptions): TimelineLayout {
    this.#refresh(options);
    const { rows } = options.rows;
    const { height } = options;
    const visibleRows = this.#fill(options, this.#bottomOf(options));
    const lines: string[] = [];
    const rail = railColumn(visibleRows, options);
    const pictures = new Set<PictureBox>();
    for (const { row, from, to } of visibleRows) {
      for (let i = from; i < to; i++) {
        const isTop = lines.length === 0;
        const text =
          (isTop ? this.#topOf(row, i, options) : undefined) ?? this.#textOf(row, i, options);
        lines.push(text + (rail[lines.length] ?? ""));
        const picture = this.#cache.get(row)?.lines[i]?.at(-1)?.picture;
        if (picture !== undefined) pictures.add(picture);
      }
    }
    const { columns, railColumns = 0 } = options.rowOptions;
    const blank = " ".repeat(columns + railColumns);
    lines.unshift(...Array<string>(Math.max(0, height - lines.length)).fill(blank));
    const last = visibleRows.at(-1);
    const lastIndex = last === undefined ? rows.length - 1 : rows.lastIndexOf(last.row);
    const cutRow =
      last !== undefined && last.to < this.#cachedRow(last.row, options).lines.length ? 1 : 0;
    const [top] = visibleRows;
    const isAtTop =
      top === undefined || (top.from === 0 && top.row === rows[firstVisibleIndex(options.rows)]);
    const rowsBelow = rows.length - 1 - lastIndex + cutRow;
    return { lines, visible: visibleRows, rowsBelow, isAtTop, pictures: [...pictures] };
  }

  lineAt(
    { height }: TimelineOptions,
    { visible: visibleRows }: TimelineLayout,
    at: number,
  ): { readonly key: string; readonly line: StyledLine } | undefined {
    let bottom = height;
    for (const { row, from, to } of visibleRows.toReversed()) {
      bottom -= to - from;
      if (at < bottom) continue;
      return { key: row.key, line: this.#cache.get(row)?.lines[from + at - bottom] ?? [] };
    }
    return undefined;
  }

  #bottomOf(options: TimelineOptions): { readonly at: number; readonly to: number } {
    const { rows } = options.rows;
    const newest = { at: rows.length - 1, to: Number.POSITIVE_INFINITY };
    const heightOf = (key: string) => this.heightOf(options, key);
    const heightAt = (at: number) => heightOf(rows[at]?.key ?? "");
    const timeline = { rows, heightOf, pageRows: options.height };
    const { scroll } = options;
    const edge = edgeOf(timeline, scroll);
    if (scroll === undefined || rows[edge.index]?.key !== scroll.key) return newest;
    // Fills the page if there are enough rows, because scrolling past the top would leave blank
    // lines.
    let missing = options.height + edge.below;
    for (let i = edge.index; i >= firstVisibleIndex(options.rows) && missing > 0; i--)
      missing -= heightAt(i);
    const filled = missing > 0 ? movedDown(timeline, edge, missing) : edge;
    return filled === undefined
      ? newest
      : { at: filled.index, to: heightAt(filled.index) - filled.below };
  }

  #fill(
    options: TimelineOptions,
    bottom: { readonly at: number; readonly to: number },
  ): VisibleRow[] {
    const { rows } = options.rows;
    const visibleRows: VisibleRow[] = [];
    let remaining = options.height;
    for (let at = bottom.at; at >= firstVisibleIndex(options.rows) && remaining > 0; at--) {
      const row = rows[at];
      if (row === undefined) continue;
      const rowHeight = this.#cachedRow(row, options).lines.length;
      const to = at === bottom.at ? Math.min(rowHeight, bottom.to) : rowHeight;
      const from = Math.max(0, to - remaining);
      visibleRows.unshift({ row, from, to });
      remaining -= to - from;
    }
    return visibleRows;
  }

  /** Only if the line with the author's name is scrolled out of view. */
  #topOf(row: Row, index: number, options: TimelineOptions): string | undefined {
    const { rowOptions, palette, height } = options;
    const under = backgroundOf(row, options);
    // The text of a selected row must stay readable, so no name may replace it.
    const canReplace = height >= COVER_HEIGHT_MIN && under === undefined;
    const rowLine = this.#cache.get(row)?.lines[index] ?? [];
    const line = topLine(row, index, rowLine, rowOptions, canReplace);
    return line === undefined ? undefined : padded(line, rowOptions.columns, palette, under);
  }

  #textOf(row: Row, index: number, { palette, rowOptions, ...options }: TimelineOptions): string {
    const cached = this.#cache.get(row);
    const line = cached?.lines[index] ?? [];
    const under = backgroundOf(row, options);
    if (under !== undefined) {
      const isMarked = under === "selected" && index === (row.kind === "unread" ? 1 : 0);
      return padded(isMarked ? withCursor(line) : line, rowOptions.columns, palette, under);
    }
    const cachedText = cached?.texts[index];
    if (cachedText !== undefined) return cachedText;
    const text = padded(line, rowOptions.columns, palette, undefined);
    if (cached !== undefined) cached.texts[index] = text;
    return text;
  }

  #cachedRow(row: Row, { rowOptions, unfolded, ...options }: TimelineOptions): CachedRow {
    const files = row.kind === "item" ? row.item.files : [];
    const transfers = files.map(({ file }) => this.#downloads.get(file));
    const isUnfolded = unfolded.has(row.key);
    const cached = this.#cache.get(row);
    const newMessages = row.kind === "unread" ? options.newMessages : undefined;
    const isSameState =
      cached?.isUnfolded === isUnfolded && isSameView(cached.newMessages, newMessages);
    if (isSameState && isSameList(cached.transfers, transfers)) return cached;
    const extras = { transfers, isUnfolded, newMessages };
    const laidOut = { ...rowLines(row, rowOptions, extras), texts: [], ...extras };
    this.#cache.set(row, laidOut);
    return laidOut;
  }

  #refresh({ rowOptions, palette, transfers }: TimelineOptions): void {
    if (this.#rowOptions !== rowOptions || this.#palette !== palette) {
      this.#cache = new WeakMap();
      this.#rowOptions = rowOptions;
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

function padded(
  line: StyledLine,
  columns: number,
  palette: Palette,
  under: ColourRole | undefined,
): string {
  const padding = columns - lineWidth(line);
  if (padding <= 0) return palette.ansiOf(line, under);
  return palette.ansiOf([...line, { text: " ".repeat(padding) }], under);
}

function backgroundOf(
  row: Row,
  { selected, rows }: Pick<TimelineOptions, "selected" | "rows">,
): ColourRole | undefined {
  if (row.kind !== "item") {
    const key = row.kind === "unread" ? CARD_KEY : unsentKey(row);
    return key !== undefined && key === selected ? "selected" : undefined;
  }
  if (selected !== undefined && row.item.seq === selected) return "selected";
  return row.key === rows.shownKey ? "shown" : undefined;
}

/** Sign in the first column of a selected row, which takes the place of a blank. */
const CURSOR = "▸";

function withCursor([first = { text: "" }, ...others]: StyledLine): StyledLine {
  const { text } = first;
  const blank = text.startsWith(" ") ? 0 : text.lastIndexOf("  ");
  if (blank < 0) return [first, ...others];
  const shifted = CURSOR + text.slice(0, blank) + text.slice(blank + 1);
  return [{ ...first, text: shifted }, ...others];
}

function isSameView(a: NewMessagesView | undefined, b: NewMessagesView | undefined): boolean {
  return a === b || (a?.card === b?.card && a?.unread === b?.unread && a?.calls === b?.calls);
}

/** Returns the end of each visible line; empty for the line of new messages. */
function railColumn(visible: readonly VisibleRow[], options: TimelineOptions): readonly string[] {
  const { newMessages, palette, rowOptions, hasRail } = options;
  const { railColumns = 0 } = rowOptions;
  if (railColumns === 0) return [];
  const heights = visible.map(({ from, to }) => to - from);
  const sum = heights.reduce((lines, height) => lines + height, 0);
  const blank = " ".repeat(railColumns);
  const at = visible.findIndex(({ row }) => row.kind === "unread");
  const above = heights.slice(0, Math.max(0, at)).reduce((lines, height) => lines + height, 0);
  const hasLine = visible[at]?.from === 0;
  const before = [...Array<string>(above).fill(blank), ...(hasLine ? [""] : [])];
  const items = visible.slice(at + 1).flatMap(({ row }) => (row.kind === "item" ? row : []));
  const [first, last] = [items[0], items.at(-1)];
  const read = newMessages?.messages?.read ?? 0;
  const isDrawn = hasRail && first && last && (at >= 0 || firstItem(first).n > read);
  const spans =
    isDrawn && newMessages !== undefined
      ? railSpans(newMessages, {
          rows: sum - before.length,
          visible: { from: firstItem(first).n, to: last.item.n },
        })
      : [];
  const rail = spans.map((span) => palette.ansiOf([{ text: " ".repeat(railColumns - 1) }, span]));
  return [...before, ...rail, ...Array<string>(sum - before.length - rail.length).fill(blank)];
}

/**
 * While older rows are missing, the first row's day line is skipped: earlier messages of that day
 * may be missing, and inserting them must not move the visible rows.
 */
function firstVisibleIndex({ rows, hasOlder }: Rows): number {
  return hasOlder && rows[0]?.kind === "day" ? 1 : 0;
}

function indexNear(rows: readonly Row[], key: string, lastIndex: number): number {
  for (let i = lastIndex - 1; i <= lastIndex + 1; i++) if (rows[i]?.key === key) return i;
  return rows.findLastIndex((row) => row.key === key);
}
