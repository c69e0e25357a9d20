import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Fault } from "../../src/base/fault.ts";
import { parseTime, type TimeContext } from "../../src/base/parse-time.ts";
import { formatUtc, UNIX_MS_MAX } from "../../src/base/time.ts";

const NOW = Date.parse("2026-11-20T12:00:00.000Z");
/** Berlin around the clock change of 25 October 2026, 01:00 UTC. */
const berlin = (unixMs: number) => (unixMs < Date.parse("2026-10-25T01:00:00Z") ? 120 : 60);
const context: TimeContext = { nowUnixMs: NOW, offsetMinutes: berlin };

function utc(text: string, edge?: TimeContext["edge"]): string {
  return formatUtc(parseTime(text, edge === undefined ? context : { ...context, edge }));
}

describe("parseTime", () => {
  test.each([
    ["90s", "2026-11-20T11:58:30.000Z"],
    ["3d", "2026-11-17T12:00:00.000Z"],
    ["1w", "2026-11-13T12:00:00.000Z"],
    ["2026-11-20T05:46:33.123Z", "2026-11-20T05:46:33.123Z"],
    ["2026-11-20T05:46:33.123456Z", "2026-11-20T05:46:33.123Z"],
    ["2026-11-20T05:46:33+01:30", "2026-11-20T04:16:33.000Z"],
    ["2026-11-20T05:46-0800", "2026-11-20T13:46:00.000Z"],
    ["2026-11-20 05:46+01", "2026-11-20T04:46:00.000Z"],
    ["2026-11-20T05:46:33", "2026-11-20T04:46:33.000Z"],
    ["2026-10-20T05:46", "2026-10-20T03:46:00.000Z"],
    ["2026-11-20", "2026-11-19T23:00:00.000Z"],
    ["2024-02-29", "2024-02-28T22:00:00.000Z"],
    ["today", "2026-11-19T23:00:00.000Z"],
    ["yesterday", "2026-11-18T23:00:00.000Z"],
    ["Yesterday 17:30", "2026-11-19T16:30:00.000Z"],
    ["tomorrow 08:00", "2026-11-21T07:00:00.000Z"],
    ["09:00", "2026-11-20T08:00:00.000Z"],
    ["09:00Z", "2026-11-20T09:00:00.000Z"],
    ["2 hours ago", "2026-11-20T10:00:00.000Z"],
    ["1 minute ago", "2026-11-20T11:59:00.000Z"],
    ["3 Days ago", "2026-11-17T12:00:00.000Z"],
  ])("parses %s", (text, expected) => {
    expect(utc(text)).toBe(expected);
  });

  test("uses the last millisecond for the end of a day, also when the clock changes", () => {
    expect(utc("2026-11-20", "end")).toBe("2026-11-20T22:59:59.999Z");
    expect(utc("2026-10-25", "start")).toBe("2026-10-24T22:00:00.000Z");
    expect(utc("2026-10-25", "end")).toBe("2026-10-25T22:59:59.999Z");
    expect(utc("yesterday", "end")).toBe("2026-11-19T22:59:59.999Z");
  });

  test("takes the first or the last moment of a time that clocks repeat", () => {
    expect(utc("2026-10-25T02:30")).toBe("2026-10-25T00:30:00.000Z");
    expect(utc("2026-10-25T02:30:00.5", "start")).toBe("2026-10-25T00:30:00.500Z");
    expect(utc("2026-10-25T02:30:00.5", "end")).toBe("2026-10-25T01:30:00.500Z");
    expect(utc("2026-10-25T01:59:59", "end")).toBe("2026-10-24T23:59:59.000Z");
    expect(utc("2026-10-25T03:00", "start")).toBe("2026-10-25T02:00:00.000Z");
    expect(utc("2026-10-25T02:30+02:00", "end")).toBe("2026-10-25T00:30:59.999Z");
    expect(utc("2026-10-25T02:30", "second")).toBe("2026-10-25T01:30:00.000Z");
  });

  test("a minute without seconds lasts to its end", () => {
    expect(utc("2026-11-20T05:46", "end")).toBe("2026-11-20T04:46:59.999Z");
    expect(utc("23:59Z", "end")).toBe("2026-11-20T23:59:59.999Z");
    expect(utc("2026-11-20T05:46:00", "end")).toBe("2026-11-20T04:46:00.000Z");
    expect(utc("2026-10-25T02:30", "end")).toBe("2026-10-25T01:30:59.999Z");
    expect(utc("2026-11-20 23:59", "end")).toBe(utc("2026-11-20", "end"));
  });

  test("uses the local date of today", () => {
    const nowUnixMs = Date.parse("2026-11-20T23:30:00Z");
    const local = { ...context, nowUnixMs };
    expect(formatUtc(parseTime("today", local))).toBe("2026-11-20T23:00:00.000Z");
    expect(formatUtc(parseTime("00:10", local))).toBe("2026-11-20T23:10:00.000Z");
    const early = { nowUnixMs: 0, offsetMinutes: () => -60 };
    expect(parseTime("yesterday", early)).toBe(3_600_000);
  });

  test.each([
    ...[
      "",
      "yesterdays",
      "tomorrows",
      "2 hours",
      "25:00",
      "9:00",
      "10",
      "10x",
      "-5m",
      "1.5h",
      "2026-02-29",
      "2026-13-01",
      "20261120",
    ],
    ...["2026-11-20T24:01", "2026-11-20T10:60", "2026-11-20T10:00+19:00", "2026-11-20T10:00Z\n"],
  ])("refuses '%s'", (text) => {
    expect(() => parseTime(text, context)).toThrow(Fault);
  });

  test("parses any text or throws a usage fault", () =>
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          const unixMs = parseTime(text, context);
          expect(unixMs >= 0 && unixMs <= UNIX_MS_MAX).toBe(true);
        } catch (error) {
          expect(error instanceof Fault && error.code).toBe("usage");
        }
      }),
    ));

  test("parses what it formats", () =>
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 253402300799999 }), (unixMs) => {
        expect(parseTime(formatUtc(unixMs), context)).toBe(unixMs);
      }),
    ));
});

test("clamps times before 1970", () => {
  for (const text of ["999999999w", "999999999d", "1960-01-01", "0001-01-01T00:00Z"]) {
    expect(parseTime(text, context)).toBe(0);
  }
});
