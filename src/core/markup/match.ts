/** Search matches within a text. */

import { foldCase } from "../../base/case-fold.ts";

export interface MatchSegment {
  readonly text: string;
  readonly isMatch: boolean;
}

/** UTF-16 code units kept before the first match if the beginning of a long text is cut. */
const CONTEXT_LENGTH = 40;
const ELLIPSIS = "…";
/** Matches a letter with its combining marks, which are folded together. */
const CLUSTER = /\P{M}\p{M}*|\p{M}+/gu;

/** `starts` contains the offset in the original text of each folded UTF-16 code unit. */
function foldClusters(text: string): { readonly fold: string; readonly starts: readonly number[] } {
  let fold = "";
  const starts: number[] = [];
  for (const { 0: cluster, index } of text.matchAll(CLUSTER)) {
    const part = foldCase(cluster);
    for (let i = 0; i < part.length; i++) starts.push(index);
    fold += part;
  }
  starts.push(text.length);
  return { fold, starts };
}

function matchRanges(text: string, query: string, length: number): [start: number, end: number][] {
  const needle = foldCase(query);
  if (needle === "") return [];
  const { fold, starts } = foldClusters(text);
  const ranges: [number, number][] = [];
  for (let at = fold.indexOf(needle); at >= 0; at = fold.indexOf(needle, at + needle.length)) {
    const start = starts[at] ?? 0;
    if (start > (ranges[0]?.[0] ?? start) + length) break;
    let next = at + needle.length;
    while (starts[next] === starts[next - 1]) next++;
    ranges.push([start, starts[next] ?? text.length]);
  }
  return ranges;
}

/**
 * Returns the text around the first match of a query, ignoring case.
 * @param length maximum length in UTF-16 code units, not counting an ellipsis
 * @returns consecutive segments; a single segment if nothing matches
 */
export function matchSegments(text: string, query: string, length: number): MatchSegment[] {
  const ranges = matchRanges(text, query, length);
  const first = ranges[0]?.[0] ?? 0;
  const context = Math.min(CONTEXT_LENGTH, Math.floor(length / 3));
  const begin = first > length / 2 ? clusterStart(text, first - context) : 0;
  const end = begin + length < text.length ? clusterStart(text, begin + length) : text.length;
  const parts = segmentsOf(text, ranges, begin, end);
  return begin > 0 ? [{ text: ELLIPSIS, isMatch: false }, ...parts] : parts;
}

/** Splits the whole text, ignoring case. */
export function allMatchSegments(text: string, query: string): MatchSegment[] {
  return segmentsOf(text, matchRanges(text, query, text.length), 0, text.length);
}

function segmentsOf(
  text: string,
  ranges: readonly (readonly [start: number, end: number])[],
  begin: number,
  end: number,
): MatchSegment[] {
  const parts: MatchSegment[] = [];
  let at = begin;
  for (const [start, stop] of ranges) {
    if (stop > end) break;
    if (start > at) parts.push({ text: text.slice(at, start), isMatch: false });
    parts.push({ text: text.slice(start, stop), isMatch: true });
    at = stop;
  }
  if (at < end) parts.push({ text: text.slice(at, end), isMatch: false });
  return parts;
}

function clusterStart(text: string, unit: number): number {
  let start = Math.max(0, unit);
  while (start > 0 && /^[\p{M}\udc00-\udfff]/u.test(text.slice(start, start + 2))) start--;
  return start;
}
