import { SCREEN_FAULT_MS } from "../../base/limits-screen.ts";
import type { Clock } from "../../io/clock.ts";

/** What went wrong is shown for a while: SCREEN_FAULT_MS, from when it is seen first. */
export class PassingFaults<T extends object> {
  readonly #clock: Pick<Clock, "after">;
  readonly #gone: (fault: T) => void;
  /** How each is kept from going; bounded by what is shown. */
  readonly #timers = new Map<T, () => void>();

  constructor(clock: Pick<Clock, "after">, gone: (fault: T) => void) {
    this.#clock = clock;
    this.#gone = gone;
  }

  /** @param shown all that is seen now: the same objects as long as they are the same faults */
  follow(shown: readonly T[]): void {
    for (const [fault, cancel] of this.#timers) {
      if (shown.includes(fault)) continue;
      cancel();
      this.#timers.delete(fault);
    }
    for (const fault of shown) {
      if (this.#timers.has(fault)) continue;
      const cancel = this.#clock.after(SCREEN_FAULT_MS, () => {
        this.#timers.delete(fault);
        this.#gone(fault);
      });
      this.#timers.set(fault, cancel);
    }
  }
}
