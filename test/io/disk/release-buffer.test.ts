import { expect, test } from "bun:test";
import { CHUNK_BYTES } from "../../../src/base/limits.ts";
import { releaseBuffer } from "../../../src/io/disk/release-buffer.ts";

test("what is given back is not there any more", () => {
  const bytes = new Uint8Array(CHUNK_BYTES).fill(1);
  const part = bytes.subarray(8);
  releaseBuffer(part.subarray(0, 1)); // Not worth it.
  expect([bytes.length, part.length]).toEqual([CHUNK_BYTES, CHUNK_BYTES - 8]);
  releaseBuffer(part);
  expect([bytes.length, part.length]).toEqual([0, 0]);
  releaseBuffer(part); // Once more changes nothing.
});

test("and does not pile up", async () => {
  const { rss: before } = process.memoryUsage();
  let most = 0;
  for (let i = 0; i < 2_000; i++) {
    releaseBuffer(new Uint8Array(CHUNK_BYTES).fill(1));
    if (i % 16 !== 15) continue;
    most = Math.max(most, process.memoryUsage().rss);
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(most - before).toBeLessThan(256 * CHUNK_BYTES);
});
