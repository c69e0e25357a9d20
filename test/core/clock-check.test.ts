import { expect, test } from "bun:test";
import fc from "fast-check";
import {
  CLOCK_AGREEMENT_MS,
  CLOCK_SLACK_MS,
  ClockCheck,
  clockText,
} from "../../src/core/clock-check.ts";

const T = 1_800_000_000_000;
const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

function readingAt(unixMs: number, now = 0) {
  return { unixMs, now };
}

test("believes the clock of a server without records", () => {
  const check = new ClockCheck(undefined, 0, readingAt(T));
  expect(check.status(readingAt(T))).toEqual({ plausible: true, now: T, newest: T });
  expect(check.expiryMs(readingAt(T + 5 * DAY_MS, 5 * DAY_MS))).toBe(T + 5 * DAY_MS);
  expect(check.expiryMs(readingAt(T + 5 * DAY_MS, 2 * DAY_MS))).toBe(T + 2 * DAY_MS);
});

test("believes a clock that is at most a day ahead of what can have passed", () => {
  const check = new ClockCheck(undefined, T, readingAt(T));
  const last = T + HOUR_MS + CLOCK_SLACK_MS;
  expect(check.expiryMs(readingAt(last, HOUR_MS))).toBe(last);
  expect(check.expiryMs(readingAt(last + 1, HOUR_MS))).toBe(T + HOUR_MS);
  expect(check.status(readingAt(last + 1, HOUR_MS)).plausible).toBeFalse();
});

test("believes a clock that agrees with the monotonic clock for a day", () => {
  const far = T + 400 * DAY_MS;
  const check = new ClockCheck(undefined, T, readingAt(far));
  const observe = (ms: number, unixMs = far + ms) => {
    check.observe(readingAt(unixMs, ms));
    return check.isAhead(readingAt(unixMs, ms));
  };
  expect(observe(CLOCK_AGREEMENT_MS - 1)).toBeTrue();
  expect(observe(CLOCK_AGREEMENT_MS)).toBeFalse();
  // A jump of more than a day begins a new day of agreement.
  const jumped = far + 3 * DAY_MS;
  expect(observe(CLOCK_AGREEMENT_MS + 1, jumped)).toBeTrue();
  expect(observe(2 * CLOCK_AGREEMENT_MS, jumped + CLOCK_AGREEMENT_MS - 1)).toBeTrue();
  expect(observe(2 * CLOCK_AGREEMENT_MS + 1, jumped + CLOCK_AGREEMENT_MS)).toBeFalse();
});

test("never believes a clock less because it is behind", () => {
  const check = new ClockCheck(undefined, T, readingAt(0));
  check.observe(readingAt(CLOCK_AGREEMENT_MS, CLOCK_AGREEMENT_MS));
  expect(check.believedMs(CLOCK_AGREEMENT_MS)).toBe(T + CLOCK_AGREEMENT_MS);
  expect(check.expiryMs(readingAt(5, CLOCK_AGREEMENT_MS))).toBe(5);
  expect(check.status(readingAt(5, 0))).toMatchObject({ plausible: false, newest: T });
  check.accept(readingAt(5, 0));
  expect(check.status(readingAt(5, 0)).plausible).toBeTrue();
});

test("distrusts the newest record after a run that doubted its clock", () => {
  const far = T + 400 * DAY_MS;
  const first = new ClockCheck(undefined, T, readingAt(far));
  const stored = first.value(readingAt(far + HOUR_MS, HOUR_MS), far);
  expect(stored).toEqual({ believedMs: T + HOUR_MS, isDoubted: true });
  const second = new ClockCheck(stored, far, readingAt(far));
  expect(second.isAhead(readingAt(far))).toBeTrue();
  const third = new ClockCheck(stored, far, readingAt(T + 2 * HOUR_MS));
  expect(third.correction(readingAt(T + 2 * HOUR_MS), far)).toBe(T + 2 * HOUR_MS);
  // Without a doubt, the newest record is believed, and so a stored time that is older is not used.
  const trusted = new ClockCheck({ believedMs: T, isDoubted: false }, far, readingAt(far));
  expect(trusted.status(readingAt(far)).plausible).toBeTrue();
  const idle = new ClockCheck({ believedMs: far, isDoubted: false }, T, readingAt(far));
  expect(idle.status(readingAt(far)).plausible).toBeTrue();
});

