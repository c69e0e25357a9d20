/**
 * Decoder for `chunk` and `ack`, the frequent messages of a transfer. Accepts the most compact
 * encoding with the fields in the order of the protocol; the general codec decodes all others.
 * @see https://github.com/msgpack/msgpack/blob/master/spec.md
 */

import { isFileId } from "../base/ids.ts";
import { CHUNK_BYTES, FILE_ID_LENGTH } from "../base/limits.ts";
import { HASH_BYTES } from "./chunks.ts";
import type { NoticeOf } from "./messages.ts";
import {
  BIN_8,
  binLength,
  type Cursor,
  MAP,
  packTexts,
  SHORT_TEXT,
  skip,
  uint,
} from "./msgpack.ts";

const FILE = Uint8Array.of(...packTexts("file"), SHORT_TEXT | FILE_ID_LENGTH);
const CHUNK_START = Uint8Array.of(MAP | 5, ...packTexts("kind", "chunk"), ...FILE);
const ACK_START = Uint8Array.of(MAP | 3, ...packTexts("kind", "ack"), ...FILE);
const INDEX = packTexts("index");
const HASH_START = Uint8Array.of(...packTexts("sha256"), BIN_8, HASH_BYTES);
const BYTES = packTexts("bytes");

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
  cursor.at += HASH_BYTES;
  if (!skip(cursor, BYTES)) return undefined;
  const length = binLength(cursor);
  const { bytes: message, at } = cursor;
  if (length < 0 || length > CHUNK_BYTES || at + length !== message.length) return undefined;
  const sha256 = message.subarray(hashAt, hashAt + HASH_BYTES);
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
