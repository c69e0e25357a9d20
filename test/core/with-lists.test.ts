import { expect, test } from "bun:test";
import { withLists } from "../../src/core/rooms/group-state.ts";

test("converts sets and maps to lists and keeps other fields", () => {
  const fields = {
    set: new Set([1]),
    map: new Map([["a", undefined]]),
    list: [2],
    none: undefined,
  };
  expect(withLists(fields)).toEqual({
    set: [1],
    map: [["a", undefined]],
    list: [2],
    none: undefined,
  });
});
