import { expect, test } from "bun:test";
import * as fc from "fast-check";
import { editorOf } from "../../../../src/cli/screen/editor/editor.ts";
import { inputBox } from "../../../../src/cli/screen/view/composition.ts";
import { textLines } from "../../../../src/cli/screen/view/message-text.ts";
import { lineWidth, type Span, type StyledLine } from "../../../../src/cli/screen/view/style.ts";
import { wrapSpans } from "../../../../src/cli/screen/view/wrap.ts";
import { sampleSize } from "../../../samples.ts";

const lines = (text: string, columns = 40, mark: readonly Span[] = []) =>
  textLines({ text, mentions: ["ana", "bob"], me: "ana", mark }, columns);
const letters = (text: string, columns?: number, mark?: readonly Span[]) =>
  lines(text, columns, mark).map((line) => line.map((span) => span.text).join(""));

test("converts nested markup into attributes", () => {
  expect(lines("**a *b*** ~~c~~ `d` @ana @bob #lobby")[0]).toEqual([
    { text: "a ", bold: true },
    { text: "b", bold: true, italic: true },
    { text: " " },
    { text: "c", strike: true },
    { text: " " },
    { text: "d", role: "code" },
    { text: " " },
    { text: "@ana", role: "call" },
    { text: " " },
    { text: "@bob", role: "mention" },
    { text: " " },
    { text: "#lobby", role: "mention" },
  ]);
});

test("indents quotes, lists and code", () => {
  const text = "so:\n> one two three\n- four five six\n  1. a\n```sh\n\tx\n```";
  expect(letters(text, 14)).toEqual([
    ...["so:", "▌ one two", "▌ three", "• four five", "  six", "  1. a", "sh", "          x"],
  ]);
});

test("appends a label to the last line or below the last block", () => {
  const mark = [{ text: " (edited)" }];
  expect(letters("a\nb", 20, mark)).toEqual(["a", "b (edited)"]);
  expect(letters("> a", 20, mark)).toEqual(["▌ a", " (edited)"]);
  expect(letters("", 20)).toEqual([""]);
});

test("displays the host of an encoded address", () => {
  expect(lines("https://ex%61mple.org/")[0]).toEqual([
    { text: "https://ex%61mple.org/", role: "link", link: "https://example.org/" },
    { text: " (example.org)", role: "mark" },
  ]);
});

const textOf = (line: StyledLine) => line.map(({ text }) => text).join("");
const wrapped = (text: string, columns: number) => wrapSpans([{ text }], columns).map(textOf);

test("expands tabs, and breaks scripts without spaces anywhere", () => {
  expect(wrapped("a\tb\tc", 20)).toEqual(["a       b       c"]);
  expect(wrapped("日本語の話題", 5)).toEqual(["日本", "語の", "話題"]);
  expect(wrapped("日本。語", 4)).toEqual(["日", "本。", "語"]);
  expect(wrapped("👨‍👩‍👧‍👦👨‍👩‍👧‍👦👨‍👩‍👧‍👦", 5)).toEqual(["👨‍👩‍👧‍👦👨‍👩‍👧‍👦", "👨‍👩‍👧‍👦"]);
});

const PARTS = ["a", "word", "日本", "e\u0301", "👍🏽", " ", "  ", "\n", "x".repeat(30), "-"];
const token = fc.constantFrom(...PARTS);
const spans = fc.array(
  fc.record({
    text: fc.array(token, { maxLength: 12 }).map((all) => all.join("")),
    role: fc.constantFrom("text", "link", "call"),
  }),
  { minLength: 1, maxLength: 6 },
);

test("keeps each line within the columns, and drops only blanks", () => {
  fc.assert(
    fc.property(spans, fc.integer({ min: 2, max: 40 }), (spans, columns) => {
      const lines = wrapSpans(spans, columns);
      for (const line of lines) expect(lineWidth(line)).toBeLessThanOrEqual(columns);
      const bare = (text: string) => text.replaceAll(/\s/g, "");
      expect(bare(lines.map(textOf).join(""))).toBe(bare(textOf(spans)));
    }),
    { numRuns: sampleSize(200, 1_000) },
  );
});

function box(text: string, cursor = text.length, change: { columns?: number; rows?: number } = {}) {
  const editor = { ...editorOf(""), text, cursor };
  const layout = inputBox({
    prompt: "#a> ",
    editor,
    columns: 14,
    rows: 3,
    isSecret: false,
    ...change,
  });
  return { lines: layout.lines.map(textOf), at: [layout.row, layout.column] };
}

test("places the cursor at the insertion point", () => {
  expect(box("hello")).toEqual({ lines: ["#a> hello"], at: [0, 9] });
  expect(box("hello", 0).at).toEqual([0, 4]);
  expect(box("日本")).toEqual({ lines: ["#a> 日本"], at: [0, 8] });
  expect(box("one\ntwo", 4)).toEqual({ lines: ["#a> one", "    two"], at: [1, 4] });
});

test("hides a secret, and cleans control characters", () => {
  const secret = { prompt: "> ", editor: editorOf("pass日"), columns: 20, rows: 1 };
  expect(inputBox({ ...secret, isSecret: true }).lines.map(textOf)).toEqual(["> *****"]);
  expect(box("a\u001b[2J").lines).toEqual(["#a> a␛[2J"]);
});
