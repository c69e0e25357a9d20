import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  EDITOR_LENGTH_MAX,
  UNDO_LENGTH_MAX,
  UNDO_STEPS_MAX,
} from "../../../../src/base/limits-screen.ts";
import {
  changeWord,
  clear,
  cursorPlace,
  cutBlankBack,
  cutToLineEnd,
  cutToLineStart,
  cutWordBack,
  cutWordForward,
  deleteBack,
  deleteForward,
  down,
  type Editor,
  EMPTY_EDITOR,
  editorOf,
  insert,
  left,
  lineEnd,
  lineStart,
  placed,
  redo,
  replaceRange,
  right,
  transpose,
  undo,
  up,
  visualLines,
  withText,
  wordLeft,
  wordRight,
  yank,
} from "../../../../src/cli/screen/editor/editor.ts";

/** `|` is the cursor. */
function at(marked: string): Editor {
  const index = marked.indexOf("|");
  return placed(editorOf(marked.replace("|", "")), index);
}

function shown({ text, cursor }: Editor): string {
  return `${text.slice(0, cursor)}|${text.slice(cursor)}`;
}

const FAMILY = "👨‍👩‍👧";

describe("readline's keys", () => {
  test.each<readonly [string, (editor: Editor) => Editor, string, string]>([
    ["left", left, "ab|", "a|b"],
    ["left at the beginning", left, "|ab", "|ab"],
    ["left over an emoji", left, `a${FAMILY}|`, `a|${FAMILY}`],
    ["left over an accent", left, "ae\u0301|", "a|e\u0301"],
    ["right over a flag", right, "|🇩🇪🇫🇷", "🇩🇪|🇫🇷"],
    ["right at the end", right, "ab|", "ab|"],
    ["a word to the left", wordLeft, "one two|", "one |two"],
    ["a word to the left of blanks", wordLeft, "one  |", "|one  "],
    ["a word to the left in Greek", wordLeft, "α βγ.|", "α |βγ."],
    ["a word to the right", wordRight, "|one two", "one| two"],
    ["a word to the right of a sign", wordRight, "one|, two", "one, two|"],
    ["a word to the right of an emoji", wordRight, `|${FAMILY} x y`, `${FAMILY} x| y`],
    ["the beginning of a line", lineStart, "a\nbc|d", "a\n|bcd"],
    ["the end of a line", lineEnd, "a|b\nc", "ab|\nc"],
    ["delete back", deleteBack, `x${FAMILY}|y`, "x|y"],
    ["delete back a line feed", deleteBack, "a\n|b", "a|b"],
    ["delete back at the beginning", deleteBack, "|a", "|a"],
    ["delete forward", deleteForward, "a|e\u0301b", "a|b"],
    ["delete forward at the end", deleteForward, "a|", "a|"],
    ["cut to a blank", cutBlankBack, "a b/c.d |e", "a |e"],
    ["cut to a blank at the beginning", cutBlankBack, "|a", "|a"],
    ["cut a word back", cutWordBack, "a b/c.d|", "a b/c.|"],
    ["cut a word forward", cutWordForward, "a| bc d", "a| d"],
    ["cut to the beginning", cutToLineStart, "a\nbc|d", "a\n|d"],
    ["cut to the beginning there", cutToLineStart, "a\n|b", "a|b"],
    ["cut to the end", cutToLineEnd, "a|b\nc", "a|\nc"],
    ["cut to the end there", cutToLineEnd, "a|\nc", "a|c"],
    ["swap", transpose, "a|b", "ba|"],
    ["swap at the end", transpose, "ab|", "ba|"],
    ["swap at the beginning", transpose, "|ab", "|ab"],
    ["swap over a line feed", transpose, "a\n|b", "a\n|b"],
    ["swap emoji", transpose, `a${FAMILY}|`, `${FAMILY}a|`],
    ["capitals", (editor) => changeWord(editor, "upper"), "a |bc d", "a BC| d"],
    ["small letters", (editor) => changeWord(editor, "lower"), "| ABC d", " abc| d"],
    ["a capital", (editor) => changeWord(editor, "capital"), "|aBC d", "Abc| d"],
    ["clear", clear, "ab|c", "|"],
  ])("%s", (_what, change, before, after) => {
    expect(shown(change(at(before)))).toBe(after);
  });

  test("what is cut in a row is yanked as one, in its order", () => {
    const cut = cutWordForward(cutWordBack(cutWordBack(at("a b c| d e"))));
    expect(shown(cut)).toBe("a | e");
    expect(cut.killed).toBe("b c d");
    expect(shown(yank(cut))).toBe("a b c d| e");
    expect(cutWordBack(left(cut)).killed).toBe("a");
    expect(yank(EMPTY_EDITOR)).toMatchObject({ text: "", cursor: 0 });
  });

  test("undo takes words back, redo gives them again, and what is typed then ends redo", () => {
    const typed = ["one", " ", "two", " ", "th"].reduce(insert, EMPTY_EDITOR);
    expect(undo(typed).text).toBe("one two ");
    expect(undo(undo(typed)).text).toBe("one ");
    expect(undo(undo(undo(undo(typed)))).text).toBe("");
    expect(redo(undo(typed))).toMatchObject({ text: "one two th", cursor: 10 });
    expect(redo(insert(undo(typed), "x")).text).toBe("one two x");
    expect(undo(EMPTY_EDITOR)).toBe(EMPTY_EDITOR);
    expect(redo(typed)).toBe(typed);
    expect(undo(clear(typed)).text).toBe("one two th");
    expect(undo(withText(typed, "other")).text).toBe("one two th");
  });
});

