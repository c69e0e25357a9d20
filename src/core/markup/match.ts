/** Search matches within a text. */

import { foldCase } from "../../base/case-fold.ts";
import { queryWords } from "../../base/query-words.ts";
import { foldWords } from "../../base/word-fold.ts";

export interface MatchSegment {
  readonly text: string;
  readonly isMatch: boolean;
}

/** UTF-16 code units kept before the first match if the beginning of a long text is cut. */
const CONTEXT_LENGTH = 40;
const ELLIPSIS = "…";
/** Matches a letter with its combining marks, which are folded together. */
const CLUSTER = /\P{M}\p{M}*|\p{M}+/gu;

interface FoldedText {
  readonly fold: string;
  /** Offsets in the original text of the cluster of each folded UTF-16 code unit. */
  readonly starts: readonly number[];
  readonly ends: readonly number[];
}

function foldClusters(text: string, foldText: (text: string) => string): FoldedText {
  let fold = "";
  const starts: number[] = [];
  const ends: number[] = [];
  for (const { 0: cluster, index } of text.matchAll(CLUSTER)) {
    const folded = PLAIN.test(cluster) ? cluster.toLowerCase() : foldText(cluster);
    const part = folded === " " && fold.endsWith(" ") ? "" : folded;
    for (let i = 0; i < part.length; i++) {
      starts.push(index);
      ends.push(index + cluster.length);
    }
    fold += part;
  }
  return { fold, starts, ends };
}

const PLAIN = /^[A-Za-z0-9]$/;

type Range = readonly [start: number, end: number];

/** Finds each word of a query, or a query of punctuation as it is. */
function matchRanges(text: string, query: string, length: number): readonly Range[] {
  const words = queryWords(query);
  const needles = words.length > 0 ? words : [foldCase(query)].filter((word) => word !== "");
  if (needles.length === 0) return [];
  const { fold, starts, ends } = foldClusters(text, words.length > 0 ? foldWords : foldCase);
  const ranges: Range[] = [];
  for (const needle of needles) {
    let first: number | undefined;
    for (let at = fold.indexOf(needle); at >= 0; at = fold.indexOf(needle, at + needle.length)) {
      const start = starts[at] ?? 0;
      first ??= start;
      if (start > first + length) break;
      ranges.push([start, ends[at + needle.length - 1] ?? text.length]);
    }
  }
  return joined(ranges.sort(([a], [b]) => a - b));
}

function joined(sorted: readonly Range[]): readonly Range[] {
  const ranges: Range[] = [];
  for (const [start, end] of sorted) {
    const [lastStart = 0, lastEnd = -1] = ranges.at(-1) ?? [];
    if (start < lastEnd) ranges.splice(-1, 1, [lastStart, Math.max(lastEnd, end)]);
    else ranges.push([start, end]);
  }
  return ranges;
}

/**
 * Returns the text around the first word of a query that it has, compared by `foldWords`.
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

/** Splits the whole text. */
export function allMatchSegments(text: string, query: string): MatchSegment[] {
  return segmentsOf(text, matchRanges(text, query, text.length), 0, text.length);
}

function segmentsOf(
  text: string,
  ranges: readonly Range[],
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