test("corrects a log to the clock, but not below the believed time", () => {
  const stored = { believedMs: T, isDoubted: true };
  const far = T + 400 * DAY_MS;
  const correction = (unixMs: number, newestMs = far) =>
    new ClockCheck(stored, newestMs, readingAt(unixMs)).correction(readingAt(unixMs), newestMs);
  expect(correction(T + DAY_MS / 2)).toBe(T + DAY_MS / 2);
  expect(correction(T + 30 * DAY_MS)).toBe(T + 30 * DAY_MS);
  expect(correction(0)).toBe(T);
  expect(correction(far)).toBeUndefined();
  expect(correction(far - CLOCK_SLACK_MS)).toBeUndefined();
  expect(correction(far - CLOCK_SLACK_MS - 1)).toBe(far - CLOCK_SLACK_MS - 1);
  expect(correction(T, T + CLOCK_SLACK_MS)).toBeUndefined();
});

test("names the direction and the remedy", () => {
  const status = { plausible: false, now: T + 40 * DAY_MS, newest: T };
  expect(clockText(status)).toContain("40 days ahead of the newest record");
  expect(clockText({ ...status, now: T, newest: status.now })).toContain("40 days behind");
  expect(clockText({ ...status, plausible: true })).toContain("resumed");
});

const STEP = fc.record({
  measuredMs: fc.integer({ min: 0, max: 12 * HOUR_MS }),
  jumpMs: fc.oneof(
    fc.constant(0),
    fc.integer({ min: -400 * DAY_MS, max: -DAY_MS - 1 }),
    fc.integer({ min: DAY_MS + 1, max: 400 * DAY_MS }),
  ),
  newestJumpMs: fc.integer({ min: 0, max: 300 * DAY_MS }),
  restarts: fc.boolean(),
});

test("expires nothing before its time, whatever the clock does, unless it agrees for a day", () => {
  fc.assert(
    fc.property(fc.array(STEP, { maxLength: 30 }), (steps) => {
      let [unixMs, now, trueMs, newestMs] = [T, 0, T, T];
      let steadySince = 0;
      let check = new ClockCheck(undefined, newestMs, readingAt(unixMs, now));
      for (const { measuredMs, jumpMs, newestJumpMs, restarts } of steps) {
        now += measuredMs;
        trueMs += measuredMs;
        unixMs = Math.max(0, unixMs + measuredMs + jumpMs);
        if (jumpMs !== 0) steadySince = now;
        const reading = readingAt(unixMs, now);
        if (restarts) {
          // A run that stamps records with its clock, and a restart after a crash of it.
          const value = check.value(reading, newestMs);
          newestMs = Math.max(newestMs, Math.min(unixMs, newestMs + newestJumpMs));
          const stored = check.value(reading, newestMs).isDoubted ? value : undefined;
          check = new ClockCheck(stored && { ...stored, isDoubted: true }, newestMs, reading);
          steadySince = now;
        }
        check.observe(reading);
        const expiryMs = check.expiryMs(reading);
        expect(expiryMs).toBeLessThanOrEqual(unixMs);
        const to = check.correction(reading, newestMs);
        if (to !== undefined) {
          expect([to < newestMs - CLOCK_SLACK_MS, to >= check.believedMs(now) - 1]).toEqual([
            true,
            true,
          ]);
          newestMs = to;
        }
        // The slack may be used once per restart and once per day of agreement.
        if (now - steadySince >= CLOCK_AGREEMENT_MS) return;
        const restartsSoFar = steps.filter((step) => step.restarts).length;
        const slackMs = (1 + restartsSoFar + Math.floor(now / CLOCK_AGREEMENT_MS)) * CLOCK_SLACK_MS;
        expect(expiryMs).toBeLessThanOrEqual(trueMs + slackMs);
      }
    }),
  );
});
