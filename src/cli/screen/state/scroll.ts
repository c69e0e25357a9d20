/**
 * Timeline scroll position. Its anchor is the row at the bottom edge, so that rows inserted
 * elsewhere do not move the visible rows.
 */

import type { Row } from "../../../core/model/rows.ts";
import type { ScrollAnchor } from "./screen-state.ts";

export interface ScrolledTimeline {
  readonly rows: readonly Row[];
  readonly heightOf: (key: string) => number;
  readonly pageRows: number;
}

/** Row at the bottom edge, and the number of its lines below the edge. */
export interface Edge {
  /** -1 if there are no rows. */
  readonly index: number;
  readonly below: number;
}

/** If the anchor's row was removed, returns the edge at the newest row. */
export function edgeOf(
  { rows, heightOf }: ScrolledTimeline,
  anchor: ScrollAnchor | undefined,
): Edge {
  const newest = { index: rows.length - 1, below: 0 };
  if (anchor === undefined) return newest;
  const index = rows.findLastIndex(({ key }) => key === anchor.key);
  if (index < 0) return newest;
  return { index, below: Math.min(anchor.below, Math.max(heightOf(anchor.key) - 1, 0)) };
}

function anchorAt({ rows }: ScrolledTimeline, { index, below }: Edge): ScrollAnchor | undefined {
  const key = rows[index]?.key;
  return key === undefined ? undefined : { key, below };
}

function heightAt({ rows, heightOf }: ScrolledTimeline, index: number): number {
  const key = rows[index]?.key;
  return key === undefined ? 0 : heightOf(key);
}

export interface ScrollResult {
  readonly anchor: ScrollAnchor | undefined;
  readonly isNearEnd: boolean;
}

export function scrollUp(
  timeline: ScrolledTimeline,
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

function movedUp(timeline: ScrolledTimeline, edge: Edge, lines: number): Edge {
  let { index, below } = edge;
  below += lines;
  while (index > 0 && below >= heightAt(timeline, index)) {
    below -= heightAt(timeline, index);
    index--;
  }
  return { index, below };
}

/**
 * The anchor is `undefined` at the newest rows.
 * @param lines at least 1
 */
export function scrollDown(
  timeline: ScrolledTimeline,
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
  const isAtEnd = below < 0 || (index === last && below === 0);
  if (isAtEnd) return { anchor: undefined, isNearEnd: true };
  const linesLeft = linesBelow(timeline, { index, below }, timeline.pageRows);
  return { anchor: anchorAt(timeline, { index, below }), isNearEnd: linesLeft < timeline.pageRows };
}

export function linesBelow(
  timeline: ScrolledTimeline,
  { index, below }: Edge,
  max: number,
): number {
  let lines = below;
  for (let at = index + 1; at < timeline.rows.length && lines < max; at++) {
    lines += heightAt(timeline, at);
  }
  return lines;
}

export function atOldest(timeline: ScrolledTimeline): ScrollAnchor | undefined {
  return withTop(timeline, 0);
}

export function reveal(
  timeline: ScrolledTimeline,
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
 * Lines of a visible row that are below the bottom edge (side 1) or above the top edge (side -1). 0
 * if the row is not visible.
 */
export function hiddenLines(
  timeline: ScrolledTimeline,
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

/**
 * Draws a row's first line in a line of the page, counted from 0; negative above the page.
 * `undefined` if everything from there on fits on the page.
 */
export function placedAt(
  timeline: ScrolledTimeline,
  index: number,
  line: number,
): ScrollAnchor | undefined {
  const start = { index, below: heightAt(timeline, index) };
  const edge = movedDown(timeline, start, timeline.pageRows - line);
  return edge === undefined ? undefined : anchorAt(timeline, edge);
}

export function centered(timeline: ScrolledTimeline, index: number): ScrollAnchor | undefined {
  const height = heightAt(timeline, index);
  const freeLines = Math.max(0, Math.floor((timeline.pageRows - height) / 2));
  const edge = movedDown(timeline, { index, below: 0 }, freeLines);
  return edge === undefined ? undefined : anchorAt(timeline, edge);
}

/**
 * Keeps the first line of a row in place, or at least on the page, after the row's height has
 * changed. `undefined` if everything below the row fits on the page.
 * @param before timeline with the previous heights
 */
export function resized(
  timeline: ScrolledTimeline,
  before: ScrolledTimeline,
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

function withTop(timeline: ScrolledTimeline, index: number): ScrollAnchor | undefined {
  const height = heightAt(timeline, index);
  const { pageRows } = timeline;
  if (height > pageRows) return anchorAt(timeline, { index, below: height - pageRows });
  const edge = movedDown(timeline, { index, below: 0 }, pageRows - height);
  return edge === undefined ? undefined : anchorAt(timeline, edge);
}

export function movedDown(timeline: ScrolledTimeline, edge: Edge, lines: number): Edge | undefined {
  let { index, below } = edge;
  below -= lines;
  while (below < 0) {
    index++;
    if (index >= timeline.rows.length) return undefined;
    below += heightAt(timeline, index);
  }
  return { index, below };
}
