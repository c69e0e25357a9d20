import { expect, test } from "bun:test";
import fc from "fast-check";
import { globTest } from "../../src/base/glob.ts";

test("matches names as a regular expression does", () => {
  const letters = fc.string({ unit: fc.constantFrom("a", "B", "é", ".", "😀"), maxLength: 8 });
  const glob = fc.string({ unit: fc.constantFrom("a", "b", "É", ".", "*", "?"), maxLength: 6 });
  fc.assert(
    fc.property(glob, letters, (pattern, name) => {
      const source = RegExp.escape(pattern).replaceAll("\\*", ".*").replaceAll("\\?", ".");
      expect(globTest(pattern)(name)).toBe(new RegExp(`^${source}$`, "isu").test(name));
    }),
  );
});

test("compares a glob of many asterisks within moments", () => {
  const test = globTest(`${"*a".repeat(200)}*b`);
  expect(test("a".repeat(10_000))).toBe(false);
  expect(test(`${"a".repeat(10_000)}b`)).toBe(true);
}, 5_000);
