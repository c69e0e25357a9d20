/**
 * Messages shown to a client that reports no read position. What it has received counts as read, so
 * that its next connection shows only missed messages. An answered PING proves the receipt.
 */

import type { Channel } from "./channel.ts";

/** In a busy room, the questions to a thousand clients would delay its messages. */
const BUSY_ASK_MS = 10_000;
const BUSY_MESSAGES = 50;
/** A client that has not answered for this long may have received nothing since the question. */
const ANSWER_MS = 1_000;

export class Deliveries {
  #written = new Map<Channel, number>();
  #asked: ReadonlyMap<Channel, number> = new Map();
  #token = 0;
  #mayAsk = true;
  #askedAt = Number.NEGATIVE_INFINITY;
  #unasked = 0;

  wrote(channel: Channel, n: number): void {
    this.#written.set(channel, n);
    this.#unasked++;
  }

  /** Permits one more question. Must be called about once per second. */
  tick(): void {
    this.#mayAsk = true;
  }

  /** @returns the parameter of a PING to send after the messages */
  due(now: number): string | undefined {
    if (!this.#mayAsk || this.#unasked === 0 || this.#asked.size > 0) return undefined;
    if (this.#unasked > BUSY_MESSAGES && now < this.#askedAt + BUSY_ASK_MS) return undefined;
    this.#mayAsk = false;
    this.#askedAt = now;
    this.#unasked = 0;
    this.#asked = this.#written;
    this.#written = new Map();
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
  closing(now: number): ReadonlyMap<Channel, number> {
    const isSilent = this.#asked.size > 0 && now >= this.#askedAt + ANSWER_MS;
    return isSilent ? new Map() : new Map([...this.#asked, ...this.#written]);
  }
}
