/**
 * Messages shown to a client that reports no read position. What it has received counts as read, so
 * that its next connection shows only missed messages. An answered PING proves the receipt.
 */

import type { Channel } from "./channel.ts";

/** A client is asked this long after the first message that it has not confirmed. */
const ASK_MS = 10_000;

export class Deliveries {
  readonly #fresh = new Map<Channel, number>();
  #written = new Map<Channel, number>();
  #asked: ReadonlyMap<Channel, number> = new Map();
  #token = 0;
  #since: number | undefined;

  wrote(channel: Channel, n: number): void {
    this.#fresh.set(channel, n);
  }

  /** Must be called about once per second. @returns the parameter of a PING to send now */
  due(now: number): string | undefined {
    for (const [channel, n] of this.#fresh) this.#written.set(channel, n);
    this.#fresh.clear();
    if (this.#written.size === 0) return undefined;
    this.#since ??= now;
    if (now < this.#since + ASK_MS) return undefined;
    this.#asked = new Map([...this.#asked, ...this.#written]);
    this.#written = new Map();
    this.#since = undefined;
    return `received-${++this.#token}`;
  }

  /** @returns the last `n` of each channel that the answer confirms */
  confirmed(token: string): ReadonlyMap<Channel, number> {
    if (token !== `received-${this.#token}`) return new Map();
    const asked = this.#asked;
    this.#asked = new Map();
    return asked;
  }

  /** @returns the last `n` of each channel that a client which says goodbye has probably shown */
  left(): ReadonlyMap<Channel, number> {
    return new Map([...this.#asked, ...this.#written]);
  }
}
