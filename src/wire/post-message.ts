/**
 * Hand-written codec for the two most frequent messages: a `post` of plain text, and its `ok`. The
 * general codec reads a post three times, to check its form, values and fields; it still handles
 * uncommon forms.
 * @see https://github.com/msgpack/msgpack/blob/master/spec.md
 */

import { TEXT_BYTES_MAX } from "../base/limits.ts";
import type { NoticeOf, RequestOf } from "./messages.ts";
import {
  type Cursor,
  MAP,
  packTexts,
  put,
  putCount,
  readCount,
  SHORT_TEXT,
  SHORT_TEXT_MAX,
  skip,
  startsWith,
  TEXT_8,
  TEXT_16,
  uint,
} from "./msgpack.ts";

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

const START = Uint8Array.of(MAP | 6, ...packTexts("kind", "post", "ref"));
const OUTBOX = packTexts("outbox");
const COUNTER = packTexts("counter");
const TO = packTexts("to");
const BODY = Uint8Array.of(...packTexts("body"), MAP | 1, ...packTexts("text"));

/**
 * The next post on a link probably has the same strings. Reusing them saves allocations and hash
 * computations.
 */
export class PostCodec {
  #outbox = "";
  #to = "";

  /**
   * @returns `undefined` if the bytes are not a plain-text post, or the answer to a post, in this
   * program's own encoding
   */
  read(bytes: Uint8Array): RequestOf<"post"> | NoticeOf<"ok"> | undefined {
    return this.#readPost(bytes) ?? readPosted(bytes);
  }

  answer(ref: number, posted: Posted): Uint8Array {
    return encodePosted(ref, posted);
  }

  #readPost(bytes: Uint8Array): RequestOf<"post"> | undefined {
    if (!startsWith(bytes, 0, START)) return undefined;
    const cursor = { bytes, at: START.length };
    const ref = uint(cursor);
    if (ref < 1 || !skip(cursor, OUTBOX)) return undefined;
    const outbox = shortText(cursor, this.#outbox);
    if (outbox === undefined || !skip(cursor, COUNTER)) return undefined;
    const counter = uint(cursor);
    if (counter < 1 || !skip(cursor, TO)) return undefined;
    const to = shortText(cursor, this.#to);
    if (to === undefined || !skip(cursor, BODY)) return undefined;
    const text = lastText(cursor);
    this.#outbox = outbox;
    this.#to = to;
    return text === undefined
      ? undefined
      : { kind: "post", ref, outbox, counter, to, body: { text } };
  }
}

interface Posted {
  readonly seq: number;
  readonly n: number;
  readonly time: number;
}

/**
 * Reads 1 to 31 ASCII characters.
 * @param expected the most likely value, returned without decoding if the bytes match
 */
function shortText(cursor: Cursor, expected: string): string | undefined {
  const { bytes, at } = cursor;
  const length = (bytes[at] ?? 0) - SHORT_TEXT;
  if (length < 1 || length > SHORT_TEXT_MAX || at + 1 + length > bytes.length) return undefined;
  const end = at + 1 + length;
  if (length === expected.length && isText(bytes, at + 1, expected)) {
    cursor.at = end;
    return expected;
  }
  for (let i = at + 1; i < end; i++) if ((bytes[i] ?? 0) >= 0x80) return undefined;
  cursor.at = end;
  return decoder.decode(bytes.subarray(at + 1, end));
}

function isText(bytes: Uint8Array, at: number, text: string): boolean {
  for (let i = 0; i < text.length; i++) if (bytes[at + i] !== text.charCodeAt(i)) return false;
  return true;
}

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
    return undefined; // The general codec reports invalid UTF-8.
  }
}

const OK_START = packTexts("kind", "ok", "ref");
const SEQ = packTexts("seq");
const N = packTexts("n");
const TIME = packTexts("time");

const answer = new Uint8Array(64);

function encodePosted(ref: number, { seq, n, time }: Posted): Uint8Array {
  const bytes = answer;
  bytes[0] = MAP | 5;
  let at = put(bytes, 1, SEQ);
  at = putCount(bytes, at, seq);
  at = putCount(bytes, put(bytes, at, N), n);
  at = putCount(bytes, put(bytes, at, TIME), time);
  at = putCount(bytes, put(bytes, at, OK_START), ref);
  return bytes.slice(0, at);
}

function readPosted(bytes: Uint8Array): NoticeOf<"ok"> | undefined {
  const cursor = { bytes, at: 1 };
  if (bytes[0] !== (MAP | 5) || !skip(cursor, SEQ)) return undefined;
  const seq = readCount(cursor);
  if (seq < 0 || !skip(cursor, N)) return undefined;
  const n = readCount(cursor);
  if (n < 0 || !skip(cursor, TIME)) return undefined;
  const time = readCount(cursor);
  if (time < 0 || !skip(cursor, OK_START)) return undefined;
  const ref = uint(cursor);
  if (ref < 1 || cursor.at !== bytes.length) return undefined;
  const posted: Posted & NoticeOf<"ok"> = { kind: "ok", ref, seq, n, time };
  return posted;
}
