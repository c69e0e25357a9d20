/** Ends `chat receive` when its share is gone. */

import { Fault } from "../../base/fault.ts";
import { RECEIVE_TIMEOUT_MS } from "../../base/limits.ts";
import type { Clock } from "../../io/clock.ts";

/** Gives up when the connection to a share is lost for long: the user may have ended it. */
export class ReconnectTimeout {
  readonly #clock: Clock;
  readonly #onEnd: (fault: Fault) => void;
  #cancel: (() => void) | undefined;

  constructor(clock: Clock, onEnd: (fault: Fault) => void) {
    this.#clock = clock;
    this.#onEnd = onEnd;
  }

  /** Counts from the first loss on. @returns whether this is the first */
  lost(fault: Fault): boolean {
    if (this.#cancel !== undefined) return false;
    this.#cancel = this.#clock.after(RECEIVE_TIMEOUT_MS, () =>
      this.#onEnd(
        new Fault("unreachable", `lost the sender (${fault.message})`, {
          remedy: "ask them to share again, then run the same line",
          cause: fault,
        }),
      ),
    );
    return true;
  }

  reconnected(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }
}
