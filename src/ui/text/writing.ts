/** Drafts of the composer as they become replies or edits. */

import type { Draft } from "../../core/model/state.ts";

export const NOTHING: Draft = { text: "" };

/** Reports whether the draft is empty and need not be stored. */
export function isNothing({ text, re, edits, before }: Draft): boolean {
  return text === "" && re === undefined && edits === undefined && before === undefined;
}

/** Starts a reply. Ends an edit in progress, and restores the draft before it. */
export function answering(draft: Draft, seq: number): Draft {
  return { text: afterEdit(draft).text, re: seq };
}

/** Starts an edit, and keeps the draft before it. */
export function editing(draft: Draft, seq: number, text: string): Draft {
  const waiting = draft.edits === undefined ? draft : (draft.before ?? NOTHING);
  return isNothing(waiting) ? { text, edits: seq } : { text, edits: seq, before: waiting };
}

/** Ends an edit, sent or cancelled, and restores the draft before it. */
export function afterEdit(draft: Draft): Draft {
  return draft.edits === undefined ? draft : (draft.before ?? NOTHING);
}

/** Turns a reply or an edit into a plain draft; the text of a reply stays. */
export function dropped(draft: Draft): Draft {
  return draft.edits === undefined ? { text: draft.text } : afterEdit(draft);
}
