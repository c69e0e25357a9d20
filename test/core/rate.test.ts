import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  GUESS_DELAY_FIRST_MS,
  GUESS_DELAY_MAX_MS,
  GUESS_FORGET_MS,
  GUESS_KEYS_MAX,
  GUESSES_FREE,
  SHARED_GUESSES_PER_MINUTE,
} from "../../src/base/limits.ts";
import {
  GuessLimiter,
  HourlyQuota,
  SharedGuessLimiter,
  TokenBucket,
  TokenBuckets,
} from "../../src/core/rate.ts";

describe("buckets by key", () => {
  test("do not share tokens; the longest idle key is dropped", () => {
    const buckets = new TokenBuckets(1, 1, 2);
    const take = (key: string) => buckets.of(key, 0).take(0);
    expect([take("a"), take("b"), take("a"), take("b")]).toEqual([0, 0, 1_000, 1_000]);
    expect([take("c"), take("b"), take("a")]).toEqual([0, 1_000, 0]);
  });

  test("refuse an exhausted hourly quota, which recovers within the hour", () => {
    const share = new HourlyQuota(60);
    const take = (now: number) => share.take("ana", now, "60 within an hour", "wait");
    for (let i = 0; i < 60; i++) take(0);
    expect(() => take(59_999)).toThrow("60 within an hour");
    take(60_000);
    expect(() => take(60_000)).toThrow("60 within an hour");
    share.take("ben", 60_000, "60 within an hour", "wait");
  });
});

describe("token bucket", () => {
  test("permits its burst immediately, then its rate", () => {
    const bucket = new TokenBucket(10, 3, 0);
    expect([bucket.take(0), bucket.take(0), bucket.take(0)]).toEqual([0, 0, 0]);
    expect(bucket.take(0)).toBe(100);
    expect(bucket.take(99)).toBeGreaterThan(0);
    expect(bucket.take(100)).toBe(0);
    expect(bucket.take(100)).toBe(100);
  });

  test("waits until a debt is paid", () => {
    const bucket = new TokenBucket(10, 3, 0);
    expect(bucket.debtMs(0)).toBe(0);
    bucket.spend(0, 3);
    expect(bucket.debtMs(0)).toBe(0);
    bucket.spend(0, 20);
    expect([bucket.debtMs(0), bucket.debtMs(1_999), bucket.debtMs(2_000)]).toEqual([2_000, 1, 0]);
    expect(bucket.take(2_000)).toBe(100);
  });

  test("never exceeds its burst after any pause", () => {
    const bucket = new TokenBucket(1_000, 2, 0);
    expect([bucket.take(1e9), bucket.take(1e9), bucket.take(1e9)]).toEqual([0, 0, 1]);
  });

  test("serves a client after exactly the returned delay", () => {
    const speeds = fc.tuple(fc.integer({ min: 1, max: 5_000 }), fc.integer({ min: 1, max: 20 }));
    fc.assert(
      fc.property(speeds, fc.array(fc.nat(50), { maxLength: 60 }), ([perSecond, burst], waits) => {
        const bucket = new TokenBucket(perSecond, burst, 0);
        let now = 0;
        let taken = 0;
        for (const waitMs of waits) {
          now += waitMs;
          const mustWaitMs = bucket.take(now);
          if (mustWaitMs > 0) {
            now += mustWaitMs + 1e-6;
            expect(bucket.take(now)).toBe(0);
          }
          taken++;
          expect(taken).toBeLessThanOrEqual(burst + (now / 1000) * perSecond + 1e-3);
        }
      }),
    );
  });
});

