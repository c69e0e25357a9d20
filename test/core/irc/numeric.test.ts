import { expect, test } from "bun:test";
import { ERR, RPL } from "../../../src/core/irc/numeric.ts";

test("numerics have three digits and one meaning", () => {
  const numerics = [...Object.values(RPL), ...Object.values(ERR)];
  for (const numeric of numerics) expect(numeric).toMatch(/^\d{3}$/);
  expect(new Set(numerics).size).toBe(numerics.length);
});
