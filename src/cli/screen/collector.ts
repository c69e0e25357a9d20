/** Garbage collection for the full-screen client after heavy traffic. */

import type { Clock } from "../../io/clock.ts";

/**
 * Maximum heap growth, in bytes, before a collection. A busy room produces this much garbage within
 * seconds.
 */
const SCREEN_GARBAGE_BYTES_MAX = 12 * 1024 * 1024;
/**
 * Minimum number of model changes before an idle collection. A busy room reaches it within seconds.
 */
const SCREEN_COLLECT_CHANGES_MIN = 100;
const SCREEN_COLLECT_IDLE_MS = 1_000;

export interface Heap {
  usedBytes(): number;
  collect(): void;
}

/**
 * Without explicit collections, the runtime lets the heap triple and frees the memory only ten
 * seconds after the traffic ends. A collection takes about 10 ms.
 */
export class Collector {
  #usedBytes: number;
  #changes = 0;
  #cancel: (() => void) | undefined;

  constructor(
    private readonly clock: Pick<Clock, "after">,
    private readonly heap: Heap,
  ) {
    this.#usedBytes = heap.usedBytes();
  }

  modelChanged(): void {
    this.#changes++;
    const usedBytes = this.heap.usedBytes();
    this.#usedBytes = Math.min(this.#usedBytes, usedBytes);
    if (usedBytes - this.#usedBytes > SCREEN_GARBAGE_BYTES_MAX) this.#collect();
    if (this.#changes < SCREEN_COLLECT_CHANGES_MIN) return;
    this.#cancel?.();
    this.#cancel = this.clock.after(SCREEN_COLLECT_IDLE_MS, () => {
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
    this.heap.collect();
    this.#usedBytes = this.heap.usedBytes();
  }
}
