/** Matcher that selects the lines that match a query, usable on any thread. */

import type { Head } from "../../wire/record.ts";

export interface LineSpans {
  readonly starts: number[];
  readonly ends: number[];
}

export interface LineQuery {
  readonly needle?: Uint8Array;
  readonly pattern?: RegExp;
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

/** Returns the offset of the next possible match at or after `from`; negative if there is none. */
type FindNext = (from: number) => number;

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
  const { needle, pattern, grep } = query;
  const { rooms, kinds, by, afterSeq, beforeSeq, sinceMs, untilMs } = query;

  const findIn = (bytes: Buffer): FindNext => {
    if (pattern !== undefined) {
      const text = bytes.toString("latin1");
      return (from) => {
        pattern.lastIndex = from;
        return pattern.exec(text)?.index ?? -1;
      };
    }
    return needle === undefined ? (from) => from : (from) => bytes.indexOf(needle, from);
  };

  const mayMatch = (line: Buffer): boolean => {
    if (pattern === undefined) return needle === undefined || line.includes(needle);
    pattern.lastIndex = 0;
    return pattern.test(line.toString("latin1"));
  };

  return {
    spans: (bytes) => {
      const findNext = findIn(bytes);
      const spans: LineSpans = { starts: [], ends: [] };
      for (let from = 0; from < bytes.length; ) {
        const hit = findNext(from);
        const end = hit < 0 ? -1 : bytes.indexOf(newline, hit);
        if (end < 0) break;
        // An empty line is its own hit.
        const start = Math.min(hit, bytes.lastIndexOf(newline, hit) + 1);
        if (mayMatch(bytes.subarray(start, end))) {
          spans.starts.push(start);
          spans.ends.push(end);
        }
        from = end + 1;
      }
      return spans;
    },
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
