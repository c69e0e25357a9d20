/**
 * List that draws only the rows near the viewport, in normal flow between two paddings. The padding
 * above absorbs the difference between estimated and real heights, so that no visible row moves.
 * While a finger scrolls, or the list coasts after it, the list sets no scroll position: Safari
 * ignores it or ends the scrolling. The padding may then become too low, even negative, until the
 * end.
 */

import {
  type HTMLAttributes,
  type ReactNode,
  type Ref,
  type RefObject,
  useCallback,
  useImperativeHandle,
  useLayoutEffect,
  useRef,
  useState,
} from "react";
import { firstIndex } from "../../../base/binary-search.ts";
import { combined, listen, observeSizes } from "./effects.ts";
import { selectedRange } from "./selected-range.ts";
import { SCROLL_END_MS, watchTouchScroll } from "./touch-scroll.ts";

/** The list draws rows within the first distance, and removes rows beyond the second. */
const AHEAD_PX = 600;
const REMOVE_PX = 900;
/** A lower padding is estimated again, which changes the scroll position. */
const PADDING_PX_MIN = 2_000;
const FIRST_ESTIMATE_PX = 44;
/** A wheel's scrolling may continue for this long after its event. */
const WHEEL_MS = 500;
/** Rows added outside the viewport in one frame. */
const ROWS_PER_FRAME = 8;
/** Rows drawn at most to keep selected text, whose selection ends if its rows are removed. */
const ROWS_KEPT_MAX = 300;

type Align = "start" | "center" | "end";

export interface RowListHandle {
  readonly scrollOffset: number;
  readonly viewportSize: number;
  readonly scrollSize: number;
  /** Returns the index of the drawn row at a distance from the viewport's top. */
  indexAt(px: number): number;
  /** @param abovePx part of the row that may be above the viewport */
  isVisible(index: number, abovePx?: number): boolean;
  /** Returns the edges relative to the viewport's top; `undefined` if the row is not drawn. */
  edgesOf(index: number): Edges | undefined;
  /** @param px distance between the row and the viewport's edge */
  scrollToRow(index: number, align: Align, px?: number): void;
  /** Scrolls to the end, but not against a finger. */
  follow(): void;
  scrollBy(px: number): void;
}

export interface Edges {
  readonly top: number;
  readonly bottom: number;
}

interface Keyed {
  readonly key: string | number;
}

export interface RowListProps<Row extends Keyed>
  extends Omit<HTMLAttributes<HTMLDivElement>, "children" | "onScroll"> {
  readonly handle: Ref<RowListHandle>;
  readonly rows: readonly Row[];
  readonly children: (row: Row) => ReactNode;
  /** While true, the list stays at its end. */
  readonly isFollowing: () => boolean;
  /** While true, the list removes no row. */
  readonly keepsRows?: RefObject<boolean>;
  readonly onScrolled: (offset: number) => void;
  readonly onResized?: () => void;
}

interface Range {
  readonly first: number;
  readonly end: number;
}

/** Row that keeps its offset from the start of the list or, after a jump, gets a new one. */
interface Anchor {
  readonly index: number;
  readonly offset: number | ((rowPx: number, viewportPx: number) => number);
}

class RowWindow<Row extends Keyed> {
  rows: readonly Row[] = [];
  /** Rows of the next render, and rows in the document. */
  next: Range = { first: 0, end: 0 };
  #drawn: Range = this.next;
  #anchor: Anchor | undefined;
  #above = 0;
  #totalPx = 0;
  #averagePx = FIRST_ESTIMATE_PX;
  list: HTMLDivElement | null = null;
  content: HTMLDivElement | null = null;
  /** A finger scrolls the list, or the list coasts. */
  isTouched = false;
  /** Change of the scroll position that waits for the end of the touch. */
  deferredPx = 0;
  /** Scroll position, and the list's box on the screen, when the anchor was noted. */
  #notedTop = 0;
  #notedBox: DOMRect | undefined;
  #settledSizes = "";

  get viewportPx(): number {
    return this.list?.clientHeight ?? 0;
  }

