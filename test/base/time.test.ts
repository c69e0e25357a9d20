import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  formatLocal,
  formatLocalClock,
  formatLocalDay,
  formatLocalSince,
  formatUtc,
  HOUR_MS,
  localInstants,
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

describe("instants of a local time", () => {
  const at = (text: string) => Date.parse(`${text}Z`);
  const newYork = (unixMs: number) => (unixMs < at("2026-11-01T06:00") ? -240 : -300);
  const spring = (unixMs: number) => (unixMs < at("2026-03-29T01:00") ? 60 : 120);
  /** Samoa skipped 30 December 2011. */
  const samoa = (unixMs: number) => (unixMs < at("2011-12-30T10:00") ? -600 : 840);

  test.each([
    ["2026-10-25T01:59", berlin, "2026-10-24T23:59", "2026-10-24T23:59"],
    ["2026-10-25T02:00", berlin, "2026-10-25T00:00", "2026-10-25T01:00"],
    ["2026-10-25T02:59", berlin, "2026-10-25T00:59", "2026-10-25T01:59"],
    ["2026-10-25T03:00", berlin, "2026-10-25T02:00", "2026-10-25T02:00"],
    ["2026-11-01T01:30", newYork, "2026-11-01T05:30", "2026-11-01T06:30"],
    ["2026-03-29T01:59", spring, "2026-03-29T00:59", "2026-03-29T00:59"],
    ["2026-03-29T02:00", spring, "2026-03-29T01:00", "2026-03-29T01:00"],
    ["2026-03-29T02:59", spring, "2026-03-29T01:00", "2026-03-29T01:00"],
    ["2026-03-29T03:00", spring, "2026-03-29T01:00", "2026-03-29T01:00"],
    ["2011-12-29T23:59", samoa, "2011-12-30T09:59", "2011-12-30T09:59"],
    ["2011-12-30T12:00", samoa, "2011-12-30T10:00", "2011-12-30T10:00"],
    ["2011-12-31T00:00", samoa, "2011-12-30T10:00", "2011-12-30T10:00"],
  ] as const)("finds those of %s", (local, offset, first, last) => {
    expect(localInstants(at(local), offset)).toEqual({ first: at(first), last: at(last) });
  });

  test("finds every instant by its local time", () =>
    fc.assert(
      fc.property(fc.integer({ min: -48, max: 48 }), fc.integer({ min: 0, max: 59 }), (h, m) => {
        const unixMs = at("2026-10-25T01:00") + h * HOUR_MS + m * 60_000;
        const { first, last } = localInstants(unixMs + berlin(unixMs) * 60_000, berlin);
        expect([first, last]).toContain(unixMs);
      }),
    ));
});
