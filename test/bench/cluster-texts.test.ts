import { expect, test } from "bun:test";
import {
  countReadErrors,
  countTexts,
  parseTexts,
  type Text,
} from "../../tools/soak/cluster/texts.ts";

const textOf = (author: string, number: number, seq: number) => ({
  seq,
  text: `${author} ${number} x`,
});
const ANA = [textOf("ana", 0, 3), textOf("ana", 1, 5), textOf("ana", 2, 6)];
const HISTORY = ANA.toSpliced(1, 0, textOf("ben", 0, 4));
const GOOD = { lost: 0, doubled: 0, disordered: 0 };

test("finds texts among other records", () => {
  const lines = [
    '{"head":{"v":1,"seq":2,"kind":"join"},"body":{}}',
    '{"head":{"v":1,"seq":3,"kind":"text"},"body":{"text":"ana 0 x"}}',
    "",
  ];
  expect(parseTexts(lines.join("\n"))).toEqual([textOf("ana", 0, 3)]);
});

test("counts a text as lost if its seq differs", () => {
  const acked = [textOf("ana", 1, 5), textOf("ana", 0, 3), textOf("ana", 2, 6)];
  expect(countTexts("ana", acked, HISTORY)).toEqual(GOOD);
  expect(countTexts("ana", [textOf("ana", 3, 7)], HISTORY)).toEqual({ ...GOOD, lost: 1 });
  expect(countTexts("ana", [textOf("ana", 1, 6)], HISTORY)).toEqual({ ...GOOD, lost: 1 });
});

test("distinguishes duplicates from reordering", () => {
  const twice = [...HISTORY, textOf("ana", 1, 7)];
  expect(countTexts("ana", [], twice)).toEqual({ ...GOOD, doubled: 1 });
  const swapped = [textOf("ana", 1, 3), textOf("ana", 0, 4)];
  expect(countTexts("ana", [], swapped)).toEqual({ ...GOOD, disordered: 1 });
});

test("counts texts that a reader missed, repeated or reordered", () => {
  const [first, second, third, last] = HISTORY as [Text, Text, Text, Text];
  expect(countReadErrors(HISTORY, HISTORY, 0)).toBe(0);
  expect(countReadErrors([second, third, last], HISTORY, 0)).toBe(0);
  expect(countReadErrors([first, second, third], HISTORY, 0)).toBe(1);
  expect(countReadErrors([first, second, third, last, last], HISTORY, 0)).toBe(1);
  expect(countReadErrors([first, third, second, last], HISTORY, 0)).toBe(2);
  expect(countReadErrors([first, { ...second, text: "other" }, third, last], HISTORY, 0)).toBe(2);
});

test("accepts texts that a reader reports as omitted", () => {
  const [first, , , last] = HISTORY as [Text, Text, Text, Text];
  expect(countReadErrors([first, last], HISTORY, 2)).toBe(0);
  expect(countReadErrors([first, last], HISTORY, 1)).toBe(1);
});
