/**
 * Records of the log, and their lines. The head is hashed as written and never changes. A salted
 * commitment in the head covers the body, so salt and body can be blanked later (see
 * data/README.md).
 */

import { BRACE_CLOSE, NEWLINE, SPACE } from "../base/ascii.ts";
import { assert } from "../base/assert.ts";
import { concatBytes, fromBase64Url, toBase64Url, utf8Decode, utf8Encode } from "../base/bytes.ts";
import { decodeJson } from "../base/decode.ts";
import type { FileId, RoomId, Sha256, UserId } from "../base/ids.ts";
import { UNIX_MS_MAX } from "../base/time.ts";
import { type Body, fieldsOf, isKnownKind, type RecordKind } from "./kinds.ts";
import { LineScanner } from "./line-scanner.ts";

/**
 * The keys have a fixed order. Users and rooms are identified only by id, so that their names can
 * be erased.
 */
export interface Head {
  readonly v: 1;
  /** Position in the log, from 1 without gaps. */
  readonly seq: number;
  /** Unix milliseconds. Decreases only at a record whose kind has the trait `sets-time`. */
  readonly time: number;
  readonly kind: RecordKind;
  readonly room: RoomId | UserId;
  /** Position in the room, from 1 without gaps. */
  readonly n: number;
  readonly by: UserId | "server";
  /** `OUTBOX.COUNTER` of a post, the id of a file, the user whom a kick removes, or "". */
  readonly id: string;
  /** base64url of SHA-256(0x02, salt, body bytes). */
  readonly commit: string;
}

export interface Draft {
  readonly kind: RecordKind;
  readonly room: RoomId | UserId;
  readonly by: UserId | "server";
  readonly id: string;
  readonly body: unknown;
}

export interface LogRecord {
  readonly head: Head;
  readonly headBytes: Uint8Array;
  readonly salt?: Uint8Array | undefined;
  readonly bodyBytes?: Uint8Array | undefined;
  readonly erased?: number | undefined;
  /** Files that the body lists and that were erased without it. */
  readonly erasedFiles?: readonly FileId[] | undefined;
  /** A body that does not match the commitment is never sent or displayed. */
  readonly damaged?: true;
}

export interface FoldedRecord extends Omit<LogRecord, "head" | "headBytes" | "salt"> {
  readonly head: FoldedHead;
}

export type FoldedHead = Omit<Head, "commit">;

export type ParsedLine =
  | { readonly kind: "record"; readonly record: LogRecord; readonly durable: number }
  | ({ readonly kind: "newer" } & NewerLine)
  | { readonly kind: "bad"; readonly reason: string };

/** A line whose kind only later versions know. Its head still counts for proofs. */
interface NewerLine {
  readonly recordKind: string;
  readonly seq: number;
  /** `kind` is none of this version's kinds. */
  readonly head: Head;
  readonly headBytes: Uint8Array;
}

/** A line by itself, regardless of the records before it. */
export type StoredLine =
  | {
      /**
       * The body of a `damaged` record does not match its commitment. Only the head of a `torn`
       * line is valid.
       */
      readonly kind: "intact" | "damaged" | "torn";
      readonly record: LogRecord;
      readonly durable: number;
      readonly reason: string;
    }
  | ({ readonly kind: "newer"; readonly record?: undefined; readonly reason: string } & NewerLine)
  | { readonly kind: "invalid"; readonly record?: undefined; readonly reason: string };

/** Record with fixed salt and commitment, but no position in the log yet. */
export interface SealedDraft {
  readonly draft: Draft;
  readonly salt: Uint8Array;
  readonly bodyBytes: Uint8Array;
  readonly commit: string;
}

export interface CopiedLine {
  readonly record: LogRecord;
  readonly bytes: Uint8Array;
}

export const SALT_BYTES = 16;
/** Maximum size of a line without its body. HEAD_TEXT limits the head's fields. */
export const LINE_FRAME_BYTES_MAX = 640;

export const LEAF_PREFIX = 0x00;
export const COMMIT_PREFIX = 0x02;
const COPIED_DURABLE = /* @__PURE__ */ utf8Encode(',"durable":0,');

const ID_CHARS_MAX = 64;
const [UNDERSCORE, HYPHEN, DOT] = [0x5f, 0x2d, 0x2e];

export function beginsLog({ seq, kind }: Pick<Head, "seq" | "kind">): boolean {
  return seq === 1 || kind === "fork";
}

export function leafHash(headBytes: Uint8Array, sha256: Sha256): Uint8Array {
  const leaf = new Uint8Array(1 + headBytes.length);
  leaf[0] = LEAF_PREFIX;
  leaf.set(headBytes, 1);
  return sha256(leaf);
}

