import { describe, expect, test } from "bun:test";
import { changesInYear, parsePosixZone, posixOffsetMs } from "../../src/base/posix-zone.ts";
import { HOUR_MS, MINUTE_MS } from "../../src/base/time.ts";

const utc = (iso: string) => Date.parse(`${iso}Z`);

describe("time zones as rules", () => {
  test.each([
    ["WIB-7", 7],
    ["<+03>-3", 3],
    ["<-0330>3:30", -3.5],
    ["NPT-5:45:00", 5.75],
    ["UTC0", 0],
    ["GMT+7", -7],
    ["XXX-24", 24],
  ])("%p is always %p hours ahead of UTC", (text, hours) => {
    const zone = parsePosixZone(text);
    expect(zone && posixOffsetMs(zone, 0)).toBe(hours * HOUR_MS);
    expect(zone && changesInYear(zone, 2026)).toEqual([]);
  });

  test.each([
    ["CET-1CEST,M3.5.0,M10.5.0/3", 1, "2026-03-29T01:00", "2026-10-25T01:00"],
    ["EST5EDT", -5, "2026-03-08T07:00", "2026-11-01T06:00"],
    ["EST+5EDT+4,M3.2.0/2,M11.1.0/2", -5, "2026-03-08T07:00", "2026-11-01T06:00"],
    ["<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", 10.5, "2026-04-04T15:00", "2026-10-03T15:30"],
    ["IST-2IDT,M3.4.4/26,M10.5.0", 2, "2026-03-27T00:00", "2026-10-24T23:00"],
    ["XXX0YYY,J60,J300", 0, "2028-03-01T02:00", "2028-10-27T01:00"],
    ["XXX0YYY,59/0,300/0", 0, "2028-02-29T00:00", "2028-10-26T23:00"],
    ["XXX0YYY,J1/-1,J365/25", 0, "2025-12-31T23:00", "2027-01-01T00:00"],
  ])("%p changes as the rule says", (text, hours, from, to) => {
    const zone = parsePosixZone(text);
    if (zone === undefined) throw new Error(text);
    const year = text.includes("J60") || text.includes("59/") ? 2028 : 2026;
    expect(changesInYear(zone, year)).toEqual([utc(from), utc(to)]);
    const [first = 0, second = 0] = changesInYear(zone, year);
    const times = [first - MINUTE_MS, first, second - MINUTE_MS, second];
    const isSummer = times.map((at) => posixOffsetMs(zone, at) !== hours * HOUR_MS);
    const isSouthern = text.includes("M10.1.0");
    if (!text.includes("J1/"))
      expect(isSummer).toEqual([isSouthern, !isSouthern, !isSouthern, isSouthern]);
  });

  test.each(["", "WIB", "WIB-25", "Asia/Jakarta", "W-7", "WIB-7:60", "CET-1CEST,M13.1.0,M10.5.0"])(
    "%p is no rule",
    (text) => {
      expect(parsePosixZone(text)).toBeUndefined();
    },
  );

  test.each(["CET-1CEST,M3.6.0,M10.5.0", "CET-1CEST,M3.5.7,M10.5.0", "CET-1CEST,J0,J366", "A1B"])(
    "%p is no rule, either",
    (text) => {
      expect(parsePosixZone(text)).toBeUndefined();
    },
  );
});
