import { isWellFormed } from "../../base/bytes.ts";
import { type LogRecord, parseBody } from "../../wire/record.ts";
import type { SearchFor } from "../disk/disk.ts";
import type { PageQuery } from "../log/log.ts";

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
  /** The same for a search without case, over the text of many lines. */
  readonly #rawPattern: RegExp | undefined;
  readonly #pattern: RegExp | undefined;

  constructor(query: PageQuery) {
    this.#query = query;
    this.#needle = needleOf(query);
    if (query.grep !== undefined && query.ignoreCase === true) {
      this.#pattern = new RegExp(RegExp.escape(query.grep), "iu");
      // A lone surrogate has no bytes to look for: then every line is parsed.
      if (isWellFormed(query.grep)) {
        this.#rawPattern = new RegExp(RegExp.escape(escapedInJson(query.grep)), "giu");
      }
    }
  }

  /** What every matching line holds, for a search elsewhere. */
  get wanted(): SearchFor | undefined {
    // The index has chosen the blocks of these rooms: nearly all of them hold a match.
    const { grep, by, rooms, kinds } = this.#query;
    const isRare = grep !== undefined || by !== undefined || kinds?.size === 1;
    if (!isRare && rooms !== undefined) return undefined;
    if (this.#rawPattern !== undefined) {
      return { kind: "pattern", pattern: new RegExp(this.#rawPattern.source, "iu") };
    }
    return this.#needle === undefined ? undefined : { kind: "bytes", needle: this.#needle };
  }

  /** The lines that may match; `bytes` begins and ends at lines' ends. */
  spans(bytes: Buffer): LineSpans {
    if (this.#rawPattern !== undefined) return this.#spansByPattern(bytes, this.#rawPattern);
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
      return this.#pattern === undefined ? value.includes(grep) : this.#pattern.test(value);
    });
  }

  /** Case is a matter of characters, so the bytes are decoded; positions are counted in lines. */
  #spansByPattern(bytes: Buffer, pattern: RegExp): LineSpans {
    const text = bytes.toString("utf8");
    // A damaged body need not be UTF-8, and then the text is longer than its bytes.
    if (Buffer.byteLength(text) !== bytes.length) return linesIn(bytes, undefined);
    const spans: LineSpans = { starts: [], ends: [] };
    let textAt = 0;
    let byteAt = 0;
    pattern.lastIndex = 0;
    for (let hit = pattern.exec(text); hit !== null; hit = pattern.exec(text)) {
      const start = text.lastIndexOf("\n", hit.index) + 1;
      byteAt += Buffer.byteLength(text.slice(textAt, start), "utf8");
      textAt = start;
      const end = bytes.indexOf(NEWLINE, byteAt);
      const textEnd = text.indexOf("\n", start);
      if (end < 0 || textEnd < 0) break;
      spans.starts.push(byteAt);
      spans.ends.push(end);
      byteAt = end + 1;
      textAt = textEnd + 1;
      pattern.lastIndex = textAt;
    }
    return spans;
  }
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

/** The bytes between the quotes, as every line of ours spells them. */
function escapedInJson(text: string): string {
  return JSON.stringify(text).slice(1, -1);
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
