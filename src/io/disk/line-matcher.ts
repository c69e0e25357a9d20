/** Matcher that selects the lines that match a query, usable on any thread. */

import type { Head } from "../../wire/record.ts";

export interface LineSpans {
  readonly starts: number[];
  readonly ends: number[];
}

/** Finds lines that may match a pattern: every match contains one of the literals. */
export interface LiteralFilter {
  readonly literals: readonly Uint8Array[];
  /** Flags of the 256 byte values that may precede a literal; `undefined` for any byte. */
  readonly before: Uint8Array | undefined;
  readonly after: Uint8Array | undefined;
  /** The next filter is faster if hits are closer than this on average. */
  readonly hitDistanceMin: number;
}

export interface LineQuery {
  readonly needle?: Uint8Array;
  readonly pattern?: RegExp;
  /** Prefilters for `pattern`, in the order in which to try them. */
  readonly filters?: readonly LiteralFilter[];
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
  const { needle, pattern, filters = [], grep } = query;
  const { rooms, kinds, by, afterSeq, beforeSeq, sinceMs, untilMs } = query;

  // Searching for literals saves the copy as a string, but is slower if the literals are common.
  const hitsBeforeSwitch = 128;
  const hitsPerLine = 16;
  let filterAt = 0;

  /** Returns the offset from which the lines must still be matched, because hits are common. */
  const addLinesWithLiterals = (
    bytes: Buffer,
    from: number,
    { literals, before, after, hitDistanceMin }: LiteralFilter,
    lines: RegExp,
    spans: LineSpans,
  ): number => {
    const nextHits = literals.map(() => -1);
    let start = from;
    for (let hits = 0; hits <= hitsBeforeSwitch + (start - from) / hitDistanceMin; hits++) {
      let hit = bytes.length;
      let sizeBytes = 0;
      for (let i = 0; i < literals.length; i++) {
        const literal = literals[i] as Uint8Array;
        let at = nextHits[i] as number;
        if (at < start) {
          at = bytes.indexOf(literal, start);
          if (at < 0) at = bytes.length;
          nextHits[i] = at;
        }
        if (at >= hit) continue;
        hit = at;
        sizeBytes = literal.length;
      }
      if (hit === bytes.length) return hit;
      start = hit + 1;
      if (before !== undefined && before[bytes[hit - 1] ?? newline] !== 1) continue;
      if (after !== undefined && after[bytes[hit + sizeBytes] ?? newline] !== 1) continue;
      hits += hitsPerLine;
      const end = bytes.indexOf(newline, hit);
      if (end < 0) return bytes.length;
      const lineStart = bytes.lastIndexOf(newline, hit) + 1;
      lines.lastIndex = 0;
      if (lines.test(bytes.toString("latin1", lineStart, end))) {
        spans.starts.push(lineStart);
        spans.ends.push(end);
      }
      start = end + 1;
    }
    filterAt += 1;
    return bytes.lastIndexOf(newline, start - 1) + 1;
  };

  const linesMatching = (bytes: Buffer, pattern: RegExp): LineSpans => {
    const spans: LineSpans = { starts: [], ends: [] };
    let start = 0;
    for (let filter = filters[filterAt]; filter !== undefined; filter = filters[filterAt]) {
      start = addLinesWithLiterals(bytes, start, filter, pattern, spans);
      if (start >= bytes.length) return spans;
    }
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
