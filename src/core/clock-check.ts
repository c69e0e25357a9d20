/** Decides whether the server's wall clock can be believed before anything expires. */

// A wrong clock must not erase messages. The check therefore compares the wall clock with a time
// that is certain to have passed: the time of the newest believed record, plus the time measured
// since then by the monotonic clock.

import { counted } from "../base/sizes.ts";
import { formatUtc } from "../base/time.ts";

export interface ClockReading {
  readonly unixMs: number;
  /** Monotonic milliseconds. */
  readonly now: number;
}

/** Belief about the time that one run of a server leaves for the next. */
export interface StoredTime {
  readonly believedMs: number;
  /** True if records may be stamped with a later time that is not believed. */
  readonly isDoubted: boolean;
}

export interface ClockStatus {
  readonly plausible: boolean;
  readonly now: number;
  /** Newest time that can be believed. */
  readonly newest: number;
}

/**
 * Tolerates a night without power, and a suspended computer, whose monotonic clock stops.
 *
 * @internal
 */
export const CLOCK_SLACK_MS = 24 * 60 * 60_000;
/**
 * A clock that agrees with the monotonic clock for this long is believed.
 *
 * @internal
 */
export const CLOCK_AGREEMENT_MS = 24 * 60 * 60_000;

export function clockText({ plausible, now, newest }: ClockStatus): string {
  if (plausible) return "the clock is plausible; expiry and deletion have resumed";
  const days = counted(Math.floor(Math.abs(now - newest) / CLOCK_SLACK_MS), "day");
  const ahead = `the clock shows ${formatUtc(now)}, ${days} ahead of the newest record`;
  const behind = `the clock shows ${formatUtc(now)}, ${days} behind the newest record`;
  return now > newest
    ? `${ahead}: nothing expires for a day, unless you run: chat admin clock accept`
    : `${behind}: nothing expires; if the clock is right, run: chat admin clock accept`;
}

export class ClockCheck {
  #believed: ClockReading;
  #agreement: ClockReading;

  /** @param newestMs time of the newest record; 0 if there is none, and the clock is believed */
  constructor(stored: StoredTime | undefined, newestMs: number, reading: ClockReading) {
    const { believedMs = 0, isDoubted = false } = stored ?? {};
    const knownMs = isDoubted ? believedMs : Math.max(believedMs, newestMs);
    this.#believed = { unixMs: knownMs === 0 ? reading.unixMs : knownMs, now: reading.now };
    this.#agreement = reading;
  }

  /** Time that is certain to have passed. */
  believedMs(now: number): number {
    return this.#believed.unixMs + (now - this.#believed.now);
  }

  /** Must be called at least once a minute, because it detects jumps of the clock. */
  observe(reading: ClockReading): void {
    const { unixMs, now } = reading;
    const measuredMs = now - this.#agreement.now;
    const driftMs = unixMs - this.#agreement.unixMs - measuredMs;
    const hasJumped = Math.abs(driftMs) > CLOCK_SLACK_MS;
    if (!hasJumped && measuredMs < CLOCK_AGREEMENT_MS) return;
    if (!hasJumped && unixMs > this.believedMs(now)) this.#believed = reading;
    this.#agreement = reading;
  }

  /** Believes the clock from now on, even if it is behind. */
  accept(reading: ClockReading): void {
    this.#believed = reading;
    this.#agreement = reading;
  }

  isAhead({ unixMs, now }: ClockReading): boolean {
    return unixMs > this.believedMs(now) + CLOCK_SLACK_MS;
  }

  status(reading: ClockReading): ClockStatus {
    const newest = Math.floor(this.believedMs(reading.now));
    const plausible = Math.abs(reading.unixMs - newest) <= CLOCK_SLACK_MS;
    return { plausible, now: reading.unixMs, newest };
  }

  /** Time for decisions that delete or expire something; never ahead of what can be believed. */
  expiryMs(reading: ClockReading): number {
    return this.isAhead(reading) ? Math.floor(this.believedMs(reading.now)) : reading.unixMs;
  }

  /**
   * Time to which a log must fall back because its newest record cannot be right. A clock that is
   * behind the believed time, for example in 1970, does not take the log with it.
   * @returns `undefined` if the log is within limits
   */
  correction(reading: ClockReading, newestMs: number): number | undefined {
    const to = Math.floor(Math.max(reading.unixMs, this.believedMs(reading.now)));
    return newestMs > to + CLOCK_SLACK_MS ? to : undefined;
  }

  /** State for the next start. */
  value(reading: ClockReading, newestMs: number): StoredTime {
    const believedMs = Math.floor(this.believedMs(reading.now));
    const latestMs = Math.max(reading.unixMs, newestMs);
    return { believedMs, isDoubted: latestMs > believedMs + CLOCK_SLACK_MS };
  }
}
