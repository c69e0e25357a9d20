import { expect, test } from "bun:test";
import { AssertionFailure, assert, unreachable } from "../../src/base/assert.ts";

test("rejects a failed assertion and a value outside its type", () => {
  expect(() => assert(true, "all is well")).not.toThrow();
  expect(() => assert(0, "the sequence has a gap")).toThrow(AssertionFailure);
  expect(() => unreachable({ kind: "unheard" } as never)).toThrow("unheard");
});