  update(rows: readonly Row[], isFollowing: boolean): void {
    const before = this.rows;
    if (rows === before) return;
    this.rows = rows;
    const { first, end } = this.next;
    const kept = [this.#anchor?.index ?? first, ...rangeOf(this.next)].find(
      (at) => movedTo(at, before, rows) >= 0,
    );
    if (kept === undefined || isFollowing) {
      this.#anchor = undefined;
      const newest = this.#around(rows.length, this.#heightPx, 0);
      // Rows that are drawn already are removed only beyond the second distance.
      const isNear = kept !== undefined && end === before.length && newest.first < end;
      this.next = isNear ? { ...newest, first: Math.min(first, newest.first) } : newest;
      return;
    }
    const shift = movedTo(kept, before, rows) - kept;
    this.#totalPx += (rows.length - before.length - shift) * this.#averagePx;
    this.next = this.#clamp(first + shift, end + shift);
    this.#drawn = { first: this.#drawn.first + shift, end: this.#drawn.end + shift };
    if (this.#anchor?.index === kept) this.#anchor = { ...this.#anchor, index: kept + shift };
    else this.#anchor = undefined;
  }

  /** The document contains the rows of the last render. */
  commit(): void {
    this.#drawn = this.next;
  }

  /** Restores the anchor's offset, and estimates the paddings. */
  settle(isFollowing: boolean): void {
    const { list, content, rows } = this;
    const { first, end } = this.#drawn;
    const [top, bottom] = [this.#rect(first)?.top, this.#rect(end - 1)?.bottom];
    if (list === null || content === null || top === undefined || bottom === undefined) return;
    this.#averagePx = Math.max(1, (bottom - top) / (end - first));
    const abovePx = this.#above + this.#anchorShift();
    const settled = paddingOf(abovePx, first * this.#averagePx);
    const above = this.isTouched ? { px: abovePx, addedPx: 0 } : settled;
    this.deferredPx = this.isTouched ? settled.addedPx : 0;
    const restPx = this.#totalPx - above.px - (bottom - top);
    const below = paddingOf(restPx, (rows.length - end) * this.#averagePx);
    this.#totalPx = above.px + (bottom - top) + below.px;
    // Read first, because the browser clamps the position if the list becomes lower.
    const scrollTop = this.#unclampedTop(list);
    if (above.px !== this.#above) {
      content.style.paddingTop = `${Math.max(0, above.px)}px`;
      content.style.marginTop = `${Math.min(0, above.px)}px`;
    }
    this.#above = above.px;
    content.style.paddingBottom = `${below.px}px`;
    if (isFollowing && !this.isTouched) list.scrollTop = list.scrollHeight;
    else if (above.addedPx !== 0 || scrollTop !== list.scrollTop)
      list.scrollTop = scrollTop + above.addedPx;
    this.note();
    this.#settledSizes = this.#sizes();
  }

  /**
   * Restores the anchor's offset if rows or the list have changed their sizes, so that the browser
   * may have moved the rows, or the list to its end. The browser reports sizes only after it has
   * reported scrolling and begun a frame.
   * @returns false if the sizes are the same
   */
  settleResized(isFollowing: boolean): boolean {
    const isResized = this.#sizes() !== this.#settledSizes;
    if (isResized) this.settle(isFollowing);
    return isResized;
  }

  /** Returns the scroll position before the browser clamped it, because a row became lower. */
  #unclampedTop({ scrollTop, scrollHeight, clientHeight }: HTMLDivElement): number {
    const isClamped = !this.isTouched && scrollTop >= scrollHeight - clientHeight - 1;
    return isClamped ? Math.max(scrollTop, this.#notedTop) : scrollTop;
  }

  #sizes(): string {
    return [this.list?.clientWidth, this.viewportPx, this.content?.offsetHeight].join();
  }

  /**
   * Makes the first visible row the anchor, but the next one if the upper edge cuts the first while
   * its picture is missing: the picture then moves what is above the edge, instead of what is read.
   */
  note(): void {
    const first = this.indexAt(0);
    const index = this.#isLateAt(first) ? first + 1 : first;
    const offset = this.#offset(index);
    this.#anchor = offset === undefined ? undefined : { index, offset };
    this.#notedTop = this.list?.scrollTop ?? 0;
    this.#notedBox = this.list?.getBoundingClientRect();
  }

  /** Reports whether a cut row has a missing picture, and the next row is in the upper half. */
  #isLateAt(index: number): boolean {
    const cell = this.content?.children[index - this.#drawn.first];
    if (!cell?.querySelector("[data-late]") || (this.edgesOf(index)?.top ?? 0) >= 0) return false;
    return (this.edgesOf(index + 1)?.top ?? Number.POSITIVE_INFINITY) < this.viewportPx / 2;
  }

  /**
   * Adds the rows that have come near to the next render, and removes those that are far.
   * @returns false if nothing changes
   */
  extend(keepsRows: boolean): boolean {
    const { list, viewportPx, rows } = this;
    const { first, end } = this.#drawn;
    const [top, bottom] = [this.edgesOf(first)?.top, this.edgesOf(end - 1)?.bottom];
    if (list === null || top === undefined || bottom === undefined || viewportPx === 0)
      return false;
    const below = bottom - viewportPx;
    // At the very top, the user wants to see the first row, however high the rows above are.
    const isAtStart = list.scrollTop <= 0 && this.deferredPx === 0;
    if ((top > viewportPx || isAtStart) && first > 0) {
      this.#jump(Math.floor((first * list.scrollTop) / Math.max(1, this.#above)));
    } else if (below < -viewportPx && end < rows.length) {
      this.#jump(end + Math.floor(-below / this.#averagePx));
    } else {
      const count = (px: number) => Math.max(0, Math.ceil(px / this.#averagePx));
      /** @param gapPx blank part of the viewport */
      const added = (gapPx: number) =>
        Math.max(count(gapPx), Math.min(count(gapPx + AHEAD_PX), ROWS_PER_FRAME));
      const isFar = !keepsRows && top < -REMOVE_PX;
      const isFarBelow = !keepsRows && below > REMOVE_PX;
      this.next = this.#withSelected(
        this.#clamp(
          isFar ? this.indexAt(-AHEAD_PX) : first - added(top),
          isFarBelow ? this.indexAt(viewportPx + AHEAD_PX) + 1 : end + added(-below),
        ),
      );
    }
    return this.next.first !== first || this.next.end !== end;
  }

  /** Reports whether the document contains all rows of the viewport. */
  get isViewportDrawn(): boolean {
    const { first, end } = this.#drawn;
    const [top, bottom] = [this.edgesOf(first)?.top ?? 0, this.edgesOf(end - 1)?.bottom ?? 0];
    const isStartDrawn = first === 0 || top <= 0;
    return isStartDrawn && (end === this.rows.length || bottom >= this.viewportPx);
  }

  /** @returns false if the row is not drawn, so that a render must follow */
  scrollTo(index: number, offset: Exclude<Anchor["offset"], number>): boolean {
    const place = this.edgesOf(index);
    if (place === undefined || this.list === null) {
      this.next = this.#withSelected(this.#around(index, this.#heightPx, this.#heightPx));
      this.#anchor = { index, offset };
      return false;
    }
    const { top, bottom } = place;
    this.list.scrollTop += top - offset(bottom - top, this.viewportPx);
    this.note();
    return true;
  }

  indexAt(px: number): number {
    const edge = px + this.#listTop();
    const { first, end } = this.#drawn;
    const isAbove = (index: number) => (this.#rect(first + index)?.bottom ?? 0) <= edge;
    return first + firstIndex(end - 1 - first, isAbove);
  }

  isVisible(index: number, abovePx = 0): boolean {
    const top = this.edgesOf(index)?.top;
    return top !== undefined && top >= -abovePx && top <= this.viewportPx;
  }

  #jump(index: number): void {
    const at = Math.max(0, Math.min(index, this.rows.length - 1));
    this.next = this.#withSelected(this.#around(at, 0, this.#heightPx));
    this.#anchor = { index: at, offset: () => 0 };
  }

  /** Adds the rows with selected text, and those between, unless they are too many. */
  #withSelected(range: Range): Range {
    const selection = selectedRange();
    if (selection === undefined || selection.collapsed) return range;
    const rows = [selection.startContainer, selection.endContainer].map((node) =>
      this.#rowOf(node),
    );
    const kept = rows.filter((index) => index !== undefined);
    const first = Math.min(range.first, ...kept);
    const end = Math.max(range.end, ...kept.map((index) => index + 1));
    return end - first > ROWS_KEPT_MAX ? range : { first, end };
  }

  /** Returns the index of the drawn row that contains a node. */
  #rowOf(node: Node): number | undefined {
    if (this.content?.contains(node) !== true) return undefined;
    const at = [...this.content.children].findIndex((row) => row.contains(node));
    return at < 0 ? undefined : this.#drawn.first + at;
  }

  get #heightPx(): number {
    return this.viewportPx || window.innerHeight;
  }

