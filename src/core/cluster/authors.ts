/** Accounts that may be the author of a record. */

import { KINDS } from "../../wire/kinds.ts";
import type { Draft, FoldedHead } from "../../wire/record.ts";

/**
 * Each author is known from the record of the accounts log that first names it, so that servers
 * with accounts logs of different lengths judge a decision alike.
 */
export class Authors {
  readonly #knownFrom = new Map<string, number>();

  has(author: string): boolean {
    return this.#knownFrom.has(author);
  }

  /** @param head head of a record of the accounts log */
  note({ seq, kind, room, by }: Pick<FoldedHead, "seq" | "kind" | "room" | "by">): void {
    this.#note(by, seq);
    // An operator may have created the account, whose user has changed nothing yet.
    if (kind === "account") this.#note(room, seq);
  }

  #note(author: string, seq: number): void {
    if ((this.#knownFrom.get(author) ?? Number.POSITIVE_INFINITY) > seq)
      this.#knownFrom.set(author, seq);
  }

  /**
   * Reports whether the history may have the drafts. The accounts log has no such condition: an
   * account's password comes before its account.
   * @param accounts number of records in the accounts log before the drafts
   */
  knowAll(drafts: readonly Pick<Draft, "kind" | "room" | "by">[], accounts: number): boolean {
    return drafts.every(({ kind: draftKind, by }) => {
      if (KINDS[draftKind].log === "accounts" || by === "server") return true;
      if ((this.#knownFrom.get(by) ?? Number.POSITIVE_INFINITY) <= accounts) return true;
      return drafts.some(({ kind, room }) => kind === "account" && room === by);
    });
  }
}