export function commitment(salt: Uint8Array, bodyBytes: Uint8Array, sha256: Sha256): string {
  const input = new Uint8Array(1 + salt.length + bodyBytes.length);
  input[0] = COMMIT_PREFIX;
  input.set(salt, 1);
  input.set(bodyBytes, 1 + salt.length);
  return toBase64Url(sha256(input));
}

export function bodyMatches(record: LogRecord, sha256: Sha256): boolean {
  if (record.salt === undefined || record.bodyBytes === undefined) {
    return record.erased !== undefined;
  }
  return commitment(record.salt, record.bodyBytes, sha256) === record.head.commit;
}

export function asDamaged(record: LogRecord): LogRecord {
  return { head: record.head, headBytes: record.headBytes, damaged: true };
}

export function asErased({ head, headBytes }: LogRecord, eraseSeq: number): LogRecord {
  return { head, headBytes, erased: eraseSeq };
}

export function contentBytes({ headBytes, bodyBytes }: LogRecord): number {
  return headBytes.length + (bodyBytes?.length ?? 0);
}

/** Later changes of the body object do not affect the record. */
export function sealDraft(draft: Draft, salt: Uint8Array, sha256: Sha256): SealedDraft {
  const { room, by, id } = draft;
  assert(isIdText(room, false) && isIdText(by, false), "ids in a head have valid characters");
  assert(id === "" || isIdText(id, true), "the id of a post is an outbox and a counter");
  assert(salt.length === SALT_BYTES, "a salt has 16 bytes");
  const bodyText: string | undefined = JSON.stringify(draft.body);
  assert(bodyText !== undefined, "a body is a JSON value");
  const bodyBytes = utf8Encode(bodyText);
  return { draft, salt, bodyBytes, commit: commitment(salt, bodyBytes, sha256) };
}

export function isHeadId(value: unknown, as: "id" | "post"): value is string {
  return typeof value === "string" && isIdText(value, as === "post");
}

/**
 * Uses a loop, because every post is checked here and a regular expression takes several times as
 * long.
 */
function isIdText(text: string, hasDots: boolean): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    const isLetter = (code | 0x20) >= 0x61 && (code | 0x20) <= 0x7a;
    const isDigit = code >= 0x30 && code <= 0x39;
    const isSign = code === UNDERSCORE || code === HYPHEN || (hasDots && code === DOT);
    if (!isLetter && !isDigit && !isSign) return false;
  }
  return text.length >= 1 && text.length <= ID_CHARS_MAX;
}

/**
 * Never throws: the result reports invalid bytes. Does not verify the body.
 * @param line line without its newline
 */
export function parseLine(line: Uint8Array): ParsedLine {
  const found = new LineScanner();
  if (!found.scanHead(line, 0) || !found.scanTail(line)) {
    const hasEnd = line.includes(BRACE_CLOSE);
    return bad(hasEnd ? "its head is not in canonical form" : "it has no head");
  }
  const text = utf8Decode(line.subarray(0, found.bodyStart));
  const parsed = headIn(found, text);
  if (parsed.kind === "bad") return parsed;
  const { head, durable } = parsed;
  const headBytes = copyOf(line, found.headStart, found.headEnd);
  if (parsed.kind === "newer") {
    return { kind: "newer", recordKind: head.kind, seq: head.seq, head, headBytes };
  }
  if (found.erased > 0) return erasedLine(line, found, { head, headBytes });
  const last = line.length - 1;
  if (line[last] !== BRACE_CLOSE || last <= found.bodyStart) return bad("its body is incomplete");
  const bodyBytes = copyOf(line, found.bodyStart, last);
  if (bodyBytes.includes(NEWLINE)) return bad("it contains a line break");
  const salt = fromBase64Url(text.slice(found.saltStart, found.saltEnd));
  return { kind: "record", record: { head, headBytes, salt, bodyBytes }, durable };
}

/**
 * Parses only the head of a line whose tail is invalid, for example after a power failure while its
 * body was being blanked. The caller must find the record that ordered the erasure.
 */
export function parseHead(
  line: Uint8Array,
): { readonly record: LogRecord; readonly durable: number } | undefined {
  const found = new LineScanner();
  if (!found.scanHead(line, 0)) return undefined;
  const parsed = headIn(found, utf8Decode(line.subarray(0, found.frameEnd)));
  if (parsed.kind !== "head") return undefined;
  const { head, durable } = parsed;
  return { record: { head, headBytes: copyOf(line, found.headStart, found.headEnd) }, durable };
}

