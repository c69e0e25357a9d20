/** Transitions of a draft between plain text, reply and edit. */

import { defined } from "../../base/values.ts";
import type { ComposerDraft, Item } from "../../core/model/state.ts";

export const EMPTY_DRAFT: ComposerDraft = { text: "" };

export function isEmptyDraft({ text, re, edits, before }: ComposerDraft): boolean {
  return text === "" && re === undefined && edits === undefined && before === undefined;
}

/** A reply ends an edit in progress and continues the draft that the edit had replaced. */
export function startReply(draft: ComposerDraft, seq: number): ComposerDraft {
  return { text: endEdit(draft).text, re: seq };
}

/** @param editedUnixMs time of the message's last edit */
export function startEdit(
  draft: ComposerDraft,
  seq: number,
  text: string,
  editedUnixMs?: number,
): ComposerDraft {
  const pendingDraft = draft.edits === undefined ? draft : (draft.before ?? EMPTY_DRAFT);
  return {
    text,
    edits: seq,
    editedUnixMs,
    before: isEmptyDraft(pendingDraft) ? undefined : pendingDraft,
  };
}

/** Reports whether the message was edited after this edit of it began, so that they conflict. */
export function isEditOutdated(
  draft: ComposerDraft,
  item: Pick<Item, "text" | "editedUnixMs">,
): boolean {
  const isEdit = draft.edits !== undefined;
  return isEdit && item.editedUnixMs !== draft.editedUnixMs && item.text !== draft.text;
}

export function endEdit(draft: ComposerDraft): ComposerDraft {
  return draft.edits === undefined ? draft : (draft.before ?? EMPTY_DRAFT);
}

/** Cancels a reply but keeps its text, or cancels an edit and restores the previous draft. */
export function withoutReference(draft: ComposerDraft): ComposerDraft {
  return draft.edits === undefined ? { text: draft.text } : endEdit(draft);
}

export function isDraft(value: unknown): value is ComposerDraft {
  const { text, re = 0, edits = 0, editedUnixMs = 0, before } = Object(value);
  const hasNumbers = [re, edits, editedUnixMs].every((number) => typeof number === "number");
  return typeof text === "string" && hasNumbers && (before === undefined || isDraft(before));
}

export function isSameDraft(a: ComposerDraft | undefined, b: ComposerDraft | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return (
    a.text === b.text && a.re === b.re && a.edits === b.edits && isSameDraft(a.before, b.before)
  );
}

/** Like `combinedDraft`, but joins the texts of two edits as well. */
export function joinedDraft(
  first: ComposerDraft | undefined,
  second: ComposerDraft,
): ComposerDraft {
  if (first === undefined) return second;
  const [a, b] = [withoutBefore(first), withoutBefore(second)];
  return combinedDraft(a, b) ?? { ...a, text: `${a.text}\n\n${b.text}` };
}

/** Joins a draft that is no longer an edit with the one that the edit had interrupted. */
function withoutBefore({ before, ...draft }: ComposerDraft): ComposerDraft {
  if (before === undefined || draft.edits !== undefined) return defined({ ...draft, before });
  return joinedDraft(before, draft);
}

/**
 * Combines two drafts to one target without a loss of text.
 * @returns `undefined` if both are edits of a message
 */
export function combinedDraft(
  first: ComposerDraft,
  second: ComposerDraft,
): ComposerDraft | undefined {
  const [edit, other] = first.edits === undefined ? [second, first] : [first, second];
  if (other.edits !== undefined) return isSameDraft(first, second) ? first : undefined;
  if (edit.edits !== undefined) {
    const before = edit.before === undefined ? other : combinedDraft(edit.before, other);
    return before && { ...edit, before };
  }
  const re = first.re ?? second.re;
  const [a, b] = [first.text, second.text];
  const text = a.includes(b) ? a : b.includes(a) ? b : `${a}\n\n${b}`;
  return re === undefined ? { text } : { text, re };
}
