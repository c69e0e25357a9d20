/** Recently printed messages, as targets of replies, reactions and edits. */

import { dropOldest } from "../../core/evict.ts";
import type { MessageAuthor } from "../../ui/commands/command.ts";
import { type DisplayRecord, destinationName } from "../output/render.ts";

/** Maximum stored messages, enough to scroll back. Users refer to older messages by number. */
const RECENT_MAX = 1_000;

interface RecentMessage {
  readonly seq: number;
  readonly from: string;
  /** Displayed author; the original author of an imported message. */
  readonly author: string;
  /** Destination of the message. The text is not stored, because it may be deleted. */
  readonly destination: DisplayRecord["destination"];
}

/** Recent messages, for replies without a number and for the authors of replied messages. */
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

  /** @returns seq of the last message in the target; `undefined` if there is none */
  last(target: string, me: string, whose: MessageAuthor): number | undefined {
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
