/**
 * How many bytes may be in flight, so that a link is always full and what waits in front of it is
 * little: twice what it delivers in its shortest round trip. A start below that doubles with every
 * round; whatever is beyond only waits in a queue, and messages of others behind it.
 *
 * The rate is the highest of the last rounds, the round trip the shortest of the last seconds. When
 * that is old, the window shrinks for one round, lest a queue of our own is taken for distance.
 * What is acknowledged in bunches, for a disk that pauses, may be in flight on top.
 * @see https://datatracker.ietf.org/doc/html/draft-cheng-iccrg-delivery-rate-estimation
 */

import { CHUNK_BYTES, TRANSFER_WINDOW_FIRST_BYTES } from "../../base/limits.ts";

/** A chunk on its way, and what was known when it left. */
export interface Flight {
  readonly sizeBytes: number;
  readonly sentAt: number;
  /** Bytes that had arrived by then, and since when. */
  readonly deliveredBytes: number;
  readonly deliveredAt: number;
  /** When the chunk left that had arrived last. */
  readonly arrivedSentAt: number;
  /** More might have been in flight: it cannot show how fast the link is. */
  readonly limited: boolean;
  /** Left into a link without a queue of ours: it shows the distance. */
  readonly fresh: boolean;
}

/** Acknowledgements that come faster than the link's rate, while that is not found to be higher. */
interface AckAggregation {
  readonly at: number;
  readonly rate: number;
  bytes: number;
  /** Beyond the rate, at its height. */
  mostBytes: number;
}

/** In round trips: one for the way there and back, one for what stutters between. */
const GAIN = 2;
/** A queue that short delays no message, and bridges the pauses of a disk at 1 GB/s. */
const ROUND_TRIP_MS_MIN = 2;
/** On a slow link the first window would wait for longer than this; two chunks keep it busy. */
const SLOW_QUEUE_MS = 500;
const SLOW_BYTES_MIN = 2 * CHUNK_BYTES;
/** A rate over less says more about the clock than about the link. */
const RATE_OVER_MS_MIN = 1;
/** Rounds whose highest rate counts: links stutter. */
const ROUNDS = 10;
/** … when the round trip has swollen: the link has become slower, and the queue is ours. */
const ROUNDS_INFLATED = 2;
const INFLATED = 2.5;
/** A disk that takes longer to sync than this is waited for. */
const ACK_AGGREGATION_MS_MAX = 100;
/** How long a bunch is remembered, at least; twice that at most. */
const ACK_AGGREGATION_FOR_MS = 1_000;
/** The shortest round trip is measured anew so often. */
const PROBE_EVERY_MS = 10_000;
/** … and this often while it has swollen: the way may have become longer. */
const PROBE_INFLATED_EVERY_MS = 1_000;
/** Of what the link holds: less than fills it, so that its queue runs empty. */
const PROBE_GAIN = 0.5;

export class Window {
  readonly #bytesMax: number;
  #inFlightBytes = 0;
  #deliveredBytes = 0;
  #deliveredAt: number;
  #arrivedSentAt: number;
  /** Highest rate of each of the last rounds, in bytes a millisecond. Bounded by ROUNDS. */
  #rates: number[] = [];
  /** Of the last chunk that could show it. */
  #rateOfLate = 0;
  /** A round is over when a chunk arrives that left after so much had been delivered. */
  #roundUntilBytes = 0;
  #roundHasRate = false;
  #roundShortestMs = Number.POSITIVE_INFINITY;
  /** Rounds in a row of which every chunk took too long: one that did says nothing. */
  #roundsInflated = 0;
  #roundTripMs: number | undefined;
  #roundTripAt: number;
  #ackAggregation: AckAggregation;
  /** What came beyond the rate, at most: of late and of the time before. */
  #surplusBytes = [0, 0];
  #surplusAt: number;
  #probe: "no" | "drains" | "measures" = "no";
  #probeGain = PROBE_GAIN;

  /** @param bytesMax what the other end granted, at least one chunk */
  constructor(bytesMax: number, now: number) {
    this.#bytesMax = bytesMax;
    this.#deliveredAt = now;
    this.#arrivedSentAt = now;
    this.#roundTripAt = now;
    this.#ackAggregation = { at: now, rate: 0, bytes: 0, mostBytes: 0 };
    this.#surplusAt = now;
  }

  get inFlightBytes(): number {
    return this.#inFlightBytes;
  }