test("controls do not get in; lines end with a line feed", () => {
  expect(editorOf("a\r\nb\rc\u2028d\x1b[31m\x07\u009b\te").text).toBe("a\nb\nc\nd[31m\te");
  expect(insert(EMPTY_EDITOR, "\x1b").text).toBe("");
  expect(insert(EMPTY_EDITOR, "\ud800").text).toBe("\ufffd");
});

test("a mark typed before another joins it: the cursor stands behind both", () => {
  const before = placed(editorOf("\u0301x"), 0);
  expect(shown(insert(before, "e"))).toBe("e\u0301|x");
});

describe("rows of the screen", () => {
  const rows = (text: string, columns: number) =>
    visualLines(text, columns).map(({ from, to }) => text.slice(from, to));

  test.each([
    ["", 5, [""]],
    ["abcde", 5, ["abcde", ""]],
    ["abcde\nf", 5, ["abcde", "f"]],
    ["\t\ta", 4, ["\t\t", "a"]],
    ["abcdef", 5, ["abcde", "f"]],
    ["a\n\nb", 5, ["a", "", "b"]],
    ["漢字漢", 5, ["漢字", "漢"]],
    [`abcd${FAMILY}`, 5, ["abcd", FAMILY]],
    ["e\u0301e\u0301e\u0301", 2, ["e\u0301e\u0301", "e\u0301"]],
    ["ab", 1, ["ab", ""]],
  ])("%j in %i columns", (text, columns, expected) => {
    expect(rows(text, columns)).toEqual(expected);
  });

  test("the cursor stands where its row is", () => {
    expect(cursorPlace(at("abc|de"), 5)).toEqual({ row: 0, column: 3 });
    expect(cursorPlace(at("abcde|"), 5)).toEqual({ row: 1, column: 0 });
    expect(cursorPlace(at("abcde|f"), 5)).toEqual({ row: 1, column: 0 });
    expect(cursorPlace(at("漢|字"), 5)).toEqual({ row: 0, column: 2 });
    expect(cursorPlace(at("a\n|"), 5)).toEqual({ row: 1, column: 0 });
    // Two Hangul letters that are one grapheme, and four columns wide.
    expect(cursorPlace(at("ᄀ한|\n"), 2)).toEqual({ row: 0, column: 2 });
  });

  test("up and down keep the column over short rows, and end at the edges", () => {
    const first = at("abcd\nx\nabcd|");
    const second = up(first, 10);
    expect(second && shown(second)).toBe("abcd\nx|\nabcd");
    const third = second && up(second, 10);
    expect(third && shown(third)).toBe("abcd|\nx\nabcd");
    expect(third && up(third, 10)).toBeUndefined();
    expect(down(first, 10)).toBeUndefined();
    const wrapped = up(at("abcdefgh|"), 4);
    expect(wrapped && shown(wrapped)).toBe("abcd|efgh");
    const lower = down(at("ab|cdefgh"), 4);
    expect(lower && shown(lower)).toBe("abcdef|gh");
  });
});

const ODD = [
  ...["a", "B", " ", ".", "\n", "\t", "é", "e\u0301", "\u0301", "漢", "😀", FAMILY, "🇩🇪", "🇩"],
  ...["\u200d", "\ufe0f", "👍🏽", "\ud83d", "\r\n", "\x1b", "क्षि", "한", "\u1100", "\u1161"],
];
const CHANGES: readonly ((editor: Editor) => Editor)[] = [
  ...[left, right, wordLeft, wordRight, lineStart, lineEnd, deleteBack, deleteForward, clear],
  ...[cutBlankBack, cutWordBack, cutWordForward, cutToLineStart, cutToLineEnd, yank, transpose],
  ...[undo, redo, (editor: Editor) => up(editor, 7) ?? editor],
  (editor) => down(editor, 7) ?? editor,
  (editor) => changeWord(editor, "capital"),
  (editor) => withText(editor, "new"),
  (editor) => replaceRange(editor, left(editor).cursor, editor.cursor, "🇩🇪x"),
  ...ODD.map((text) => (editor: Editor) => insert(editor, text)),
];

