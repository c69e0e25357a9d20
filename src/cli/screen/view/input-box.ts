/** Input box. */

import { type Editor, indexAtCell, visibleForm, visualLines } from "../editor/editor.ts";
import { cutTo, graphemesOf, type Line, type Span, widthOf } from "./style.ts";

export interface InputBox {
  readonly lines: readonly Line[];
  readonly row: number;
  readonly column: number;
  readonly indexAt: (row: number, column: number) => number;
}

/** Maximum prompt width, as a divisor of the screen width. */
const PROMPT_FRACTION = 3;

export function inputColumns(prompt: string, columns: number): number {
  return Math.max(2, columns - widthOf(shortPrompt(prompt, columns)));
}

function shortPrompt(prompt: string, columns: number): string {
  const columnsMax = Math.max(0, Math.floor(columns / PROMPT_FRACTION));
  return widthOf(prompt) <= columnsMax
    ? prompt
    : `${cutTo(prompt.trimEnd(), columnsMax - 1)} `.slice(-columnsMax);
}

export interface InputBoxOptions {
  readonly prompt: string;
  readonly editor: Editor;
  readonly columns: number;
  readonly rows: number;
  readonly isSecret: boolean;
}

/** Scrolls to the cursor if the text has more rows than fit. */
export function inputBox({ prompt, editor, columns, rows, isSecret }: InputBoxOptions): InputBox {
  const promptText = shortPrompt(prompt, columns);
  const indent = widthOf(promptText);
  const width = Math.max(2, columns - indent);
  const text = isSecret ? "*".repeat(graphemesOf(editor.text).length) : editor.text;
  const before = editor.text.slice(0, editor.cursor);
  const cursor = isSecret ? graphemesOf(before).length : editor.cursor;
  const lines = visualLines(text, width);
  const at = Math.max(
    0,
    lines.findLastIndex(({ from }) => from <= cursor),
  );
  const top = Math.max(0, Math.min(at - rows + 1, lines.length - rows));
  const visibleLines = lines.slice(top, top + rows).map(({ from, to }, i): Line => {
    const first: Span =
      top + i === 0 ? { text: promptText, role: "prompt" } : { text: " ".repeat(indent) };
    return [first, { text: visibleText(text.slice(from, to), width) }];
  });
  const line = lines[at] ?? { from: 0, to: 0 };
  const column =
    indent + widthOf(graphemesOf(text.slice(line.from, cursor)).map(visibleForm).join(""));
  const indexAt = (row: number, column: number) => {
    const line = Math.max(0, Math.min(top + row, lines.length - 1));
    const index = indexAtCell(text, lines, line, column - indent);
    if (!isSecret) return index;
    return graphemesOf(editor.text).slice(0, index).join("").length;
  };
  return { lines: visibleLines, row: at - top, column: Math.min(column, columns - 1), indexAt };
}

function visibleText(text: string, columns: number): string {
  return cutTo(graphemesOf(text).map(visibleForm).join(""), columns);
}
