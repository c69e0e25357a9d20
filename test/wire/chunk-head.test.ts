import { expect, test } from "bun:test";
import fc from "fast-check";
import { concatBytes } from "../../src/base/bytes.ts";
import { CHUNK_BYTES, FILE_BYTES_MAX } from "../../src/base/limits.ts";
import { encodeChunkHead } from "../../src/wire/chunk-head.ts";
import { decode, encode } from "../../src/wire/codec.ts";
import type { NoticeOf } from "../../src/wire/messages.ts";
import { VECTORS } from "./vector.ts";

const LAST_INDEX = FILE_BYTES_MAX / CHUNK_BYTES - 1;
const content = new Uint8Array(CHUNK_BYTES).fill(7);

const whole = (chunk: NoticeOf<"chunk">) => concatBytes(encodeChunkHead(chunk), chunk.bytes);

function chunkOf(index: number, sizeBytes: number, byte = 1): NoticeOf<"chunk"> {
  const sha256 = new Uint8Array(32).fill(byte);
  return {
    kind: "chunk",
    file: "fAQIDBAUGBwg",
    index,
    sha256,
    bytes: content.subarray(0, sizeBytes),
  };
}

test("encodes the golden vector, with its content at the end", () => {
  const vectors = VECTORS.filter(({ meaning }) => meaning["kind"] === "chunk");
  expect(vectors).not.toBeEmpty();
  for (const { meaning, hex } of vectors) {
    expect(whole(meaning as unknown as NoticeOf<"chunk">).toHex()).toBe(hex);
  }
});

const EDGES = [0, 1, 127, 128, 255, 256, 65_535, 65_536];

test.each([...EDGES, LAST_INDEX])("encodes chunk %i like the codec", (index) => {
  for (const sizeBytes of [1, CHUNK_BYTES]) {
    expect(whole(chunkOf(index, sizeBytes))).toEqual(encode(chunkOf(index, sizeBytes)));
  }
});

test("encodes any chunk so that it decodes to the same value", () => {
  const sizes = fc.integer({ min: 0, max: CHUNK_BYTES });
  const indexes = fc.integer({ min: 0, max: LAST_INDEX });
  fc.assert(
    fc.property(indexes, sizes, fc.integer({ min: 0, max: 255 }), (index, sizeBytes, byte) => {
      const chunk = chunkOf(index, sizeBytes, byte);
      const bytes = whole(chunk);
      expect(bytes.toHex()).toBe(encode(chunk).toHex());
      expect(decode(bytes)).toEqual({ kind: "message", message: chunk });
    }),
  );
});
