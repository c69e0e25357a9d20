/** Recently printed messages, the targets of replies, reactions and edits. */

import { dropOldest } from "../../core/evict.ts";
import type { MessageAuthor } from "../../ui/command.ts";
import { type DisplayRecord, destinationName } from "../output/render.ts";

/** Users rarely refer further back, and can refer to an older message by its number. */
const RECENT_MAX = 1_000;

interface RecentMessage {
  readonly seq: number;
  readonly from: string;
  /** For an imported message, the original author. */
  readonly author: string;
  /** Only the destination is stored, not the text, because the message may be deleted later. */
  readonly destination: DisplayRecord["destination"];
  readonly isFile: boolean;
}

export class RecentMessages {
  readonly #bySeq = new Map<number, RecentMessage>();

  add(record: DisplayRecord): void {
    const { kind, seq, from, destination } = record;
    if (kind === "erased") this.#bySeq.delete(seq);
    if (kind !== "text" && kind !== "action" && kind !== "file") return;
    const imported = kind === "file" ? undefined : record.imported;
    const author = imported === undefined ? from : `${imported.from} (imported)`;
    this.#bySeq.set(seq, { seq, from, author, destination, isFile: kind === "file" });
    dropOldest(this.#bySeq, RECENT_MAX);
  }

  authorOf(seq: number): string | undefined {
    return this.#bySeq.get(seq)?.author;
  }

  /** Omits own files, which `/edit` and `/erase` without a number must not change. */
  last(target: string, me: string, whose: MessageAuthor): number | undefined {
    const folded = target.toLowerCase();
    let last: number | undefined;
    for (const { seq, from, destination, isFile } of this.#bySeq.values()) {
      if (isFile && whose === "own") continue;
      const isInTarget = destinationName({ destination, from }, me).toLowerCase() === folded;
      if (isInTarget && (from === me) === (whose === "own") && (last === undefined || seq > last))
        last = seq;
    }
    return last;
  }
}
