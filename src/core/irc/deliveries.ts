/**
 * Messages shown to a client that reports no read position. What it has received counts as read, so
 * that its next connection shows only missed messages. An answered PING proves the receipt.
 */

import type { Channel } from "./channel.ts";

/** In a busy room, the questions to a thousand clients would delay its messages. */
const BUSY_ASK_MS = 10_000;
const BUSY_MESSAGES = 50;

export class Deliveries {
  readonly #fresh = new Map<Channel, number>();
  #written = new Map<Channel, number>();
  #asked: ReadonlyMap<Channel, number> = new Map();
  #token = 0;
  #since: number | undefined;
  #unasked = 0;

  wrote(channel: Channel, n: number): void {
    this.#fresh.set(channel, n);
    this.#unasked++;
  }

  /** Must be called about once per second. @returns the parameter of a PING to send now */
  due(now: number): string | undefined {
    for (const [channel, n] of this.#fresh) this.#written.set(channel, n);
    this.#fresh.clear();
    if (this.#written.size === 0) return undefined;
    this.#since ??= now;
    if (this.#unasked > BUSY_MESSAGES && now < this.#since + BUSY_ASK_MS) return undefined;
    this.#unasked = 0;
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

  /**
   * @returns the last `n` of each channel that a client receives before the server closes the
   *     connection, unless it has stopped answering
   */
  closing(): ReadonlyMap<Channel, number> {
    return this.#asked.size > 0 ? new Map() : new Map([...this.#written, ...this.#fresh]);
  }

  /** @returns the last `n` of each channel that a client which says goodbye has probably shown */
  left(): ReadonlyMap<Channel, number> {
    return new Map([...this.#asked, ...this.#written]);
  }
}
