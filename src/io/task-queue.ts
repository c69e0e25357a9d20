/** Queue for asynchronous tasks, of which only a limited number run at a time. */

import { Fault, msg } from "../base/fault.ts";
import { CONCURRENT_FILES_MAX, PAGE_PAUSE_FACTOR, PAGE_PAUSE_MS_MAX } from "../base/limits.ts";
import type { Clock } from "./clock.ts";

type WaitingTasks = (() => void)[];

/** Tasks of one queue that wait for a slot. Keys with waiting tasks take turns. */
class KeyedTasks {
  readonly #keys = new Map<unknown, WaitingTasks>();
  length = 0;

  push(key: unknown, start: () => void): void {
    const tasks = this.#keys.get(key) ?? [];
    this.#keys.set(key, tasks);
    tasks.push(start);
    this.length++;
  }

  shift(): (() => void) | undefined {
    for (const [key, tasks] of this.#keys) {
      this.#keys.delete(key);
      const start = tasks.shift();
      if (tasks.length > 0) this.#keys.set(key, tasks);
      this.length--;
      return start;
    }
    return undefined;
  }
}

interface SlotWaiting {
  readonly key: unknown;
  readonly waiting: KeyedTasks;
  readonly waitingMax: number;
}

/** Limit shared by several queues. Queues with waiting tasks take turns. */
export class Slots {
  #free: number;
  readonly #waiting = new Set<KeyedTasks>();

  constructor(count: number) {
    this.#free = count;
  }

  async run<Result>(
    task: () => Promise<Result>,
    { key, waiting, waitingMax }: SlotWaiting,
  ): Promise<Result> {
    if (this.#free > 0) this.#free--;
    else {
      checkRoom(waiting, waitingMax);
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.push(key, resolve);
      this.#waiting.add(waiting);
      await promise;
    }
    try {
      return await task();
    } finally {
      this.#release();
    }
  }

  #release(): void {
    const [tasks] = this.#waiting;
    if (tasks === undefined) {
      this.#free++;
      return;
    }
    this.#waiting.delete(tasks);
    const next = tasks.shift();
    if (tasks.length > 0) this.#waiting.add(tasks);
    next?.();
  }
}

interface TaskQueueOptions {
  /** Tasks of one key that run at a time. Default: 1. */
  readonly running?: number;
  /** Tasks of one key that wait; the queue refuses further tasks. Default: unlimited. */
  readonly waiting?: number;
  readonly slots?: Slots;
  /** Clock for pauses of a key after each task, in proportion to the task's duration. */
  readonly pauseClock?: Pick<Clock, "now" | "after">;
}

/** Starts the tasks of one key in order. */
export class TaskQueue {
  readonly #keys = new Map<unknown, { running: number; readonly waiting: WaitingTasks }>();
  readonly #waitingForSlot = new KeyedTasks();

  constructor(private readonly options: TaskQueueOptions = {}) {}

  isIdle(key: unknown): boolean {
    return !this.#keys.has(key);
  }

  /** @throws {Fault} too-many if too many tasks wait */
  run<Result>(task: () => Promise<Result>): Promise<Result> {
    return this.runFor(undefined, task);
  }

  /** @throws {Fault} too-many if too many tasks of the key wait */
  async runFor<Result>(key: unknown, task: () => Promise<Result>): Promise<Result> {
    const { running = 1, waiting = Number.POSITIVE_INFINITY, slots, pauseClock } = this.options;
    const tasks = this.#keys.get(key) ?? { running: 0, waiting: [] };
    this.#keys.set(key, tasks);
    if (tasks.running < running) tasks.running++;
    else await waitIn(tasks.waiting, waiting);
    const startedAt = pauseClock?.now() ?? 0;
    try {
      const turn = { key, waiting: this.#waitingForSlot, waitingMax: waiting };
      return await (slots === undefined ? task() : slots.run(task, turn));
    } finally {
      const end = () => {
        const next = tasks.waiting.shift();
        if (next !== undefined) next();
        else if (--tasks.running === 0) this.#keys.delete(key);
      };
      const tookMs = (pauseClock?.now() ?? 0) - startedAt;
      const pauseMs = Math.min(PAGE_PAUSE_MS_MAX, tookMs * PAGE_PAUSE_FACTOR);
      if (pauseMs > 0) pauseClock?.after(pauseMs, end);
      else end();
    }
  }
}

function checkRoom(tasks: { readonly length: number }, waitingMax: number): void {
  if (tasks.length < waitingMax) return;
  throw new Fault("too-many", msg`the server is busy`, { retryAfterMs: 1_000 });
}

function waitIn(tasks: WaitingTasks, waitingMax: number): Promise<void> {
  checkRoom(tasks, waitingMax);
  const { promise, resolve } = Promise.withResolvers<void>();
  tasks.push(resolve);
  return promise;
}

/** @throws {Error} the first error, after all started tasks have settled */
export async function inParallel<Item>(
  items: readonly Item[],
  task: (item: Item) => Promise<void>,
): Promise<void> {
  const queue = items.values();
  const workers = Array.from({ length: Math.min(CONCURRENT_FILES_MAX, items.length) }, async () => {
    for (const item of queue) await task(item);
  });
  const outcomes = await Promise.allSettled(workers);
  for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
}
