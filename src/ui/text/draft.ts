/** Transitions of a draft between plain text, reply and edit. */

import type { Draft } from "../../core/model/state.ts";

export const EMPTY_DRAFT: Draft = { text: "" };

export function isEmptyDraft({ text, re, edits, before }: Draft): boolean {
  return text === "" && re === undefined && edits === undefined && before === undefined;
}

/** A reply ends an edit in progress and continues the draft that the edit had replaced. */
export function startReply(draft: Draft, seq: number): Draft {
  return { text: endEdit(draft).text, re: seq };
}

export function startEdit(draft: Draft, seq: number, text: string): Draft {
  const pendingDraft = draft.edits === undefined ? draft : (draft.before ?? EMPTY_DRAFT);
  return isEmptyDraft(pendingDraft)
    ? { text, edits: seq }
    : { text, edits: seq, before: pendingDraft };
}

export function endEdit(draft: Draft): Draft {
  return draft.edits === undefined ? draft : (draft.before ?? EMPTY_DRAFT);
}

/** Cancels a reply but keeps its text, or cancels an edit and restores the previous draft. */
export function withoutReference(draft: Draft): Draft {
  return draft.edits === undefined ? { text: draft.text } : endEdit(draft);
}