const steps = fc.array(fc.nat({ max: CHANGES.length - 1 }), { maxLength: 60 });

function boundaries(text: string): ReadonlySet<number> {
  const segments = new Intl.Segmenter("und", { granularity: "grapheme" }).segment(text);
  return new Set([...[...segments].map(({ index }) => index), text.length]);
}

test("whatever is done, the cursor is on a boundary and the text is well-formed", () => {
  fc.assert(
    fc.property(steps, (numbers) => {
      let editor = EMPTY_EDITOR;
      for (const number of numbers) {
        editor = CHANGES[number]?.(editor) ?? editor;
        expect(boundaries(editor.text)).toContain(editor.cursor);
        expect(editor.text.isWellFormed()).toBe(true);
        expect(editor.text).not.toMatch(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/);
      }
    }),
    { numRuns: 1_000 },
  );
});

test("undo gives every text back, in turn, and redo every one again", () => {
  fc.assert(
    fc.property(steps, (numbers) => {
      let editor = EMPTY_EDITOR;
      for (const number of numbers) editor = CHANGES[number]?.(editor) ?? editor;
      const end = editor.text;
      const texts = editor.past.map(({ text }) => text);
      const taken: string[] = [];
      let count = 0;
      while (editor.past.length > 0) {
        editor = undo(editor);
        taken.unshift(editor.text);
        count++;
      }
      expect(taken).toEqual(texts);
      for (; count > 0; count--) editor = redo(editor);
      expect(editor.text).toBe(end);
    }),
    { numRuns: 500 },
  );
});

test("left and right are each other's way back; rows hold all of the text", () => {
  const text = fc.array(fc.constantFrom(...ODD), { maxLength: 30 }).map((all) => all.join(""));
  fc.assert(
    fc.property(text, fc.nat(), fc.integer({ min: 2, max: 20 }), (typed, place, columns) => {
      const all = editorOf(typed);
      const editor = placed(all, place % (all.text.length + 1));
      if (editor.cursor > 0) expect(right(left(editor)).cursor).toBe(editor.cursor);
      if (editor.cursor < all.text.length) expect(left(right(editor)).cursor).toBe(editor.cursor);
      const rows = visualLines(all.text, columns);
      let end = 0;
      for (const { from, to } of rows) {
        expect(all.text.slice(end, from)).toMatch(/^\n?$/);
        expect(to).toBeGreaterThanOrEqual(from);
        end = to;
      }
      expect(end).toBe(all.text.length);
      const { row, column } = cursorPlace(editor, columns);
      expect(row).toBeLessThan(rows.length);
      expect(column).toBeLessThanOrEqual(columns);
    }),
    { numRuns: 500 },
  );
});

describe("bounds", () => {
  test("a text of EDITOR_LENGTH_MAX is one, and a character more changes nothing", () => {
    const full = editorOf("x".repeat(EDITOR_LENGTH_MAX));
    expect(full.text).toHaveLength(EDITOR_LENGTH_MAX);
    expect(insert(full, "y").text).toBe(full.text);
    expect(editorOf("x".repeat(EDITOR_LENGTH_MAX + 1)).text).toHaveLength(EDITOR_LENGTH_MAX);
    expect(insert(deleteBack(full), "y").text.at(-1)).toBe("y");
  });

  test("undo keeps UNDO_STEPS_MAX steps", () => {
    let editor = EMPTY_EDITOR;
    for (let i = 0; i < UNDO_STEPS_MAX + 5; i++) editor = yank({ ...editor, killed: "x" });
    expect(editor.past).toHaveLength(UNDO_STEPS_MAX);
  });

  test("undo keeps UNDO_LENGTH_MAX characters", () => {
    const piece = "x".repeat(EDITOR_LENGTH_MAX / 2);
    let editor = editorOf(piece);
    for (let i = 0; i < 3 * (UNDO_LENGTH_MAX / piece.length); i++) {
      editor = withText(editor, `${piece.slice(1)}${i % 10}`);
    }
    const length = editor.past.reduce((sum, { text }) => sum + text.length, 0);
    expect(length).toBe(UNDO_LENGTH_MAX);
  });
});
