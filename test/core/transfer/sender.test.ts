import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { CHUNK_BYTES, FILE_BYTES_MAX } from "../../../src/base/limits.ts";
import { ChunkSender, type ChunkSenderOptions } from "../../../src/core/transfer/sender.ts";
import { chunkCount, chunkSize } from "../../../src/wire/chunks.ts";
import { faultOf } from "../../fault-code.ts";
import { sampleSize } from "../../samples.ts";

const WINDOW = 4 * CHUNK_BYTES;
const sending = (options: Partial<ChunkSenderOptions> = {}) =>
  new ChunkSender({ from: 0, windowBytes: WINDOW, now: 0, ...options });

function codeOf(action: () => unknown): string {
  const fault = faultOf(action);
  return fault === undefined ? "nothing" : `${fault.code}: ${fault.message}`;
}

function fill(machine: ChunkSender, sizeBytes: number, now = 0): number[] {
  const sent: number[] = [];
  for (let index = machine.take(now); index !== undefined; index = machine.take(now)) {
    const size = chunkSize(index, sizeBytes);
    if (size === 0) machine.ended(index);
    else {
      machine.sent(index, size, now);
      sent.push(index);
    }
  }
  return sent;
}

describe("chunk sender", () => {
  test("fills the window and continues with each acknowledgement", () => {
    const machine = sending({ sizeBytes: 10 * CHUNK_BYTES });
    expect(fill(machine, 10 * CHUNK_BYTES)).toEqual([0, 1, 2, 3]);
    expect(machine.inFlightBytes).toBe(WINDOW);
    machine.acked(0, 1);
    machine.acked(1, 1);
    expect(fill(machine, 10 * CHUNK_BYTES, 1)).toEqual([4, 5]);
    expect([machine.ackedUpTo, machine.ackedBytes]).toEqual([2, 2 * CHUNK_BYTES]);
    expect([machine.durableUpTo, machine.isSent, machine.isAcked]).toEqual([0, false, false]);
  });

  test("reserves space for several chunks that are read in parallel", () => {
    const machine = sending();
    expect([1, 2, 3, 4, 5].map(() => machine.take(0))).toEqual([0, 1, 2, 3, undefined]);
    machine.sent(0, CHUNK_BYTES, 0);
    machine.sent(1, CHUNK_BYTES, 0);
    expect(machine.take(0)).toBeUndefined();
    machine.acked(0, 1);
    expect(machine.take(1)).toBe(4);
  });

  test("begins at the receiver's position, also at the end", () => {
    const size = 3 * CHUNK_BYTES + 5;
    const machine = sending({ from: 3, sizeBytes: size });
    expect([machine.ackedBytes, machine.durableBytes]).toEqual([3 * CHUNK_BYTES, 3 * CHUNK_BYTES]);
    expect(fill(machine, size)).toEqual([3]);
    machine.acked(3, 1);
    expect([machine.isAcked, machine.ackedBytes]).toEqual([true, size]);
    const done = sending({ from: 4, sizeBytes: size });
    expect([done.take(0), done.isSent, done.isAcked]).toEqual([undefined, true, true]);
    expect(sending({ sizeBytes: 0 }).isAcked).toBe(true);
  });

  test.each([
    ["nothing", 0],
    ["one byte", 1],
    ["a chunk less one", CHUNK_BYTES - 1],
    ["a chunk", CHUNK_BYTES],
    ["a chunk and one", CHUNK_BYTES + 1],
    ["many", 9 * CHUNK_BYTES],
  ])("learns the size of a stream of %s at its end", (_name, size) => {
    const machine = sending();
    expect(machine.fileSize).toBeUndefined();
    for (let i = 0; i < 10; i++) {
      for (const index of fill(machine, size, i)) machine.acked(index, i);
    }
    expect(machine.fileSize).toEqual({ sizeBytes: size, chunks: chunkCount(size) });
    expect([machine.isAcked, machine.take(10)]).toEqual([true, undefined]);
  });

  test("ends a stream whose chunks are read in any order", () => {
    const machine = sending();
    expect([1, 2, 3].map(() => machine.take(0))).toEqual([0, 1, 2]);
    machine.ended(2);
    expect([machine.isSent, machine.take(0)]).toEqual([false, undefined]);
    machine.sent(0, CHUNK_BYTES, 0);
    machine.sent(1, 7, 0);
    expect([machine.isSent, machine.fileSize?.sizeBytes]).toEqual([true, CHUNK_BYTES + 7]);
  });

  test("detects a changed source and names the chunk", () => {
    const longer = sending({ sizeBytes: CHUNK_BYTES + 1 });
    longer.take(0);
    expect(codeOf(() => longer.sent(0, CHUNK_BYTES - 1, 0))).toMatch(/^file-changed: .*chunk 0/);
    longer.sent(0, CHUNK_BYTES, 0);
    longer.take(0);
    expect(codeOf(() => longer.sent(1, 2, 0))).toMatch(/^file-changed: .*chunk 1/);
    expect(codeOf(() => longer.ended(1))).toMatch(/^file-changed: .*chunk 1/);
    const stream = sending();
    expect(() => stream.ended(0)).toThrow("only reserved chunks can be missing");
    expect(() => stream.sent(0, 1, 0)).toThrow("in the order of their reservation");
    stream.take(0);
    stream.take(0);
    expect(() => stream.sent(1, 1, 0)).toThrow("in the order of their reservation");
    for (const size of [-1, CHUNK_BYTES + 1])
      expect(() => stream.sent(0, size, 0)).toThrow("a chunk has the expected size");
    expect(codeOf(() => stream.sent(0, 0, 0))).toMatch(/^file-changed: .*chunk 0/);
    stream.ended(1);
    stream.ended(0);
    expect(stream.fileSize?.sizeBytes).toBe(0);
  });

  test("rejects a stream beyond FILE_BYTES_MAX", () => {
    const from = FILE_BYTES_MAX / CHUNK_BYTES;
    const machine = sending({ from: from - 1 });
    machine.sent(machine.take(0) ?? -1, CHUNK_BYTES, 0);
    machine.take(0);
    expect(codeOf(() => machine.sent(from, 1, 0))).toMatch(/^too-large: /);
  });

  test("sends only available chunks of a file that is still arriving", () => {
    const machine = sending({ available: 2 });
    expect(machine.isCaughtUp).toBe(false);
    expect(fill(machine, 5 * CHUNK_BYTES)).toEqual([0, 1]);
    expect(machine.isCaughtUp).toBe(true);
    machine.acked(0, 5);
    machine.acked(1, 5);
    machine.available(2, undefined, 50);
    expect(machine.pause(65)).toEqual({ cause: "more", durationMs: 60 });
    machine.available(3, undefined, 70);
    expect(machine.isCaughtUp).toBe(false);
    expect(fill(machine, 5 * CHUNK_BYTES, 70)).toEqual([2]);
    machine.available(3, 3 * CHUNK_BYTES, 80);
    expect([machine.isCaughtUp, machine.isSent, machine.isAcked]).toEqual([false, true, false]);
  });

  test("rejects impossible acknowledgements without a change", () => {
    const machine = sending();
    fill(machine, 9 * CHUNK_BYTES);
    for (const index of [1, 3, 4, 99]) {
      expect(codeOf(() => machine.acked(index, 0))).toBe(
        `out-of-order: chunk ${index} was acknowledged out of order`,
      );
    }
    machine.acked(0, 0);
    expect(codeOf(() => machine.acked(0, 0))).toMatch(/^out-of-order: chunk 0/);
    expect(codeOf(() => machine.durable(2))).toMatch(/^out-of-order: 2 chunks/);
    machine.durable(1);
    machine.durable(0);
    expect([machine.durableUpTo, machine.durableBytes]).toEqual([1, CHUNK_BYTES]);
  });

  test("reports the cause and duration of a pause", () => {
    const machine = sending({ sizeBytes: 9 * CHUNK_BYTES });
    expect(machine.pause(5)).toBeUndefined();
    const index = machine.take(10) ?? -1;
    expect(machine.pause(25)).toEqual({ cause: "source", durationMs: 15 });
    machine.sent(index, CHUNK_BYTES, 30);
    expect(machine.pause(4_030)).toEqual({ cause: "network", durationMs: 4_000 });
    machine.slowDisk();
    expect(machine.pause(4_030)).toEqual({ cause: "server-disk", durationMs: 4_000 });
    machine.acked(0, 4_031);
    fill(machine, 9 * CHUNK_BYTES, 4_032);
    expect(machine.pause(4_033)).toEqual({ cause: "network", durationMs: 1 });
  });
});