/** @param line line without its newline */
export function classifyLine(line: Uint8Array, sha256: Sha256): StoredLine {
  const parsed = parseLine(line);
  if (parsed.kind === "newer") {
    const reason = `unknown kind '${parsed.recordKind}': damaged, or written by a newer version`;
    return { ...parsed, reason };
  }
  if (parsed.kind === "bad") {
    const { reason } = parsed;
    const head = parseHead(line);
    return head === undefined ? { kind: "invalid", reason } : { kind: "torn", ...head, reason };
  }
  const { record, durable } = parsed;
  const kind = bodyMatches(record, sha256) ? "intact" : "damaged";
  return { kind, record, durable, reason: "its body does not match its commitment" };
}

/**
 * Sets `durable` to 0, because the field refers to the disk of the server that wrote the line.
 * @param line line without its newline
 * @returns `undefined` if this version did not write the line
 */
export function copyLine(line: Uint8Array): CopiedLine | undefined {
  const parsed = parseLine(line);
  if (parsed.kind !== "record") return undefined;
  const found = new LineScanner();
  assert(found.scanHead(line, 0), "a parsed record has a head");
  const [before, after] = [line.subarray(0, found.headEnd), line.subarray(found.frameEnd)];
  const bytes = concatBytes(before, COPIED_DURABLE, after, Uint8Array.of(NEWLINE));
  return { record: parsed.record, bytes };
}

export function erasedTail(
  line: Uint8Array,
  eraseSeq: number,
): { readonly at: number; readonly bytes: Uint8Array } {
  const found = new LineScanner();
  assert(found.scanHead(line, 0), "only lines with a valid head are erased");
  const at = found.frameEnd;
  const mark = utf8Encode(`"erased":${eraseSeq}}`);
  assert(at + mark.length <= line.length, "an erased line keeps its length");
  const bytes = new Uint8Array(line.length - at).fill(SPACE);
  bytes.set(mark);
  return { at, bytes };
}

export function numberFlaw({ seq, time, n, durable }: LineScanner): string | undefined {
  if (!Number.isSafeInteger(seq) || time > UNIX_MS_MAX) return "a number is too large";
  if (durable >= seq || n > seq) return "its numbers are inconsistent";
  return undefined;
}

function headIn(
  found: LineScanner,
  text: string,
):
  | { readonly kind: "head" | "newer"; readonly head: Head; readonly durable: number }
  | Extract<ParsedLine, { kind: "bad" }> {
  const flaw = numberFlaw(found);
  if (flaw !== undefined) return { kind: "bad", reason: flaw };
  const { seq, time, n, durable } = found;
  const kind = text.slice(found.kindStart, found.kindEnd);
  const head: Head = {
    v: 1,
    seq,
    time,
    kind: kind as RecordKind,
    room: text.slice(found.roomStart, found.roomEnd) as RoomId,
    n,
    by: text.slice(found.byStart, found.byEnd) as UserId,
    id: text.slice(found.idStart, found.idEnd),
    commit: text.slice(found.commitStart, found.commitEnd),
  };
  return { kind: isKnownKind(kind) ? "head" : "newer", head, durable };
}

/** Copies the bytes; a Buffer's `slice` would share memory that the next read overwrites. */
function copyOf(bytes: Uint8Array, start: number, end: number): Uint8Array {
  return new Uint8Array(bytes.subarray(start, end));
}

function erasedLine(line: Uint8Array, found: LineScanner, record: LogRecord): ParsedLine {
  const { erased, durable } = found;
  if (!Number.isSafeInteger(erased) || erased <= record.head.seq) {
    return bad("no later record erased it");
  }
  if (!isBlank(line, found.bodyStart, line.length)) return bad("data follows its erasure mark");
  return { kind: "record", record: { ...record, erased }, durable };
}

export function isBlank(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (bytes[i] !== SPACE) return false;
  return true;
}

function bad(reason: string): ParsedLine {
  return { kind: "bad", reason };
}

/** `undefined` if the body was erased, is damaged or is not an object. */
export function parseBody(record: FoldedRecord): JsonObject | undefined {
  return record.bodyBytes === undefined ? undefined : parseObject(record.bodyBytes);
}

export function bodyOf<K extends RecordKind>(record: FoldedRecord, kind: K): Body<K> | undefined {
  const body = parseBody(record);
  return body && fieldsOf(kind, body);
}

export function parseObject(bytes: Uint8Array): JsonObject | undefined {
  try {
    const value: unknown = decodeJson(utf8Decode(bytes));
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return isObject ? (value as JsonObject) : undefined;
  } catch {
    return undefined;
  }
}

export type JsonObject = Readonly<Record<string, unknown>>;
