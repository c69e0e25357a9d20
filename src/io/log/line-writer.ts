/** Encodes records as lines. */

import { assert } from "../../base/assert.ts";
import { utf8Encode } from "../../base/bytes.ts";
import type { Sha256 } from "../../base/ids.ts";
import {
  type Head,
  LEAF_PREFIX,
  LINE_FRAME_BYTES_MAX,
  type LogRecord,
  type SealedDraft,
} from "../../wire/record.ts";

export interface RecordPosition {
  readonly seq: number;
  readonly n: number;
  readonly time: number;
}

const SEQ = utf8Encode('{"head":{"v":1,"seq":');
const TIME = utf8Encode(',"time":');
const KIND = utf8Encode(',"kind":"');
const ROOM = utf8Encode('","room":"');
const N = utf8Encode('","n":');
const BY = utf8Encode(',"by":"');
const ID = utf8Encode('","id":"');
const COMMIT = utf8Encode('","commit":"');
const HEAD_END = utf8Encode('"}');
const DURABLE = utf8Encode(',"durable":');
const SALT = utf8Encode(',"salt":"');
const BODY = utf8Encode('","body":');
const LINE_END = utf8Encode("}\n");
const HEAD_OFFSET = '{"head":'.length;
const BASE64_URL = utf8Encode("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");
const ZERO = 0x30;
const INITIAL_BYTES = 64 << 10;
const RETAINED_BYTES_MAX = 1 << 20;

/**
 * Encoding dominates the cost of log writes, so each line is written once, to its final position in
 * reused memory.
 */
export class LineWriter {
  #bytes = new Uint8Array(INITIAL_BYTES);
  #at = 0;

  get sizeBytes(): number {
    return this.#at;
  }

  add(
    { draft, salt, bodyBytes, commit }: SealedDraft,
    position: RecordPosition,
    durable: number,
  ): LogRecord {
    const { seq, n, time } = position;
    const { kind, room, by, id } = draft;
    assert(durable < seq, "only written lines are durable");
    this.#reserve(LINE_FRAME_BYTES_MAX + bodyBytes.length);
    const headAt = this.#at + HEAD_OFFSET;
    this.#put(SEQ);
    this.#count(seq);
    this.#put(TIME);
    this.#count(time);
    this.#put(KIND);
    this.#ascii(kind);
    this.#put(ROOM);
    this.#ascii(room);
    this.#put(N);
    this.#count(n);
    this.#put(BY);
    this.#ascii(by);
    this.#put(ID);
    this.#ascii(id);
    this.#put(COMMIT);
    this.#ascii(commit);
    this.#put(HEAD_END);
    const headBytes = this.#bytes.slice(headAt, this.#at);
    this.#put(DURABLE);
    this.#count(durable);
    this.#put(SALT);
    this.#base64Url(salt);
    this.#put(BODY);
    this.#put(bodyBytes);
    this.#put(LINE_END);
    const head: Head = { v: 1, seq, time, kind, room, n, by, id, commit };
    return { head, headBytes, salt, bodyBytes };
  }

  copy(line: Uint8Array): void {
    this.#reserve(line.length);
    this.#put(line);
  }

  drain(): Uint8Array {
    const lines = this.#bytes.subarray(0, this.#at);
    this.#at = 0;
    if (this.#bytes.length > RETAINED_BYTES_MAX) this.#bytes = new Uint8Array(INITIAL_BYTES);
    return lines;
  }

  #reserve(sizeBytes: number): void {
    const needed = this.#at + sizeBytes;
    if (needed <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(needed, 2 * this.#bytes.length));
    larger.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = larger;
  }

  #put(bytes: Uint8Array): void {
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  #ascii(text: string): void {
    const bytes = this.#bytes;
    const at = this.#at;
    for (let i = 0; i < text.length; i++) bytes[at + i] = text.charCodeAt(i);
    this.#at = at + text.length;
  }

  #count(value: number): void {
    let digits = 1;
    for (let bound = 10; value >= bound; bound *= 10) digits++;
    const bytes = this.#bytes;
    let remaining = value;
    for (let at = this.#at + digits - 1; at >= this.#at; at--) {
      const next = Math.floor(remaining / 10);
      bytes[at] = ZERO + (remaining - 10 * next);
      remaining = next;
    }
    this.#at += digits;
  }

  #base64Url(from: Uint8Array): void {
    const bytes = this.#bytes;
    let at = this.#at;
    for (let i = 0; i < from.length; i += 3) {
      const group = ((from[i] ?? 0) << 16) | ((from[i + 1] ?? 0) << 8) | (from[i + 2] ?? 0);
      const characters = Math.min(4, from.length - i + 1);
      for (let character = 0; character < characters; character++) {
        bytes[at++] = BASE64_URL[(group >> (18 - 6 * character)) & 63] ?? 0;
      }
    }
    this.#at = at;
  }
}

/**
 * Hashes a line without copying it: the leaf's prefix temporarily replaces the colon before the
 * head.
 */
export function leafHashIn(
  bytes: Uint8Array,
  lineAt: number,
  headLength: number,
  sha256: Sha256,
): Uint8Array {
  const colonAt = lineAt + HEAD_OFFSET - 1;
  const colon = bytes[colonAt] ?? 0;
  bytes[colonAt] = LEAF_PREFIX;
  const leaf = sha256(bytes.subarray(colonAt, lineAt + HEAD_OFFSET + headLength));
  bytes[colonAt] = colon;
  return leaf;
}
