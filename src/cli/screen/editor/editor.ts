/** Immutable text editor. Edits never split a grapheme. */

import { EDITOR_LENGTH_MAX, UNDO_LENGTH_MAX, UNDO_STEPS_MAX } from "../../../base/limits-screen.ts";
import { cleanText, segmentsOf } from "../../../base/text.ts";
import { terminalWidths } from "../width/measured.ts";

export interface Editor {
  /** Lines are separated by `\n`. Tab is the only other control character. */
  readonly text: string;
  /** UTF-16 index of a grapheme boundary. */
  readonly cursor: number;
  readonly cutText: string;
  readonly past: readonly Snapshot[];
  readonly future: readonly Snapshot[];
  /** Consecutive edits of the same kind form one undo step or one cut text. */
  readonly lastEdit: EditKind;
  /** Column to which vertical movement returns; `undefined` for the cursor's column. */
  readonly column: number | undefined;
}

interface Snapshot {
  readonly text: string;
  readonly cursor: number;
}

type EditKind = "typing" | "deleting" | "killing" | "moving";

export const EMPTY_EDITOR: Editor = {
  text: "",
  cursor: 0,
  cutText: "",
  past: [],
  future: [],
  lastEdit: "moving",
  column: undefined,
};

export function editorOf(text: string): Editor {
  const clean = cleanTyped(text).slice(0, EDITOR_LENGTH_MAX).toWellFormed();
  return { ...EMPTY_EDITOR, text: clean, cursor: clean.length };
}

export function replaceText({ cutText }: Editor, text: string): Editor {
  return { ...editorOf(text), cutText };
}

/** Returns the editor unchanged if the text is too long. */
export function withText(editor: Editor, text: string): Editor {
  const clean = cleanTyped(text);
  return applyChange(editor, { text: clean, cursor: clean.length }, "moving");
}

function cleanTyped(text: string): string {
  return text
    .replaceAll(/\r\n?|[\u2028\u2029]/g, "\n")
    .replaceAll(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/g, "")
    .toWellFormed();
}

const ASCII = /^[\x20-\x7e\n]$/;

function previousBoundary(text: string, at: number): number {
  if (at <= 0) return 0;
  if (isPlain(text, at - 1) && isPlain(text, at - 2)) return at - 1;
  return segmentsOf(text).containing(at - 1)?.index ?? 0;
}

function nextBoundary(text: string, at: number): number {
  if (at >= text.length) return text.length;
  if (isPlain(text, at) && isPlain(text, at + 1)) return at + 1;
  const segment = segmentsOf(text).containing(at);
  return segment === undefined ? text.length : segment.index + segment.segment.length;
}

/** Neighbouring ASCII characters are always separate graphemes. */
function isPlain(text: string, at: number): boolean {
  return at < 0 || at >= text.length || ASCII.test(text[at] ?? "");
}

function snapToBoundary(text: string, at: number): number {
  const index = Math.max(0, Math.min(at, text.length));
  if (index === 0 || index === text.length) return index;
  if (isPlain(text, index - 1) && isPlain(text, index)) return index;
  const segment = segmentsOf(text).containing(index);
  if (segment === undefined || segment.index === index) return index;
  return segment.index + segment.segment.length;
}

interface Change {
  readonly text: string;
  readonly cursor: number;
}

function applyChange(editor: Editor, { text, cursor }: Change, kind: EditKind): Editor {
  if (text.length > EDITOR_LENGTH_MAX) return editor;
  const at = snapToBoundary(text, cursor);
  if (text === editor.text) return { ...editor, cursor: at, lastEdit: "moving", column: undefined };
  const isContinued = kind !== "moving" && kind === editor.lastEdit;
  const undoStack = isContinued ? editor.past : pushSnapshot(editor.past, editor);
  return {
    ...editor,
    text,
    cursor: at,
    past: undoStack,
    future: [],
    lastEdit: kind,
    column: undefined,
  };
}

function pushSnapshot(steps: readonly Snapshot[], { text, cursor }: Snapshot): readonly Snapshot[] {
  const snapshots = [...steps.slice(-(UNDO_STEPS_MAX - 1)), { text, cursor }];
  let length = snapshots.reduce((sum, snapshot) => sum + snapshot.text.length, 0);
  while (snapshots.length > 1 && length > UNDO_LENGTH_MAX)
    length -= snapshots.shift()?.text.length ?? 0;
  return snapshots;
}

export function insert(editor: Editor, inserted: string): Editor {
  const added = cleanTyped(inserted);
  if (added === "") return editor;
  const beginsWord = /^\S/.test(added) && /\s$/.test(editor.text.slice(0, editor.cursor));
  const from = beginsWord ? { ...editor, lastEdit: "moving" as const } : editor;
  const done = replace(from, editor.cursor, editor.cursor, added, "typing");
  return done === from ? editor : done;
}

export function replaceRange(editor: Editor, from: number, to: number, text: string): Editor {
  return replace(editor, from, to, cleanTyped(text), "moving");
}

