import { assert } from "../base/assert.ts";
import { concatBytes, utf8Encode } from "../base/bytes.ts";
import { CHUNK_BYTES } from "../base/limits.ts";
import { HASH_BYTES } from "./chunks.ts";
import type { NoticeOf } from "./messages.ts";

/**
 * A `chunk` is the one message that is large and frequent at once, and its content stands last: so
 * all that comes before is packed here, and the content follows from where it lies. The whole is
 * byte for byte what the codec would make of it, at none of the codec's copies.
 * @see https://github.com/msgpack/msgpack/blob/master/spec.md
 */

const MAP_OF_5 = 0x85;
const SHORT_TEXT = 0xa0;
const SHORT_TEXT_MAX = 31;
const BIN_8 = 0xc4;
const BIN_16 = 0xc5;
const BIN_32 = 0xc6;
const UINT_8 = 0xcc;
const UINT_16 = 0xcd;
const UINT_32 = 0xce;
const SMALL_INT_MAX = 0x7f;

const BEFORE_FILE = concatBytes(Uint8Array.of(MAP_OF_5), text("kind"), text("chunk"), text("file"));
const BEFORE_INDEX = text("index");
const BEFORE_HASH = concatBytes(text("sha256"), Uint8Array.of(BIN_8, HASH_BYTES));
const BEFORE_BYTES = text("bytes");

/** All of the message that comes before its content. */
export function encodeChunkHead(chunk: NoticeOf<"chunk">): Uint8Array {
  const { file, index, sha256, bytes } = chunk;
  assert(sha256.length === HASH_BYTES, "a checksum has 32 bytes");
  assert(bytes.length <= CHUNK_BYTES, "a chunk has its size");
  return concatBytes(
    ...[BEFORE_FILE, text(file), BEFORE_INDEX, uint(index)],
    ...[BEFORE_HASH, sha256, BEFORE_BYTES, binHead(bytes.length)],
  );
}

function text(value: string): Uint8Array {
  const bytes = utf8Encode(value);
  assert(bytes.length <= SHORT_TEXT_MAX, "a name or an id is short");
  return concatBytes(Uint8Array.of(SHORT_TEXT | bytes.length), bytes);
}

function uint(value: number): Uint8Array {
  if (value <= SMALL_INT_MAX) return Uint8Array.of(value);
  if (value <= 0xff) return Uint8Array.of(UINT_8, value);
  if (value <= 0xffff) return Uint8Array.of(UINT_16, value >> 8, value & 0xff);
  assert(value <= 0xffff_ffff, "no file has that many chunks");
  return Uint8Array.of(UINT_32, ...bigEndian(value));
}

function binHead(length: number): Uint8Array {
  if (length <= 0xff) return Uint8Array.of(BIN_8, length);
  if (length <= 0xffff) return Uint8Array.of(BIN_16, length >> 8, length & 0xff);
  return Uint8Array.of(BIN_32, ...bigEndian(length));
}

function bigEndian(value: number): number[] {
  return [value >>> 24, (value >> 16) & 0xff, (value >> 8) & 0xff, value & 0xff];
}
