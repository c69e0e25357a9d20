/**
 * Messages shown to a client that reports no read position. What it has received counts as read, so
 * that its next connection shows only missed messages. An answered PING proves the receipt.
 */

import type { RoomId } from "../../base/ids.ts";
import { SmallMap } from "../small-map.ts";

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

/** Last `n` of each room that a client was sent. */
type Positions = SmallMap<RoomId, number>;

export class Deliveries {
  #written: Positions = new SmallMap();
  #asked: Positions | undefined;
  #token = 0;
  #askedAt = Number.NEGATIVE_INFINITY;
  #askAt: number | undefined;

  constructor(private readonly schedule: AskSchedule) {}

  wrote(room: RoomId, n: number): void {
    this.#written.set(room, n);
  }

  /** @returns the parameter of a PING to send after the messages */
  due(now: number): string | undefined {
    if (this.#asked !== undefined || this.#written.size === 0) return undefined;
    const pauseMs = now < this.#askedAt + ASK_MS ? ASK_MS : 0;
    this.#askAt ??= this.schedule.next(now) + pauseMs;
    if (now < this.#askAt) return undefined;
    this.#askAt = undefined;
    this.#askedAt = now;
    this.#asked = this.#written;
    this.#written = new SmallMap();
    return `received-${++this.#token}`;
  }

  /** @returns the last `n` of each room that the answer confirms */
  confirmed(token: string): Iterable<[RoomId, number]> {
    if (token !== `received-${this.#token}`) return [];
    const asked = this.#asked;
    this.#asked = undefined;
    return asked ?? [];
  }

  /**
   * @returns the last `n` of each room that a client receives before the server closes the
   *     connection, unless it has stopped answering
   */
  closing(now: number): Iterable<[RoomId, number]> {
    const asked = this.#asked;
    if (asked !== undefined && now >= this.#askedAt + ANSWER_MS) return [];
    return new Map([...(asked ?? []), ...this.#written]);
  }
}
