import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Fault } from "../../src/base/fault.ts";
import {
  formatDuration,
  formatElapsed,
  formatRate,
  formatSize,
  parseSize,
} from "../../src/base/sizes.ts";
import { faultCode } from "../fault-code.ts";

describe("sizes", () => {
  test.each([
    [0, "0 B"],
    [1, "1 B"],
    [1_000, "1.0 kB"],
    [99_940, "99.9 kB"],
    [999_600, "1.0 MB"],
    [2_097_152, "2.1 MB"],
    [2 ** 44, "17.6 TB"],
    [Number.MAX_SAFE_INTEGER, "9.0 PB"],
    [-5, "0 B"],
  ])("formats %d bytes as %s", (bytes, text) => expect(formatSize(bytes)).toBe(text));

  test("formats a rate as a size per second", () =>
    expect(formatRate(12_500_000)).toBe("12.5 MB/s"));

  test.each([
    ["500", 500],
    ["10MB", 10_000_000],
    ["10 mb", 10_000_000],
    ["1.5G", 1_500_000_000],
    ["1.5GiB", 1_610_612_736],
    ["2Ti", 2 * 1024 ** 4],
    ["9P", 9e15],
    ["7B", 7],
  ])("parses %s as %d bytes", (text, bytes) => expect(parseSize(text)).toBe(bytes));

  test.each(["", "G", "-1", "1e3", "1,5G", "10X", "10iB", "10P", "1..5G", "10 G B", "NaN"])(
    "refuses %p",
    (text) => expect(faultCode(() => parseSize(text))).toBe("usage"),
  );

  test("parses any text or throws a usage fault", () =>
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          expect(Number.isSafeInteger(parseSize(text))).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(Fault);
        }
      }),
    ));

  test("parses any formatted size within its rounding", () =>
    fc.assert(
      fc.property(fc.nat({ max: 2 ** 31 - 1 }), (bytes) => {
        const back = parseSize(formatSize(bytes));
        expect(Math.abs(back - bytes)).toBeLessThanOrEqual(Math.max(0, bytes * 0.051));
      }),
    ));
});

test.each([
  [0, "0 s"],
  [59_001, "1 min"],
  [200_000, "3 min 20 s"],
  [7_500_000, "2 h 5 min"],
  [3 * 86_400_000 + 4 * 3_600_000, "3 d 4 h"],
  [1e12, "over 99 d"],
  [-1, "0 s"],
])("formats %d remaining ms as %s", (ms, text) => expect(formatDuration(ms)).toBe(text));

test.each([
  [-1, "0.0 s"],
  [40, "0.0 s"],
  [4_060, "4.1 s"],
  [59_940, "59.9 s"],
  [59_960, "1 min"],
  [200_000, "3 min 20 s"],
])("formats %d elapsed ms as %s", (ms, text) => expect(formatElapsed(ms)).toBe(text));
