/**
 * Builder for `records` messages from the bytes of the log. Every reader of a busy room receives
 * these messages, and the general codec would copy each head and body three times.
 * @see https://github.com/msgpack/msgpack/blob/master/spec.md
 */

import { assert } from "../base/assert.ts";
import { withCapacity } from "../base/bytes.ts";
import { FILE_ID_LENGTH, MESSAGE_BYTES_MAX, RECORDS_PER_MESSAGE_MAX } from "../base/limits.ts";
import {
  ARRAY_16,
  MAP,
  packTexts,
  putBinHead,
  putCount,
  SHORT_ARRAY,
  SHORT_ARRAY_MAX,
  SHORT_TEXT,
  SHORT_TEXT_MAX,
  TEXT_8,
  TRUE,
} from "./msgpack.ts";
import type { LogRecord } from "./record.ts";

const encoder = new TextEncoder();
const START = packTexts("kind", "records", "records");
const HEAD = packTexts("head");
const SALT = packTexts("salt");
const BODY = packTexts("body");
const ERASED = packTexts("erased");
const ERASED_FILES = packTexts("erasedFiles");
const DAMAGED = packTexts("damaged");
const FROM = packTexts("from");
const START_BYTES = 1 + START.length + 3;
/** Space for keys, lengths, salt, `erased` and a name; excludes head, body and erased files. */
const RECORD_FRAME_BYTES_MAX = 256;
const FILE_ID_BYTES = 1 + FILE_ID_LENGTH;
/** Fits in the runtime's 16 KiB send buffer, so that it is copied only once for each reader. */
const FRAME_BYTES_MAX = 15 << 10;
const NAME_BYTES_MAX = 64;

export function recordBytes({ headBytes, bodyBytes, erasedFiles = [] }: LogRecord): number {
  const idBytes = erasedFiles.length * FILE_ID_BYTES;
  return headBytes.length + (bodyBytes?.length ?? 0) + idBytes + RECORD_FRAME_BYTES_MAX;
}

export interface FrameMark {
  readonly at: number;
  readonly count: number;
}

export class RecordsFrame {
  #bytes = new Uint8Array(64 << 10);
  #at = START_BYTES;
  #count = 0;

  hasRoomFor(record: LogRecord): boolean {
    if (this.#count === 0) return true;
    const isFull = this.#count >= RECORDS_PER_MESSAGE_MAX;
    return !isFull && this.#at + recordBytes(record) <= FRAME_BYTES_MAX;
  }

  get sizeBytes(): number {
    return this.#at;
  }

  add(record: LogRecord, from: string | undefined): void {
    const { headBytes, salt, bodyBytes, erased, erasedFiles, damaged } = record;
    this.#bytes = withCapacity(this.#bytes, this.#at, recordBytes(record));
    const isComplete = salt !== undefined && bodyBytes !== undefined;
    const entries =
      1 +
      (isComplete ? 2 : 0) +
      (erased === undefined ? 0 : 1) +
      (erasedFiles === undefined ? 0 : 1) +
      (damaged === true ? 1 : 0) +
      (from === undefined ? 0 : 1);
    this.#bytes[this.#at++] = MAP | entries;
    this.#put(HEAD);
    this.#bin(headBytes);
    if (isComplete) {
      this.#put(SALT);
      this.#bin(salt);
      this.#put(BODY);
      this.#bin(bodyBytes);
    }
    if (erased !== undefined) {
      this.#put(ERASED);
      this.#at = putCount(this.#bytes, this.#at, erased);
    }
    if (erasedFiles !== undefined) {
      this.#put(ERASED_FILES);
      this.#at = putArrayHead(this.#bytes, this.#at, erasedFiles.length);
      for (const file of erasedFiles) this.#text(file);
    }
    if (damaged === true) {
      this.#put(DAMAGED);
      this.#bytes[this.#at++] = TRUE;
    }
    if (from !== undefined) {
      this.#put(FROM);
      this.#text(from);
    }
    this.#count++;
  }

  mark(): FrameMark {
    return { at: this.#at, count: this.#count };
  }

  /** Does not empty the frame. Returns no bytes if there are no records after the mark. */
  messageSince({ at, count }: FrameMark): Uint8Array {
    const remainingCount = this.#count - count;
    if (remainingCount === 0) return new Uint8Array();
    const message = new Uint8Array(START_BYTES + this.#at - at);
    message.set(this.#bytes.subarray(at, this.#at), START_BYTES);
    return message.subarray(putStart(message, remainingCount));
  }

  /** Returns the message in a buffer that is not shared, and empties the frame. */
  takeMessage(): Uint8Array {
    assert(
      this.#count > 0 && this.#count <= RECORDS_PER_MESSAGE_MAX,
      "a message has 1 to RECORDS_PER_MESSAGE_MAX records",
    );
    assert(this.#at <= MESSAGE_BYTES_MAX, "the records fit in a message");
    const message = this.#bytes.slice(putStart(this.#bytes, this.#count), this.#at);
    this.#at = START_BYTES;
    this.#count = 0;
    return message;
  }

  #put(bytes: Uint8Array): void {
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  #bin(bytes: Uint8Array): void {
    this.#at = putBinHead(this.#bytes, this.#at, bytes.length);
    this.#put(bytes);
  }

  /** @returns false if the text is not ASCII, in which case the written bytes are invalid */
  #ascii(text: string, at: number): boolean {
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code >= 0x80) return false;
      this.#bytes[at + i] = code;
    }
    return true;
  }

  #text(text: string): void {
    const lengthAt = this.#at;
    if (text.length <= SHORT_TEXT_MAX && this.#ascii(text, lengthAt + 1)) {
      this.#bytes[lengthAt] = SHORT_TEXT | text.length;
      this.#at = lengthAt + 1 + text.length;
      return;
    }
    const { written } = encoder.encodeInto(text, this.#bytes.subarray(lengthAt + 2));
    assert(written <= NAME_BYTES_MAX, "a name is short");
    if (written <= SHORT_TEXT_MAX) {
      this.#bytes.copyWithin(lengthAt + 1, lengthAt + 2, lengthAt + 2 + written);
      this.#bytes[lengthAt] = SHORT_TEXT | written;
      this.#at = lengthAt + 1 + written;
      return;
    }
    this.#bytes[lengthAt] = TEXT_8;
    this.#bytes[lengthAt + 1] = written;
    this.#at = lengthAt + 2 + written;
  }
}

function putStart(bytes: Uint8Array, count: number): number {
  const isShort = count <= SHORT_ARRAY_MAX;
  const start = isShort ? 2 : 0;
  bytes[start] = MAP | 2;
  bytes.set(START, start + 1);
  putArrayHead(bytes, start + 1 + START.length, count);
  return start;
}

function putArrayHead(bytes: Uint8Array, at: number, count: number): number {
  if (count <= SHORT_ARRAY_MAX) {
    bytes[at] = SHORT_ARRAY | count;
    return at + 1;
  }
  bytes[at] = ARRAY_16;
  bytes[at + 1] = count >> 8;
  bytes[at + 2] = count & 0xff;
  return at + 3;
}
