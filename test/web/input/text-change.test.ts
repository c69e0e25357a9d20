import { expect, test } from "bun:test";
import { changedRange, FieldTexts } from "../../../src/web/input/text-change.ts";

test.each([
  ["", "abc", [0, 0]],
  ["abc", "", [0, 3]],
  ["see @gu", "see @gurpreet ", [7, 7]],
  ["aa", "aaa", [2, 2]],
  ["aaa", "aa", [2, 3]],
  ["one two three", "one 2 three", [4, 7]],
  ["👍", "👎", [0, 2]],
  ["a👍b", "a👍👍b", [3, 3]],
  ["\u{1f44d}", "\u{1f84d}", [0, 2]],
  ["same", "same", [4, 4]],
] as const)("the change from %j to %j", (before, after, [from, to]) => {
  const range = changedRange(before, after);
  expect(range).toEqual({ from, to });
  const inserted = after.slice(from, after.length - (before.length - to));
  expect(before.slice(0, from) + inserted + before.slice(to)).toBe(after);
});

test("a field knows the texts that it has had", () => {
  const texts = new FieldTexts();
  for (const text of ["h", "hi", "hi 👍"]) texts.note(text);
  expect(["", "h", "hi", "hi 👍", "ih", "hi "].map((text) => texts.has(text))).toEqual([
    ...[true, true, true, true, false, false],
  ]);
  for (let n = 0; n < 30_000; n++) texts.note(`${n}`);
  expect(texts.has("too many to tell")).toBe(true);
});