  #around(index: number, abovePx: number, belowPx: number): Range {
    const count = (px: number) => Math.ceil(px / this.#averagePx);
    return this.#clamp(index - count(abovePx), index + count(belowPx) + 1);
  }

  #clamp(first: number, end: number): Range {
    const { length } = this.rows;
    const last = Math.max(0, Math.min(end, length));
    return { first: Math.max(0, Math.min(first, last - 1)), end: last };
  }

  #anchorShift(): number {
    const { index, offset } = this.#anchor ?? { index: -1, offset: 0 };
    const [now, rect] = [this.#offset(index), this.#rect(index)];
    if (now === undefined || rect === undefined) return 0;
    if (typeof offset === "number")
      return offset - upperEdgeShift(this.#notedBox, this.list?.getBoundingClientRect()) - now;
    return offset(rect.height, this.viewportPx) + (this.list?.scrollTop ?? 0) - now;
  }

  #listTop(): number {
    return this.list?.getBoundingClientRect().top ?? 0;
  }

  #rect(index: number): DOMRect | undefined {
    return this.content?.children[index - this.#drawn.first]?.getBoundingClientRect();
  }

  edgesOf(index: number): Edges | undefined {
    const rect = this.#rect(index);
    const listTop = this.#listTop();
    return rect && { top: rect.top - listTop, bottom: rect.bottom - listTop };
  }

  #offset(index: number): number | undefined {
    const top = this.edgesOf(index)?.top;
    return top === undefined ? undefined : top + (this.list?.scrollTop ?? 0);
  }
}

