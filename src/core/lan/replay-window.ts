/** Detection of repeated datagrams of a session. */

import { LAN_WINDOW } from "../../base/limits.ts";

/**
 * Sliding window of sequence numbers, which may arrive slightly out of order. Numbers below the
 * window, and numbers below the first received number, count as received.
 * @see RFC 4303, section 3.4.3
 */
export class ReplayWindow {
  #highest: number;
  /** Bit i is set if `highest - i` was received. */
  #received = (1n << BigInt(LAN_WINDOW)) - 1n;

  constructor(first: number) {
    this.#highest = first;
  }

  get highest(): number {
    return this.#highest;
  }

  /**
   * Marks the number as received.
   * @returns true if it is new
   */
  accept(sequence: number): boolean {
    const ahead = sequence - this.#highest;
    if (ahead > 0) {
      const shifted = this.#received << BigInt(Math.min(ahead, LAN_WINDOW));
      this.#received = BigInt.asUintN(LAN_WINDOW, shifted | 1n);
      this.#highest = sequence;
      return true;
    }
    if (-ahead >= LAN_WINDOW) return false;
    const bit = 1n << BigInt(-ahead);
    if ((this.#received & bit) !== 0n) return false;
    this.#received |= bit;
    return true;
  }
}
