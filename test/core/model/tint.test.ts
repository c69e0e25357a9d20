import { expect, test } from "bun:test";
import { tintOf } from "../../../src/core/model/tint.ts";

test("a name has one colour, however it is spelled", () => {
  expect(tintOf("Ana")).toBe(tintOf("ana"));
});

test("all colours are used, and none else", () => {
  const used = new Set(Array.from({ length: 500 }, (_, i) => tintOf(`user${i}`)));
  expect([...used].sort()).toEqual(Array.from({ length: 7 }, (_, i) => i));
});
