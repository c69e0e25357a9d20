/** Key handlers for typing, sending, completion and history. */

import { defined } from "../../../base/values.ts";
import { isCaption } from "../../../core/model/selectors.ts";
import { EMPTY_DRAFT, withoutReference } from "../../../ui/text/draft.ts";
import {
  changeWord,
  clear,
  cutUntil,
  deleteTo,
  down,
  type Editor,
  insert,
  moveTo,
  redo,
  replaceRange,
  replaceText,
  transpose,
  undo,
  up,
  withText,
  yank,
} from "../editor/editor.ts";
import type { Action, Completion, Recall, ScreenState } from "../state/screen-state.ts";
import { applyCandidate, offerAt } from "./completion.ts";
import { activeEditor, withEditor } from "./fields.ts";
import {
  currentDraft,
  draftActions,
  type HandlerContext,
  type KeyHandler,
  storedDraft,
  type UpdateResult,
  withActions,
  withChange,
} from "./handler.ts";

function editing(change: (editor: Editor) => Editor): KeyHandler {
  return (state, context) => {
    const editor = activeEditor(state);
    return editor === undefined ? undefined : withEditor(state, change(editor), context);
  };
}

/**
 * Restricts a handler to editors on which it has an effect, so that otherwise the chord's next
 * command runs.
 */
function editingIf(applies: (editor: Editor) => boolean, handler: KeyHandler): KeyHandler {
  return (state, context) => {
    const editor = activeEditor(state);
    return editor !== undefined && applies(editor) ? handler(state, context) : undefined;
  };
}

function isInput({ overlay, question }: ScreenState): boolean {
  return overlay === undefined && question === undefined;
}

function onInput(handler: KeyHandler): KeyHandler {
  return (state, context) => (isInput(state) ? handler(state, context) : undefined);
}

export const WRITING = {
  send: onInput(send),
  "new-line": onInput(editing((editor) => insert(editor, "\n"))),
  complete: (state, context) => complete(state, 1, context),
  "complete-back": (state, context) => complete(state, -1, context),
  "history-back": onInput((state, context) => moveVertically(state, "back", context)),
  "history-forward": onInput((state, context) => moveVertically(state, "forward", context)),
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
  "cut-word-back": editing(cutUntil("wordLeft")),
  "cut-word": editing(cutUntil("wordRight")),
  "cut-blank-back": editing(cutUntil("blankLeft")),
  "cut-to-start": editing(cutUntil("lineStartOrBack")),
  "cut-to-end": (state, context) => {
    // In a list, this chord has no second command, so the handler always applies.
    const applies = ({ text, cursor }: Editor) => !isInput(state) || cursor < text.length;
    return editingIf(applies, editing(cutUntil("lineEndOrForward")))(state, context);
  },
  yank: editing(yank),
  transpose: editing(transpose),
  undo: editing(undo),
  redo: editing(redo),
  "upper-word": editing((editor) => changeWord(editor, "upper")),
  "lower-word": editing((editor) => changeWord(editor, "lower")),
  "capital-word": editing((editor) => changeWord(editor, "capital")),
} satisfies Record<string, KeyHandler>;

export const typing = (text: string): KeyHandler => editing((editor) => insert(editor, text));

function send(state: ScreenState, context: HandlerContext): UpdateResult {
  const { model, rows } = context;
  const { text } = state.editor;
  const stored = storedDraft(model);
  const { re, edits } = stored ?? {};
  if (text.trim() === "" && !isCaption(model, stored ?? {})) return withActions(state);
  const enter: Action = defined({ kind: "enter", text, re, edits });
  const next = stored?.before ?? EMPTY_DRAFT;
  const newest: readonly Action[] = rows.hasNewer ? [{ kind: "bottom" }] : [];
  const change = {
    editor: replaceText(state.editor, next.text),
    completion: undefined,
    recall: undefined,
    scroll: undefined,
    highlighted: undefined,
    walk: undefined,
  };
  return withChange(state, change, enter, ...draftActions(model, next), ...newest);
}

export function cancelReply(
  state: ScreenState,
  { model }: HandlerContext,
): UpdateResult | undefined {
  const stored = storedDraft(model) ?? EMPTY_DRAFT;
  const { re, edits, before } = stored;
  if (re === undefined && edits === undefined && before === undefined) return undefined;
  const next = before ?? withoutReference(currentDraft(state, model));
  const editor = withText(state.editor, next.text);
  return withChange(state, { editor, recall: undefined }, ...draftActions(model, next));
}

export function clearLine(state: ScreenState, context: HandlerContext): UpdateResult | undefined {
  if (state.editor.text === "" && state.recall === undefined) return cancelReply(state, context);
  return withChange(state, {
    editor: clear(state.editor),
    completion: undefined,
    recall: undefined,
  });
}

/** Completes the input. Lists move to their next entry. */
function complete(
  state: ScreenState,
  by: 1 | -1,
  context: HandlerContext,
): UpdateResult | undefined {
  const { completion, overlay, question, editor } = state;
  if (question !== undefined || overlay !== undefined) return undefined;
  const applied = (of: Completion, at: number) => {
    const next = applyCandidate(editor, of, at);
    const isOnly = of.candidates.length === 1;
    const change = { recall: undefined, completion: isOnly ? undefined : next.completion };
    return withChange(state, { editor: next.editor, ...change });
  };
  if (completion !== undefined) {
    const count = completion.candidates.length;
    return applied(completion, (completion.selectedIndex + by + count) % count);
  }
  if (by < 0) return withActions(state);
  const { model, source } = context;
  const offer = offerAt(editor, { ...source, model });
  switch (offer.kind) {
    case "folder":
      return withActions(state, { kind: "list-folder", path: offer.path });
    case "some":
      return applied(offer.completion, 0);
    default:
      return withActions(state);
  }
}

export function cancelCompletion(state: ScreenState): UpdateResult | undefined {
  const { completion, editor } = state;
  if (completion === undefined) return undefined;
  const { from, to, replacedText } = completion;
  return withChange(state, {
    editor: replaceRange(editor, from, to, replacedText),
    completion: undefined,
  });
}

function moveVertically(
  state: ScreenState,
  to: "back" | "forward",
  context: HandlerContext,
): UpdateResult | undefined {
  const { editor } = state;
  const { inputColumns } = context.layout;
  const moved = to === "back" ? up(editor, inputColumns) : down(editor, inputColumns);
  if (moved !== undefined) return withChange(state, { editor: moved, completion: undefined });
  return recallHistory(state, to === "back" ? 1 : -1, context);
}

function recallHistory(
  state: ScreenState,
  by: 1 | -1,
  { inputHistory }: HandlerContext,
): UpdateResult {
  const { recall, editor } = state;
  const index = (recall?.back ?? -1) + by;
  if (index >= inputHistory.length || index < -1) return withActions(state);
  const before = recall?.previousText ?? editor.text;
  const text = index < 0 ? before : (inputHistory[inputHistory.length - 1 - index] ?? "");
  const next: Recall | undefined = index < 0 ? undefined : { back: index, previousText: before };
  const recalled = { ...replaceText(editor, text), past: editor.past };
  return withChange(state, { editor: recalled, recall: next, completion: undefined });
}
