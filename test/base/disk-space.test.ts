import { expect, test } from "bun:test";
import { diskSentence, isDiskFull } from "../../src/base/disk-space.ts";

test("what is left of the disk is told to operators", () => {
  const keepFreeBytes = 256_000_000;
  const told = (freeBytes: number, isLow: boolean) =>
    diskSentence({ freeBytes, keepFreeBytes, isLow });
  expect(told(900_000_000, true)).toBe(
    "the server's disk is nearly full: 900 MB free; below 256 MB files are refused",
  );
  expect(told(keepFreeBytes, true)).toContain("nearly full");
  expect(told(keepFreeBytes - 1, true)).toBe(
    "the server's disk is full: 256 MB free; files are refused until 256 MB are",
  );
  expect(told(9_000_000_000, false)).toBe("the server's disk has room again: 9.0 GB free");
  expect([keepFreeBytes, 0].map((freeBytes) => isDiskFull({ freeBytes, keepFreeBytes }))).toEqual([
    false,
    true,
  ]);
});
