import { expect, test } from "bun:test";
import { SEALED_BODY_BYTES_MAX, SEALED_PADDED_BYTES_MIN } from "../../../src/base/limits-sealed.ts";
import { paddedBytes } from "../../../src/crypto/seal/padding.ts";

test("pads to the next power of two", () => {
  for (let bytes = 0; bytes <= SEALED_BODY_BYTES_MAX; bytes += 997) {
    const padded = paddedBytes(bytes);
    expect(Math.log2(padded) % 1).toBe(0);
    expect(padded).toBeGreaterThan(bytes);
    expect(padded === SEALED_PADDED_BYTES_MIN || padded < 2 * (bytes + 70)).toBe(true);
  }
});
