import { expect, test } from "bun:test";
import { PAGE_PAUSE_FACTOR, PAGE_PAUSE_MS_MAX } from "../../src/base/limits.ts";
import { Slots, TaskQueue } from "../../src/io/task-queue.ts";
import { VirtualClock } from "../client/virtual-clock.ts";
import { rejection } from "../rejection.ts";

class Bench {
  readonly started: number[] = [];
  readonly #ends = new Map<number, PromiseWithResolvers<number>>();

  work(id: number): () => Promise<number> {
    const end = Promise.withResolvers<number>();
    this.#ends.set(id, end);
    return () => {
      this.started.push(id);
      return end.promise;
    };
  }

  async end(id: number, fails = false): Promise<void> {
    if (fails) this.#ends.get(id)?.reject(new Error("it failed"));
    else this.#ends.get(id)?.resolve(id);
    for (let i = 0; i < 10; i++) await undefined;
  }
}

test("runs some tasks at once, queues others and refuses the rest", async () => {
  const queue = new TaskQueue({ running: 2, waiting: 2 });
  const bench = new Bench();
  const runs = [1, 2, 3, 4].map((id) => queue.run(bench.work(id)));
  const refusal = await queue.run(bench.work(5)).catch((fault) => fault);
  expect(refusal).toMatchObject({ code: "too-many", retryAfterMs: 1_000 });
  expect(bench.started).toEqual([1, 2]);
  await bench.end(2);
  expect(bench.started).toEqual([1, 2, 3]);
  const last = queue.run(bench.work(6));
  for (const id of [1, 3, 4, 6]) await bench.end(id);
  expect(await Promise.all([...runs, last])).toEqual([1, 2, 3, 4, 6]);
  expect(bench.started).toEqual([1, 2, 3, 4, 6]);
});

test("runs the next task after a failure", async () => {
  const queue = new TaskQueue({ waiting: 1 });
  const bench = new Bench();
  const first = queue.run(bench.work(1));
  const second = queue.run(bench.work(2));
  const failed = first.catch((error: Error) => error.message);
  await bench.end(1, true);
  expect(await failed).toBe("it failed");
  await bench.end(2);
  expect(await second).toBe(2);
  const third = queue.run(bench.work(3));
  expect(bench.started).toEqual([1, 2, 3]);
  await bench.end(3);
  expect(await third).toBe(3);
});

test("queues that share slots take turns", async () => {
  const slots = new Slots(2);
  const sharing = (waiting: number) => new TaskQueue({ running: 9, waiting, slots });
  const [many, few] = [sharing(9), sharing(9)];
  const bench = new Bench();
  const runs = [1, 2, 3, 4, 5].map((id) => many.run(bench.work(id)));
  runs.push(...[6, 7].map((id) => few.run(bench.work(id))));
  for (const id of [1, 2, 3, 6, 4, 7, 5]) await bench.end(id);
  expect(await Promise.all(runs)).toEqual([1, 2, 3, 4, 5, 6, 7]);
  expect(bench.started).toEqual([1, 2, 3, 6, 4, 7, 5]);
  const refused = sharing(0);
  runs.push(...[8, 9].map((id) => few.run(bench.work(id))));
  expect(await refused.run(bench.work(10)).catch((fault) => fault.code)).toBe("too-many");
  for (const id of [8, 9]) await bench.end(id);
  const last = refused.run(bench.work(11));
  await bench.end(11);
  expect(await last).toBe(11);
});

test("keys of one queue take turns in the shared slots", async () => {
  const queue = new TaskQueue({ running: 9, slots: new Slots(1) });
  const bench = new Bench();
  const keys = ["ana", "ana", "ana", "ben", "cid", "ben"];
  const runs = keys.map((key, id) => queue.runFor(key, bench.work(id)));
  for (const id of [0, 1, 3, 4, 2, 5]) await bench.end(id);
  expect(await Promise.all(runs)).toEqual([0, 1, 2, 3, 4, 5]);
  expect(bench.started).toEqual([0, 1, 3, 4, 2, 5]);
});

test("keeps one queue per key and drops empty ones", async () => {
  const queue = new TaskQueue({ waiting: 1 });
  const bench = new Bench();
  const runs = [queue.runFor("ana", bench.work(1)), queue.runFor("ana", bench.work(2))];
  expect(await queue.runFor("ana", bench.work(3)).catch((fault) => fault.code)).toBe("too-many");
  runs.push(queue.runFor("ben", bench.work(4)));
  expect(bench.started).toEqual([1, 4]);
  await bench.end(1);
  expect(bench.started).toEqual([1, 4, 2]);
  for (const id of [2, 4]) await bench.end(id);
  expect(await Promise.all(runs)).toEqual([1, 2, 4]);
  const again = queue.runFor("ana", bench.work(5));
  await bench.end(5);
  expect(await again).toBe(5);
});

test("pauses after each task in proportion to its duration", async () => {
  const clock = new VirtualClock();
  const queue = new TaskQueue({ pauseClock: clock });
  const started: number[] = [];
  const run = (key: string, tookMs: number) =>
    queue.runFor(key, async () => {
      started.push(clock.now());
      await new Promise<void>((resolve) => clock.after(tookMs, resolve));
      return clock.now();
    });
  const first = run("ana", 10);
  const failing = queue.runFor("ana", () => Promise.reject(new Error("it failed")));
  failing.catch(() => undefined);
  const others = [run("ana", 100), run("ana", 1), run("ben", 1)];
  await clock.advance(1_000);
  expect(await first).toBe(10);
  expect((await rejection(failing)).message).toContain("it failed");
  expect(await Promise.all(others)).toEqual([140, 341, 1]);
  expect(10 * (1 + PAGE_PAUSE_FACTOR)).toBe(40);
  expect(100 * PAGE_PAUSE_FACTOR).toBeGreaterThan(PAGE_PAUSE_MS_MAX);
  expect(started).toEqual([0, 0, 40, 140 + PAGE_PAUSE_MS_MAX]);
  const again = run("ana", 1);
  await clock.advance(1);
  expect(await again).toBe(1_001);
});

test("runs tasks in order, even after failures", async () => {
  const queue = new TaskQueue();
  const log: string[] = [];
  const gates = [0, 1, 2].map(() => Promise.withResolvers<number>());
  const ends = gates.map(({ promise }, i) =>
    queue.run(() => {
      log.push(`begins ${i}`);
      return promise.finally(() => log.push(`ends ${i}`));
    }),
  );
  gates[2]?.resolve(2);
  gates[0]?.reject(new Error("a disk"));
  expect((await rejection(ends[0])).message).toContain("a disk");
  gates[1]?.resolve(1);
  expect(await Promise.all(ends.slice(1))).toEqual([1, 2]);
  expect(log).toEqual(["begins 0", "ends 0", "begins 1", "ends 1", "begins 2", "ends 2"]);
});
