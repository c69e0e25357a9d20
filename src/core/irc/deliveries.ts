/**
 * Messages shown to a client that reports no read position. What it has received counts as read, so
 * that its next connection shows only missed messages. An answered PING proves the receipt.
 */

import type { Channel } from "./channels.ts";

/**
 * Minimum time between two questions to one client. irssi 1.4 sends a queued line only 2.2 s after
 * its last line, which may be a PONG, so more frequent questions would prevent it from posting.
 */
const ASK_MS = 5_000;
/** Time between questions to different clients; answers of a thousand at once delay messages. */
const ASK_SPACING_MS = 10;
/** Otherwise, clients that keep reconnecting could postpone the questions to all others. */
const ASK_WAIT_MAX_MS = 60_000;
/** A client that has not answered for this long may have received nothing since the question. */
const ANSWER_MS = 1_000;

/** Schedule of the questions to all clients. */
export class AskSchedule {
  #lastAt = Number.NEGATIVE_INFINITY;

  next(now: number): number {
    const nextAt = Math.max(now, this.#lastAt + ASK_SPACING_MS);
    this.#lastAt = Math.min(nextAt, now + ASK_WAIT_MAX_MS);
    return this.#lastAt;
  }
}

export class Deliveries {
  #written = new Map<Channel, number>();
  #asked: ReadonlyMap<Channel, number> = new Map();
  #token = 0;
  #askedAt = Number.NEGATIVE_INFINITY;
  #askAt: number | undefined;

  constructor(private readonly schedule: AskSchedule) {}

  wrote(channel: Channel, n: number): void {
    this.#written.set(channel, n);
  }

  /** @returns the parameter of a PING to send after the messages */
  due(now: number): string | undefined {
    if (this.#written.size === 0 || this.#asked.size > 0) return undefined;
    const pauseMs = now < this.#askedAt + ASK_MS ? ASK_MS : 0;
    this.#askAt ??= this.schedule.next(now) + pauseMs;
    if (now < this.#askAt) return undefined;
    this.#askAt = undefined;
    this.#askedAt = now;
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