/**
 * A padding absorbs the errors of estimates until it becomes low, so that the list's height seldom
 * changes.
 */
function paddingOf(px: number, estimatePx: number): { readonly px: number; addedPx: number } {
  if (estimatePx === 0) return { px: 0, addedPx: -px };
  if (px >= Math.min(estimatePx, PADDING_PX_MIN)) return { px, addedPx: 0 };
  // Scroll positions are integers, but heights of rows are not.
  const addedPx = Math.round(estimatePx - px);
  return { px: px + addedPx, addedPx };
}

/**
 * Returns how far the upper edge alone of a list has moved on the screen, because something above
 * the list appeared or disappeared. If other edges have moved as well, such as in a turned window,
 * the rows keep their distance from the upper edge instead of their place on the screen.
 */
export function upperEdgeShift(before: DOMRect | undefined, now: DOMRect | undefined): number {
  if (before === undefined || now === undefined) return 0;
  const isUpperEdge = now.width === before.width && Math.abs(now.bottom - before.bottom) < 1;
  return isUpperEdge ? now.top - before.top : 0;
}

function rangeOf({ first, end }: Range): number[] {
  return Array.from({ length: end - first }, (_, i) => first + i);
}

/** Returns the new index of a row, or -1. Rows are usually added at one end. */
function movedTo(at: number, before: readonly Keyed[], rows: readonly Keyed[]): number {
  const key = before[at]?.key;
  if (key === undefined) return -1;
  const likely = [at, at + rows.length - before.length].find((i) => rows[i]?.key === key);
  return likely ?? rows.findIndex((row) => row.key === key);
}

