/** Queues for slow tasks that are fair between their keys. */

import { PAGE_PAUSE_FACTOR, PAGE_PAUSE_MS_MAX, PAGE_READS_QUEUED_MAX } from "../../base/limits.ts";
import { type Clock, delay } from "../../io/clock.ts";
import { type Slots, WorkQueue } from "../../io/work-queue.ts";

export interface PauseRule {
  readonly clock: Pick<Clock, "now" | "after">;
  readonly factor: number;
  readonly msMax: number;
}

export class FairQueue {
  readonly #runningMax: number;
  readonly #waitingMax: number;
  readonly #pause: PauseRule | undefined;
  readonly #queues = new Map<string, { readonly queue: WorkQueue; count: number }>();

  constructor(runningMax: number, waitingMax: number, pause?: PauseRule) {
    this.#runningMax = runningMax;
    this.#waitingMax = waitingMax;
    this.#pause = pause;
  }

  run<Result>(key: string, task: () => Promise<Result>): Promise<Result> {
    const known = this.#queues.get(key);
    const entry = known ?? { queue: new WorkQueue(this.#runningMax, this.#waitingMax), count: 0 };
    this.#queues.set(key, entry);
    entry.count++;
    const outcome = Promise.withResolvers<Result>();
    const release = () => {
      entry.count--;
      if (entry.count === 0) this.#queues.delete(key);
    };
    const reject = (error: unknown) => outcome.reject(error);
    // Return the result before the pause, but keep the slot occupied during the pause.
    const slot = entry.queue.run(() => this.#withPause(task().then(outcome.resolve, reject)));
    slot.then(release, (error: unknown) => {
      release();
      reject(error);
    });
    return outcome.promise;
  }

  async #withPause(task: Promise<void>): Promise<void> {
    const pause = this.#pause;
    if (pause === undefined) return task;
    const startedAt = pause.clock.now();
    await task;
    const pauseMs = Math.min(pause.msMax, (pause.clock.now() - startedAt) * pause.factor);
    if (pauseMs > 0) await delay(pause.clock, pauseMs);
  }
}

export class ReadQueue {
  readonly #reading: WorkQueue;
  readonly #turns: FairQueue;

  constructor(
    slots: Slots,
    { perKey = 1, waitingMax = PAGE_READS_QUEUED_MAX, pause }: ReadQueueOptions = {},
  ) {
    this.#reading = new WorkQueue(slots, waitingMax);
    this.#turns = new FairQueue(perKey, waitingMax, pause);
  }

  run<Result>(key: string, task: () => Promise<Result>): Promise<Result> {
    return this.#turns.run(key, () => this.#reading.run(task));
  }
}

interface ReadQueueOptions {
  readonly perKey?: number;
  readonly waitingMax?: number;
  readonly pause?: PauseRule;
}

export function pagePause(clock: Clock): PauseRule {
  return { clock, factor: PAGE_PAUSE_FACTOR, msMax: PAGE_PAUSE_MS_MAX };
}
