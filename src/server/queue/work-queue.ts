/** Queues that run slow tasks a few at a time. */

import { Fault } from "../../base/fault.ts";
import { type Clock, delay } from "../../io/clock.ts";

/** Returns how long a slot stays empty after a task that took so long. */
export interface Rest {
  readonly clock: Pick<Clock, "now" | "after">;
  readonly times: number;
  readonly msMax: number;
}

/** A separate queue per key: each key waits only behind its own tasks. */
export class FairQueue {
  readonly #runningMax: number;
  readonly #waitingMax: number;
  readonly #rest: Rest | undefined;
  /** Only keys with queued or running tasks. */
  readonly #queues = new Map<string, { readonly queue: WorkQueue; count: number }>();

  constructor(runningMax: number, waitingMax: number, rest?: Rest) {
    this.#runningMax = runningMax;
    this.#waitingMax = waitingMax;
    this.#rest = rest;
  }

  /** @throws Fault too-many, and whatever the task throws */
  run<Result>(key: string, work: () => Promise<Result>): Promise<Result> {
    const known = this.#queues.get(key);
    const entry = known ?? { queue: new WorkQueue(this.#runningMax, this.#waitingMax), count: 0 };
    this.#queues.set(key, entry);
    entry.count++;
    const outcome = Promise.withResolvers<Result>();
    const leave = () => {
      entry.count--;
      if (entry.count === 0) this.#queues.delete(key);
    };
    const failed = (error: unknown) => outcome.reject(error);
    // The slot stays taken during the rest; the result is returned before it.
    const place = entry.queue.run(() => this.#rested(work().then(outcome.resolve, failed)));
    place.then(leave, (error: unknown) => {
      leave();
      failed(error);
    });
    return outcome.promise;
  }

  async #rested(work: Promise<void>): Promise<void> {
    const rest = this.#rest;
    if (rest === undefined) return work;
    const begun = rest.clock.now();
    await work;
    const restMs = Math.min(rest.msMax, (rest.clock.now() - begun) * rest.times);
    if (restMs > 0) await delay(rest.clock, restMs);
  }
}

/** Runs a few tasks at a time; refuses tasks when the queue is full. */
export class WorkQueue {
  readonly #runningMax: number;
  readonly #waitingMax: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(runningMax: number, waitingMax: number) {
    this.#runningMax = runningMax;
    this.#waitingMax = waitingMax;
  }

  /** @throws Fault too-many, and whatever the task throws */
  async run<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#running >= this.#runningMax) await this.#turn();
    else this.#running++;
    try {
      return await work();
    } finally {
      // The slot passes to the next task directly, without being free in between.
      const next = this.#waiting.shift();
      if (next === undefined) this.#running--;
      else next();
    }
  }

  #turn(): Promise<void> {
    if (this.#waiting.length >= this.#waitingMax) {
      throw new Fault("too-many", "the server is busy", { retryAfterMs: 1_000 });
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}
