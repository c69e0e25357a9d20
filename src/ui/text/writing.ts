import type { Draft } from "../../core/model/state.ts";

/** What becomes of the words in the composer when they turn into an answer, an edit, or neither. */

export const NOTHING: Draft = { text: "" };

/** Nothing of it needs to be kept. */
export function isNothing({ text, re, edits, before }: Draft): boolean {
  return text === "" && re === undefined && edits === undefined && before === undefined;
}

/** Begins to answer; an edit under way ends, and what was written before it comes back. */
export function answering(draft: Draft, seq: number): Draft {
  return { text: afterEdit(draft).text, re: seq };
}

/** Begins to edit; what was being written waits. */
export function editing(draft: Draft, seq: number, text: string): Draft {
  const waiting = draft.edits === undefined ? draft : (draft.before ?? NOTHING);
  return isNothing(waiting) ? { text, edits: seq } : { text, edits: seq, before: waiting };
}

/** The edit is done, or given up. */
export function afterEdit(draft: Draft): Draft {
  return draft.edits === undefined ? draft : (draft.before ?? NOTHING);
}

/** Neither an answer nor an edit any more; what was written for an answer stays. */
export function dropped(draft: Draft): Draft {
  return draft.edits === undefined ? { text: draft.text } : afterEdit(draft);
}
