import { expect, test } from "bun:test";
import { SearchThreads } from "../../../src/io/disk/search-worker.ts";

class FakeWorker {
  readonly requests: number[] = [];
  isTerminated = false;
  onmessage: (event: { data: object }) => void = () => {};
  onerror = () => {};
  ref(): void {}
  unref(): void {}

  postMessage({ id }: { readonly id: number }): void {
    this.requests.push(id);
  }

  terminate(): void {
    this.isTerminated = true;
  }

  answer(): void {
    this.onmessage({ data: { id: this.requests.shift(), found: [] } });
  }
}

function openThreads() {
  const workers: FakeWorker[] = [];
  const timers = new Set<() => void>();
  const threads = new SearchThreads(
    () => {
      const worker = new FakeWorker();
      workers.push(worker);
      return worker as never;
    },
    (stop) => {
      timers.add(stop);
      return () => timers.delete(stop);
    },
  );
  const search = () => threads.search([{ path: "p", from: 0, to: 1 }], {} as never);
  const worker = (index: number) => {
    const found = workers[index];
    if (found === undefined) throw new Error("no such worker");
    return found;
  };
  return { workers, timers, search, worker };
}

test("a thread that failed receives no further search", async () => {
  const { workers, search, worker } = openThreads();
  const failed = search();
  worker(0).onerror();
  expect([await failed, worker(0).isTerminated]).toEqual([[undefined], true]);
  const next = search();
  expect([workers.length, worker(0).requests.length]).toEqual([2, 1]);
  worker(1).answer();
  expect(await next).toEqual([]);
});

test("searches that end in one turn leave one timer, which the next search cancels", async () => {
  const { timers, search, worker } = openThreads();
  const first = [search(), search()];
  const used = navigator.hardwareConcurrency > 1 ? [0, 1] : [0, 0];
  for (const index of used) worker(index).answer();
  await Promise.all(first);
  expect(timers.size).toBe(1);
  const next = search();
  expect(timers.size).toBe(0);
  worker(0).answer();
  await next;
  for (const stop of timers) stop();
  expect(used.every((index) => worker(index).isTerminated)).toBeTrue();
});