  /** Bytes that may be in flight now. */
  get sizeBytes(): number {
    const rate = this.#rate;
    const roundTripMs = this.#roundTripMs ?? 0;
    if (this.#probe !== "no") {
      const held = this.#probeGain * rate * roundTripMs;
      return Math.min(this.#bytesMax, Math.max(CHUNK_BYTES, Math.floor(held)));
    }
    const surplus = Math.max(...this.#surplusBytes);
    const wanted = GAIN * rate * Math.max(roundTripMs, ROUND_TRIP_MS_MIN) + surplus;
    return Math.min(this.#bytesMax, Math.max(this.#bytesMin(rate), Math.floor(wanted)));
  }

  get #rate(): number {
    return Math.max(0, ...this.#rates);
  }

  #bytesMin(rate: number): number {
    if (rate === 0) return TRANSFER_WINDOW_FIRST_BYTES; // Nothing is known yet.
    const bytes = Math.min(TRANSFER_WINDOW_FIRST_BYTES, SLOW_QUEUE_MS * rate);
    return Math.max(SLOW_BYTES_MIN, bytes);
  }

  sent(sizeBytes: number, now: number): Flight {
    if (this.#inFlightBytes === 0) {
      this.#deliveredAt = now; // Nothing was under way: that time says nothing about the link.
      this.#arrivedSentAt = now;
    }
    this.#inFlightBytes += sizeBytes;
    const fresh = this.#probe === "drains" && this.#inFlightBytes <= this.sizeBytes;
    const limited = this.#probe !== "no" || this.#inFlightBytes + CHUNK_BYTES <= this.sizeBytes;
    if (fresh) this.#probe = "measures";
    return {
      sizeBytes,
      sentAt: now,
      deliveredBytes: this.#deliveredBytes,
      deliveredAt: this.#deliveredAt,
      arrivedSentAt: this.#arrivedSentAt,
      limited,
      fresh,
    };
  }

  acked(flight: Flight, now: number): void {
    this.#inFlightBytes -= flight.sizeBytes;
    this.#deliveredBytes += flight.sizeBytes;
    this.#deliveredAt = now;
    this.#arrivedSentAt = flight.sentAt;
    if (flight.deliveredBytes >= this.#roundUntilBytes) this.#beginRound();
    this.#learnRoundTrip(flight, now);
    this.#learnRate(flight, now);
    this.#learnAckAggregation(flight.sizeBytes, now);
  }

  #beginRound(): void {
    this.#roundUntilBytes = this.#deliveredBytes;
    this.#roundHasRate = false;
    const shortestMs = Math.max(this.#roundTripMs ?? 0, ROUND_TRIP_MS_MIN);
    const isInflated =
      this.#roundShortestMs > INFLATED * shortestMs && Number.isFinite(this.#roundShortestMs);
    this.#roundsInflated = isInflated ? this.#roundsInflated + 1 : 0;
    this.#roundShortestMs = Number.POSITIVE_INFINITY;
    if (isInflated) this.#rates = this.#rates.slice(-ROUNDS_INFLATED);
  }

  #learnRoundTrip(flight: Flight, now: number): void {
    const roundTripMs = now - flight.sentAt;
    const shortest = this.#roundTripMs ?? Number.POSITIVE_INFINITY;
    if (flight.fresh && this.#probeGain === 0) this.#rates = [this.#rateOfLate];
    if (flight.fresh || roundTripMs <= shortest) {
      this.#roundTripMs = roundTripMs;
      this.#roundTripAt = now;
      this.#probe = "no";
    }
    this.#roundShortestMs = Math.min(this.#roundShortestMs, roundTripMs);
    const inflated = this.#roundsInflated > 0;
    // A window at its least cannot shrink to measure without stopping.
    const isLeast = this.sizeBytes <= TRANSFER_WINDOW_FIRST_BYTES;
    const everyMs = inflated && !isLeast ? PROBE_INFLATED_EVERY_MS : PROBE_EVERY_MS;
    if (this.#probe !== "no" || now - this.#roundTripAt < everyMs) return;
    this.#probe = "drains";
    this.#probeGain = inflated ? 0 : PROBE_GAIN; // What the link holds is not known any more.
  }

  /**
   * What arrived between two moments, over the longer of the times in which it left and came back:
   * acknowledgements that come in one bunch look no faster than what they are about.
   */
  #learnRate(flight: Flight, now: number): void {
    const bytes = this.#deliveredBytes - flight.deliveredBytes;
    const leftOverMs = flight.sentAt - flight.arrivedSentAt;
    const cameOverMs = now - flight.deliveredAt;
    const rate = bytes / Math.max(leftOverMs, cameOverMs, RATE_OVER_MS_MIN);
    if (flight.limited && rate <= this.#rate) return;
    this.#rateOfLate = rate;
    if (this.#roundHasRate) {
      const last = this.#rates.length - 1;
      this.#rates[last] = Math.max(this.#rates[last] ?? 0, rate);
      return;
    }
    this.#rates = [...this.#rates.slice(1 - ROUNDS), rate];
    this.#roundHasRate = true;
  }

  /**
   * What is acknowledged faster than the link can bring it had arrived before and waited there, for
   * a disk mostly. So much more may be in flight: the link is busy while the other end stands.
   */
  #learnAckAggregation(sizeBytes: number, now: number): void {
    const [rate, ackAggregation] = [this.#rate, this.#ackAggregation];
    const overMs = now - ackAggregation.at;
    if (rate > ackAggregation.rate)
      this.#ackAggregation = { at: now, rate, bytes: 0, mostBytes: 0 };
    else if (overMs >= ACK_AGGREGATION_MS_MAX || ackAggregation.bytes <= rate * overMs) {
      this.#remember(ackAggregation.mostBytes, now);
      this.#ackAggregation = { at: now, rate, bytes: 0, mostBytes: 0 };
    }
    const { at } = this.#ackAggregation;
    this.#ackAggregation.bytes += sizeBytes;
    const surplus = this.#ackAggregation.bytes - CHUNK_BYTES - rate * (now - at);
    const mostBytes = Math.min(
      Math.max(surplus, this.#ackAggregation.mostBytes),
      ACK_AGGREGATION_MS_MAX * rate,
    );
    this.#ackAggregation.mostBytes = mostBytes;
  }

  #remember(bytes: number, now: number): void {
    const [late = 0, before = 0] = this.#surplusBytes;
    const isOld = now - this.#surplusAt >= ACK_AGGREGATION_FOR_MS;
    this.#surplusBytes = isOld ? [bytes, late] : [Math.max(late, bytes), before];
    if (isOld) this.#surplusAt = now;
  }
}
