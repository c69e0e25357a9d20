import { expect, test } from "bun:test";
import fc from "fast-check";
import { isName } from "../../../src/base/names.ts";
import { formatRoute, isRouteHash, readRoute } from "../../../src/web/input/route.ts";

test.each([
  ["#/lobby", "lobby", undefined],
  ["#/lobby/", "lobby", undefined],
  ["#/lobby/184", "lobby", 184],
  ["#/@ana", "@ana", undefined],
  ["#/@ana/184", "@ana", 184],
  ["#/%40ana/184", "@ana", 184],
  ["#/lobby/9007199254740991", "lobby", 9_007_199_254_740_991],
])("%s names a place", (hash, target, seq) => {
  expect(readRoute(hash)).toEqual({ target, seq });
});

test.each([
  "",
  "#",
  "#/",
  "#/184",
  "#/lobby/184/9",
  "#/lobby/99999999999999999",
  "#/<b>",
  "#/%E2%80%AE",
  `#/${"a".repeat(33)}`,
  "#invite=/lobby",
  "#lobby",
])("%j names nothing", (hash) => {
  expect(readRoute(hash)).toBeUndefined();
});

test("round-trips routes, and rejects anything else", () => {
  const name = fc.stringMatching(/^[A-Za-z0-9_-]{1,32}$/).filter(isName);
  const seq = fc.option(fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }), { nil: undefined });
  fc.assert(
    fc.property(name, fc.boolean(), seq, (word, isPerson, at) => {
      const route = { target: isPerson ? `@${word}` : word, seq: at };
      const hash = formatRoute(route);
      expect(readRoute(hash)).toEqual(route);
      expect(isRouteHash(hash)).toBe(true);
    }),
  );
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^@?\w{1,40}(\/\d{1,20})?$/)), (text) => {
      const route = readRoute(`#/${text}`);
      if (route !== undefined) expect(isName(route.target.replace(/^@/, ""))).toBe(true);
    }),
  );
});
