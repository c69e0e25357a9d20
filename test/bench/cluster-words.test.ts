import { expect, test } from "bun:test";
import { missedBy, type Text, textsOf, wordsOf } from "../../scripts/cluster/words.ts";

/** What the soak of a cluster makes of a history. */

const textOf = (who: string, number: number, seq: number) => ({ seq, text: `${who} ${number} x` });
const HISTORY = [
  textOf("ana", 0, 3),
  textOf("ben", 0, 4),
  textOf("ana", 1, 5),
  textOf("ana", 2, 6),
];
const GOOD = { lost: 0, doubled: 0, disordered: 0 };

test("texts are found among other records", () => {
  const lines = [
    '{"head":{"v":1,"seq":2,"kind":"join"},"body":{}}',
    '{"head":{"v":1,"seq":3,"kind":"text"},"body":{"text":"ana 0 x"}}',
    "",
  ];
  expect(textsOf(lines.join("\n"))).toEqual([textOf("ana", 0, 3)]);
});

test("a text counts as lost where it was not acknowledged, too", () => {
  const acked = [textOf("ana", 1, 5), textOf("ana", 0, 3), textOf("ana", 2, 6)];
  expect(wordsOf("ana", acked, HISTORY)).toEqual(GOOD);
  expect(wordsOf("ana", [textOf("ana", 3, 7)], HISTORY)).toEqual({ ...GOOD, lost: 1 });
  expect(wordsOf("ana", [textOf("ana", 1, 6)], HISTORY)).toEqual({ ...GOOD, lost: 1 });
});

test("twice and out of order are told apart", () => {
  const twice = [...HISTORY, textOf("ana", 1, 7)];
  expect(wordsOf("ana", [], twice)).toEqual({ ...GOOD, doubled: 1 });
  const swapped = [textOf("ana", 1, 3), textOf("ana", 0, 4)];
  expect(wordsOf("ana", [], swapped)).toEqual({ ...GOOD, disordered: 1 });
});

test("a reader is shown all from its first text on, once and in order", () => {
  const [first, second, third, last] = HISTORY as [Text, Text, Text, Text];
  expect(missedBy(HISTORY, HISTORY, 0)).toBe(0);
  expect(missedBy([second, third, last], HISTORY, 0)).toBe(0);
  expect(missedBy([first, second, third], HISTORY, 0)).toBe(1);
  expect(missedBy([first, second, third, last, last], HISTORY, 0)).toBe(1);
  expect(missedBy([first, third, second, last], HISTORY, 0)).toBe(2);
  expect(missedBy([first, { ...second, text: "other" }, third, last], HISTORY, 0)).toBe(2);
});

test("and may leave out what it says", () => {
  const [first, , , last] = HISTORY as [Text, Text, Text, Text];
  expect(missedBy([first, last], HISTORY, 2)).toBe(0);
  expect(missedBy([first, last], HISTORY, 1)).toBe(1);
});
