import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Fault } from "../../../src/base/fault.ts";
import { CHUNK_BYTES, FILE_BYTES_MAX } from "../../../src/base/limits.ts";
import { ChunkReceiver, type ChunkReceiverOptions } from "../../../src/core/transfer/receiver.ts";
import { chunkCount, chunkSize } from "../../../src/wire/chunks.ts";
import { faultOf } from "../../fault-code.ts";
import { sampleSize } from "../../samples.ts";

const WINDOW = 4 * CHUNK_BYTES;
const receiving = (options: Partial<ChunkReceiverOptions> = {}) =>
  new ChunkReceiver({ storedChunks: 0, windowBytes: WINDOW, ...options });

function messageOf(action: () => unknown): string {
  const fault = faultOf(action);
  return fault === undefined ? "nothing" : `${fault.code}: ${fault.message}`;
}

describe("chunk receiver", () => {
  test("accepts and acknowledges chunks in order until the file is complete", () => {
    const size = 2 * CHUNK_BYTES + 5;
    const machine = receiving({ sizeBytes: size });
    for (const index of [0, 1, 2]) {
      expect(machine.chunk(index, chunkSize(index, size))).toBe("store");
    }
    expect([machine.next, machine.unackedBytes, machine.isComplete]).toEqual([3, size, false]);
    for (const index of [0, 1, 2]) machine.acked(index);
    expect([machine.unackedBytes, machine.isComplete]).toEqual([0, true]);
    machine.end({ sizeBytes: size, chunks: 3 });
  });

  test("is complete immediately for an empty file", () => {
    const machine = receiving({ sizeBytes: 0 });
    expect(machine.isComplete).toBe(true);
    machine.end({ sizeBytes: 0, chunks: 0 });
    expect(messageOf(() => machine.chunk(0, 1))).toBe(
      "out-of-order: chunk 0 is after the end of the file",
    );
  });

  test("without a size, ends at a short chunk or at the size from the sender", () => {
    const short = receiving();
    short.chunk(0, CHUNK_BYTES);
    short.chunk(1, 5);
    expect(short.sizeBytes).toBe(CHUNK_BYTES + 5);
    expect(messageOf(() => short.chunk(2, 5))).toMatch(/^out-of-order: chunk 2 is after the end/);
    const full = receiving();
    full.chunk(0, CHUNK_BYTES);
    full.acked(0);
    expect([full.sizeBytes, full.isComplete]).toEqual([undefined, false]);
    full.end({ sizeBytes: CHUNK_BYTES, chunks: 1 });
    expect([full.sizeBytes, full.isComplete]).toEqual([CHUNK_BYTES, true]);
  });

  test("resumes after a stored short chunk, which was the last", () => {
    const machine = receiving({ storedChunks: 2, sizeBytes: 3 * CHUNK_BYTES });
    expect(machine.chunk(1, CHUNK_BYTES)).toBe("again");
    expect(machine.chunk(2, CHUNK_BYTES)).toBe("store");
    const ended = receiving({ storedChunks: 2, sizeBytes: CHUNK_BYTES + 1 });
    expect([ended.sizeBytes, ended.isComplete]).toEqual([CHUNK_BYTES + 1, true]);
    expect(ended.chunk(1, 1)).toBe("again");
    expect(messageOf(() => ended.chunk(2, 1))).toMatch(/^out-of-order: chunk 2 is after the end/);
  });

  test("rejects any other chunk by index without a change", () => {
    const machine = receiving({ sizeBytes: 9 * CHUNK_BYTES + 7 });
    machine.chunk(0, CHUNK_BYTES);
    const wrong: [number, number, RegExp][] = [
      [2, CHUNK_BYTES, /^out-of-order: chunk 2 arrived before chunk 1$/],
      [10, 1, /^out-of-order: chunk 10 /],
      [2 ** 53 - 1, 1, /^out-of-order: chunk 9007199254740991 /],
      [1, 0, /^frame-malformed: chunk 1 has 0 bytes/],
      [1, CHUNK_BYTES - 1, /^frame-malformed: chunk 1 has 262143 bytes instead of 262144/],
      [0, 5, /^frame-malformed: chunk 0 has 5 bytes instead of 262144/],
    ];
    for (const [index, size, sentence] of wrong) {
      expect(messageOf(() => machine.chunk(index, size))).toMatch(sentence);
    }
    expect([machine.next, machine.unackedBytes]).toEqual([1, CHUNK_BYTES]);
    const stream = receiving();
    stream.chunk(0, CHUNK_BYTES);
    expect(messageOf(() => stream.chunk(0, 5))).toMatch(/^frame-malformed: chunk 0 was repeated/);
    expect(messageOf(() => stream.chunk(1, CHUNK_BYTES + 1))).toMatch(/^frame-malformed: chunk 1/);
    expect(messageOf(() => stream.chunk(1, 0))).toMatch(/^frame-malformed: chunk 1/);
  });

  test("accepts no more than its window, including repeated chunks", () => {
    const machine = receiving({ storedChunks: 5 });
    for (const index of [5, 6, 5]) machine.chunk(index, CHUNK_BYTES);
    expect(machine.chunk(7, CHUNK_BYTES)).toBe("store");
    for (const index of [8, 5]) {
      expect(messageOf(() => machine.chunk(index, CHUNK_BYTES))).toBe(
        `out-of-order: chunk ${index} is beyond the window of ${WINDOW} bytes`,
      );
    }
    machine.acked(5);
    expect(machine.chunk(8, CHUNK_BYTES)).toBe("store");
    const tiny = receiving({ storedChunks: 1, sizeBytes: 1 });
    const again = () => tiny.chunk(0, 1);
    expect([1, 2, 3, 4, 5].map(again)).toEqual(Array(5).fill("again"));
    expect(messageOf(again)).toMatch(/^out-of-order: chunk 0 is beyond the window/);
  });

  test("enforces the maximum file size", () => {
    const quota = receiving({ sizeBytesMax: CHUNK_BYTES + 1 });
    quota.chunk(0, CHUNK_BYTES);
    expect(messageOf(() => quota.chunk(1, 2))).toBe(
      "too-large: chunk 1 exceeds the file size limit of 262145 bytes",
    );
    quota.chunk(1, 1);
    quota.end({ sizeBytes: CHUNK_BYTES + 1, chunks: 2 });
    const last = FILE_BYTES_MAX / CHUNK_BYTES;
    const huge = receiving({ storedChunks: last });
    expect(messageOf(() => huge.chunk(last, 1))).toMatch(/^too-large: /);
    const ends = { sizeBytes: CHUNK_BYTES + 2, chunks: 2 };
    expect(messageOf(() => receiving({ sizeBytesMax: CHUNK_BYTES + 1 }).end(ends))).toMatch(
      /^too-large: /,
    );
  });

  test("rejects a size that contradicts the chunks", () => {
    const machine = receiving();
    machine.chunk(0, CHUNK_BYTES);
    const end = (sizeBytes: number, chunks: number) =>
      messageOf(() => machine.end({ sizeBytes, chunks }));
    expect(end(CHUNK_BYTES + 1, 1)).toMatch(
      /^frame-malformed: a file of 262145 bytes cannot have 1 chunks/,
    );
    expect(end(CHUNK_BYTES + 1, 2)).toMatch(/^out-of-order: the file ends before chunk 1 of 2/);
    expect(end(0, 0)).toMatch(/^out-of-order: /);
    machine.chunk(1, 3);
    expect(end(CHUNK_BYTES + 4, 2)).toBe(
      "out-of-order: the file ends with 262148 bytes instead of 262147",
    );
    expect(end(CHUNK_BYTES + 3, 2)).toBe("nothing");
  });
});

