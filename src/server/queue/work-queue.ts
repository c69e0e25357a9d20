/** Queues of slow tasks that are fair between their keys. */

import {
  CONCURRENT_PAGE_READS_MAX,
  PAGE_PAUSE_FACTOR,
  PAGE_PAUSE_MS_MAX,
  PAGE_READS_QUEUED_MAX,
} from "../../base/limits.ts";
import { type Clock, delay } from "../../io/clock.ts";
import { WorkQueue } from "../../io/work-queue.ts";

/** Returns how long a slot stays empty after a task that took so long. */
export interface PauseRule {
  readonly clock: Pick<Clock, "now" | "after">;
  readonly factor: number;
  readonly msMax: number;
}

/** A separate queue per key: each key waits only behind its own tasks. */
export class FairQueue {
  readonly #runningMax: number;
  readonly #waitingMax: number;
  readonly #pause: PauseRule | undefined;
  /** Only keys with queued or running tasks. */
  readonly #queues = new Map<string, { readonly queue: WorkQueue; count: number }>();

  constructor(runningMax: number, waitingMax: number, rest?: PauseRule) {
    this.#runningMax = runningMax;
    this.#waitingMax = waitingMax;
    this.#pause = rest;
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
    const place = entry.queue.run(() => this.#withPause(work().then(outcome.resolve, failed)));
    place.then(leave, (error: unknown) => {
      leave();
      failed(error);
    });
    return outcome.promise;
  }

  async #withPause(work: Promise<void>): Promise<void> {
    const rest = this.#pause;
    if (rest === undefined) return work;
    const begun = rest.clock.now();
    await work;
    const restMs = Math.min(rest.msMax, (rest.clock.now() - begun) * rest.factor);
    if (restMs > 0) await delay(rest.clock, restMs);
  }
}

/** Reads of the history: a few at a time, and few for each key. */
export class ReadQueue {
  readonly #reading: WorkQueue;
  readonly #turns: FairQueue;

  /** @param rest `undefined` if a key may read again immediately */
  constructor({
    perKey = 1,
    waitingMax = PAGE_READS_QUEUED_MAX,
    pause: rest,
  }: ReadQueueOptions = {}) {
    this.#reading = new WorkQueue(CONCURRENT_PAGE_READS_MAX, waitingMax);
    this.#turns = new FairQueue(perKey, waitingMax, rest);
  }

  /** @throws Fault too-many, and whatever the task throws */
  run<Result>(key: string, work: () => Promise<Result>): Promise<Result> {
    return this.#turns.run(key, () => this.#reading.run(work));
  }
}

interface ReadQueueOptions {
  readonly perKey?: number;
  readonly waitingMax?: number;
  readonly pause?: PauseRule;
}

/** Pause of a key after each page that it has read. */
export function pagePause(clock: Clock): PauseRule {
  return { clock, factor: PAGE_PAUSE_FACTOR, msMax: PAGE_PAUSE_MS_MAX };
}
