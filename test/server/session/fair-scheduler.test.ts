import { describe, expect, test } from "bun:test";
import {
  ARRIVALS_WAITING_BYTES_MAX,
  ARRIVALS_WAITING_EACH_BYTES_MAX,
  CHUNK_BYTES,
  REQUESTS_IN_FLIGHT_MAX,
  TRANSFER_WINDOW_BYTES_MAX,
} from "../../../src/base/limits.ts";
import { FairScheduler, type Source } from "../../../src/server/session/fair-scheduler.ts";
import { VirtualClock } from "../../client/virtual-clock.ts";

class Bench {
  readonly clock = new VirtualClock();
  /** What the work of a message does to the time. */
  tookMs = 0;
  #now = 0;
  readonly turns = new FairScheduler({
    now: () => this.#now,
    after: (delayMs, callback) => this.clock.after(delayMs, callback),
  });
  readonly done: string[] = [];

  readonly overflows: string[] = [];
  readonly #sources = new Map<string, Source>();

  say(sender: string, count: number, sizeBytes = 10, link = sender): void {
    const source = this.#sources.get(link) ?? { overflow: () => this.overflows.push(link) };
    this.#sources.set(link, source);
    for (let i = 1; i <= count; i++) {
      this.turns.take(sender, source, sizeBytes, () => {
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

describe("turns", () => {
  test("whoever says little is heard at once, whatever others have sent before", async () => {
    const bench = new Bench();
    bench.say("eve", 1_000);
    expect(bench.done.length).toBeLessThan(50);
    bench.say("ana", 3);
    expect(bench.of("ana")).toEqual(inOrder("ana", 3));
    await bench.clock.advance(0);
    expect(bench.turns.waiting).toBe(0);
    expect(bench.of("eve")).toEqual(inOrder("eve", 1_000));
  });

  test("those who wait take turns one by one, each in its own order", async () => {
    const bench = new Bench();
    for (const sender of ["a", "b", "c"]) bench.say(sender, 500);
    const begun = bench.done.length;
    await bench.clock.advance(0);
    const later = bench.done.slice(begun).map((one) => one.charAt(0));
    expect(later.slice(0, 9).join("")).toBe("abcabcabc");
    for (const sender of ["a", "b", "c"]) {
      expect(bench.of(sender)).toEqual(inOrder(sender, 500));
    }
  });

  test("what takes long is little work already", () => {
    const bench = new Bench();
    bench.tookMs = 0.5;
    bench.say("eve", 100);
    expect(bench.done.length).toBeLessThan(5);
  });

  test("one that waits keeps what comes later behind it, a new turn or not", async () => {
    const bench = new Bench();
    bench.say("eve", 200);
    bench.clock.after(0, () => bench.say("eve", 1));
    await bench.clock.advance(0);
    expect(bench.done.at(-1)).toBe("eve1");
    expect(bench.done).toHaveLength(201);
  });

  test("a source that queues too much is closed, and its work is not done", async () => {
    const bench = new Bench();
    bench.say("ana", 100);
    const sizeBytes = 64 << 10;
    bench.say("eve", Math.ceil(ARRIVALS_WAITING_EACH_BYTES_MAX / sizeBytes) + 100, sizeBytes);
    expect(bench.overflows).toEqual(["eve"]);
    const begun = bench.of("eve").length;
    expect(begun).toBeLessThan(50);
    await bench.clock.advance(0);
    expect(bench.of("eve").length).toBeLessThan(begun + 100); // What came after it was closed.
    expect(bench.of("ana")).toEqual(inOrder("ana", 100));
  });

  test("a full window of chunks and every request in flight fit", async () => {
    const bench = new Bench();
    bench.tookMs = 1;
    bench.say("up", TRANSFER_WINDOW_BYTES_MAX / CHUNK_BYTES, CHUNK_BYTES + 200);
    bench.say("ask", REQUESTS_IN_FLIGHT_MAX, 100);
    expect(bench.overflows).toEqual([]);
    await bench.clock.advance(0);
    expect(bench.done).toHaveLength(
      TRANSFER_WINDOW_BYTES_MAX / CHUNK_BYTES + REQUESTS_IN_FLIGHT_MAX,
    );
  });

  test("two sources of one sender wait together, and each overflows alone", async () => {
    const bench = new Bench();
    const sizeBytes = 64 << 10;
    const count = Math.ceil(ARRIVALS_WAITING_EACH_BYTES_MAX / sizeBytes) - 50;
    bench.say("eve", count, sizeBytes, "one");
    bench.say("eve", count, sizeBytes, "other");
    expect(bench.overflows).toEqual([]);
    bench.say("eve", 100, sizeBytes, "other");
    expect(bench.overflows).toEqual(["other"]);
    await bench.clock.advance(0);
    expect(bench.of("eve").slice(0, count)).toEqual(inOrder("eve", count));
  });

  test("of all that waits, the largest queue of the largest sender gives way", () => {
    const bench = new Bench();
    const sizeBytes = 64 << 10;
    bench.say("ana", 300);
    const each = Math.floor(ARRIVALS_WAITING_EACH_BYTES_MAX / sizeBytes / 2);
    const links = Math.ceil((2 * ARRIVALS_WAITING_BYTES_MAX) / ARRIVALS_WAITING_EACH_BYTES_MAX) + 2;
    bench.say("eve", 40, sizeBytes, "warm");
    for (let i = 0; i < links; i++) bench.say("eve", each, sizeBytes, `eve ${i}`);
    expect(bench.overflows.length).toBeGreaterThan(0);
    for (const one of bench.overflows) expect(one).toStartWith("eve ");
    expect(bench.turns.waiting * sizeBytes).toBeLessThan(ARRIVALS_WAITING_BYTES_MAX);
  });

  test("many senders at once do not add up to more than a turn", async () => {
    const bench = new Bench();
    bench.tookMs = 0.1;
    for (let i = 0; i < 64; i++) bench.say(`m${i}-`, 100);
    expect(bench.done.length).toBeLessThan(64 + 32);
    await bench.clock.advance(0);
    expect(bench.done).toHaveLength(6_400);
  });
});
