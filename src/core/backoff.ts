/** Exponential backoff with a maximum delay and jitter. */

import { RECONNECT_FIRST_MS, RECONNECT_MAX_MS } from "../base/limits.ts";

/** Jitter keeps clients of a restarted server from all reconnecting at the same time. */
export class Backoff {
  #ceilingMs = RECONNECT_FIRST_MS;

  /**
   * @param chance random number from 0 (inclusive) to 1 (exclusive)
   * @param boundMs maximum for this delay only
   * @returns milliseconds, from half of the current maximum delay to all of it
   */
  next(chance: number, boundMs: number = RECONNECT_MAX_MS): number {
    const waitMs = Math.round(Math.min(this.#ceilingMs, boundMs) * (0.5 + chance / 2));
    this.#ceilingMs = Math.min(this.#ceilingMs * 2, RECONNECT_MAX_MS);
    return waitMs;
  }

  reset(): void {
    this.#ceilingMs = RECONNECT_FIRST_MS;
  }
}
