import { TEXT_BYTES_MAX } from "../base/limits.ts";
import type { RequestOf } from "./messages.ts";

/**
 * The two messages that a busy server reads and writes most, by hand: a `post` of plain text, and
 * the `ok` that answers it. The general codec walks the bytes of a post three times: for form, for
 * values and for fields. Any other form than the common one is left to the codec, with the same
 * result; a test compares the two.
 * @see https://github.com/msgpack/msgpack/blob/master/spec.md
 */

const UINT_8 = 0xcc;
const UINT_16 = 0xcd;
const UINT_32 = 0xce;
const FLOAT_64 = 0xcb;
const TEXT_8 = 0xd9;
const TEXT_16 = 0xda;
const SHORT_TEXT = 0xa0;
const SHORT_TEXT_MAX = 31;
const SMALL_INT_MAX = 0x7f;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

const START = Uint8Array.of(0x86, ...texts("kind", "post", "ref"));
const OUTBOX = texts("outbox");
const COUNTER = texts("counter");
const TO = texts("to");
const BODY = Uint8Array.of(...texts("body"), 0x81, ...texts("text"));

function texts(...all: readonly string[]): Uint8Array {
  const bytes: number[] = [];
  for (const text of all) bytes.push(SHORT_TEXT | text.length, ...encoder.encode(text));
  return Uint8Array.from(bytes);
}

/** @returns undefined if the bytes are anything but a plain text as our clients pack it */
export function readPost(bytes: Uint8Array): RequestOf<"post"> | undefined {
  if (!startsWith(bytes, 0, START)) return undefined;
  const cursor = { bytes, at: START.length };
  const ref = uint(cursor);
  if (ref === 0 || !skip(cursor, OUTBOX)) return undefined;
  const outbox = shortText(cursor);
  if (outbox === undefined || !skip(cursor, COUNTER)) return undefined;
  const counter = uint(cursor);
  if (counter === 0 || !skip(cursor, TO)) return undefined;
  const to = shortText(cursor);
  if (to === undefined || !skip(cursor, BODY)) return undefined;
  const text = lastText(cursor);
  return text === undefined
    ? undefined
    : { kind: "post", ref, outbox, counter, to, body: { text } };
}

interface Cursor {
  readonly bytes: Uint8Array;
  at: number;
}

function startsWith(bytes: Uint8Array, at: number, part: Uint8Array): boolean {
  for (let i = 0; i < part.length; i++) if (bytes[at + i] !== part[i]) return false;
  return true;
}

function skip(cursor: Cursor, part: Uint8Array): boolean {
  if (!startsWith(cursor.bytes, cursor.at, part)) return false;
  cursor.at += part.length;
  return true;
}

/** From 1 to 2^32 - 1; 0 for anything else. */
function uint(cursor: Cursor): number {
  const { bytes } = cursor;
  const lead = bytes[cursor.at++] ?? 0;
  if (lead <= SMALL_INT_MAX) return lead;
  const size = lead === UINT_8 ? 1 : lead === UINT_16 ? 2 : lead === UINT_32 ? 4 : 0;
  if (cursor.at + size > bytes.length) return 0;
  let value = 0;
  for (let i = 0; i < size; i++) value = value * 0x100 + (bytes[cursor.at++] ?? 0);
  return value;
}

/** Of 1 to 31 ASCII characters: a name or an id. */
function shortText(cursor: Cursor): string | undefined {
  const { bytes, at } = cursor;
  const length = (bytes[at] ?? 0) - SHORT_TEXT;
  if (length < 1 || length > SHORT_TEXT_MAX || at + 1 + length > bytes.length) return undefined;
  const end = at + 1 + length;
  for (let i = at + 1; i < end; i++) if ((bytes[i] ?? 0) >= 0x80) return undefined;
  cursor.at = end;
  return decoder.decode(bytes.subarray(at + 1, end));
}

/** The rest of the bytes, if that is one text that a post may have. */
function lastText({ bytes, at }: Cursor): string | undefined {
  const lead = bytes[at] ?? 0;
  let start = at + 1;
  let length = lead - SHORT_TEXT;
  if (lead === TEXT_8) {
    length = bytes[start] ?? 0;
    start += 1;
  } else if (lead === TEXT_16) {
    length = ((bytes[start] ?? 0) << 8) | (bytes[start + 1] ?? 0);
    start += 2;
  } else if (length < 0 || length > SHORT_TEXT_MAX) {
    return undefined;
  }
  if (start + length !== bytes.length || length > TEXT_BYTES_MAX) return undefined;
  try {
    return decoder.decode(bytes.subarray(start));
  } catch {
    return undefined; // Not UTF-8: the codec says so.
  }
}

const OK_START = texts("kind", "ok", "ref");
const SEQ = texts("seq");
const N = texts("n");
const TIME = texts("time");

/** An `ok` as the codec would pack it from its fields in this order. */
export function encodePosted(
  ref: number,
  { seq, n, time }: { readonly seq: number; readonly n: number; readonly time: number },
): Uint8Array {
  const bytes = new Uint8Array(64);
  bytes[0] = 0x85;
  let at = put(bytes, 1, SEQ);
  at = putUint(bytes, at, seq);
  at = putUint(bytes, put(bytes, at, N), n);
  at = putUint(bytes, put(bytes, at, TIME), time);
  at = putUint(bytes, put(bytes, at, OK_START), ref);
  return bytes.subarray(0, at);
}

function put(bytes: Uint8Array, at: number, part: Uint8Array): number {
  for (let i = 0; i < part.length; i++) bytes[at + i] = part[i] ?? 0;
  return at + part.length;
}

const wide = new DataView(new ArrayBuffer(8));

function putUint(bytes: Uint8Array, at: number, value: number): number {
  if (value <= SMALL_INT_MAX) {
    bytes[at] = value;
    return at + 1;
  }
  const size = value <= 0xff ? 1 : value <= 0xffff ? 2 : value <= 0xffff_ffff ? 4 : 8;
  bytes[at] = size === 1 ? UINT_8 : size === 2 ? UINT_16 : size === 4 ? UINT_32 : FLOAT_64;
  if (size === 8) wide.setFloat64(0, value);
  else wide.setUint32(4, value);
  for (let i = 0; i < size; i++) bytes[at + 1 + i] = wide.getUint8(8 - size + i);
  return at + 1 + size;
}
