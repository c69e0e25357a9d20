/** Queue that runs slow tasks with limited concurrency. */

import { Fault } from "../base/fault.ts";

export class WorkQueue {
  readonly #runningMax: number;
  readonly #queueMax: number;
  readonly #queue: (() => void)[] = [];
  #running = 0;

  constructor(runningMax: number, queueMax: number) {
    this.#runningMax = runningMax;
    this.#queueMax = queueMax;
  }

  async run<Result>(task: () => Promise<Result>): Promise<Result> {
    if (this.#running >= this.#runningMax) await this.#waitForSlot();
    else this.#running++;
    try {
      return await task();
    } finally {
      const next = this.#queue.shift();
      if (next === undefined) this.#running--;
      else next();
    }
  }

  #waitForSlot(): Promise<void> {
    if (this.#queue.length >= this.#queueMax) {
      throw new Fault("too-many", "the server is busy", { retryAfterMs: 1_000 });
    }
    return new Promise((resolve) => this.#queue.push(resolve));
  }
}
