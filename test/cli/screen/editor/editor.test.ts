import { describe, expect, test } from "bun:test";
import {
  EDITOR_LENGTH_MAX,
  UNDO_LENGTH_MAX,
  UNDO_STEPS_MAX,
} from "../../../../src/base/limits-screen.ts";
import {
  changeWord,
  clear,
  cutUntil,
  deleteTo,
  type Editor,
  EMPTY_EDITOR,
  editorOf,
  insert,
  moveTo,
  redo,
  transpose,
  undo,
  visualLines,
  withCursor,
  withText,
  yank,
} from "../../../../src/cli/screen/editor/editor.ts";

/** Creates an editor with `|` as the cursor. */
function at(marked: string): Editor {
  const index = marked.indexOf("|");
  return withCursor(editorOf(marked.replace("|", "")), index);
}

function markCursor({ text, cursor }: Editor): string {
  return `${text.slice(0, cursor)}|${text.slice(cursor)}`;
}

const FAMILY = "👨‍👩‍👧";

describe("readline's keys", () => {
  test.each<readonly [string, (editor: Editor) => Editor, string, string]>([
    ["left", moveTo("left"), "ab|", "a|b"],
    ["right over a flag", moveTo("right"), "|🇩🇪🇫🇷", "🇩🇪|🇫🇷"],
    ["a word to the left", moveTo("wordLeft"), "one two|", "one |two"],
    ["a word to the right", moveTo("wordRight"), "|one two", "one| two"],
    ["the beginning of a line", moveTo("lineStart"), "a\nbc|d", "a\n|bcd"],
    ["the end of a line", moveTo("lineEnd"), "a|b\nc", "ab|\nc"],
    ["delete back", deleteTo("left"), `x${FAMILY}|y`, "x|y"],
    ["delete forward", deleteTo("right"), "a|e\u0301b", "a|b"],
    ["cut to a blank", cutUntil("blankLeft"), "a b/c.d |e", "a |e"],
    ["cut a word back", cutUntil("wordLeft"), "a b/c.d|", "a b/c.|"],
    ["cut a word forward", cutUntil("wordRight"), "a| bc d", "a| d"],
    ["cut to the beginning", cutUntil("lineStartOrBack"), "a\nbc|d", "a\n|d"],
    ["cut to the end", cutUntil("lineEndOrForward"), "a|b\nc", "a|\nc"],
    ["swap", transpose, "a|b", "ba|"],
    ["swap emoji", transpose, `a${FAMILY}|`, `${FAMILY}a|`],
    ["capitals", (editor) => changeWord(editor, "upper"), "a |bc d", "a BC| d"],
    ["a capital", (editor) => changeWord(editor, "capital"), "|aBC d", "Abc| d"],
    ["clear", clear, "ab|c", "|"],
  ])("%s", (_what, change, before, after) => {
    expect(markCursor(change(at(before)))).toBe(after);
  });

  test("yanks consecutive cuts as one text", () => {
    const back = cutUntil("wordLeft");
    const cut = cutUntil("wordRight")(back(back(at("a b c| d e"))));
    expect(markCursor(cut)).toBe("a | e");
    expect(cut.cutText).toBe("b c d");
    expect(markCursor(yank(cut))).toBe("a b c d| e");
    expect(back(moveTo("left")(cut)).cutText).toBe("a");
    expect(yank(EMPTY_EDITOR)).toMatchObject({ text: "", cursor: 0 });
  });

  test("undo removes words, redo restores them, and typing clears redo", () => {
    const editor = ["one", " ", "two", " ", "th"].reduce(insert, EMPTY_EDITOR);
    expect(undo(editor).text).toBe("one two ");
    expect(undo(undo(editor)).text).toBe("one ");
    expect(undo(undo(undo(undo(editor)))).text).toBe("");
    expect(redo(undo(editor))).toMatchObject({ text: "one two th", cursor: 10 });
    expect(redo(insert(undo(editor), "x")).text).toBe("one two x");
    expect(undo(EMPTY_EDITOR)).toBe(EMPTY_EDITOR);
    expect(redo(editor)).toBe(editor);
    expect(undo(clear(editor)).text).toBe("one two th");
    expect(undo(withText(editor, "other")).text).toBe("one two th");
  });
});

test("removes control characters and normalises line ends", () => {
  expect(editorOf("a\r\nb\rc\u2028d\x1b[31m\x07\u009b\te").text).toBe("a\nb\nc\nd[31m\te");
  expect(insert(EMPTY_EDITOR, "\x1b").text).toBe("");
  expect(insert(EMPTY_EDITOR, "\ud800").text).toBe("\ufffd");
});

describe("rows of the screen", () => {
  const rows = (text: string, columns: number) =>
    visualLines(text, columns).map(({ from, to }) => text.slice(from, to));

  test.each([
    ["", 5, [""]],
    ["abcde", 5, ["abcde", ""]],
    ["abcdef", 5, ["abcde", "f"]],
    ["a\n\nb", 5, ["a", "", "b"]],
    ["漢字漢", 5, ["漢字", "漢"]],
    [`abcd${FAMILY}`, 5, ["abcd", FAMILY]],
    ["ab", 1, ["ab", ""]],
  ])("%j in %i columns", (text, columns, expected) => {
    expect(rows(text, columns)).toEqual(expected);
  });
});

describe("bounds", () => {
  test("accepts EDITOR_LENGTH_MAX characters and rejects a longer text", () => {
    const full = editorOf("x".repeat(EDITOR_LENGTH_MAX));
    expect(full.text).toHaveLength(EDITOR_LENGTH_MAX);
    expect(insert(full, "y").text).toBe(full.text);
    expect(editorOf("x".repeat(EDITOR_LENGTH_MAX + 1)).text).toHaveLength(EDITOR_LENGTH_MAX);
    expect(insert(deleteTo("left")(full), "y").text.at(-1)).toBe("y");
  });

  test("undo keeps UNDO_STEPS_MAX steps and UNDO_LENGTH_MAX characters", () => {
    let editor = EMPTY_EDITOR;
    for (let i = 0; i < UNDO_STEPS_MAX + 5; i++) editor = yank({ ...editor, cutText: "x" });
    expect(editor.past).toHaveLength(UNDO_STEPS_MAX);
    const piece = "x".repeat(EDITOR_LENGTH_MAX / 2);
    editor = editorOf(piece);
    for (let i = 0; i < 3 * (UNDO_LENGTH_MAX / piece.length); i++) {
      editor = withText(editor, `${piece.slice(1)}${i % 10}`);
    }
    const length = editor.past.reduce((sum, { text }) => sum + text.length, 0);
    expect(length).toBe(UNDO_LENGTH_MAX);
  });
});
