/** Recently printed messages, as targets of replies, reactions and edits. */

import { dropOldest } from "../../core/evict.ts";
import type { Whose } from "../../ui/commands/command.ts";
import { type DisplayRecord, destinationName } from "../output/render.ts";

/** Enough to scroll back to; older messages are referred to by number. */
const RECENT_MAX = 1_000;

interface RecentMessage {
  readonly seq: number;
  readonly from: string;
  /** Displayed author: the original one if the message was imported. */
  readonly author: string;
  /** Target; the text is not stored, because it may be deleted. */
  readonly destination: DisplayRecord["destination"];
}

/** Recent messages, for replies without a number and for the names of answered authors. */
export class RecentMessages {
  readonly #bySeq = new Map<number, RecentMessage>(); // Bounded by RECENT_MAX, oldest first.

  add(record: DisplayRecord): void {
    const { kind, seq, from, destination } = record;
    if (kind === "erased") this.#bySeq.delete(seq);
    if (kind !== "text" && kind !== "action") return;
    const author = record.imported === undefined ? from : `${record.imported.from} (imported)`;
    this.#bySeq.set(seq, { seq, from, author, destination });
    dropOldest(this.#bySeq, RECENT_MAX);
  }

  authorOf(seq: number): string | undefined {
    return this.#bySeq.get(seq)?.author;
  }

  /** @returns seq of the last message there; `undefined` if there is none */
  last(target: string, me: string, whose: Whose): number | undefined {
    const folded = target.toLowerCase();
    let last: number | undefined;
    for (const { seq, from, destination } of this.#bySeq.values()) {
      const isInTarget = destinationName({ destination, from }, me).toLowerCase() === folded;
      if (isInTarget && (from === me) === (whose === "own") && (last === undefined || seq > last))
        last = seq;
    }
    return last;
  }
}
