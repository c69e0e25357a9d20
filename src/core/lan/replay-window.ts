/** Detection of repeated datagrams of a session. */

import { LAN_WINDOW } from "../../base/limits.ts";

/**
 * Sliding window of sequence numbers (RFC 4303, section 3.4.3), which may arrive slightly out of
 * order. Numbers below the window or below the first received number count as received.
 */
export class ReplayWindow {
  #highest: number;
  #received = (1n << BigInt(LAN_WINDOW)) - 1n;

  constructor(first: number) {
    this.#highest = first;
  }

  get highest(): number {
    return this.#highest;
  }

  /** @returns true if the number is new */
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
