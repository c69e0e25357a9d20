/** Rate limits: token buckets for requests, and delays for wrong guesses of secrets. */

import { Fault, msg, type Translatable } from "../base/fault.ts";
import {
  GUESS_DELAY_FIRST_MS,
  GUESS_DELAY_MAX_MS,
  GUESS_FORGET_MS,
  GUESS_KEYS_MAX,
  GUESSES_FREE,
  POST_RATES_MAX,
  SHARED_GUESSES_PER_MINUTE,
} from "../base/limits.ts";
import { formatDuration } from "../base/sizes.ts";
import { DAY_MS } from "../base/time.ts";
import { NewestMap } from "./evict.ts";

export class TokenBucket {
  #tokens: number;
  #filledAt: number;

  constructor(
    private readonly perSecond: number,
    private readonly burst: number,
    now: number,
  ) {
    this.#tokens = burst;
    this.#filledAt = now;
  }

  /**
   * Takes all of the tokens or none.
   * @returns 0 if the tokens were taken, otherwise the milliseconds until they are available
   */
  take(now: number, tokens = 1): number {
    const needed = Math.min(tokens, this.burst);
    const waitMs = this.#msUntil(needed, now);
    if (waitMs === 0) this.#tokens -= needed;
    return waitMs;
  }

  /** Takes tokens whose number is known only after the work. The bucket may get into debt. */
  spend(now: number, tokens: number): void {
    this.#fill(now);
    this.#tokens -= tokens;
  }

  /** @returns milliseconds until the debt is paid, 0 without debt */
  debtMs(now: number): number {
    return this.#msUntil(0, now);
  }

