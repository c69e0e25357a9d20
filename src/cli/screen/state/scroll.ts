/**
 * Scroll position of a timeline, anchored to the row at its bottom edge, so that changes above or
 * below move nothing.
 */

import type { Row } from "../../../core/model/rows.ts";
import type { ScrollAnchor } from "./screen-state.ts";

export interface Timeline {
  readonly rows: readonly Row[];
  /** Height of a row in lines, by key. */
  readonly heightOf: (key: string) => number;
  /** Visible lines. */
  readonly pageRows: number;
}

/** The row at the edge, and how many of its lines are below it. */
export interface Edge {
  /** Index in the rows; -1 if there is none. */
  readonly index: number;
  readonly below: number;
}

/** Falls back to the newest row if the anchor's row was removed. */
export function edgeOf({ rows, heightOf }: Timeline, anchor: ScrollAnchor | undefined): Edge {
  const newest = { index: rows.length - 1, below: 0 };
  if (anchor === undefined) return newest;
  const index = rows.findLastIndex(({ key }) => key === anchor.key);
  if (index < 0) return newest;
  return { index, below: Math.min(anchor.below, Math.max(heightOf(anchor.key) - 1, 0)) };
}

function anchorAt({ rows }: Timeline, { index, below }: Edge): ScrollAnchor | undefined {
  const key = rows[index]?.key;
  return key === undefined ? undefined : { key, below };
}

function heightAt({ rows, heightOf }: Timeline, index: number): number {
  const key = rows[index]?.key;
  return key === undefined ? 0 : heightOf(key);
}

export interface ScrollResult {
  readonly anchor: ScrollAnchor | undefined;
  /** Less than a page is left in that direction. */
  readonly isNearEnd: boolean;
}

/** @param lines one or more */
export function scrollUp(
  timeline: Timeline,
  anchor: ScrollAnchor | undefined,
  lines: number,
): ScrollResult {
  const edge = edgeOf(timeline, anchor);
  if (edge.index < 0) return { anchor, isNearEnd: true };
  const { pageRows } = timeline;
  const needed = 2 * pageRows + lines;
  let above = heightAt(timeline, edge.index) - edge.below;
  for (let at = edge.index - 1; at >= 0 && above < needed; at--) above += heightAt(timeline, at);
  const by = Math.min(lines, Math.max(0, above - pageRows));
  const isNearEnd = above < needed;
  if (by === 0) return { anchor, isNearEnd };
  return { anchor: anchorAt(timeline, movedUp(timeline, edge, by)), isNearEnd };
}

function movedUp(timeline: Timeline, edge: Edge, lines: number): Edge {
  let { index, below } = edge;
  below += lines;
  while (index > 0 && below >= heightAt(timeline, index)) {
    below -= heightAt(timeline, index);
    index--;
  }
  return { index, below };
}

/** @param lines one or more @returns anchor `undefined` if the newest rows are reached */
export function scrollDown(
  timeline: Timeline,
  anchor: ScrollAnchor | undefined,
  lines: number,
): ScrollResult {
  if (anchor === undefined) return { anchor, isNearEnd: true };
  const last = timeline.rows.length - 1;
  let { index, below } = edgeOf(timeline, anchor);
  below -= lines;
  while (below < 0 && index < last) {
    index++;
    below += heightAt(timeline, index);
  }
  const isEnd = below < 0 || (index === last && below === 0);
  if (isEnd) return { anchor: undefined, isNearEnd: true };
  const linesLeft = linesBelow(timeline, { index, below }, timeline.pageRows);
  return { anchor: anchorAt(timeline, { index, below }), isNearEnd: linesLeft < timeline.pageRows };
}

/** Lines below the edge, at most `max`. */
export function linesBelow(timeline: Timeline, { index, below }: Edge, max: number): number {
  let lines = below;
  for (let at = index + 1; at < timeline.rows.length && lines < max; at++) {
    lines += heightAt(timeline, at);
  }
  return lines;
}

/** The anchor at which the oldest row is at the top. */
export function atOldest(timeline: Timeline): ScrollAnchor | undefined {
  return withTop(timeline, 0);
}

/** Scrolls as little as possible to make the row visible. */
export function reveal(
  timeline: Timeline,
  anchor: ScrollAnchor | undefined,
  index: number,
): ScrollAnchor | undefined {
  const edge = edgeOf(timeline, anchor);
  if (index > edge.index || (index === edge.index && edge.below > 0)) {
    return anchorAt(timeline, { index, below: 0 });
  }
  let lines = -edge.below;
  for (let at = edge.index; at >= index && lines <= timeline.pageRows; at--) {
    lines += heightAt(timeline, at);
  }
  return lines > timeline.pageRows ? withTop(timeline, index) : anchor;
}

/**
 * Lines of a row that do not fit on the page: below it (1) or above it (-1).
 * 0 if the row is not visible at all.
 */
export function hiddenLines(
  timeline: Timeline,
  anchor: ScrollAnchor | undefined,
  index: number,
  side: 1 | -1,
): number {
  const edge = edgeOf(timeline, anchor);
  if (edge.index < index) return 0;
  if (side > 0) return edge.index === index ? edge.below : 0;
  let lines = -edge.below;
  for (let at = edge.index; at > index && lines < timeline.pageRows; at--) {
    lines += heightAt(timeline, at);
  }
  if (lines >= timeline.pageRows) return 0;
  return Math.max(0, lines + heightAt(timeline, index) - timeline.pageRows);
}

/** Centers the row, as after a jump. */
export function centered(timeline: Timeline, index: number): ScrollAnchor | undefined {
  const height = heightAt(timeline, index);
  const freeLines = Math.max(0, Math.floor((timeline.pageRows - height) / 2));
  const edge = movedDown(timeline, { index, below: 0 }, freeLines);
  return edge === undefined ? undefined : anchorAt(timeline, edge);
}

/**
 * Keeps the first line of a row in place while the row's height changes. A row that shrinks keeps
 * at least that line on the page. `undefined` if everything below is visible.
 * @param before lines and anchor until now
 */
export function resized(
  timeline: Timeline,
  before: Timeline,
  anchor: ScrollAnchor | undefined,
  index: number,
): ScrollAnchor | undefined {
  const edge = edgeOf(before, anchor);
  let lines = -edge.below;
  for (let at = edge.index; at >= index; at--) lines += heightAt(before, at);
  const height = heightAt(timeline, index);
  const isSmaller = height < heightAt(before, index);
  const linesShown = Math.max(1, isSmaller ? Math.min(lines, before.pageRows) : lines);
  const next = movedDown(timeline, { index, below: height }, linesShown);
  return next === undefined ? undefined : anchorAt(timeline, next);
}

function withTop(timeline: Timeline, index: number): ScrollAnchor | undefined {
  const height = heightAt(timeline, index);
  const { pageRows } = timeline;
  if (height > pageRows) return anchorAt(timeline, { index, below: height - pageRows });
  const edge = movedDown(timeline, { index, below: 0 }, pageRows - height);
  return edge === undefined ? undefined : anchorAt(timeline, edge);
}

/** `undefined` if there are fewer lines below. */
export function movedDown(timeline: Timeline, edge: Edge, lines: number): Edge | undefined {
  let { index, below } = edge;
  below -= lines;
  while (below < 0) {
    index++;
    if (index >= timeline.rows.length) return undefined;
    below += heightAt(timeline, index);
  }
  return { index, below };
}
