import { expect, test } from "bun:test";
import { CHUNK_BYTES, SPARE_BUFFERS_MAX } from "../../../src/base/limits.ts";
import {
  acquireBuffer,
  HEADROOM_BYTES,
  joinInPlace,
  releaseBuffer,
} from "../../../src/io/disk/buffer-pool.ts";

test("a released buffer is detached", () => {
  const bytes = new Uint8Array(CHUNK_BYTES).fill(1);
  const part = bytes.subarray(8);
  releaseBuffer(part.subarray(0, 1));
  expect([bytes.length, part.length]).toEqual([CHUNK_BYTES, CHUNK_BYTES - 8]);
  releaseBuffer(part);
  expect([bytes.length, part.length]).toEqual([0, 0]);
  releaseBuffer(part);
});

test("pool memory is reused, up to SPARE_BUFFERS_MAX", () => {
  const taken = Array.from({ length: SPARE_BUFFERS_MAX + 2 }, () => acquireBuffer(CHUNK_BYTES));
  const buffers = new Set(taken.map(({ buffer }) => buffer));
  expect(buffers.size).toBe(taken.length);
  for (const bytes of taken) releaseBuffer(bytes.subarray(5));
  expect(taken.filter(({ length }) => length === 0)).toHaveLength(2);
  const again = taken.map(() => acquireBuffer(9));
  expect(again.filter(({ buffer }) => buffers.has(buffer))).toHaveLength(SPARE_BUFFERS_MAX);
  expect(new Set(again.map(({ buffer }) => buffer)).size).toBe(again.length);
  for (const bytes of again) releaseBuffer(bytes);
});

test("a buffer released twice is reused once", () => {
  const bytes = acquireBuffer(CHUNK_BYTES);
  releaseBuffer(bytes);
  releaseBuffer(bytes.subarray(0, 1));
  const [one, two] = [acquireBuffer(CHUNK_BYTES), acquireBuffer(CHUNK_BYTES)];
  expect(one.buffer).not.toBe(two.buffer);
  for (const each of [one, two]) releaseBuffer(each);
});

test("a head is placed before its tail in pool memory with headroom", () => {
  const head = new Uint8Array(HEADROOM_BYTES).fill(7);
  const tail = acquireBuffer(3);
  tail.set([1, 2, 3]);
  const complete = joinInPlace(head.subarray(0, 2), tail);
  expect([complete?.buffer, [...(complete ?? [])]]).toEqual([tail.buffer, [7, 7, 1, 2, 3]]);
  expect(joinInPlace(head, tail)?.length).toBe(HEADROOM_BYTES + 3);
  expect(joinInPlace(new Uint8Array(HEADROOM_BYTES + 1), tail)).toBeUndefined();
  expect(joinInPlace(head, acquireBuffer(3, 0))).toBeUndefined();
  expect(joinInPlace(head.subarray(0, 2), new Uint8Array(CHUNK_BYTES).subarray(9))).toBeUndefined();
  releaseBuffer(tail);
  expect(joinInPlace(head.subarray(0, 2), tail)).toBeUndefined();
});
