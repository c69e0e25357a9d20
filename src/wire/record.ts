import { assert } from "../base/assert.ts";
import { concatBytes, fromBase64Url, toBase64Url, utf8Decode, utf8Encode } from "../base/bytes.ts";
import type { RoomId, Sha256, UserId } from "../base/ids.ts";
import { MOMENT_UNIX_MS_MAX } from "../base/time.ts";

/**
 * One record of the log and its line. The head is hashed as written and never changes; salt and
 * body hang on it by a salted commitment and may be blanked later (see data/README.md).
 */

export const RECORD_KINDS = [
  // history/
  "room",
  "join",
  "leave",
  "topic",
  "text",
  "action",
  "reaction",
  "edit",
  "erase",
  "kick",
  "mute",
  "grant",
  "file",
  "rename",
  "close",
  "remove",
  // accounts/
  "account",
  "account-name",
  "account-gone",
  "device",
  "device-gone",
  "password",
  "reset",
  "room-password",
  "ban",
  "role",
  "registration",
  "invite",
  "invite-used",
  "invite-gone",
  "ignore",
  "identity",
] as const;

export type RecordKind = (typeof RECORD_KINDS)[number];

/**
 * What people read of the past. Making a room is told by its first join; the record itself, the
 * order to erase, and the end of a room are for programs that fold.
 */
export const READ_KINDS: ReadonlySet<RecordKind> = new Set([
  "join",
  "leave",
  "kick",
  "mute",
  "grant",
  "topic",
  "text",
  "action",
  "reaction",
  "edit",
  "file",
  "rename",
  "close",
]);

/** What people say, as opposed to what happens, and to what is said of other records. */
export const WORD_KINDS: ReadonlySet<string> = new Set(["text", "action", "file"]);

/** Fixed order of keys. People and rooms appear by id only, so that their names can be erased. */
export interface Head {
  readonly v: 1;
  /** Dense over the whole log, from 1. */
  readonly seq: number;
  /** Unix milliseconds; never falls from one record to the next. */
  readonly time: number;
  readonly kind: RecordKind;
  /** The room; in the accounts log the account (or room) that the record is about. */
  readonly room: RoomId | UserId;
  /** Dense per room, from 1. */
  readonly n: number;
  /** The account that caused it, or `server`. */
  readonly by: UserId | "server";
  /** `OUTBOX.COUNTER` of the client's post, the id of the file that is told of, or empty. */
  readonly id: string;
  /** base64url of SHA-256(0x02, salt, body bytes). */
  readonly commit: string;
}

/** What a writer asks to be recorded; the log gives seq, n and time. */
export interface Draft {
  readonly kind: RecordKind;
  readonly room: RoomId | UserId;
  readonly by: UserId | "server";
  readonly id: string;
  /** A JSON value; its bytes are fixed here, once. */
  readonly body: unknown;
}

export interface LogRecord {
  readonly head: Head;
  readonly headBytes: Uint8Array;
  /** Absent when erased or damaged. */
  readonly salt?: Uint8Array;
  readonly bodyBytes?: Uint8Array;
  /** Seq of the record that ordered the erasing. */
  readonly erased?: number;
  /** The body on disk does not fit the commitment: it is withheld, and never shown as said. */
  readonly damaged?: true;
}

/** What a line is: a record, one of a later version of this program, or nothing we ever wrote. */
export type ParsedLine =
  | { readonly kind: "record"; readonly record: LogRecord; readonly durable: number }
  | { readonly kind: "newer"; readonly recordKind: string; readonly seq: number }
  | { readonly kind: "bad"; readonly reason: string };

/** A draft whose body, salt and commitment are fixed; only its place in the log is open. */
export interface SealedDraft {
  readonly draft: Draft;
  readonly salt: Uint8Array;
  readonly bodyText: string;
  readonly bodyBytes: Uint8Array;
  readonly commit: string;
}

export interface Place {
  readonly seq: number;
  readonly n: number;
  readonly time: number;
}

export interface EncodedLine {
  readonly record: LogRecord;
  /** The line with its newline. */
  readonly text: string;
  readonly sizeBytes: number;
}

export const SALT_BYTES = 16;
/** What a line holds beside its body, at most: the head's fields are bounded by HEAD_TEXT. */
export const LINE_FRAME_BYTES_MAX = 640;

const LEAF_PREFIX = Uint8Array.of(0x00);
const COMMIT_PREFIX = Uint8Array.of(0x02);
const NEWLINE = 0x0a;
const SPACE = 0x20;
const BRACE_CLOSE = 0x7d;

const COUNT = "[1-9][0-9]{0,15}";
const COUNT_OR_ZERO = `0|${COUNT}`;
/**
 * The whole line up to the body. Every field is plain ASCII without anything that JSON escapes, so
 * there is one spelling of each head, and its first brace is its end. The last letters of `commit`
 * and `salt` leave no spare bits: the canonical base64url of 32 and 16 bytes.
 */
