/** Drafts of the composer as they become replies or edits. */

import type { Draft } from "../../core/model/state.ts";

export const EMPTY_DRAFT: Draft = { text: "" };

/** Reports whether the draft is empty and need not be stored. */
export function isEmptyDraft({ text, re, edits, before }: Draft): boolean {
  return text === "" && re === undefined && edits === undefined && before === undefined;
}

/** Starts a reply. Ends an edit in progress, and restores the draft before it. */
export function startReply(draft: Draft, seq: number): Draft {
  return { text: endEdit(draft).text, re: seq };
}

/** Starts an edit, and keeps the draft before it. */
export function startEdit(draft: Draft, seq: number, text: string): Draft {
  const pendingDraft = draft.edits === undefined ? draft : (draft.before ?? EMPTY_DRAFT);
  return isEmptyDraft(pendingDraft)
    ? { text, edits: seq }
    : { text, edits: seq, before: pendingDraft };
}

/** Ends an edit, sent or cancelled, and restores the draft before it. */
export function endEdit(draft: Draft): Draft {
  return draft.edits === undefined ? draft : (draft.before ?? EMPTY_DRAFT);
}

/** Turns a reply or an edit into a plain draft; the text of a reply stays. */
export function withoutReference(draft: Draft): Draft {
  return draft.edits === undefined ? { text: draft.text } : endEdit(draft);
}
