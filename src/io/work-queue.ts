/** Runs slow tasks a few at a time. */

import { Fault } from "../base/fault.ts";

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
