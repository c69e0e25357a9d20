import { expect, test } from "bun:test";
import { isCount } from "../../src/base/values.ts";

test("a count is a whole number from 0 that is kept exactly", () => {
  const counts = [0, 1, Number.MAX_SAFE_INTEGER];
  expect(counts.filter(isCount)).toEqual(counts);
  const others = [-1, 0.5, 2 ** 53, Number.NaN, Infinity, 1n, "1", null, undefined];
  expect(others.filter(isCount)).toEqual([]);
});
