/** Garbage collection of the full screen during and after heavy traffic. */

import type { Clock } from "../../io/clock.ts";

/** Garbage bytes between two collections: some seconds of a busy room. */
const SCREEN_GARBAGE_BYTES_MAX = 12 * 1024 * 1024;
/** Changes of the model after which returning memory is worthwhile: some seconds of a busy room. */
const SCREEN_COLLECT_CHANGES_MIN = 100;
/** Idle time before the final collection. */
const SCREEN_COLLECT_IDLE_MS = 1_000;

export interface Heap {
  usedBytes(): number;
  collect(): void;
}

/**
 * Keeps the heap small: the runtime would let it grow to three times its size first, and return
 * memory ten seconds after a busy time. One collection takes about a hundredth of a second.
 */
export class Collector {
  readonly #clock: Pick<Clock, "after">;
  readonly #heap: Heap;
  /** After the last collection, or less if the runtime has collected since. */
  #usedBytes: number;
  #changes = 0;
  #cancel: (() => void) | undefined;

  constructor(clock: Pick<Clock, "after">, heap: Heap) {
    this.#clock = clock;
    this.#heap = heap;
    this.#usedBytes = heap.usedBytes();
  }

  /** Call after each change of the model. */
  modelChanged(): void {
    this.#changes++;
    const usedBytes = this.#heap.usedBytes();
    this.#usedBytes = Math.min(this.#usedBytes, usedBytes);
    if (usedBytes - this.#usedBytes > SCREEN_GARBAGE_BYTES_MAX) this.#collect();
    if (this.#changes < SCREEN_COLLECT_CHANGES_MIN) return;
    this.#cancel?.();
    this.#cancel = this.#clock.after(SCREEN_COLLECT_IDLE_MS, () => {
      this.end();
      this.#collect();
    });
  }

  end(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#changes = 0;
  }

  #collect(): void {
    this.#heap.collect();
    this.#usedBytes = this.#heap.usedBytes();
  }
}
