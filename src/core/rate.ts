import {
  GUESS_DELAY_FIRST_MS,
  GUESS_DELAY_MAX_MS,
  GUESS_FORGET_MS,
  GUESS_KEYS_MAX,
  GUESSES_FREE,
} from "../base/limits.ts";

/** A bucket that fills steadily and may be emptied at once. */
export class TokenBucket {
  readonly #perSecond: number;
  readonly #burst: number;
  #tokens: number;
  #filledAt: number;

  constructor(perSecond: number, burst: number, now: number) {
    this.#perSecond = perSecond;
    this.#burst = burst;
    this.#tokens = burst;
    this.#filledAt = now;
  }

  /** Takes tokens, all or none. @returns 0, or the milliseconds after which they will be there */
  take(now: number, tokens = 1): number {
    const wanted = Math.min(tokens, this.#burst); // More are never there.
    const elapsedMs = Math.max(0, now - this.#filledAt);
    this.#tokens = Math.min(this.#burst, this.#tokens + (elapsedMs / 1000) * this.#perSecond);
    this.#filledAt = now;
    if (this.#tokens >= wanted) {
      this.#tokens -= wanted;
      return 0;
    }
    return Math.ceil(((wanted - this.#tokens) / this.#perSecond) * 1000);
  }
}

interface Guesses {
  wrong: number;
  at: number;
}

/**
 * Slows whoever guesses secrets: the first few wrong ones are answered at once, then each answer
 * waits twice as long as the one before. Keys are accounts and addresses.
 */
export class Guessing {
  readonly #keys = new Map<string, Guesses>(); // In order of use: the oldest is forgotten first.
  /** Guesses under way. Bounded by who may wait for an answer. */
  readonly #pending = new Map<string, number>();

  /** How long to hold back the check of a guess made now. */
  delayMs(keys: readonly string[], now: number): number {
    let delayMs = 0;
    for (const key of keys) delayMs = Math.max(delayMs, this.#delayOf(key, now));
    return delayMs;
  }

  /** Until `end` a guess counts as wrong: many made at once are no faster than one by one. */
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
      this.#keys.delete(key);
      this.#keys.set(key, { wrong, at: now });
    }
    for (const key of this.#keys.keys()) {
      if (this.#keys.size <= GUESS_KEYS_MAX) break;
      this.#keys.delete(key);
    }
  }

  right(keys: readonly string[]): void {
    for (const key of keys) this.#keys.delete(key);
  }

  #delayOf(key: string, now: number): number {
    const beyond = this.#recent(key, now) + (this.#pending.get(key) ?? 0) - GUESSES_FREE;
    if (beyond < 0) return 0;
    return Math.min(GUESS_DELAY_MAX_MS, GUESS_DELAY_FIRST_MS * 2 ** Math.min(beyond, 16));
  }

  #recent(key: string, now: number): number {
    const guesses = this.#keys.get(key);
    return guesses === undefined || now - guesses.at > GUESS_FORGET_MS ? 0 : guesses.wrong;
  }
}