  #msUntil(tokens: number, now: number): number {
    this.#fill(now);
    return Math.max(0, Math.ceil(((tokens - this.#tokens) / this.perSecond) * 1000));
  }

  #fill(now: number): void {
    const elapsedMs = Math.max(0, now - this.#filledAt);
    this.#tokens = Math.min(this.burst, this.#tokens + (elapsedMs / 1000) * this.perSecond);
    this.#filledAt = now;
  }
}

/** Beyond the maximum, the bucket that has been idle longest is dropped. */
export class TokenBuckets {
  readonly #buckets: NewestMap<string, TokenBucket>;

  constructor(
    private readonly perSecond: number,
    private readonly burst: number,
    keysMax = POST_RATES_MAX,
  ) {
    this.#buckets = new NewestMap(keysMax);
  }

  of(key: string, now: number): TokenBucket {
    const bucket = this.#buckets.get(key) ?? new TokenBucket(this.perSecond, this.burst, now);
    this.#buckets.set(key, bucket);
    return bucket;
  }

  get size(): number {
    return this.#buckets.size;
  }

  /** @throws {Fault} with this code and message if no token is left for the key */
  check(
    key: string,
    now: number,
    code: "too-fast" | "too-many",
    message: string | Translatable,
  ): void {
    const retryAfterMs = this.of(key, now).take(now);
    if (retryAfterMs > 0) throw new Fault(code, message, { retryAfterMs });
  }
}

export const HOUR_SECONDS = 60 * 60;

/** Hourly quota per account, with a global maximum. */
export class HourlyQuota {
  readonly #buckets: TokenBuckets;

  constructor(perHour: number) {
    this.#buckets = new TokenBuckets(perHour / HOUR_SECONDS, perHour);
  }

  /**
   * Uses `too-many`, because clients automatically retry `too-fast`.
   * @throws {Fault} too-many if the quota is used up
   */
  take(
    key: string,
    now: number,
    message: string | Translatable,
    remedy: string | Translatable,
  ): void {
    if (this.tryTake(key, now)) return;
    throw new Fault("too-many", message, { remedy });
  }

  /** Returns false if the quota is used up. */
  tryTake(key: string, now: number): boolean {
    return this.#buckets.of(key, now).take(now) === 0;
  }
}

/** Bytes or changes by key and UTC day. */
export class DailyQuota {
  #day = 0;
  readonly #used = new Map<string, number>();

  constructor(readonly max: number) {}

  /** @param factor multiple of the maximum */
  isReached(key: string, unixMs: number, factor = 1): boolean {
    this.#beginDay(unixMs);
    return (this.#used.get(key) ?? 0) >= factor * this.max;
  }

  count(key: string, amount: number, unixMs: number): void {
    this.#beginDay(unixMs);
    if (amount > 0) this.#used.set(key, (this.#used.get(key) ?? 0) + amount);
  }

  remedy(unixMs: number): Translatable {
    return msg`try again in ${formatDuration(DAY_MS - (unixMs % DAY_MS))}`;
  }

  #beginDay(unixMs: number): void {
    const day = Math.floor(unixMs / DAY_MS);
    if (day === this.#day) return;
    this.#day = day;
    this.#used.clear();
  }
}

interface WrongGuesses {
  wrong: number;
  at: number;
}

/**
 * Limits guesses at secrets: the first wrong guesses are answered immediately, and each further
 * wrong guess doubles the delay. Keys are accounts and addresses.
 */
export class GuessLimiter {
  readonly #keys = new NewestMap<string, WrongGuesses>(GUESS_KEYS_MAX);
  readonly #pending = new Map<string, number>();

  delayMs(keys: readonly string[], now: number): number {
    let delayMs = 0;
    for (const key of keys) delayMs = Math.max(delayMs, this.#delayOf(key, now));
    return delayMs;
  }

  /**
   * Counts the guess as wrong until `end` is called, so parallel guesses are not faster than
   * sequential ones.
   */
  begin(keys: readonly string[]): void {
    for (const key of keys) this.#pending.set(key, (this.#pending.get(key) ?? 0) + 1);
  }

  end(keys: readonly string[]): void {
    for (const key of keys) {
      const left = (this.#pending.get(key) ?? 1) - 1;
      if (left === 0) this.#pending.delete(key);
      else this.#pending.set(key, left);
    }
  }

  wrong(keys: readonly string[], now: number): void {
    for (const key of keys) {
      const wrong = this.#recent(key, now) + 1;
      this.#keys.set(key, { wrong, at: now });
    }
  }

  right(keys: readonly string[]): void {
    for (const key of keys) this.#keys.delete(key);
  }

  #delayOf(key: string, now: number): number {
    const excess = this.#recent(key, now) + (this.#pending.get(key) ?? 0) - GUESSES_FREE;
    if (excess < 0) return 0;
    return Math.min(GUESS_DELAY_MAX_MS, GUESS_DELAY_FIRST_MS * 2 ** Math.min(excess, 16));
  }

  #recent(key: string, now: number): number {
    const guesses = this.#keys.get(key);
    return guesses === undefined || now - guesses.at > GUESS_FORGET_MS ? 0 : guesses.wrong;
  }
}

const SHARED_GUESS_INTERVAL_MS = 60_000 / SHARED_GUESSES_PER_MINUTE;

/**
 * Limits guesses at a shared secret across all clients: some guesses per minute are answered
 * immediately, the rest are queued. Correct guesses are delayed too, so that the delay reveals
 * nothing, but by at most GUESS_DELAY_MAX_MS, so that users who know the secret are not locked out.
 */
export class SharedGuessLimiter {
  /** End time of each secret's guess queue. Beyond the maximum, the oldest secret is dropped. */
  readonly #paidAt = new NewestMap<string, number>(GUESS_KEYS_MAX);

  begin(secret: string, now: number): number {
    const paidAt = Math.max(now, this.#paidAt.get(secret) ?? now);
    const delayMs = paidAt + SHARED_GUESS_INTERVAL_MS - now - 60_000;
    const paidUntilMax = now + 60_000 + GUESS_DELAY_MAX_MS;
    this.#paidAt.set(secret, Math.min(paidAt + SHARED_GUESS_INTERVAL_MS, paidUntilMax));
    return Math.min(GUESS_DELAY_MAX_MS, Math.max(0, delayMs));
  }

  right(secret: string): void {
    const paidAt = this.#paidAt.get(secret);
    if (paidAt !== undefined) this.#paidAt.set(secret, paidAt - SHARED_GUESS_INTERVAL_MS);
  }
}
