import { expect, test } from "bun:test";
import { Fault, msg } from "../../src/base/fault.ts";
import { didYouMean, nearestName, proposedBy } from "../../src/base/near-name.ts";

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

test("a refusal proposes the name of its remedy, and no other text", () => {
  const refused = (remedy?: ReturnType<typeof msg> | string) =>
    proposedBy(new Fault("room-unknown", msg`no room named 'genral'`, { remedy }));
  expect(refused(didYouMean("general"))).toBe("general");
  expect(refused("did you mean 'general'?")).toBeUndefined();
  expect(refused(msg`list them: ${"general"}`)).toBeUndefined();
  expect(refused(didYouMean("a b\u001b[31m"))).toBeUndefined();
  expect(refused()).toBeUndefined();
});
