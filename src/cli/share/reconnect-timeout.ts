/** Timeout after which `chat receive` gives up on a lost share. */

import { Fault } from "../../base/fault.ts";
import { RECEIVE_TIMEOUT_MS } from "../../base/limits.ts";
import type { Clock } from "../../io/clock.ts";

export class ReconnectTimeout {
  readonly #clock: Clock;
  readonly #onEnd: (fault: Fault) => void;
  #cancel: (() => void) | undefined;

  constructor(clock: Clock, onEnd: (fault: Fault) => void) {
    this.#clock = clock;
    this.#onEnd = onEnd;
  }

  /** @returns false if the timeout is already running */
  onLost(fault: Fault): boolean {
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

  onReconnected(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }
}