export function RowList<Row extends Keyed>(props: RowListProps<Row>) {
  const { handle, rows, children, isFollowing, keepsRows, ...others } = props;
  const { onScrolled, onResized, ...attributes } = others;
  const [drawn] = useState(() => new RowWindow<Row>());
  const [, rerender] = useState(0);
  const latest = useRef(props);
  latest.current = props;
  drawn.update(rows, isFollowing());
  const frame = useRef(0);
  /** Repeats a jump during a touch, because Safari ignores it while the list coasts. */
  const jump = useRef<() => void>(undefined);
  const render = useCallback(() => {
    cancelAnimationFrame(frame.current);
    rerender((n) => n + 1);
  }, []);
  /** Draws the rows outside the viewport in the next frame, unless that frame's scrolling does. */
  const extend = useCallback(() => {
    if (!drawn.extend(latest.current.keepsRows?.current === true)) return;
    if (!drawn.isViewportDrawn) return render();
    cancelAnimationFrame(frame.current);
    // Twice, because the browser calls the first function in the same frame.
    frame.current = requestAnimationFrame(() => {
      frame.current = requestAnimationFrame(() => {
        drawn.settleResized(latest.current.isFollowing());
        // A menu may have been opened, whose row must stay.
        if (drawn.extend(latest.current.keepsRows?.current === true)) render();
      });
    });
  }, [drawn, render]);
  useLayoutEffect(() => {
    drawn.commit();
    drawn.settle(isFollowing());
    extend();
  });
  useLayoutEffect(() => {
    const { list, content } = drawn;
    if (list === null || content === null) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let wheeledMs = Number.NEGATIVE_INFINITY;
    const onWheel = () => {
      wheeledMs = performance.now();
    };
    const onScroll = () => {
      if (!drawn.settleResized(latest.current.isFollowing())) drawn.note();
      latest.current.onScrolled(list.scrollTop + drawn.deferredPx);
      if (drawn.extend(keepsRows?.current === true)) render();
      // Hovering renders rows. Only the wheel turns this off: a list that follows new messages, or
      // that a finger scrolls, is clicked meanwhile.
      if (performance.now() - wheeledMs > WHEEL_MS) return;
      content.style.pointerEvents = "none";
      clearTimeout(timer);
      timer = setTimeout(() => {
        content.style.pointerEvents = "";
      }, SCROLL_END_MS);
    };
    const stop = combined(
      listen(list, "scroll", onScroll),
      listen(list, "wheel", onWheel, { passive: true }),
      watchTouchScroll(list, (isTouched) => {
        drawn.isTouched = isTouched;
        if (isTouched) jump.current = undefined;
        else {
          drawn.settle(latest.current.isFollowing());
          jump.current?.();
          extend();
        }
      }),
    );
    const unobserve = observeSizes([list, content], () => {
      drawn.settle(latest.current.isFollowing());
      latest.current.onResized?.();
      extend();
    });
    return () => {
      clearTimeout(timer);
      cancelAnimationFrame(frame.current);
      stop();
      unobserve();
    };
  }, [drawn, keepsRows, render, extend]);
  const scrollTo = useCallback(
    (index: number, align: Align, px: number) => {
      const offset = (rowPx: number, viewportPx: number) => {
        if (align === "start") return px;
        return (viewportPx - rowPx) / (align === "center" ? 2 : 1) - px;
      };
      if (!drawn.scrollTo(index, offset)) render();
    },
    [drawn, render],
  );
  useImperativeHandle(
    handle,
    () => ({
      get scrollOffset() {
        return (drawn.list?.scrollTop ?? 0) + drawn.deferredPx;
      },
      get viewportSize() {
        return drawn.viewportPx;
      },
      get scrollSize() {
        return (drawn.list?.scrollHeight ?? 0) + drawn.deferredPx;
      },
      indexAt: (px) => drawn.indexAt(px),
      isVisible: (index, abovePx) => drawn.isVisible(index, abovePx),
      edgesOf: (index) => drawn.edgesOf(index),
      scrollToRow: (index, align, px = 0) => {
        const isLast = index === drawn.rows.length - 1;
        const key = drawn.rows[index]?.key;
        scrollTo(index, align, px);
        if (!drawn.isTouched) return;
        jump.current = () => {
          const at = isLast
            ? drawn.rows.length - 1
            : drawn.rows.findIndex((row) => row.key === key);
          if (at >= 0) scrollTo(at, align, px);
        };
      },
      follow: () => {
        if (!drawn.isTouched) scrollTo(drawn.rows.length - 1, "end", 0);
      },
      scrollBy: (px) => drawn.list?.scrollBy(0, px),
    }),
    [drawn, scrollTo],
  );
  const { first, end } = drawn.next;
  return (
    <div
      {...attributes}
      ref={(element) => {
        drawn.list = element;
      }}
    >
      <div
        ref={(element) => {
          drawn.content = element;
        }}
      >
        {rows.slice(first, end).map((row) => (
          <div key={row.key} className="list-cell" data-key={row.key}>
            {children(row)}
          </div>
        ))}
      </div>
    </div>
  );
}