const HEAD_TEXT =
  `^\\{"head":\\{"v":1,"seq":(${COUNT}),"time":(${COUNT_OR_ZERO}),"kind":"([a-z][a-z-]{0,31})",` +
  `"room":"([\\w-]{1,64})","n":(${COUNT}),"by":"([\\w-]{1,64})","id":"([\\w.-]{0,64})",` +
  `"commit":"([\\w-]{42}[AEIMQUYcgkosw048])"\\},"durable":(${COUNT_OR_ZERO}),`;
const LINE = new RegExp(
  `${HEAD_TEXT}(?:"salt":"([\\w-]{21}[AQgw])","body":|"erased":(${COUNT})\\})`,
);
/** The part of a line that no erasing ever touches. */
const HEAD_LINE = new RegExp(HEAD_TEXT);
const HEAD_AT = '{"head":'.length;
/** From the head's end to the body: `,"durable":` and 16 digits, salt and the keys between. */
const AFTER_HEAD_BYTES = 80;
const WORD = /^[\w-]{1,64}$/;
const ID = /^[\w.-]{0,64}$/;
const KNOWN_KINDS: ReadonlySet<string> = new Set(RECORD_KINDS);

// Not strict: a body may be cut in the middle of a character here, and the head is ASCII.
const looseDecoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** RFC 6962, section 2.1: the leaf of the record's Merkle tree. */
export function leafHash(headBytes: Uint8Array, sha256: Sha256): Uint8Array {
  return sha256(concatBytes(LEAF_PREFIX, headBytes));
}

export function commitment(salt: Uint8Array, bodyBytes: Uint8Array, sha256: Sha256): string {
  return toBase64Url(sha256(concatBytes(COMMIT_PREFIX, salt, bodyBytes)));
}

/** Whether salt and body are what the head commits to; true for what was erased. */
export function bodyFits(record: LogRecord, sha256: Sha256): boolean {
  if (record.salt === undefined || record.bodyBytes === undefined) {
    return record.erased !== undefined;
  }
  return commitment(record.salt, record.bodyBytes, sha256) === record.head.commit;
}

/** The same record without the body that does not fit it. */
export function asDamaged(record: LogRecord): LogRecord {
  return { head: record.head, headBytes: record.headBytes, damaged: true };
}

/** The same record after `eraseSeq` ordered its body to be blanked. */
export function asErased({ head, headBytes }: LogRecord, eraseSeq: number): LogRecord {
  return { head, headBytes, erased: eraseSeq };
}

/** Fixes the bytes of a draft. The body may change hands afterwards without changing the record. */
export function sealDraft(draft: Draft, salt: Uint8Array, sha256: Sha256): SealedDraft {
  assert(WORD.test(draft.room) && WORD.test(draft.by), "ids in a head are plain words");
  assert(ID.test(draft.id), "the id of a post is an outbox and a counter");
  assert(salt.length === SALT_BYTES, "a salt has 16 bytes");
  const bodyText: string | undefined = JSON.stringify(draft.body);
  assert(bodyText !== undefined, "a body is a JSON value");
  const bodyBytes = utf8Encode(bodyText);
  return { draft, salt, bodyText, bodyBytes, commit: commitment(salt, bodyBytes, sha256) };
}

/** @param durable the highest seq known to be on disk now */
export function encodeLine(sealed: SealedDraft, place: Place, durable: number): EncodedLine {
  assert(durable < place.seq, "a line is written before it is durable");
  const { draft, salt, bodyBytes } = sealed;
  const headText =
    `{"v":1,"seq":${place.seq},"time":${place.time},"kind":"${draft.kind}",` +
    `"room":"${draft.room}","n":${place.n},"by":"${draft.by}","id":"${draft.id}",` +
    `"commit":"${sealed.commit}"}`;
  const frame = `{"head":${headText},"durable":${durable},"salt":"${toBase64Url(salt)}","body":`;
  const head: Head = {
    v: 1,
    seq: place.seq,
    time: place.time,
    kind: draft.kind,
    room: draft.room,
    n: place.n,
    by: draft.by,
    id: draft.id,
    commit: sealed.commit,
  };
  return {
    record: { head, headBytes: utf8Encode(headText), salt, bodyBytes },
    text: `${frame}${sealed.bodyText}}\n`,
    sizeBytes: frame.length + bodyBytes.length + 2,
  };
}

/**
 * Reads one line, without its newline. Never throws: whatever the bytes are, the answer says so.
 * The record has its own memory.
 * The body is not looked into: whether it is what was written, `bodyFits` tells.
 */
