import { expect, test } from "bun:test";
import { SEALED_BODY_BYTES_MAX, SEALED_PADDED_BYTES_MIN } from "../../../src/base/limits-sealed.ts";
import { paddedBytes } from "../../../src/crypto/seal/padding.ts";

test("the edges of the first buckets", () => {
  // One or two bytes of length, the content, two bytes of length, 64 of a signature.
  expect(paddedBytes(0)).toBe(SEALED_PADDED_BYTES_MIN);
  expect(paddedBytes(188)).toBe(256);
  expect(paddedBytes(189)).toBe(512);
  expect(paddedBytes(444)).toBe(512);
  expect(paddedBytes(445)).toBe(1024);
});

test("each is a power of two, and none is much too large", () => {
  for (let bytes = 0; bytes <= SEALED_BODY_BYTES_MAX; bytes += 997) {
    const padded = paddedBytes(bytes);
    expect(Math.log2(padded) % 1).toBe(0);
    expect(padded).toBeGreaterThan(bytes);
    expect(padded === SEALED_PADDED_BYTES_MIN || padded < 2 * (bytes + 70)).toBe(true);
  }
});
