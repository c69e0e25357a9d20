/**
 * Congestion window: the number of bytes that may be in flight so that the link is always busy but
 * its queue stays short. The window is twice the number of bytes delivered in the shortest round
 * trip. The window starts smaller and doubles in each round. A larger window would only lengthen
 * the queue and delay other messages. The rate is the highest rate of the last rounds, and the
 * round trip is the shortest of the last seconds. When the shortest round trip is old, the window
 * shrinks for one round, so that the sender's own queue does not inflate the new measurement. If a
 * disk's pauses cause bursts of acknowledgements, additional bytes may be in flight.
 * @see https://datatracker.ietf.org/doc/html/draft-cheng-iccrg-delivery-rate-estimation
 */

import { CHUNK_BYTES, TRANSFER_WINDOW_FIRST_BYTES } from "../../base/limits.ts";

/** Chunk in flight, and the state of the transfer at the time when it was sent. */
export interface Flight {
  readonly sizeBytes: number;
  readonly sentAt: number;
  /** Number of delivered bytes and time of the last delivery when the chunk was sent. */
  readonly deliveredBytes: number;
  readonly deliveredAt: number;
  /** Time at which the chunk that was acknowledged last had been sent. */
  readonly lastAckedSentAt: number;
  /** True if the window was not full, in which case the chunk does not measure the link's rate. */
  readonly limited: boolean;
  /**
   * True if the sender's queue was empty when the chunk was sent, so that the chunk measures the
   * round trip without queueing.
   */
  readonly fresh: boolean;
}

/** Burst of acknowledgements that arrive faster than the link's rate. */
interface AckAggregation {
  readonly at: number;
  readonly rate: number;
  bytes: number;
  /** Maximum number of acknowledged bytes in excess of the rate. */
  bytesMax: number;
}

/** Size of the window in round trips: one for the round trip itself and one for jitter. */
const GAIN = 2;
/**
 * Minimum round trip used for the window. Short enough not to delay messages, and long enough to
 * bridge the pauses of a disk at 1 GB/s.
 */
const ROUND_TRIP_MS_MIN = 2;
/** Maximum queueing time of the initial window on a slow link. Two chunks keep such a link busy. */
const SLOW_QUEUE_MS = 500;
const SLOW_BYTES_MIN = 2 * CHUNK_BYTES;
/**
 * Minimum period of a rate measurement. A shorter measurement depends on the clock's precision more
 * than on the link.
 */
const RATE_PERIOD_MS_MIN = 1;
/** Number of last rounds of which the highest rate counts, to compensate for jitter. */
const ROUNDS = 10;
/**
 * Number of last rounds while the round trip is inflated. The link has then become slower, and the
 * queue is the sender's own.
 */
const ROUNDS_INFLATED = 2;
const INFLATED = 2.5;
/** Maximum pause of a disk that additional bytes in flight bridge. */
const ACK_AGGREGATION_MS_MAX = 100;
/** Minimum time for which a burst is remembered. The maximum is twice this time. */
const ACK_AGGREGATION_MEMORY_MS = 1_000;
/** Interval between measurements of the shortest round trip. */
const PROBE_INTERVAL_MS = 10_000;
/**
 * Interval between these measurements while the round trip is inflated, because the path may have
 * become longer.
 */
const PROBE_INFLATED_INTERVAL_MS = 1_000;
/** Share of the link's capacity that is used during a measurement, so that the queue drains. */
const PROBE_GAIN = 0.5;

export class CongestionWindow {
  readonly #bytesMax: number;
  #inFlightBytes = 0;
  #deliveredBytes = 0;
  #deliveredAt: number;
  #lastAckedSentAt: number;
  /** Highest rate of each of the last ROUNDS rounds, in bytes per millisecond. */
  #rates: number[] = [];
  /** Rate measured with the last chunk that was suitable for a measurement. */
  #latestRate = 0;
  /**
   * Number of delivered bytes that ends the round: the round ends with the first chunk sent after
   * that.
   */
  #roundUntilBytes = 0;
  #roundHasRate = false;
  #roundShortestMs = Number.POSITIVE_INFINITY;
  /** Number of consecutive rounds in which every chunk took too long. */
  #roundsInflated = 0;
  #roundTripMs: number | undefined;
  #roundTripAt: number;
  #ackAggregation: AckAggregation;
  /**
   * Maximum number of bytes in excess of the rate, in the current period and in the previous
   * period.
   */
  #surplusBytes = [0, 0];
  #surplusAt: number;
  #probe: "no" | "drains" | "measures" = "no";
  #probeGain = PROBE_GAIN;

  /** @param bytesMax maximum set by the receiver, at least one chunk */
  constructor(bytesMax: number, now: number) {
    this.#bytesMax = bytesMax;
    this.#deliveredAt = now;
    this.#lastAckedSentAt = now;
    this.#roundTripAt = now;
    this.#ackAggregation = { at: now, rate: 0, bytes: 0, bytesMax: 0 };
    this.#surplusAt = now;
  }

