/** Rejects repeated datagrams of a session. */

import { LAN_WINDOW } from "../../base/limits.ts";

/**
 * A sliding window of sequence numbers, which may arrive slightly out of order. Numbers below the
 * window count as seen, and so do all before the first.
 * @see RFC 4303, section 3.4.3
 */
export class ReplayWindow {
  #highest: number;
  /** Bit i: `highest - i` was seen. */
  #seen = (1n << BigInt(LAN_WINDOW)) - 1n;

  constructor(first: number) {
    this.#highest = first;
  }

  get highest(): number {
    return this.#highest;
  }

  /** Marks the number as seen. @returns whether it is new */
  accept(sequence: number): boolean {
    const ahead = sequence - this.#highest;
    if (ahead > 0) {
      const moved = this.#seen << BigInt(Math.min(ahead, LAN_WINDOW));
      this.#seen = BigInt.asUintN(LAN_WINDOW, moved | 1n);
      this.#highest = sequence;
      return true;
    }
    if (-ahead >= LAN_WINDOW) return false;
    const bit = 1n << BigInt(-ahead);
    if ((this.#seen & bit) !== 0n) return false;
    this.#seen |= bit;
    return true;
  }
}
