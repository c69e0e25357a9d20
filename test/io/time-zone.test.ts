import { expect, test } from "bun:test";
import { zoneFormat, zoneOffset } from "../../src/base/zone-offset.ts";
import { knownZone } from "../../src/io/time-zone.ts";

const NOW = Date.parse("2026-11-26T12:00Z");

test.each([
  ["WIB-7", "2026-07-01T00:00Z", 420],
  ["<+0545>-5:45", "2026-07-01T00:00Z", 345],
  ["GMT+7", "2026-07-01T00:00Z", -420],
  ["CET-1CEST,M3.5.0,M10.5.0/3", "2026-07-01T00:00Z", 120],
  ["CET-1CEST,M3.5.0,M10.5.0/3", "2026-12-01T00:00Z", 60],
  [":Asia/Jakarta", "2026-07-01T00:00Z", 420],
  ["/usr/share/zoneinfo/Asia/Jakarta", "2026-07-01T00:00Z", 420],
  ["/usr/share/zoneinfo/right/Europe/Berlin", "2026-07-01T00:00Z", 120],
])("TZ=%s names a zone that is known to the runtime", (tz, time, offset) => {
  const zone = knownZone(tz, NOW);
  const format = zone === undefined ? undefined : zoneFormat(zone);
  expect(format && zoneOffset(format, Date.parse(time))).toBe(offset);
});

test("a name that the runtime knows stays as it is", () => {
  for (const tz of ["Asia/Jakarta", "EST5EDT", "UTC", "Etc/GMT-7"]) {
    expect(knownZone(tz, NOW)).toBe(tz);
  }
});

test.each(["Asia/Jakart", "WIB", "XXX3:17", "/no/such/file", "x".repeat(10_000), "\u{fffd}"])(
  "TZ=%s names no zone",
  (tz) => {
    expect(knownZone(tz, NOW)).toBeUndefined();
  },
);