  get inFlightBytes(): number {
    return this.#inFlightBytes;
  }

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
    if (rate === 0) return TRANSFER_WINDOW_FIRST_BYTES;
    const bytes = Math.min(TRANSFER_WINDOW_FIRST_BYTES, SLOW_QUEUE_MS * rate);
    return Math.max(SLOW_BYTES_MIN, bytes);
  }

  sent(sizeBytes: number, now: number): Flight {
    if (this.#inFlightBytes === 0) {
      this.#deliveredAt = now; // Idle time does not measure the link.
      this.#lastAckedSentAt = now;
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
      lastAckedSentAt: this.#lastAckedSentAt,
      limited,
      fresh,
    };
  }

  acked(flight: Flight, now: number): void {
    this.#inFlightBytes -= flight.sizeBytes;
    this.#deliveredBytes += flight.sizeBytes;
    this.#deliveredAt = now;
    this.#lastAckedSentAt = flight.sentAt;
    if (flight.deliveredBytes >= this.#roundUntilBytes) this.#beginRound();
    this.#measureRoundTrip(flight, now);
    this.#measureRate(flight, now);
    this.#measureAckAggregation(flight.sizeBytes, now);
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

  #measureRoundTrip(flight: Flight, now: number): void {
    const roundTripMs = now - flight.sentAt;
    const shortest = this.#roundTripMs ?? Number.POSITIVE_INFINITY;
    if (flight.fresh && this.#probeGain === 0) this.#rates = [this.#latestRate];
    if (flight.fresh || roundTripMs <= shortest) {
      this.#roundTripMs = roundTripMs;
      this.#roundTripAt = now;
      this.#probe = "no";
    }
    this.#roundShortestMs = Math.min(this.#roundShortestMs, roundTripMs);
    const inflated = this.#roundsInflated > 0;
    // The minimum window cannot shrink for a measurement without stopping the transfer.
    const isMinimum = this.sizeBytes <= TRANSFER_WINDOW_FIRST_BYTES;
    const intervalMs = inflated && !isMinimum ? PROBE_INFLATED_INTERVAL_MS : PROBE_INTERVAL_MS;
    if (this.#probe !== "no" || now - this.#roundTripAt < intervalMs) return;
    this.#probe = "drains";
    this.#probeGain = inflated ? 0 : PROBE_GAIN; // The link's capacity is then unknown.
  }

  /**
   * Measures the rate: the number of bytes delivered between two times, divided by the longer of
   * the periods in which they were sent and in which they were acknowledged. A burst of
   * acknowledgements therefore does not raise the rate.
   */
  #measureRate(flight: Flight, now: number): void {
    const bytes = this.#deliveredBytes - flight.deliveredBytes;
    const sendPeriodMs = flight.sentAt - flight.lastAckedSentAt;
    const ackPeriodMs = now - flight.deliveredAt;
    const rate = bytes / Math.max(sendPeriodMs, ackPeriodMs, RATE_PERIOD_MS_MIN);
    if (flight.limited && rate <= this.#rate) return;
    this.#latestRate = rate;
    if (this.#roundHasRate) {
      const last = this.#rates.length - 1;
      this.#rates[last] = Math.max(this.#rates[last] ?? 0, rate);
      return;
    }
    this.#rates = [...this.#rates.slice(1 - ROUNDS), rate];
    this.#roundHasRate = true;
  }

  /**
   * Measures bursts of acknowledgements. Chunks that are acknowledged faster than the link's rate
   * had arrived earlier and waited, mostly for a disk. The same number of additional bytes may be
   * in flight, so that the link stays busy while the receiver pauses.
   */
  #measureAckAggregation(sizeBytes: number, now: number): void {
    const [rate, ackAggregation] = [this.#rate, this.#ackAggregation];
    const overMs = now - ackAggregation.at;
    if (rate > ackAggregation.rate) this.#ackAggregation = { at: now, rate, bytes: 0, bytesMax: 0 };
    else if (overMs >= ACK_AGGREGATION_MS_MAX || ackAggregation.bytes <= rate * overMs) {
      this.#remember(ackAggregation.bytesMax, now);
      this.#ackAggregation = { at: now, rate, bytes: 0, bytesMax: 0 };
    }
    const { at } = this.#ackAggregation;
    this.#ackAggregation.bytes += sizeBytes;
    const surplus = this.#ackAggregation.bytes - CHUNK_BYTES - rate * (now - at);
    const bytesMax = Math.min(
      Math.max(surplus, this.#ackAggregation.bytesMax),
      ACK_AGGREGATION_MS_MAX * rate,
    );
    this.#ackAggregation.bytesMax = bytesMax;
  }

  #remember(bytes: number, now: number): void {
    const [late = 0, before = 0] = this.#surplusBytes;
    const isOld = now - this.#surplusAt >= ACK_AGGREGATION_MEMORY_MS;
    this.#surplusBytes = isOld ? [bytes, late] : [Math.max(late, bytes), before];
    if (isOld) this.#surplusAt = now;
  }
}