describe("guesses", () => {
  const NAME = ["name:ana"];

  test("are free at first, then each delay doubles up to a maximum", () => {
    const guessing = new GuessLimiter();
    const delays: number[] = [];
    for (let i = 0; i < 12; i++) {
      delays.push(guessing.delayMs(NAME, 0));
      guessing.wrong(NAME, 0);
    }
    const first = GUESS_DELAY_FIRST_MS;
    expect(delays.slice(0, GUESSES_FREE + 3)).toEqual([0, 0, 0, first, 2 * first, 4 * first]);
    expect(delays.at(-1)).toBe(GUESS_DELAY_MAX_MS);
    for (let i = 0; i < 2_000; i++) guessing.wrong(NAME, 0);
    expect(guessing.delayMs(NAME, 0)).toBe(GUESS_DELAY_MAX_MS);
  });

  test("use the longer delay of name and address; a right guess resets only the name", () => {
    const guessing = new GuessLimiter();
    const both = ["address:1.2.3.4", ...NAME];
    for (let i = 0; i < GUESSES_FREE; i++) guessing.wrong(both, 0);
    expect(guessing.delayMs(["address:1.2.3.4", "name:ben"], 0)).toBe(GUESS_DELAY_FIRST_MS);
    guessing.right(NAME);
    expect(guessing.delayMs(NAME, 0)).toBe(0);
    expect(guessing.delayMs(both, 0)).toBe(GUESS_DELAY_FIRST_MS);
  });

  test("in parallel wait as long as sequential ones", () => {
    const guessing = new GuessLimiter();
    const delays: number[] = [];
    for (let i = 0; i < GUESSES_FREE + 2; i++) {
      delays.push(guessing.delayMs(NAME, 0));
      guessing.begin(NAME);
    }
    expect(delays).toEqual([0, 0, 0, GUESS_DELAY_FIRST_MS, 2 * GUESS_DELAY_FIRST_MS]);
    guessing.end(NAME);
    expect(guessing.delayMs(NAME, 0)).toBe(2 * GUESS_DELAY_FIRST_MS);
    for (let i = 0; i < GUESSES_FREE + 1; i++) guessing.end(NAME);
    expect(guessing.delayMs(NAME, 0)).toBe(0);
  });

  test("are forgotten after GUESS_FORGET_MS", () => {
    const guessing = new GuessLimiter();
    for (let i = 0; i < GUESSES_FREE; i++) guessing.wrong(NAME, 0);
    expect(guessing.delayMs(NAME, GUESS_FORGET_MS)).toBeGreaterThan(0);
    expect(guessing.delayMs(NAME, GUESS_FORGET_MS + 1)).toBe(0);
  });

  test("are limited to a number of keys; the oldest is forgotten", () => {
    const guessing = new GuessLimiter();
    const wrong = (key: string) => {
      for (let i = 0; i < GUESSES_FREE; i++) guessing.wrong([key], 0);
    };
    for (let i = 0; i < GUESS_KEYS_MAX; i++) wrong(`name:${i}`);
    expect(guessing.delayMs(["name:0"], 0)).toBeGreaterThan(0);
    wrong("name:more");
    expect(guessing.delayMs(["name:0"], 0)).toBe(0);
    expect(guessing.delayMs(["name:1"], 0)).toBeGreaterThan(0);
  });
});

describe("guesses at a shared secret", () => {
  const one = "server";

  test("are checked at a rate per minute; further ones are queued", () => {
    const guessing = new SharedGuessLimiter();
    for (let i = 0; i < SHARED_GUESSES_PER_MINUTE; i++) expect(guessing.begin(one, 0)).toBe(0);
    expect(guessing.begin(one, 0)).toBe(600);
    expect(guessing.begin(one, 0)).toBe(1_200);
    expect(guessing.begin("another", 0)).toBe(0);
    expect(guessing.begin(one, 1_800)).toBe(0);
    expect(guessing.begin(one, 1_800)).toBe(600);
  });

  test("never wait longer than the maximum, and not at all a minute after a flood", () => {
    const guessing = new SharedGuessLimiter();
    for (let i = 0; i < 100_000; i++) guessing.begin(one, 0);
    expect(guessing.begin(one, 0)).toBe(GUESS_DELAY_MAX_MS);
    expect(guessing.begin(one, GUESS_DELAY_MAX_MS + 600)).toBe(0);
    const later = GUESS_DELAY_MAX_MS + 61_200;
    for (let i = 0; i < SHARED_GUESSES_PER_MINUTE; i++) expect(guessing.begin(one, later)).toBe(0);
  });

  test("cost nothing if right", () => {
    const guessing = new SharedGuessLimiter();
    for (let i = 0; i < 10 * SHARED_GUESSES_PER_MINUTE; i++) {
      expect(guessing.begin(one, 0)).toBe(0);
      guessing.right(one);
    }
  });

  test("are remembered for a limited number of secrets", () => {
    const guessing = new SharedGuessLimiter();
    for (let i = 0; i <= SHARED_GUESSES_PER_MINUTE; i++) guessing.begin(one, 0);
    for (let i = 0; i < GUESS_KEYS_MAX; i++) guessing.begin(`r${i}`, 0);
    expect(guessing.begin(one, 0)).toBe(0);
  });
});
