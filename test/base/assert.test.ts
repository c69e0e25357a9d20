import { expect, test } from "bun:test";
import { AssertionFailure, assert, unreachable } from "../../src/base/assert.ts";

test("a kept promise is silent, a broken one stops", () => {
  expect(() => assert(true, "all is well")).not.toThrow();
  expect(() => assert(0, "the sequence has no hole")).toThrow(
    new AssertionFailure("the sequence has no hole"),
  );
});

test("what the types exclude stops, too", () => {
  expect(() => unreachable({ kind: "unheard" } as never)).toThrow("unheard");
});
