import { expect, test } from "bun:test";
import { Fault } from "../../src/base/fault.ts";
import { parseDuration, parseUntil, withUtcTime } from "../../src/core/duration.ts";
import { banTarget } from "../../src/ui/commands.ts";

test.each([
  ["30s", 31_000],
  ["10m", 601_000],
  ["2h", 7_201_000],
  ["7d", 604_801_000],
])("%s after one second is %i", (text, until) => {
  expect(parseUntil(text, 1_000)).toBe(until);
});

test.each(["", "0s", "10", "m", "-1m", "1.5h", "10 m", "99999999d", "soon"])(
  "rejects '%s' as a duration",
  (text) => {
    expect(() => parseUntil(text, 0)).toThrow(Fault);
  },
);

test.each([
  ["of", "use 30s, 10m, 2h or 7d, or off"],
  ["0s", "use 30s, 10m, 2h or 7d, or off"],
  ["1s", "use a duration from 1 min to 1 h, or off"],
])("names accepted alternatives: %s", (text, remedy) => {
  const read = () => parseDuration(text, { min: 60_000, max: 3_600_000, alternative: "off" });
  expect(read).toThrow(expect.objectContaining({ remedy }));
  expect(["1m", "1h"].map((edge) => parseDuration(edge, { min: 60_000, max: 3_600_000 }))).toEqual([
    ...[60_000, 3_600_000],
  ]);
});

test.each([
  ["ana", { user: "ana" }],
  ["@ana", { user: "ana" }],
  ["192.0.2.7", { address: "192.0.2.7" }],
  ["2001:db8::7", { address: "2001:db8::7" }],
  ["2001:db8:0:7::/64", { address: "2001:db8:0:7::/64" }],
])("parses %s as %p", (text, meant) => {
  expect(banTarget(text)).toEqual(meant as ReturnType<typeof banTarget>);
});

test("formats a time in JSON as UTC with milliseconds, and omits absent ones", () => {
  expect(withUtcTime({ user: "ana", until: 601_000 }, "until")).toEqual({
    user: "ana",
    until: "1970-01-01T00:10:01.000Z",
  });
  expect(withUtcTime({ user: "ana" }, "until")).toEqual({ user: "ana" });
});
