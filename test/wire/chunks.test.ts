import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { CHUNK_BYTES } from "../../src/base/limits.ts";
import { sha256 } from "../../src/crypto/sha256.ts";
import {
  chunkCount,
  chunkSize,
  Digest,
  encodeHashLine,
  HASH_LINE_BYTES,
  parseHashLine,
} from "../../src/wire/chunks.ts";
import { sampleSize } from "../samples.ts";
import vectors from "../vectors/file.json";
import { digestOf } from "./digest.ts";

const hasher = () => new Bun.CryptoHasher("sha256");

test.each([
  [0, 0, []],
  [1, 1, [1]],
  [CHUNK_BYTES - 1, 1, [CHUNK_BYTES - 1]],
  [CHUNK_BYTES, 1, [CHUNK_BYTES]],
  [CHUNK_BYTES + 1, 2, [CHUNK_BYTES, 1]],
  [3 * CHUNK_BYTES, 3, [CHUNK_BYTES, CHUNK_BYTES, CHUNK_BYTES]],
])("splits %d bytes into %d chunks", (size, count, sizes) => {
  expect(chunkCount(size)).toBe(count);
  expect(sizes).toEqual(Array.from({ length: count }, (_, index) => chunkSize(index, size)));
  expect(chunkSize(count, size)).toBe(0);
});

describe("golden vectors", () => {
  test.each(vectors.digests)("digest of $content", ({ sizeBytes, fill, chunks, digest }) => {
    const text = new TextEncoder().encode("hello\n");
    const content = fill === "text" ? text : new Uint8Array(sizeBytes);
    expect(content.length).toBe(sizeBytes);
    const hashes = Array.from({ length: chunkCount(sizeBytes) }, (_, i) =>
      sha256(content.subarray(i * CHUNK_BYTES, i * CHUNK_BYTES + chunkSize(i, sizeBytes))),
    );
    expect(hashes.map((hash) => hash.toHex())).toEqual(chunks);
    expect(digestOf(hashes, sha256).toHex()).toBe(digest);
  });

  test("hash line", () => {
    const line = new TextEncoder().encode(vectors.line.text);
    expect(encodeHashLine(Uint8Array.fromHex(vectors.line.hash))).toEqual(line);
    expect(parseHashLine(line)?.toHex()).toBe(vectors.line.hash);
  });
});

const hash = fc.uint8Array({ minLength: 32, maxLength: 32 });

test("returns the digest so far and continues", () =>
  fc.assert(
    fc.property(fc.array(hash, { maxLength: 10 }), (hashes) => {
      const digest = new Digest(hasher());
      expect(digest.value()).toEqual(sha256(new Uint8Array()));
      for (const [i, one] of hashes.entries()) {
        digest.add(one);
        expect(digest.chunks).toBe(i + 1);
        expect(digest.value()).toEqual(digestOf(hashes.slice(0, i + 1), sha256));
      }
    }),
  ));

describe("hash line", () => {
  test("has a fixed width and one form, and is valid JSON", () =>
    fc.assert(
      fc.property(hash, (item) => {
        const line = encodeHashLine(item);
        expect(line.length).toBe(HASH_LINE_BYTES);
        expect(JSON.parse(new TextDecoder().decode(line))).toBe(
          item.toBase64({ alphabet: "base64url", omitPadding: true }),
        );
        expect(parseHashLine(line)).toEqual(item);
      }),
    ));

  test("is rejected, or is another hash, if cut or changed", () =>
    fc.assert(
      fc.property(
        hash,
        fc.nat({ max: HASH_LINE_BYTES - 1 }),
        fc.nat({ max: 255 }),
        (one, at, to) => {
          const line = encodeHashLine(one);
          expect(parseHashLine(line.subarray(0, at))).toBeUndefined();
          line[at] = to;
          const parsed = parseHashLine(line);
          if (parsed !== undefined) expect(encodeHashLine(parsed)).toEqual(line);
        },
      ),
      { numRuns: sampleSize(400, 2_000) },
    ));
});
