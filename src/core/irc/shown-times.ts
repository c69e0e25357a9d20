/**
 * Times of records as IRC clients see them. Clients page through the history by time, so messages
 * that a room received in the same millisecond are shown two milliseconds apart. The other records
 * lie between them, because some clients never request those.
 */

import type { RoomId } from "../../base/ids.ts";
import { NewestMap } from "../evict.ts";
import { ircRow } from "./kinds.ts";

export interface TimedRecord {
  readonly seq: number;
  readonly kind: string;
  readonly timeUnixMs: number;
}

const SPACING_MS = 2;
/** Messages by which the time of a later one can be shifted. */
export const BURST_MAX = 256;
/** No record is shown later than this after its time. */
export const BURST_MS = SPACING_MS * BURST_MAX;

interface RecentMessage {
  readonly rank: number;
  /** Time at which the message numbered 0 would have been shown. */
  readonly originUnixMs: number;
}

/**
 * Times of one room's records, in order. The time of a record depends only on the messages of the
 * BURST_MS before it, so it is the same live and in any part of the history.
 */
export class ShownTimes {
  /** Ascending in rank and descending in origin; at most BURST_MAX. */
  #recent: RecentMessage[] = [];
  #rank = 0;
  #lastUnixMs = Number.NEGATIVE_INFINITY;
  #lastShownUnixMs = Number.NEGATIVE_INFINITY;

  next({ kind, timeUnixMs }: TimedRecord): number {
    // The server's clock was wrong before.
    if (timeUnixMs < this.#lastUnixMs) {
      this.#recent = [];
      this.#lastShownUnixMs = Number.NEGATIVE_INFINITY;
    }
    this.#lastUnixMs = timeUnixMs;
    // A message may follow in the same millisecond.
    if (ircRow(kind).playback !== "message")
      return Math.max(this.#lastShownUnixMs + 1, timeUnixMs - 1, 0);
    const rank = ++this.#rank;
    const originUnixMs = timeUnixMs - SPACING_MS * rank;
    while ((this.#recent.at(-1)?.originUnixMs ?? Number.POSITIVE_INFINITY) <= originUnixMs)
      this.#recent.pop();
    this.#recent.push({ rank, originUnixMs });
    while ((this.#recent[0]?.rank ?? rank) <= rank - BURST_MAX) this.#recent.shift();
    this.#lastShownUnixMs = (this.#recent[0]?.originUnixMs ?? originUnixMs) + SPACING_MS * rank;
    return this.#lastShownUnixMs;
  }
}

/** More rooms do not receive a burst at once. */
const ROOMS_MAX = 1_000;
const RECORDS_MAX = 4_096;

/** Times of new records, which the server's feed and the connections request in any order. */
export class LiveTimes {
  readonly #rooms = new NewestMap<RoomId, { readonly times: ShownTimes; lastSeq: number }>(
    ROOMS_MAX,
  );
  readonly #shown = new NewestMap<number, number>(RECORDS_MAX);

  of(room: RoomId, record: TimedRecord): number {
    const { seq, timeUnixMs } = record;
    const known = this.#rooms.get(room) ?? { times: new ShownTimes(), lastSeq: 0 };
    if (seq <= known.lastSeq) return this.#shown.get(seq) ?? timeUnixMs;
    known.lastSeq = seq;
    this.#rooms.set(room, known);
    const shownUnixMs = known.times.next(record);
    if (shownUnixMs !== timeUnixMs) this.#shown.set(seq, shownUnixMs);
    return shownUnixMs;
  }
}
