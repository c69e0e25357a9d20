/** Messages to which drafts refer, which a replaced history numbers differently. */

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
