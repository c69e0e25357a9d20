import type { ComposerDraft } from "../../../src/core/model/state.ts";
import type { DraftOwner, DraftStore } from "../../../src/io/state/home-tables.ts";

/** Saves like a window that has just started. */
export function saveDrafts(
  drafts: DraftStore,
  owner: DraftOwner,
  changes: ReadonlyMap<string, ComposerDraft | undefined>,
): void {
  drafts.save(owner, changes, { id: "w" });
}
