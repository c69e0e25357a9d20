import { expect, test } from "bun:test";
import fc from "fast-check";
import { RECONNECT_FIRST_MS, RECONNECT_MAX_MS } from "../../src/base/limits.ts";
import { Backoff } from "../../src/core/backoff.ts";

test("doubles up to the maximum, and restarts after a success", () => {
  const backoff = new Backoff();
  const waits = Array.from({ length: 12 }, () => backoff.next(0.999_999));
  expect(waits.slice(0, 4)).toEqual([250, 500, 1000, 2000]);
  expect(waits.at(-1)).toBe(RECONNECT_MAX_MS);
  backoff.reset();
  expect(backoff.next(0)).toBe(RECONNECT_FIRST_MS / 2);
});

test("stays within the range for any random number", () =>
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })), (all) => {
      const backoff = new Backoff();
      for (const chance of all) {
        const waitMs = backoff.next(chance);
        expect(waitMs).toBeGreaterThanOrEqual(RECONNECT_FIRST_MS / 2);
        expect(waitMs).toBeLessThanOrEqual(RECONNECT_MAX_MS);
      }
    }),
  ));
