/** Authors of recently printed messages, named beside replies and reactions. */

import { dropOldest } from "../../core/evict.ts";
import type { DisplayRecord } from "../output/render.ts";

/** Users rarely refer further back. */
const RECENT_MAX = 1_000;

export class RecentMessages {
  /** For an imported message, the original author. */
  readonly #authors = new Map<number, string>();

  add(record: DisplayRecord): void {
    const { kind, seq, from } = record;
    if (kind === "erased") this.#authors.delete(seq);
    if (kind !== "text" && kind !== "action" && kind !== "file") return;
    const imported = kind === "file" ? undefined : record.imported;
    this.#authors.set(seq, imported === undefined ? from : `${imported.from} (imported)`);
    dropOldest(this.#authors, RECENT_MAX);
  }

  authorOf(seq: number): string | undefined {
    return this.#authors.get(seq);
  }
}
