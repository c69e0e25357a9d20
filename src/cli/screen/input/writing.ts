/** Keys of the input: typing, sending, completion and history. */

import { isCaption } from "../../../core/model/selectors.ts";
import { dropped, NOTHING } from "../../../ui/text/writing.ts";
import {
  changeWord,
  clear,
  cutTo,
  deleteTo,
  down,
  type Editor,
  insert,
  moveTo,
  redo,
  replaceRange,
  restarted,
  transpose,
  undo,
  up,
  withText,
  yank,
} from "../editor/editor.ts";
import type { Act } from "../state/act.ts";
import type { Completion, Recall, ScreenState } from "../state/screen-state.ts";
import { chosen, offerAt } from "./completion.ts";
import { activeEditor, withEditor } from "./field.ts";
import {
  acting,
  changed,
  draftAct,
  draftNow,
  type Handler,
  keptDraft,
  type Parts,
  type Updated,
} from "./parts.ts";

/** Edits the active text. `undefined` if there is none. */
function editing(change: (editor: Editor) => Editor): Handler {
  return (state, parts) => {
    const editor = activeEditor(state);
    return editor === undefined ? undefined : withEditor(state, change(editor), parts);
  };
}

/** Applies only where it changes something; otherwise the chord may mean something else. */
function editingIf(applies: (editor: Editor) => boolean, handler: Handler): Handler {
  return (state, parts) => {
    const editor = activeEditor(state);
    return editor !== undefined && applies(editor) ? handler(state, parts) : undefined;
  };
}

function isInput({ overlay, question }: ScreenState): boolean {
  return overlay === undefined && question === undefined;
}

function onInput(handler: Handler): Handler {
  return (state, parts) => (isInput(state) ? handler(state, parts) : undefined);
}

export const WRITING = {
  send: onInput(sent),
  "new-line": onInput(editing((editor) => insert(editor, "\n"))),
  complete: onInput((state, parts) => completed(state, 1, parts)),
  "complete-back": onInput((state, parts) => completed(state, -1, parts)),
  "history-back": onInput((state, parts) => vertical(state, "back", parts)),
  "history-forward": onInput((state, parts) => vertical(state, "forward", parts)),
  "cursor-left": editing(moveTo("left")),
  "cursor-right": editingIf(({ text }) => text !== "", editing(moveTo("right"))),
  "word-left": editing(moveTo("wordLeft")),
  "word-right": editing(moveTo("wordRight")),
  "line-start": editing(moveTo("lineStart")),
  "line-end": editing(moveTo("lineEnd")),
  "text-start": editing(moveTo("textStart")),
  "text-end": editing(moveTo("textEnd")),
  "delete-back": editing(deleteTo("left")),
  "delete-forward": editingIf(({ text }) => text !== "", editing(deleteTo("right"))),
  "cut-word-back": editing(cutTo("wordLeft")),
  "cut-word": editing(cutTo("wordRight")),
  "cut-blank-back": editing(cutTo("blankLeft")),
  "cut-to-start": editing(cutTo("lineStartOrBack")),
  "cut-to-end": (state, parts) => {
    // In a list the chord has no other meaning.
    const applies = ({ text, cursor }: Editor) => !isInput(state) || cursor < text.length;
    return editingIf(applies, editing(cutTo("lineEndOrForward")))(state, parts);
  },
  yank: editing(yank),
  transpose: editing(transpose),
  undo: editing(undo),
  redo: editing(redo),
  "upper-word": editing((editor) => changeWord(editor, "upper")),
  "lower-word": editing((editor) => changeWord(editor, "lower")),
  "capital-word": editing((editor) => changeWord(editor, "capital")),
} satisfies Record<string, Handler>;

/** Inserts characters that were typed, or pasted in one line. */
export const typing = (text: string): Handler => editing((editor) => insert(editor, text));

function sent(state: ScreenState, parts: Parts): Updated {
  const { model, rows } = parts;
  const { text } = state.editor;
  const kept = keptDraft(model);
  const { re, edits } = kept ?? {};
  if (text.trim() === "" && !isCaption(model, kept ?? {})) return acting(state);
  const enter: Act = {
    kind: "enter",
    text,
    ...(re === undefined ? {} : { re }),
    ...(edits === undefined ? {} : { edits }),
  };
  const next = kept?.before ?? NOTHING;
  const newest: readonly Act[] = rows.hasNewer ? [{ kind: "bottom" }] : [];
  const change = {
    editor: restarted(state.editor, next.text),
    completion: undefined,
    recall: undefined,
    scroll: undefined,
  };
  return changed(state, change, enter, ...draftAct(model, next), ...newest);
}

/** Cancels an answer or edit, and restores the draft that the text interrupted. */
export function letGo(state: ScreenState, { model }: Parts): Updated | undefined {
  const kept = keptDraft(model) ?? NOTHING;
  const { re, edits, before } = kept;
  if (re === undefined && edits === undefined && before === undefined) return undefined;
  const next = before ?? dropped(draftNow(state, model));
  const editor = withText(state.editor, next.text);
  return changed(state, { editor, recall: undefined }, ...draftAct(model, next));
}

/** Clears the line; undo restores it. */
export function cleared(state: ScreenState, parts: Parts): Updated | undefined {
  if (state.editor.text === "" && state.recall === undefined) return letGo(state, parts);
  return changed(state, { editor: clear(state.editor), completion: undefined, recall: undefined });
}

function completed(state: ScreenState, by: 1 | -1, parts: Parts): Updated | undefined {
  const { completion, editor } = state;
  if (completion !== undefined) {
    const count = completion.candidates.length;
    const at = (completion.at + by + count) % count;
    return changed(state, { ...chosen(editor, completion, at), recall: undefined });
  }
  if (by < 0) return acting(state);
  const offer = offerAt(editor, { ...parts.source, model: parts.model });
  switch (offer.kind) {
    case "folder":
      return acting(state, { kind: "list-folder", path: offer.path });
    case "some":
      return changed(state, { ...offered(editor, offer.completion), recall: undefined });
    default:
      return acting(state);
  }
}

/** A single candidate needs no list. */
function offered(editor: Editor, completion: Completion): Partial<ScreenState> {
  const first = chosen(editor, completion, 0);
  return completion.candidates.length > 1 ? first : { editor: first.editor };
}

/** Restores the text from before Tab. */
export function uncompleted(state: ScreenState): Updated | undefined {
  const { completion, editor } = state;
  if (completion === undefined) return undefined;
  const { from, to, typed } = completion;
  return changed(state, { editor: replaceRange(editor, from, to, typed), completion: undefined });
}

function vertical(state: ScreenState, to: "back" | "forward", parts: Parts): Updated | undefined {
  const { editor } = state;
  const { inputColumns } = parts.layout;
  const moved = to === "back" ? up(editor, inputColumns) : down(editor, inputColumns);
  if (moved !== undefined) return changed(state, { editor: moved, completion: undefined });
  return recalled(state, to === "back" ? 1 : -1, parts);
}

function recalled(state: ScreenState, by: 1 | -1, { typed }: Parts): Updated {
  const { recall, editor } = state;
  const back = (recall?.back ?? -1) + by;
  if (back >= typed.length || back < -1) return acting(state);
  const before = recall?.typed ?? editor.text;
  const text = back < 0 ? before : (typed[typed.length - 1 - back] ?? "");
  const next: Recall | undefined = back < 0 ? undefined : { back, typed: before };
  const put = { ...restarted(editor, text), past: editor.past };
  return changed(state, { editor: put, recall: next, completion: undefined });
}
