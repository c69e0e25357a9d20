import type { Clock } from "../../io/clock.ts";

/** Changes of the model between two collections: some seconds of a busy room. */
const SCREEN_COLLECT_CHANGES = 100;
/** Quiet time before the last collection. */
const SCREEN_COLLECT_QUIET_MS = 1_000;

/**
 * Collects garbage during and after a busy time, each time for some hundredths of a second. The
 * runtime would first let the heap grow to three times its size.
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
    if (this.#changes % SCREEN_COLLECT_CHANGES === 0) this.#collect();
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
