/** Messages to which drafts refer, and which erasure or a replaced history takes away. */

import { defined } from "../../base/values.ts";
import type { ComposerDraft } from "./state.ts";

/** @param common `seq` of the last message that the draft may still refer to */
export function withoutTargets(draft: ComposerDraft, common = 0): ComposerDraft {
  const { re, edits, editedUnixMs, before, ...rest } = draft;
  return {
    ...rest,
    ...(re !== undefined && re <= common && { re }),
    ...(edits !== undefined && edits <= common && { edits, ...defined({ editedUnixMs }) }),
    ...(before !== undefined && { before: withoutTargets(before, common) }),
  };
}

/** Returns the key of a draft of `draftKey`, without a thread that the history lacks. */
export function keyWithoutThread(key: string, common = 0): string {
  const [target = "", root] = key.split(" ");
  return root !== undefined && Number(root) > common ? target : key;
}

/**
 * Returns the draft that an edit leaves when its message is erased: the draft that it interrupted,
 * and below it the edited text.
 * @param original text of the message, if it is known; an edit that has not changed it leaves none
 */
export function withoutErasedEdit(draft: ComposerDraft, original?: string): ComposerDraft {
  const { text, before = { text: "" } } = draft;
  if (text === original) return before;
  return { ...before, text: before.text === "" ? text : `${before.text}\n\n${text}` };
}
