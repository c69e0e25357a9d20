import { expect, test } from "bun:test";
import type { Span } from "../../../../src/cli/screen/view/style.ts";
import { textLines } from "../../../../src/cli/screen/view/words.ts";

const lines = (text: string, columns = 40, mark: readonly Span[] = []) =>
  textLines({ text, mentions: ["ana", "bob"], me: "ana", mark }, columns);
const letters = (text: string, columns?: number, mark?: readonly Span[]) =>
  lines(text, columns, mark).map((line) => line.map((span) => span.text).join(""));

test("a line has its marks as attributes, in each other too", () => {
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

test("what stands in a block stands behind its sign, on further lines too", () => {
  const text = "so:\n> one two three\n- four five six\n  1. a\n```sh\n\tx\n```";
  expect(letters(text, 14)).toEqual([
    ...["so:", "▌ one two", "▌ three", "• four five", "  six", "  1. a", "sh", "          x"],
  ]);
});

test("a narrow screen has the words alone", () => {
  expect(letters("> one\n- two", 8)).toEqual(["one", "two"]);
});

test("what is said of it stands behind its last line, or below its last block", () => {
  const mark = [{ text: " (edited)" }];
  expect(letters("a\nb", 20, mark)).toEqual(["a", "b (edited)"]);
  expect(letters("> a", 20, mark)).toEqual(["▌ a", " (edited)"]);
  expect(letters("", 20)).toEqual([""]);
});

test("an address says where it leads where its letters do not", () => {
  expect(lines("https://ex%61mple.org/")[0]).toEqual([
    { text: "https://ex%61mple.org/", role: "link", link: "https://example.org/" },
    { text: " (example.org)", role: "mark" },
  ]);
});
