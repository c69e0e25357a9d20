import { isWellFormed } from "../../base/bytes.ts";
import { foldCase } from "../../base/case-fold.ts";
import { type LogRecord, parseBody } from "../../wire/record.ts";
import type { SearchFor } from "../disk/disk.ts";
import type { PageQuery } from "../log/log.ts";
import { casePattern, escapedInJson } from "./case-pattern.ts";

/** Fields of a body that people search in. */
const SEARCHED_FIELDS = ["text", "topic", "name"] as const;
const NEWLINE = 0x0a;

/** Where lines begin and end (without newline) in a stretch of bytes, ascending. */
export interface LineSpans {
  readonly starts: number[];
  readonly ends: number[];
}

/** Decides for one query which lines are worth parsing, and which records match. */
export class Matcher {
  readonly #query: PageQuery;
  /** Bytes that every matching line holds. */
  readonly #needle: Buffer | undefined;
  /** The same for a search without case, over the bytes of many lines as Latin-1. */
  readonly #pattern: RegExp | undefined;
  /** What a field must hold once its case is folded. */
  readonly #folded: string | undefined;

  constructor(query: PageQuery) {
    this.#query = query;
    this.#needle = needleOf(query);
    if (query.grep === undefined || query.ignoreCase !== true) return;
    this.#folded = foldCase(query.grep);
    // A lone surrogate has no bytes to look for: then every line is parsed.
    if (isWellFormed(query.grep)) this.#pattern = casePattern(query.grep);
  }

  /** What every matching line holds, for a search elsewhere. */
  get wanted(): SearchFor | undefined {
    // The index has chosen the blocks of these rooms: nearly all of them hold a match.
    const { grep, by, rooms, kinds } = this.#query;
    const isRare = grep !== undefined || by !== undefined || kinds?.size === 1;
    if (!isRare && rooms !== undefined) return undefined;
    if (this.#pattern !== undefined) {
      return { kind: "pattern", pattern: new RegExp(this.#pattern.source) };
    }
    return this.#needle === undefined ? undefined : { kind: "bytes", needle: this.#needle };
  }

  /** The lines that may match; `bytes` begins and ends at lines' ends. */
  spans(bytes: Buffer): LineSpans {
    if (this.#pattern !== undefined) return linesLike(bytes, this.#pattern);
    return linesIn(bytes, this.#needle);
  }

  matches(record: LogRecord): boolean {
    const { rooms, kinds, by, afterSeq, beforeSeq, sinceMs, untilMs } = this.#query;
    const { head } = record;
    if (afterSeq !== undefined && head.seq <= afterSeq) return false;
    if (beforeSeq !== undefined && head.seq >= beforeSeq) return false;
    if (sinceMs !== undefined && head.time < sinceMs) return false;
    if (untilMs !== undefined && head.time > untilMs) return false;
    if (rooms !== undefined && !rooms.has(head.room)) return false;
    if (kinds !== undefined && !kinds.has(head.kind)) return false;
    if (by !== undefined && head.by !== by) return false;
    return this.#query.grep === undefined || this.#holds(record, this.#query.grep);
  }

  #holds(record: LogRecord, grep: string): boolean {
    const body = parseBody(record);
    if (typeof body !== "object" || body === null) return false;
    const fields = body as Record<string, unknown>;
    return SEARCHED_FIELDS.some((name) => {
      const value = Object.hasOwn(fields, name) ? fields[name] : undefined;
      if (typeof value !== "string") return false;
      return this.#folded === undefined
        ? value.includes(grep)
        : foldCase(value).includes(this.#folded);
    });
  }
}

/** Those in which the pattern is found. */
function linesLike(bytes: Buffer, pattern: RegExp): LineSpans {
  const text = bytes.toString("latin1");
  const spans: LineSpans = { starts: [], ends: [] };
  pattern.lastIndex = 0;
  for (let hit = pattern.exec(text); hit !== null; hit = pattern.exec(text)) {
    const end = text.indexOf("\n", hit.index);
    if (end < 0) break;
    spans.starts.push(text.lastIndexOf("\n", hit.index) + 1);
    spans.ends.push(end);
    pattern.lastIndex = end + 1;
  }
  return spans;
}

/** All lines, or those that hold the needle. */
function linesIn(bytes: Buffer, needle: Buffer | undefined): LineSpans {
  const spans: LineSpans = { starts: [], ends: [] };
  for (let start = 0; start < bytes.length; ) {
    if (needle !== undefined) {
      const hit = bytes.indexOf(needle, start);
      if (hit < 0) break;
      start = bytes.lastIndexOf(NEWLINE, hit) + 1;
    }
    const end = bytes.indexOf(NEWLINE, start);
    if (end < 0) break;
    spans.starts.push(start);
    spans.ends.push(end);
    start = end + 1;
  }
  return spans;
}

function needleOf(query: PageQuery): Buffer | undefined {
  if (query.grep !== undefined && query.grep !== "" && query.ignoreCase !== true) {
    return isWellFormed(query.grep) ? Buffer.from(escapedInJson(query.grep), "utf8") : undefined;
  }
  // The rarest first: most people write less than a room holds.
  if (query.by !== undefined) return Buffer.from(`"by":"${query.by}","id":`, "latin1");
  const [room] = query.rooms?.size === 1 ? query.rooms : [];
  const [kind] = query.kinds?.size === 1 ? query.kinds : [];
  if (kind === undefined && room === undefined) return undefined;
  if (room === undefined) return Buffer.from(`"kind":"${kind}","room":`, "latin1");
  const ofKind = kind === undefined ? "" : `"kind":"${kind}",`;
  return Buffer.from(`${ofKind}"room":"${room}","n":`, "latin1");
}