function replace(editor: Editor, from: number, to: number, added: string, kind: EditKind): Editor {
  const { text } = editor;
  const result = text.slice(0, from) + added + text.slice(to);
  return applyChange(editor, { text: result, cursor: from + added.length }, kind);
}

const POSITIONS = {
  left: ({ text, cursor }) => previousBoundary(text, cursor),
  right: ({ text, cursor }) => nextBoundary(text, cursor),
  wordLeft: wordStart,
  wordRight: wordEnd,
  blankLeft: blankStart,
  lineStart: lineStartOf,
  lineEnd: lineEndOf,
  /** Moves to the start of the line, or from there to the end of the previous line. */
  lineStartOrBack: (editor) => {
    const start = lineStartOf(editor);
    return start === editor.cursor ? Math.max(0, start - 1) : start;
  },
  lineEndOrForward: (editor) => {
    const end = lineEndOf(editor);
    return end === editor.cursor ? Math.min(end + 1, editor.text.length) : end;
  },
  textStart: () => 0,
  textEnd: ({ text }) => text.length,
} as const satisfies Readonly<Record<string, (editor: Editor) => number>>;

type Position = keyof typeof POSITIONS;
type Edit = (editor: Editor) => Editor;

function rangeTo(editor: Editor, to: Position): readonly [number, number] {
  const at = POSITIONS[to](editor);
  return [Math.min(at, editor.cursor), Math.max(at, editor.cursor)];
}

export function moveTo(to: Position): Edit {
  return (editor) => withCursor(editor, POSITIONS[to](editor));
}

export function deleteTo(to: Position): Edit {
  return (editor) => replace(editor, ...rangeTo(editor, to), "", "deleting");
}

export function clear(editor: Editor): Editor {
  return applyChange(editor, { text: "", cursor: 0 }, "moving");
}

export function cutUntil(to: Position): Edit {
  return (editor) => {
    const [from, end] = rangeTo(editor, to);
    const piece = editor.text.slice(from, end);
    if (piece === "") return endEdit(editor);
    const isBackward = from < editor.cursor;
    const joined = isBackward ? piece + editor.cutText : editor.cutText + piece;
    const cutText = editor.lastEdit === "killing" ? joined.slice(0, EDITOR_LENGTH_MAX) : piece;
    return { ...replace(editor, from, end, "", "killing"), cutText };
  };
}

export function yank(editor: Editor): Editor {
  return replaceRange(editor, editor.cursor, editor.cursor, editor.cutText);
}

export function transpose(editor: Editor): Editor {
  const { text, cursor } = editor;
  const isAtLineEnd = cursor === lineEndOf(editor);
  const middle = isAtLineEnd ? previousBoundary(text, cursor) : cursor;
  const [from, to] = [
    previousBoundary(text, middle),
    isAtLineEnd ? cursor : nextBoundary(text, cursor),
  ];
  if (from === middle || middle === to) return editor;
  const [first, second] = [text.slice(from, middle), text.slice(middle, to)];
  if (first === "\n" || second === "\n") return editor;
  return replaceRange(editor, from, to, second + first);
}

export function changeWord(editor: Editor, letterCase: "upper" | "lower" | "capital"): Editor {
  const to = wordEnd(editor);
  const word = editor.text.slice(editor.cursor, to);
  const first = /[\p{L}\p{N}]/u.exec(word)?.index ?? 0;
  const capital = word.slice(0, first + 1).toUpperCase() + word.slice(first + 1).toLowerCase();
  const changed =
    letterCase === "capital"
      ? capital
      : letterCase === "upper"
        ? word.toUpperCase()
        : word.toLowerCase();
  return replaceRange(editor, editor.cursor, to, changed);
}

export function undo(editor: Editor): Editor {
  const last = editor.past.at(-1);
  if (last === undefined) return editor;
  const redoStack = pushSnapshot(editor.future, editor);
  return { ...endEdit(editor), ...last, past: editor.past.slice(0, -1), future: redoStack };
}

export function redo(editor: Editor): Editor {
  const next = editor.future.at(-1);
  if (next === undefined) return editor;
  const undoStack = pushSnapshot(editor.past, editor);
  return { ...endEdit(editor), ...next, past: undoStack, future: editor.future.slice(0, -1) };
}

function endEdit(editor: Editor): Editor {
  return { ...editor, lastEdit: "moving", column: undefined };
}

export function withCursor(editor: Editor, at: number): Editor {
  return { ...endEdit(editor), cursor: snapToBoundary(editor.text, at) };
}

function lineStartOf({ text, cursor }: Editor): number {
  return cursor === 0 ? 0 : text.lastIndexOf("\n", cursor - 1) + 1;
}

function lineEndOf({ text, cursor }: Editor): number {
  const at = text.indexOf("\n", cursor);
  return at < 0 ? text.length : at;
}

/** Same word characters as in readline. */
const WORD = /[\p{L}\p{N}\p{M}_]/u;

function wordStart({ text, cursor }: Editor): number {
  return skipBack(
    text,
    skipBack(text, cursor, (point) => !WORD.test(point)),
    (point) => WORD.test(point),
  );
}

