import { expect, test } from "bun:test";
import { nearNames, shorterQueries } from "../../../src/core/finder/near.ts";

const PEOPLE = ["Budi Kurniawan", "Bude", "ana", "Jonas Weber", "x-ray", "Müller"].map((name) => ({
  id: name,
  names: [name],
}));

test.each([
  ["buddi", ["Budi Kurniawan"]],
  ["bdui", ["Budi Kurniawan"]],
  ["budo", ["Budi Kurniawan", "Bude"]],
  ["kurniavan", ["Budi Kurniawan"]],
  ["jonas wbeer", ["Jonas Weber"]],
  ["MULLEr", ["Müller"]],
  ["mulle", ["Müller"]],
  ["rai", ["x-ray"]],
  ["an", []],
  ["zzz", []],
  ["", []],
  ["x".repeat(10_000), []],
])("a slip in %p", (query, expected) => {
  expect(nearNames(PEOPLE, query).map(({ id }) => id)).toEqual([...expected]);
});

test("offers five at most", () => {
  const many = Array.from({ length: 2_000 }, (_, i) => ({ id: `${i}`, names: [`user${i % 10}`] }));
  expect(nearNames(many, "usr7")).toHaveLength(5);
});

test("leaves out each word, phrase and filter", () => {
  expect(shorterQueries('plan "the volcano" from:ben')).toEqual([
    '"the volcano" from:ben',
    "plan from:ben",
    'plan "the volcano"',
  ]);
  expect(shorterQueries("plan")).toEqual([]);
  expect(shorterQueries("")).toEqual([]);
  expect(shorterQueries("w ".repeat(5_000))).toHaveLength(5);
});
