/**
 * Congestion window, which keeps the link busy and its queue short. The window is twice the bytes
 * delivered in the shortest round trip of the last seconds, at the highest rate of the last rounds.
 * It shrinks for one round when the round trip must be measured again without the sender's own
 * queue, and grows if a disk's pauses cause bursts of acknowledgements.
 * See draft-cheng-iccrg-delivery-rate-estimation.
 */

import { CHUNK_BYTES, TRANSFER_WINDOW_FIRST_BYTES } from "../../base/limits.ts";

export interface Flight {
  readonly sizeBytes: number;
  readonly sentAt: number;
  readonly deliveredBytes: number;
  readonly deliveredAt: number;
  readonly lastAckedSentAt: number;
  /** True if the window was not full, so the chunk does not measure the link's rate. */
  readonly limited: boolean;
  /** True if the sender's queue was empty, so the chunk measures the bare round trip. */
  readonly fresh: boolean;
}

interface AckAggregation {
  readonly at: number;
  readonly rate: number;
  bytes: number;
  bytesMax: number;
}

/** Window size in round trips: one for the round trip itself and one for jitter. */
const GAIN = 2;
/** Short enough not to delay messages, and long enough to bridge a disk's pauses at 1 GB/s. */
const ROUND_TRIP_MS_MIN = 2;
/** Maximum queueing time of the initial window on a slow link. Two chunks keep such a link busy. */
const SLOW_QUEUE_MS = 500;
const SLOW_BYTES_MIN = 2 * CHUNK_BYTES;
/** A shorter measurement depends more on the clock's precision than on the link. */
const RATE_PERIOD_MS_MIN = 1;
/** Number of recent rounds whose highest rate is used, to compensate for jitter. */
const ROUNDS = 10;
/**
 * Used in place of ROUNDS while the round trip is inflated: the link has become slower, and the
 * queue is the sender's own.
 */
const ROUNDS_INFLATED = 2;
const INFLATED = 2.5;
const ACK_AGGREGATION_MS_MAX = 100;
/** Minimum time for which a burst is remembered; the maximum is twice this time. */
const ACK_AGGREGATION_MEMORY_MS = 1_000;
const PROBE_INTERVAL_MS = 10_000;
/** Shorter than PROBE_INTERVAL_MS: while the round trip is inflated, the path may be longer. */
const PROBE_INFLATED_INTERVAL_MS = 1_000;
/** Share of the link's capacity used during a measurement, so that the queue drains. */
const PROBE_GAIN = 0.5;

export class CongestionWindow {
  #inFlightBytes = 0;
  #deliveredBytes = 0;
  #deliveredAt: number;
  #lastAckedSentAt: number;
  #rates: number[] = [];
  #latestRate = 0;
  /** The round ends with the first chunk sent after this many bytes were delivered. */
  #roundUntilBytes = 0;
  #roundHasRate = false;
  #roundShortestMs = Number.POSITIVE_INFINITY;
  #roundsInflated = 0;
  #roundTripMs: number | undefined;
  #roundTripAt: number;
  #ackAggregation: AckAggregation;
  #surplusBytes = [0, 0];
  #surplusAt: number;
  #probe: "no" | "drains" | "measures" = "no";
  #probeGain = PROBE_GAIN;

  constructor(
    private readonly bytesMax: number,
    now: number,
  ) {
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
      return Math.min(this.bytesMax, Math.max(CHUNK_BYTES, Math.floor(held)));
    }
    const surplus = Math.max(...this.#surplusBytes);
    const wanted = GAIN * rate * Math.max(roundTripMs, ROUND_TRIP_MS_MIN) + surplus;
    return Math.min(this.bytesMax, Math.max(this.#bytesMin(rate), Math.floor(wanted)));
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
      this.#deliveredAt = now;
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
    this.#probeGain = inflated ? 0 : PROBE_GAIN;
  }

  /**
   * Divides the delivered bytes by the longer of their sending and acknowledgement periods, so that
   * a burst of acknowledgements does not raise the rate.
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
   * Chunks acknowledged faster than the link's rate had arrived earlier and waited, mostly for a
   * disk. The same number of additional bytes may be in flight, so that the link stays busy while
   * the receiver pauses.
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
