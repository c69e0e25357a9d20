import { describe, expect, test } from "bun:test";
import {
  ARRIVALS_WAITING_BYTES_MAX,
  ARRIVALS_WAITING_EACH_BYTES_MAX,
} from "../../../src/base/limits.ts";
import { FairScheduler } from "../../../src/server/session/fair-scheduler.ts";
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

  say(sender: string, count: number, sizeBytes = 10): void {
    for (let i = 1; i <= count; i++) {
      this.turns.take(sender, sizeBytes, () => {
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

  test("what waits is bounded, of one and of all, and nothing is left out", async () => {
    const bench = new Bench();
    const sizeBytes = 64 << 10;
    const one = Math.ceil((2 * ARRIVALS_WAITING_EACH_BYTES_MAX) / sizeBytes);
    bench.say("eve", one, sizeBytes);
    expect(bench.turns.waiting * sizeBytes).toBeLessThanOrEqual(ARRIVALS_WAITING_EACH_BYTES_MAX);
    const many = Math.ceil(ARRIVALS_WAITING_BYTES_MAX / ARRIVALS_WAITING_EACH_BYTES_MAX) * 2;
    for (let i = 0; i < many; i++) bench.say(`m${i}-`, one, sizeBytes);
    expect(bench.turns.waiting * sizeBytes).toBeLessThanOrEqual(ARRIVALS_WAITING_BYTES_MAX);
    await bench.clock.advance(0);
    expect(bench.done).toHaveLength(one * (many + 1));
    expect(bench.of("eve")).toEqual(inOrder("eve", one));
  });
});
