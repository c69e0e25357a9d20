/** Checks whether decisions are still valid at their position in the shared stream. */

import { CLUSTER_WINDOW_RECORDS } from "../../base/limits-cluster.ts";
import { KINDS } from "../../wire/kinds.ts";
import type { Draft } from "../../wire/record.ts";
import { parsePostId } from "../rooms/dedup.ts";
import { type Claims, claimsOf, type Place } from "./claims.ts";

/** Number of records in each log that a server had applied when it made the decision. */
export type Heads = Readonly<Record<Place, number>>;

export interface ProposedDraft {
  readonly draft: Draft;
  readonly follows?: number;
}

export interface Proposal {
  readonly base: Heads;
  readonly drafts: readonly ProposedDraft[];
}

export type RejectionReason =
  | "changed"
  | "too-old"
  | "repeated"
  | "overtaken"
  | "ahead"
  | "unknown-author";

export interface AppendedDraft {
  readonly draft: Draft;
  readonly seq: number;
}

/**
 * Optimistic concurrency control (Kung and Robinson, 1981): each decision names the state on which
 * it is based, and all servers check the same stream against the same recent records, so they build
 * the same logs.
 */
export class ClusterAdmission {
  readonly #windows: Readonly<Record<Place, Window>> = {
    history: new Window(),
    accounts: new Window(),
  };

  /**
   * @returns `undefined` if the decision is accepted; the caller must then call `advance` for each
   * draft
   */
  rejectionReason({ base, drafts }: Proposal): RejectionReason | undefined {
    for (const log of ["history", "accounts"] as const) {
      if (this.#windows[log].isTooOld(base[log])) return "too-old";
      // The proposing server has read records that the stream has since lost.
      if (this.#windows[log].isAhead(base[log])) return "ahead";
    }
    for (const { draft, follows } of drafts) {
      for (const fact of claimsOf(draft).reads) {
        if (this.#hasChanged(fact, base)) return "changed";
      }
      const post = parsePostId(draft.id);
      if (post === undefined) continue;
      const last = this.#windows.history.counter(outboxKey(draft, post.outbox));
      if (last !== undefined && last >= post.counter) return "repeated";
      if (follows !== undefined && last !== follows) return "overtaken";
    }
    return undefined;
  }

  advance({ draft, seq }: AppendedDraft): void {
    const window = this.#windows[KINDS[draft.kind].log];
    window.advance(seq, claimsOf(draft));
    const post = parsePostId(draft.id);
    if (post !== undefined) window.posted(outboxKey(draft, post.outbox), post.counter, seq);
  }

  /** Checks both logs, because records in either can change a fact. */
  #hasChanged(fact: string, base: Heads): boolean {
    return (
      this.#windows.history.changedAt(fact) > base.history ||
      this.#windows.accounts.changedAt(fact) > base.accounts
    );
  }
}

function outboxKey({ by }: Draft, outbox: string): string {
  return `${by} ${outbox}`;
}

class Window {
  readonly #changes = new Map<string, number>();
  readonly #posts = new Map<string, { readonly counter: number; readonly seq: number }>();
  #seq = 0;

  isTooOld(base: number): boolean {
    return base < this.#seq - CLUSTER_WINDOW_RECORDS;
  }

  isAhead(base: number): boolean {
    return base > this.#seq;
  }

  changedAt(fact: string): number {
    return this.#changes.get(fact) ?? 0;
  }

  counter(outbox: string): number | undefined {
    return this.#posts.get(outbox)?.counter;
  }

  advance(seq: number, { writes }: Claims): void {
    this.#seq = seq;
    for (const fact of writes) {
      this.#changes.delete(fact);
      this.#changes.set(fact, seq);
    }
    const oldest = seq - CLUSTER_WINDOW_RECORDS;
    for (const [fact, at] of this.#changes) {
      if (at > oldest) break;
      this.#changes.delete(fact);
    }
    for (const [outbox, { seq: at }] of this.#posts) {
      if (at > oldest) break;
      this.#posts.delete(outbox);
    }
  }

  posted(outbox: string, counter: number, seq: number): void {
    this.#posts.delete(outbox);
    this.#posts.set(outbox, { counter, seq });
  }
}
