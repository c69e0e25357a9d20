/**
 * Hand-written codec for `chunk` and `ack`, the frequent messages of a transfer. Encodes like the
 * general codec, but does not copy a chunk's content. The general codec decodes messages whose
 * fields have another order or encoding.
 * @see https://github.com/msgpack/msgpack/blob/master/spec.md
 */

import { assert } from "../base/assert.ts";
import { SHA256_BYTES } from "../base/bytes.ts";
import { isFileId } from "../base/ids.ts";
import { CHUNK_BYTES, FILE_ID_LENGTH } from "../base/limits.ts";
import type { NoticeOf } from "./messages.ts";
import {
  BIN_8,
  binLength,
  type Cursor,
  MAP,
  packTexts,
  put,
  putBinHead,
  putCount,
  SHORT_TEXT,
  skip,
  uint,
} from "./msgpack.ts";

const FILE = Uint8Array.of(...packTexts("file"), SHORT_TEXT | FILE_ID_LENGTH);
const CHUNK_START = Uint8Array.of(MAP | 5, ...packTexts("kind", "chunk"), ...FILE);
const ACK_START = Uint8Array.of(MAP | 3, ...packTexts("kind", "ack"), ...FILE);
const INDEX = packTexts("index");
const HASH_START = Uint8Array.of(...packTexts("sha256"), BIN_8, SHA256_BYTES);
const BYTES = packTexts("bytes");
const HEAD_BYTES_MAX = 128;

/** Encodes everything before the chunk's content. */
export function encodeChunkHead({ file, index, sha256, bytes }: NoticeOf<"chunk">): Uint8Array {
  assert(sha256.length === SHA256_BYTES, "a checksum has 32 bytes");
  assert(bytes.length <= CHUNK_BYTES, "a chunk has the expected size");
  const head = new Uint8Array(HEAD_BYTES_MAX);
  let at = putIndex(head, putFileId(head, put(head, 0, CHUNK_START), file), index);
  at = put(head, put(head, at, HASH_START), sha256);
  at = putBinHead(head, put(head, at, BYTES), bytes.length);
  return head.subarray(0, at);
}

export function encodeAck({ file, index }: NoticeOf<"ack">): Uint8Array {
  const bytes = new Uint8Array(HEAD_BYTES_MAX);
  const at = putIndex(bytes, putFileId(bytes, put(bytes, 0, ACK_START), file), index);
  return bytes.subarray(0, at);
}

function putFileId(bytes: Uint8Array, at: number, file: string): number {
  assert(isFileId(file), "a transfer has a file");
  for (let i = 0; i < file.length; i++) bytes[at + i] = file.charCodeAt(i);
  return at + file.length;
}

function putIndex(bytes: Uint8Array, at: number, index: number): number {
  assert(index <= 0xffff_ffff, "the index has at most 32 bits");
  return putCount(bytes, put(bytes, at, INDEX), index);
}

/** @returns `undefined` if the general codec must decode the message */
export function readTransferMessage(
  bytes: Uint8Array,
): NoticeOf<"chunk"> | NoticeOf<"ack"> | undefined {
  const cursor = { bytes, at: 0 };
  if (skip(cursor, CHUNK_START)) return readChunk(cursor);
  if (skip(cursor, ACK_START)) return readAck(cursor);
  return undefined;
}

function readAck(cursor: Cursor): NoticeOf<"ack"> | undefined {
  const file = readFileId(cursor);
  const index = readIndex(cursor);
  if (file === undefined || index < 0 || cursor.at !== cursor.bytes.length) return undefined;
  return { kind: "ack", file, index };
}

function readChunk(cursor: Cursor): NoticeOf<"chunk"> | undefined {
  const file = readFileId(cursor);
  const index = readIndex(cursor);
  if (file === undefined || index < 0 || !skip(cursor, HASH_START)) return undefined;
  const hashAt = cursor.at;
  cursor.at += SHA256_BYTES;
  if (!skip(cursor, BYTES)) return undefined;
  const length = binLength(cursor);
  const { bytes: message, at } = cursor;
  if (length < 0 || length > CHUNK_BYTES || at + length !== message.length) return undefined;
  const sha256 = message.subarray(hashAt, hashAt + SHA256_BYTES);
  return { kind: "chunk", file, index, sha256, bytes: message.subarray(at) };
}

function readFileId(cursor: Cursor): string | undefined {
  const { bytes, at } = cursor;
  cursor.at += FILE_ID_LENGTH;
  const file = String.fromCharCode(...bytes.subarray(at, cursor.at));
  return isFileId(file) ? file : undefined;
}

function readIndex(cursor: Cursor): number {
  return skip(cursor, INDEX) ? uint(cursor) : -1;
}
