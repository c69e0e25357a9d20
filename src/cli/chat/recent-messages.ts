/** Recently printed messages, to which replies, reactions and edits refer. */

import { dropOldest } from "../../core/evict.ts";
import type { MessageAuthor } from "../../ui/commands/command.ts";
import { type DisplayRecord, destinationName } from "../output/render.ts";

/**
 * Maximum number of stored messages, about as many as users scroll back. To refer to an older
 * message, a user types its number.
 */
const RECENT_MAX = 1_000;

interface RecentMessage {
  readonly seq: number;
  readonly from: string;
  /** Author to display. For an imported message, the original author. */
  readonly author: string;
  /**
   * Destination of the message. The message's text is not stored, because it may be deleted later.
   */
  readonly destination: DisplayRecord["destination"];
}

/**
 * Stores recent messages. A reply without a number refers to the last message; a reply's prefix
 * contains the author of the message it replies to.
 */
export class RecentMessages {
  readonly #bySeq = new Map<number, RecentMessage>(); // At most RECENT_MAX, oldest first.

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
