import { expect, test } from "bun:test";
import { isCount } from "../../src/base/values.ts";

test("counts are non-negative integers that are stored exactly", () => {
  const counts = [0, 1, Number.MAX_SAFE_INTEGER];
  expect(counts.filter(isCount)).toEqual(counts);
  const others = [-1, 0.5, 2 ** 53, Number.NaN, Infinity, 1n, "1", null, undefined];
  expect(others.filter(isCount)).toEqual([]);
});