function blankStart({ text, cursor }: Editor): number {
  return skipBack(
    text,
    skipBack(text, cursor, (point) => /\s/.test(point)),
    (point) => /\S/.test(point),
  );
}

function wordEnd({ text, cursor }: Editor): number {
  let at = cursor;
  const skip = (isWord: boolean) => {
    while (at < text.length) {
      const point = String.fromCodePoint(text.codePointAt(at) ?? 0);
      if (WORD.test(point) !== isWord) return;
      at += point.length;
    }
  };
  skip(false);
  skip(true);
  return snapToBoundary(text, at);
}

function skipBack(text: string, at: number, matches: (point: string) => boolean): number {
  let start = at;
  while (start > 0) {
    const isPair = /[\udc00-\udfff]/.test(text[start - 1] ?? "");
    const from = start - (isPair ? 2 : 1);
    if (!matches(text.slice(from, start))) break;
    start = from;
  }
  return start;
}

export interface VisualLine {
  readonly from: number;
  /** Exclusive. A trailing line feed is not part of the range. */
  readonly to: number;
}

/** If the last row is full, appends an empty row for the cursor. */
export function visualLines(text: string, columns: number): readonly VisualLine[] {
  const lines: VisualLine[] = [];
  let from = 0;
  let width = 0;
  for (const line of text.split("\n")) {
    width = wrap(line, from, Math.max(columns, 2), lines);
    from += line.length + 1;
  }
  if (width >= Math.max(columns, 2)) lines.push({ from: text.length, to: text.length });
  return lines;
}

function wrap(line: string, from: number, columns: number, into: VisualLine[]): number {
  if (/^[\x20-\x7e]*$/.test(line)) return wrapAscii(line, from, columns, into);
  let [start, width, at] = [0, 0, 0];
  for (const segment of graphemes(line)) {
    const columnsOfSegment = widthOf(segment);
    if (width + columnsOfSegment > columns && at > start) {
      into.push({ from: from + start, to: from + at });
      [start, width] = [at, 0];
    }
    width += columnsOfSegment;
    at += segment.length;
  }
  into.push({ from: from + start, to: from + at });
  return width;
}

/** Fast path for ASCII text, in which each character occupies one column. */
function wrapAscii({ length }: string, from: number, columns: number, into: VisualLine[]): number {
  let start = 0;
  for (; length - start > columns; start += columns) {
    into.push({ from: from + start, to: from + start + columns });
  }
  into.push({ from: from + start, to: from + length });
  return length - start;
}

function* graphemes(line: string): Iterable<string> {
  if (/^[\x20-\x7e]*$/.test(line)) yield* line;
  else for (const { segment } of segmentsOf(line)) yield segment;
}

export function visibleForm(grapheme: string): string {
  return grapheme === "\t" ? "  " : cleanText(grapheme);
}

function widthOf(grapheme: string): number {
  return terminalWidths.of(visibleForm(grapheme));
}

/** A cursor between two rows belongs to the lower row. */
function rowOf(lines: readonly VisualLine[], cursor: number): number {
  const at = lines.findLastIndex(({ from }) => from <= cursor);
  return Math.max(at, 0);
}

function columnsBetween(text: string, from: number, to: number): number {
  const piece = text.slice(from, to);
  if (/^[\x20-\x7e]*$/.test(piece)) return piece.length;
  let width = 0;
  for (const segment of graphemes(piece)) width += widthOf(segment);
  return width;
}

export function up(editor: Editor, columns: number): Editor | undefined {
  return vertical(editor, columns, -1);
}

export function down(editor: Editor, columns: number): Editor | undefined {
  return vertical(editor, columns, 1);
}

function vertical(editor: Editor, columns: number, by: 1 | -1): Editor | undefined {
  const lines = visualLines(editor.text, columns);
  const row = rowOf(lines, editor.cursor);
  const line = lines[row + by];
  if (line === undefined) return undefined;
  const start = lines[row]?.from ?? 0;
  const column = editor.column ?? columnsBetween(editor.text, start, editor.cursor);
  const isWrapped = lines[row + by + 1]?.from === line.to;
  const cursor = indexAt(editor.text, line, column, isWrapped);
  return { ...endEdit(editor), cursor, column };
}

/** Returns the end of the row if the column is beyond it. */
export function indexAtCell(
  text: string,
  lines: readonly VisualLine[],
  row: number,
  column: number,
): number {
  const line = lines[row];
  if (line === undefined) return text.length;
  return indexAt(text, line, Math.max(0, column), lines[row + 1]?.from === line.to);
}

/**
 * @param isWrapped whether the text continues in the next row, whose start is the end of this row
 */
function indexAt(
  text: string,
  { from, to }: VisualLine,
  column: number,
  isWrapped: boolean,
): number {
  let [width, at, last] = [0, from, from];
  for (const segment of graphemes(text.slice(from, to))) {
    const columnsOfSegment = widthOf(segment);
    if (width + columnsOfSegment > column) return at;
    width += columnsOfSegment;
    last = at;
    at += segment.length;
  }
  return isWrapped ? last : at;
}