test("accepts exactly valid sequences, and names the chunk in every fault", () => {
  const one = fc.record({
    index: fc.oneof(
      { weight: 6, arbitrary: fc.constant("next" as const) },
      { weight: 1, arbitrary: fc.constant("before" as const) },
      { weight: 1, arbitrary: fc.nat({ max: 12 }) },
    ),
    size: fc.oneof(
      { weight: 6, arbitrary: fc.constant("honest" as const) },
      { weight: 1, arbitrary: fc.constantFrom(0, 1, CHUNK_BYTES - 1, CHUNK_BYTES) },
    ),
    acks: fc.integer({ min: 0, max: 2 }),
  });
  const sizes = fc.oneof(
    fc.constantFrom(0, 1, CHUNK_BYTES, CHUNK_BYTES + 1),
    fc.integer({ min: 0, max: 8 * CHUNK_BYTES }),
  );
  fc.assert(
    fc.property(
      sizes,
      fc.boolean(),
      fc.integer({ min: CHUNK_BYTES, max: 5 * CHUNK_BYTES }),
      fc.array(one, { maxLength: 40 }),
      (size, isKnown, windowBytes, steps) => {
        const machine = receiving({ windowBytes, ...(isKnown ? { sizeBytes: size } : {}) });
        const waiting: { index: number; bytes: number }[] = [];
        for (const { index: drawn, size: drawnSize, acks } of steps) {
          const next = machine.next;
          const index =
            drawn === "next" ? next : drawn === "before" ? Math.max(0, next - 1) : drawn;
          const honest = chunkSize(index, machine.sizeBytes ?? size) || CHUNK_BYTES;
          const bytes = drawnSize === "honest" ? honest : drawnSize;
          const room = waiting.reduce((sum, chunk) => sum + chunk.bytes, bytes) <= windowBytes;
          let arrival: string;
          try {
            arrival = machine.chunk(index, bytes);
          } catch (error) {
            if (!(error instanceof Fault)) throw error;
            expect(error.message).toContain(`chunk ${index}`);
            expect(error.blame).toBe("peer");
            expect(machine.next).toBe(next);
            arrival = "fault";
          }
          if (arrival !== "fault") {
            expect([index <= next, bytes >= 1, room]).toEqual([true, true, true]);
            expect(arrival).toBe(index === next ? "store" : "again");
            if (bytes < CHUNK_BYTES) expect(index).toBe(machine.next - 1);
            if (isKnown) expect(bytes).toBe(chunkSize(index, size));
            waiting.push({ index, bytes });
          } else if (index === next && room && isKnown) {
            expect(bytes === chunkSize(index, size) && bytes > 0).toBe(false);
          }
          for (let i = 0; i < acks; i++) {
            const oldest = waiting.shift();
            if (oldest !== undefined) machine.acked(oldest.index);
          }
          expect(machine.unackedBytes).toBeLessThanOrEqual(windowBytes);
        }
        while (waiting.length > 0) machine.acked(waiting.shift()?.index ?? -1);
        const whole = machine.sizeBytes;
        expect(machine.isComplete).toBe(whole !== undefined && machine.next === chunkCount(whole));
      },
    ),
    { numRuns: sampleSize(1_000, 5_000) },
  );
});
