import { expect, test } from "bun:test";
import { editorOf } from "../../../../src/cli/screen/editor/editor.ts";
import { inputBox, inputColumns } from "../../../../src/cli/screen/view/input-box.ts";
import type { Line } from "../../../../src/cli/screen/view/style.ts";

const textOf = (line: Line) => line.map(({ text }) => text).join("");

function box(text: string, cursor = text.length, change: { columns?: number; rows?: number } = {}) {
  const editor = { ...editorOf(""), text, cursor };
  const made = inputBox({
    ...{ prompt: "#a> ", editor, columns: 14, rows: 3, isSecret: false, ...change },
  });
  return { lines: made.lines.map(textOf), at: [made.row, made.column] };
}

test("the cursor stands where the next letter goes", () => {
  expect(box("hello")).toEqual({ lines: ["#a> hello"], at: [0, 9] });
  expect(box("hello", 0).at).toEqual([0, 4]);
  expect(box("日本")).toEqual({ lines: ["#a> 日本"], at: [0, 8] });
  expect(box("one\ntwo", 4)).toEqual({ lines: ["#a> one", "    two"], at: [1, 4] });
});

test("a long text goes on below, and scrolls with the cursor beyond the bound", () => {
  const text = "0123456789abcdefghij0123456789klmno";
  expect(box(text).lines).toEqual(["    abcdefghij", "    0123456789", "    klmno"]);
  expect(box(text, 0).lines[0]).toBe("#a> 0123456789");
  expect(box(text, 0).at).toEqual([0, 4]);
});

test("what is secret is not shown, and what controls a terminal is shown as a picture", () => {
  const secret = { prompt: "> ", editor: editorOf("pass日"), columns: 20, rows: 1 };
  expect(inputBox({ ...secret, isSecret: true }).lines.map(textOf)).toEqual(["> *****"]);
  expect(box("a\u001b[2J").lines).toEqual(["#a> a␛[2J"]);
});

test("a long prompt leaves two thirds of the line", () => {
  expect(inputColumns("#a-room-with-a-long-name> ", 30)).toBe(20);
  expect(inputColumns("#a> ", 30)).toBe(26);
});
