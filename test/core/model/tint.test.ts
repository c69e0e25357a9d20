import { expect, test } from "bun:test";
import { tintOf } from "../../../src/core/model/tint.ts";

test("gives a name one colour in any spelling", () => {
  expect(tintOf("Ana")).toBe(tintOf("ana"));
});

test("uses all colours and no others", () => {
  const used = new Set(Array.from({ length: 500 }, (_, i) => tintOf(`user${i}`)));
  expect([...used].sort()).toEqual(Array.from({ length: 7 }, (_, i) => i));
});
