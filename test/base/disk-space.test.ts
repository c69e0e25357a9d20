import { expect, test } from "bun:test";
import { diskSpaceText, isDiskFull } from "../../src/base/disk-space.ts";

test("describes the free space of a server's disk", () => {
  const describe = (freeBytes: number, isLow: boolean) =>
    diskSpaceText({ freeBytes, keepFreeBytes: 256_000_000, isLow });
  expect(describe(256_000_000, true)).toContain("nearly full: 256 MB free");
  expect(describe(255_999_999, true)).toContain("is full");
  expect(describe(9_000_000_000, false)).toContain("has enough disk space again: 9.0 GB free");
  expect(isDiskFull({ freeBytes: 1, keepFreeBytes: 1 })).toBe(false);
});
