/** Queues that run slow tasks with limited concurrency. */

import { Fault } from "../base/fault.ts";

type WaitingTasks = (() => void)[];

/** Limit of concurrent tasks. If several queues share it, those with waiting tasks take turns. */
export class Slots {
  #free: number;
  readonly #waiting = new Set<WaitingTasks>();

  constructor(count: number) {
    this.#free = count;
  }

  take(): boolean {
    if (this.#free === 0) return false;
    this.#free--;
    return true;
  }

  /** @param tasks waiting tasks of one queue, at least one */
  wait(tasks: WaitingTasks): void {
    this.#waiting.add(tasks);
  }

  release(): void {
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

export class WorkQueue {
  readonly #slots: Slots;
  readonly #queueMax: number;
  readonly #queue: WaitingTasks = [];

  constructor(slots: number | Slots, queueMax: number) {
    this.#slots = typeof slots === "number" ? new Slots(slots) : slots;
    this.#queueMax = queueMax;
  }

  async run<Result>(task: () => Promise<Result>): Promise<Result> {
    if (!this.#slots.take()) await this.#waitForSlot();
    try {
      return await task();
    } finally {
      this.#slots.release();
    }
  }

  #waitForSlot(): Promise<void> {
    if (this.#queue.length >= this.#queueMax) {
      throw new Fault("too-many", "the server is busy", { retryAfterMs: 1_000 });
    }
    return new Promise((resolve) => {
      this.#queue.push(resolve);
      this.#slots.wait(this.#queue);
    });
  }
}
