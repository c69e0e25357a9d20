/** Exponential backoff with a bound and jitter. */

import { RECONNECT_FIRST_MS, RECONNECT_MAX_MS } from "../base/limits.ts";

/**
 * How long to wait before the next attempt: doubling, bounded, and spread so that the many clients
 * of a server that came back do not all call in the same moment.
 */
export class Backoff {
  #ceilingMs = RECONNECT_FIRST_MS;

  /**
   * @param chance from 0 up to, not including, 1
   * @param boundMs not more than that this time
   * @returns milliseconds, from half the ceiling to the whole
   */
  next(chance: number, boundMs: number = RECONNECT_MAX_MS): number {
    const waitMs = Math.round(Math.min(this.#ceilingMs, boundMs) * (0.5 + chance / 2));
    this.#ceilingMs = Math.min(this.#ceilingMs * 2, RECONNECT_MAX_MS);
    return waitMs;
  }

  /** Something succeeded: the next trouble is a new one. */
  reset(): void {
    this.#ceilingMs = RECONNECT_FIRST_MS;
  }
}