test("delivers the file within the window despite loss and delay", () => {
  const step = fc.constantFrom("fill", "fill", "ack", "ack", "durable", "lose");
  const sizes = fc.integer({ min: 0, max: 12 * CHUNK_BYTES });
  fc.assert(
    fc.property(
      sizes,
      fc.boolean(),
      fc.integer({ min: CHUNK_BYTES, max: 6 * CHUNK_BYTES }),
      fc.array(step, { maxLength: 60 }),
      (size, isKnown, windowBytes, steps) => {
        const known = isKnown ? { sizeBytes: size } : {};
        let machine = sending({ ...known, windowBytes });
        let [flying, durable, now]: [number[], number, number] = [[], 0, 0];
        const act = (what: (typeof steps)[number]) => {
          now += 1;
          if (what === "fill") flying.push(...fill(machine, size, now));
          if (what === "ack") {
            const index = flying.shift();
            if (index !== undefined) machine.acked(index, now);
          }
          if (what === "durable") {
            durable = machine.ackedUpTo;
            machine.durable(durable);
          }
          if (what === "lose") {
            const whole = machine.fileSize;
            const sized = whole === undefined ? known : { sizeBytes: whole.sizeBytes };
            machine = sending({ ...sized, windowBytes, from: durable, now });
            flying = [];
          }
          expect(machine.inFlightBytes).toBeLessThanOrEqual(windowBytes);
          const first = flying[0] ?? machine.ackedUpTo;
          expect(flying).toEqual(flying.map((_, i) => first + i));
          expect(first).toBe(machine.ackedUpTo);
        };
        for (const what of steps) act(what);
        for (let i = 0; i < 200 && !machine.isAcked; i++) act(i % 2 === 0 ? "fill" : "ack");
        expect(machine.isAcked).toBe(true);
        expect(machine.fileSize).toEqual({ sizeBytes: size, chunks: chunkCount(size) });
        expect(machine.ackedBytes).toBe(size);
      },
    ),
    { numRuns: sampleSize(1_000, 5_000) },
  );
});
