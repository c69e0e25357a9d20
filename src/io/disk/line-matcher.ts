/** Matcher that selects the lines that match a query, usable on any thread. */

import type { Head } from "../../wire/record.ts";

export interface LineSpans {
  readonly starts: number[];
  readonly ends: number[];
}

export interface LineQuery {
  readonly needle?: Uint8Array;
  readonly pattern?: RegExp;
  /** Every match of `pattern` contains one of these. Empty if no such bytes are known. */
  readonly pairs?: readonly Uint8Array[];
  readonly rooms?: ReadonlySet<string>;
  readonly kinds?: ReadonlySet<string>;
  readonly by?: string;
  readonly afterSeq?: number;
  readonly beforeSeq?: number;
  readonly sinceMs?: number;
  readonly untilMs?: number;
  readonly grep?: string;
  readonly ignoreCase?: boolean;
  readonly limit: number;
  readonly bytesMax: number;
}

export interface LineMatcher {
  spans(bytes: Buffer): LineSpans;
  matchesHead(head: Head): boolean;
  matchesBody(body: unknown): boolean;
}

/**
 * Selects the lines that match a query. Search threads run this function from its source text, so
 * it must be self-contained and gets `foldCase` as an argument.
 */
export function lineMatcher(query: LineQuery, fold: (text: string) => string): LineMatcher {
  const newline = 0x0a;
  const searched = ["text", "topic", "name"];
  const { needle, pattern, pairs = [], grep } = query;
  const { rooms, kinds, by, afterSeq, beforeSeq, sinceMs, untilMs } = query;

  // Searching for pairs saves the copy as a string, but is slower if many lines contain a pair.
  const pairDistanceMin = 2_048;
  let arePairsRare = pairs.length > 0;

  /** Returns the offset from which the lines must still be matched, because pairs are common. */
  const addLinesWithPairs = (bytes: Buffer, pattern: RegExp, spans: LineSpans): number => {
    const hits = pairs.map(() => -1);
    let start = 0;
    for (let count = 0; count <= bytes.length / pairDistanceMin; count++) {
      for (const [i, pair] of pairs.entries()) {
        if ((hits[i] ?? 0) >= start) continue;
        const at = bytes.indexOf(pair, start);
        hits[i] = at < 0 ? bytes.length : at;
      }
      const hit = Math.min(...hits);
      const end = bytes.indexOf(newline, hit);
      if (end < 0) return bytes.length;
      const lineStart = bytes.lastIndexOf(newline, hit) + 1;
      pattern.lastIndex = 0;
      if (pattern.test(bytes.toString("latin1", lineStart, end))) {
        spans.starts.push(lineStart);
        spans.ends.push(end);
      }
      start = end + 1;
    }
    arePairsRare = false;
    return start;
  };

  const linesMatching = (bytes: Buffer, pattern: RegExp): LineSpans => {
    const spans: LineSpans = { starts: [], ends: [] };
    const start = arePairsRare ? addLinesWithPairs(bytes, pattern, spans) : 0;
    if (start >= bytes.length) return spans;
    const text = bytes.toString("latin1");
    pattern.lastIndex = start;
    for (let hit = pattern.exec(text); hit !== null; hit = pattern.exec(text)) {
      const end = text.indexOf("\n", hit.index);
      if (end < 0) break;
      spans.starts.push(text.lastIndexOf("\n", hit.index) + 1);
      spans.ends.push(end);
      pattern.lastIndex = end + 1;
    }
    return spans;
  };

  const linesIn = (bytes: Buffer): LineSpans => {
    const spans: LineSpans = { starts: [], ends: [] };
    for (let start = 0; start < bytes.length; ) {
      if (needle !== undefined) {
        const hit = bytes.indexOf(needle, start);
        if (hit < 0) break;
        start = bytes.lastIndexOf(newline, hit) + 1;
      }
      const end = bytes.indexOf(newline, start);
      if (end < 0) break;
      spans.starts.push(start);
      spans.ends.push(end);
      start = end + 1;
    }
    return spans;
  };

  return {
    spans: (bytes) => (pattern === undefined ? linesIn(bytes) : linesMatching(bytes, pattern)),
    matchesHead: (head) => {
      if (afterSeq !== undefined && head.seq <= afterSeq) return false;
      if (beforeSeq !== undefined && head.seq >= beforeSeq) return false;
      if (sinceMs !== undefined && head.time < sinceMs) return false;
      if (untilMs !== undefined && head.time > untilMs) return false;
      if (rooms !== undefined && !rooms.has(head.room)) return false;
      if (kinds !== undefined && !kinds.has(head.kind)) return false;
      return by === undefined || head.by === by;
    },
    matchesBody: (body) => {
      if (grep === undefined) return true;
      if (typeof body !== "object" || body === null) return false;
      const fields = body as Record<string, unknown>;
      return searched.some((name) => {
        const value = Object.hasOwn(fields, name) ? fields[name] : undefined;
        if (typeof value !== "string") return false;
        return (query.ignoreCase === true ? fold(value) : value).includes(grep);
      });
    },
  };
}
