import { expect } from "bun:test";
import {
  CHUNK_BYTES,
  RECEIVE_QUEUE_PER_LINK_BYTES_MAX,
  RECEIVE_QUEUES_BYTES_MAX,
  REQUESTS_IN_FLIGHT_MAX,
  TRANSFER_WINDOW_BYTES_MAX,
} from "../../../src/base/limits.ts";
import { FairScheduler, type ScheduledSource } from "../../../src/server/session/fair-scheduler.ts";
import { VirtualClock } from "../../client/virtual-clock.ts";
import { fixtureTest } from "../../fixture-test.ts";

class Bench {
  readonly clock = new VirtualClock();
  tookMs = 0;
  #now = 0;
  readonly turns = new FairScheduler({
    now: () => this.#now,
    after: (delayMs, callback) => this.clock.after(delayMs, callback),
  });
  readonly done: string[] = [];

  readonly overflows: string[] = [];
  readonly #sources = new Map<string, ScheduledSource>();

  enqueue(sender: string, count: number, sizeBytes = 10, link = sender): void {
    const source = this.#sources.get(link) ?? { overflow: () => this.overflows.push(link) };
    this.#sources.set(link, source);
    for (let i = 1; i <= count; i++) {
      this.turns.run(sender, source, sizeBytes, () => {
        this.#now += this.tookMs;
        this.done.push(`${sender}${i}`);
      });
    }
  }

  of(sender: string): string[] {
    return this.done.filter((one) => one.startsWith(sender));
  }
}

const inOrder = (sender: string, count: number) =>
  Array.from({ length: count }, (_, i) => `${sender}${i + 1}`);

const benchTest = fixtureTest(() => new Bench());

benchTest("serves waiting senders in turn, each in its own order", async (bench) => {
  for (const sender of ["a", "b", "c"]) bench.enqueue(sender, 500);
  const begun = bench.done.length;
  await bench.clock.advance(0);
  const later = bench.done.slice(begun).map((one) => one.charAt(0));
  expect(later.slice(0, 9).join("")).toBe("abcabcabc");
  for (const sender of ["a", "b", "c"]) {
    expect(bench.of(sender)).toEqual(inOrder(sender, 500));
  }
});

benchTest("queues later messages behind a waiting one", async (bench) => {
  bench.enqueue("eve", 200);
  bench.clock.after(0, () => bench.enqueue("eve", 1));
  await bench.clock.advance(0);
  expect(bench.done.at(-1)).toBe("eve1");
  expect(bench.done).toHaveLength(201);
});

benchTest("accepts a full window of chunks and all requests in flight", async (bench) => {
  bench.tookMs = 1;
  bench.enqueue("up", TRANSFER_WINDOW_BYTES_MAX / CHUNK_BYTES, CHUNK_BYTES + 200);
  bench.enqueue("ask", REQUESTS_IN_FLIGHT_MAX, 100);
  expect(bench.overflows).toEqual([]);
  await bench.clock.advance(0);
  expect(bench.done).toHaveLength(TRANSFER_WINDOW_BYTES_MAX / CHUNK_BYTES + REQUESTS_IN_FLIGHT_MAX);
});

benchTest("overflows only the source that sends too much", async (bench) => {
  const sizeBytes = 64 << 10;
  const count = Math.ceil(RECEIVE_QUEUE_PER_LINK_BYTES_MAX / sizeBytes) - 50;
  bench.enqueue("eve", count, sizeBytes, "one");
  bench.enqueue("eve", count, sizeBytes, "other");
  expect(bench.overflows).toEqual([]);
  bench.enqueue("eve", 100, sizeBytes, "other");
  expect(bench.overflows).toEqual(["other"]);
  await bench.clock.advance(0);
  expect(bench.of("eve").slice(0, count)).toEqual(inOrder("eve", count));
});

benchTest("drops the largest queue of the largest sender", (bench) => {
  const sizeBytes = 64 << 10;
  bench.enqueue("ana", 300);
  const each = Math.floor(RECEIVE_QUEUE_PER_LINK_BYTES_MAX / sizeBytes / 2);
  const links = Math.ceil((2 * RECEIVE_QUEUES_BYTES_MAX) / RECEIVE_QUEUE_PER_LINK_BYTES_MAX) + 2;
  bench.enqueue("eve", 40, sizeBytes, "warm");
  for (let i = 0; i < links; i++) bench.enqueue("eve", each, sizeBytes, `eve ${i}`);
  expect(bench.overflows.length).toBeGreaterThan(0);
  for (const one of bench.overflows) expect(one).toStartWith("eve ");
  expect(bench.turns.queuedCount * sizeBytes).toBeLessThan(RECEIVE_QUEUES_BYTES_MAX);
});

benchTest("limits the work of a turn across many senders", async (bench) => {
  bench.tookMs = 0.1;
  for (let i = 0; i < 64; i++) bench.enqueue(`m${i}-`, 100);
  expect(bench.done.length).toBeLessThan(64 + 32);
  await bench.clock.advance(0);
  expect(bench.done).toHaveLength(6_400);
});
