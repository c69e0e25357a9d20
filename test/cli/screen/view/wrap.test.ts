import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { type Line, lineWidth } from "../../../../src/cli/screen/view/style.ts";
import { wrapSpans } from "../../../../src/cli/screen/view/wrap.ts";

const textOf = (line: Line) => line.map(({ text }) => text).join("");
const wrapped = (text: string, columns: number) => wrapSpans([{ text }], columns).map(textOf);

test("lines break between words, and inside of one that is too long", () => {
  expect(wrapped("one two three", 7)).toEqual(["one two", "three"]);
  expect(wrapped("one two", 7)).toEqual(["one two"]);
  expect(wrapped("a longer-than-that", 8)).toEqual(["a longer", "-than-th", "at"]);
  expect(wrapped("", 8)).toEqual([""]);
  expect(wrapped("a\n\n  b", 8)).toEqual(["a", "", "  b"]);
});

test("a word of several spans is not broken between them", () => {
  const spans = [{ text: "see " }, { text: "there", role: "link" as const }, { text: "." }];
  expect(wrapSpans(spans, 9).map(textOf)).toEqual(["see", "there."]);
  expect(wrapSpans(spans, 10)).toHaveLength(1);
});

test("tabs lead to every eighth column, and scripts without spaces break anywhere", () => {
  expect(wrapped("a\tb\tc", 20)).toEqual(["a       b       c"]);
  expect(wrapped("日本語の話題", 5)).toEqual(["日本", "語の", "話題"]);
  expect(wrapped("日本。語", 4)).toEqual(["日", "本。", "語"]);
  expect(wrapped("👨‍👩‍👧‍👦👨‍👩‍👧‍👦👨‍👩‍👧‍👦", 5)).toEqual(["👨‍👩‍👧‍👦👨‍👩‍👧‍👦", "👨‍👩‍👧‍👦"]);
});

const part = fc.constantFrom(
  "a",
  "word",
  "日本",
  "e\u0301",
  "👍🏽",
  " ",
  "  ",
  "\n",
  "x".repeat(30),
  "-",
);
const spans = fc.array(
  fc.record({
    text: fc.array(part, { maxLength: 12 }).map((all) => all.join("")),
    role: fc.constantFrom("text", "link", "call"),
  }),
  { minLength: 1, maxLength: 6 },
);

test("no line is too wide, and nothing but spaces at its end is lost", () => {
  fc.assert(
    fc.property(spans, fc.integer({ min: 2, max: 40 }), (spans, columns) => {
      const lines = wrapSpans(spans, columns);
      for (const line of lines) expect(lineWidth(line)).toBeLessThanOrEqual(columns);
      const bare = (text: string) => text.replaceAll(/\s/g, "");
      expect(bare(lines.map(textOf).join(""))).toBe(bare(textOf(spans)));
    }),
    { numRuns: 500 },
  );
});

test("roles and addresses stay with their words", () => {
  const link = "https://example.org/";
  const lines = wrapSpans([{ text: "go " }, { text: "x".repeat(12), role: "link", link }], 8);
  expect(lines.flat().filter((span) => span.link === link)).toHaveLength(2);
  expect(
    lines.flat().every(({ role }, i) => (i === 0 ? role === undefined : role === "link")),
  ).toBe(true);
});
