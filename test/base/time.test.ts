import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  formatLocal,
  formatLocalClock,
  formatLocalDay,
  formatLocalSince,
  formatUtc,
  UNIX_MS_MAX,
} from "../../src/base/time.ts";

/** Berlin around the clock change of 25 October 2026, 01:00 UTC. */
const berlin = (unixMs: number) => (unixMs < Date.parse("2026-10-25T01:00:00Z") ? 120 : 60);

describe("times outside the range of dates", () => {
  const LAST = "+275760-09-13T00:00:00.000Z";
  const FIRST = "-271821-04-20T00:00:00.000Z";

  test.each([
    [UNIX_MS_MAX, LAST],
    [UNIX_MS_MAX + 1, LAST],
    [2 ** 53 - 1, LAST],
    [Number.MAX_VALUE, LAST],
    [Number.POSITIVE_INFINITY, LAST],
    [Number.NEGATIVE_INFINITY, FIRST],
    [-(2 ** 53) + 1, FIRST],
    [Number.NaN, "1970-01-01T00:00:00.000Z"],
    [0.5, "1970-01-01T00:00:00.000Z"],
  ])("formats %d as the nearest date", (unixMs, text) => {
    expect(formatUtc(unixMs)).toBe(text);
  });

  test("formats any number in any time zone", () =>
    fc.assert(
      fc.property(
        fc.oneof(fc.double(), fc.maxSafeInteger(), fc.integer({ min: -3, max: 3 })),
        fc.constantFrom(-720, 0, 840, Number.NaN),
        (unixMs, offset) => {
          for (const edge of [0, UNIX_MS_MAX, -UNIX_MS_MAX]) {
            const offsetMinutes = () => offset;
            expect(formatUtc(edge + unixMs)).toMatch(/^([+-]\d\d)?\d{4}-\d\d-\d\dT[\d:.]{12}Z$/);
            expect(formatLocal(edge + unixMs, offsetMinutes)).toMatch(
              /^([+-]\d\d)?\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/,
            );
            expect(formatLocalClock(edge + unixMs, offsetMinutes)).toMatch(/^\d\d:\d\d$/);
          }
        },
      ),
    ));
});

test("formats local time for screens", () => {
  const unixMs = Date.parse("2026-11-20T23:46:33.123Z");
  expect(formatLocal(unixMs, berlin)).toBe("2026-11-21 00:46:33");
  expect(formatLocalClock(unixMs, berlin)).toBe("00:46");
});

test("formats a day, and a time on another day, as local time", () => {
  const moment = Date.UTC(2026, 10, 20, 23, 30);
  expect([formatLocalDay(moment, () => 0), formatLocalDay(moment, () => 60)]).toEqual([
    "2026-11-20",
    "2026-11-21",
  ]);
  expect(formatLocalSince(moment, moment + 60_000, () => 0)).toBe("23:30");
  expect(formatLocalSince(moment, moment + 3_600_000, () => 0)).toBe("2026-11-20 23:30");
  expect(formatLocalSince(moment, moment + 3_600_000, () => 60)).toBe("00:30");
});
