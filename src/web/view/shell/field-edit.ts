/** Changes of a text field's text that the browser's undo takes back. */

import { changedRange, type TextRange } from "../../input/text-change.ts";

/** Browsers need seconds to insert more. */
const UNDOABLE_LENGTH_MAX = 20_000;

/** Replaces a range as if the user had typed the text. */
export function replaceFieldText(
  field: HTMLTextAreaElement,
  { from, to }: TextRange,
  text: string,
): void {
  if (from === to && text === "") return;
  const isFocused = document.activeElement === field;
  if (isFocused && text.length <= UNDOABLE_LENGTH_MAX) {
    field.setSelectionRange(from, to);
    // Deprecated, but the only way to change a field together with the browser's undo.
    if (document.execCommand(text === "" ? "delete" : "insertText", false, text)) return;
  }
  field.setRangeText(text, from, to, "end");
  field.dispatchEvent(new InputEvent("input", { bubbles: true }));
}

/** Replaces the whole text by the smallest change. */
export function writeText(field: HTMLTextAreaElement, text: string): void {
  const range = changedRange(field.value, text);
  replaceFieldText(
    field,
    range,
    text.slice(range.from, text.length - (field.value.length - range.to)),
  );
  if (field.value !== text) field.value = text;
}
