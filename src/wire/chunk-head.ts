/**
 * Encoder for `chunk` messages that does not copy their content, because `chunk` is the only
 * message that is both large and frequent. Produces the same bytes as the general codec.
 * @see https://github.com/msgpack/msgpack/blob/master/spec.md
 */

import { assert } from "../base/assert.ts";
import { concatBytes } from "../base/bytes.ts";
import { CHUNK_BYTES } from "../base/limits.ts";
import { HASH_BYTES } from "./chunks.ts";
import type { NoticeOf } from "./messages.ts";
import { BIN_8, MAP, packTexts, putBinHead, putCount } from "./msgpack.ts";

const BEFORE_FILE = Uint8Array.of(MAP | 5, ...packTexts("kind", "chunk", "file"));
const BEFORE_INDEX = packTexts("index");
const BEFORE_HASH = Uint8Array.of(...packTexts("sha256"), BIN_8, HASH_BYTES);
const BEFORE_BYTES = packTexts("bytes");
const NUMBER_BYTES_MAX = 5;

export function encodeChunkHead(chunk: NoticeOf<"chunk">): Uint8Array {
  const { file, index, sha256, bytes } = chunk;
  assert(sha256.length === HASH_BYTES, "a checksum has 32 bytes");
  assert(bytes.length <= CHUNK_BYTES, "a chunk has the expected size");
  assert(index <= 0xffff_ffff, "the index fits in 53 bits");
  const [indexBytes, head] = [new Uint8Array(NUMBER_BYTES_MAX), new Uint8Array(NUMBER_BYTES_MAX)];
  return concatBytes(
    ...[BEFORE_FILE, packTexts(file)],
    ...[BEFORE_INDEX, indexBytes.subarray(0, putCount(indexBytes, 0, index))],
    ...[BEFORE_HASH, sha256],
    ...[BEFORE_BYTES, head.subarray(0, putBinHead(head, 0, bytes.length))],
  );
}
