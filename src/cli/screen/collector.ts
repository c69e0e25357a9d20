import type { Clock } from "../../io/clock.ts";

/** Changes of the model after which memory is worth giving back: some seconds of a busy room. */
const SCREEN_COLLECT_CHANGES = 100;
/** Quiet time before a collection, which takes some hundredths of a second. */
const SCREEN_COLLECT_QUIET_MS = 1_000;

/**
 * Gives memory back when a busy time is over. The runtime does so, too, but ten seconds later and
 * after twice as much; nobody waits for anything in the moment that is chosen here.
 */
export class Collector {
  readonly #clock: Pick<Clock, "after">;
  readonly #collect: () => void;
  #changes = 0;
  #cancel: (() => void) | undefined;

  constructor(clock: Pick<Clock, "after">, collect: () => void) {
    this.#clock = clock;
    this.#collect = collect;
  }

  /** The model is another one. */
  changed(): void {
    this.#changes++;
    if (this.#changes < SCREEN_COLLECT_CHANGES) return;
    this.#cancel?.();
    this.#cancel = this.#clock.after(SCREEN_COLLECT_QUIET_MS, () => {
      this.end();
      this.#collect();
    });
  }

  end(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#changes = 0;
  }
}