export function parseLine(line: Uint8Array): ParsedLine {
  const headEnd = line.indexOf(BRACE_CLOSE) + 1;
  if (headEnd === 0) return bad("it has no head");
  const match = LINE.exec(startOf(line, headEnd));
  if (match === null) return bad("it does not begin with a head in its one spelling");
  const parsed = headIn(match);
  if (parsed.kind !== "head") return parsed;
  const { head, durable } = parsed;
  const [frame, salt, erased] = [match[0], match[10], match[11]];
  const headBytes = copied(line, HEAD_AT, headEnd);
  if (salt === undefined) {
    return erasedLine(line, frame.length, { head, headBytes }, durable, erased);
  }
  const last = line.length - 1;
  if (line[last] !== BRACE_CLOSE || last <= frame.length) return bad("its body has no end");
  const bodyBytes = copied(line, frame.length, last);
  if (bodyBytes.includes(NEWLINE)) return bad("it is more than one line");
  return {
    kind: "record",
    record: { head, headBytes, salt: fromBase64Url(salt), bodyBytes },
    durable,
  };
}

/**
 * The head of a line whose rest makes no sense, as when a power loss tore the blanking of its body.
 * Whether it was to be blanked, only the record that ordered it can tell.
 */
export function parseHead(
  line: Uint8Array,
): { readonly record: LogRecord; readonly durable: number } | undefined {
  const headEnd = line.indexOf(BRACE_CLOSE) + 1;
  const match = headEnd === 0 ? null : HEAD_LINE.exec(startOf(line, headEnd));
  if (match === null) return undefined;
  const parsed = headIn(match);
  if (parsed.kind !== "head") return undefined;
  const { head, durable } = parsed;
  return { record: { head, headBytes: copied(line, HEAD_AT, headEnd) }, durable };
}

/** What stands in place of salt and body once they are erased, from byte `at` of the line on. */
export function erasedTail(
  line: Uint8Array,
  eraseSeq: number,
): { readonly at: number; readonly bytes: Uint8Array } {
  const headEnd = line.indexOf(BRACE_CLOSE) + 1;
  const match = HEAD_LINE.exec(startOf(line, headEnd));
  assert(match !== null, "only what has a head is erased");
  const at = match[0].length;
  const words = utf8Encode(`"erased":${eraseSeq}}`);
  assert(at + words.length <= line.length, "an erased line keeps its length");
  const bytes = new Uint8Array(line.length - at).fill(SPACE);
  bytes.set(words);
  return { at, bytes };
}

/** As text, up to where the body or the erasure begins. */
function startOf(line: Uint8Array, headEnd: number): string {
  return looseDecoder.decode(line.subarray(0, headEnd + AFTER_HEAD_BYTES));
}

function headIn(
  match: RegExpExecArray,
):
  | { readonly kind: "head"; readonly head: Head; readonly durable: number }
  | Exclude<ParsedLine, { kind: "record" }> {
  const [, seqText, timeText, kind, room, nText, by, id, commit, durableText] = match;
  const [seq, time, n, durable] = [seqText, timeText, nText, durableText].map(Number);
  if (seq === undefined || time === undefined || n === undefined || durable === undefined) {
    return { kind: "bad", reason: "it lacks a number" };
  }
  if (!Number.isSafeInteger(seq) || time > MOMENT_UNIX_MS_MAX) {
    return { kind: "bad", reason: "a number is too big" };
  }
  if (durable >= seq || n > seq) {
    return { kind: "bad", reason: "its numbers contradict each other" };
  }
  if (kind === undefined || !KNOWN_KINDS.has(kind)) {
    return { kind: "newer", recordKind: kind ?? "", seq };
  }
  // The expression has checked every field; here they get their names.
  return {
    kind: "head",
    head: { v: 1, seq, time, kind, room, n, by, id, commit } as Head,
    durable,
  };
}

/** Not `slice`: a reader's Buffer would hand out its own memory, which the next read fills anew. */
function copied(bytes: Uint8Array, start: number, end: number): Uint8Array {
  return new Uint8Array(bytes.subarray(start, end));
}

function erasedLine(
  line: Uint8Array,
  frameBytes: number,
  record: LogRecord,
  durable: number,
  erasedText: string | undefined,
): ParsedLine {
  const erased = Number(erasedText);
  if (!Number.isSafeInteger(erased) || erased <= record.head.seq) {
    return bad("it is erased by no later record");
  }
  for (let i = frameBytes; i < line.length; i++) {
    if (line[i] !== SPACE) return bad("something follows its erasure");
  }
  return { kind: "record", record: { ...record, erased }, durable };
}

function bad(reason: string): ParsedLine {
  return { kind: "bad", reason };
}

/** The body as a JSON object; undefined if it was erased, is damaged or is none. */
export function parseBody(record: LogRecord): JsonObject | undefined {
  return record.bodyBytes === undefined ? undefined : parseObject(record.bodyBytes);
}

/** Undefined unless the bytes are a JSON object in UTF-8. */
export function parseObject(bytes: Uint8Array): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(utf8Decode(bytes));
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return isObject ? (value as JsonObject) : undefined;
  } catch {
    return undefined;
  }
}

type JsonObject = Readonly<Record<string, unknown>>;
