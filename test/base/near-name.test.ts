import { expect, test } from "bun:test";
import { nearestName } from "../../src/base/near-name.ts";

const NAMES = ["general", "generally", "tom", "ops", "Zoë-Raum"];

test.each([
  ["genral", "general"],
  ["gneeral", "general"],
  ["generale", "general"],
  ["toom", "tom"],
  ["ZOE-RAUM", "Zoë-Raum"],
  ["to", undefined],
  ["opz", "ops"],
  ["attic", undefined],
  ["", undefined],
] as const)("the name nearest to '%s' is %p", (typed, near) => {
  expect(nearestName(NAMES, typed)).toBe(near as string);
});

test("compares only names of about the same length", () => {
  const names = Array.from({ length: 10_000 }, (_, i) => "x".repeat(i));
  expect(nearestName(names, "xxxx")).toBe("xxxx");
});
