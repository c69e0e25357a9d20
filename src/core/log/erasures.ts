/** Erasures ordered or completed by records of a log. */

import { isCount } from "../../base/values.ts";
import { hasTrait } from "../../wire/kinds.ts";
import { bodyOf, type FoldedRecord } from "../../wire/record.ts";
import { SeqSet } from "./seq-set.ts";

const NONE: readonly number[] = [];

export function erasuresOf(record: FoldedRecord): readonly number[] {
  const { kind, seq } = record.head;
  if (!hasTrait(kind, "erasing")) return NONE;
  const { seq: of, replaces, also = [] } = bodyOf(record, kind) ?? {};
  return [of, replaces, ...also].filter(
    (item): item is number => isCount(item) && item >= 1 && item < seq,
  );
}

/** Erasure orders in a log. Only the first order for each record counts. */
export class Erasures {
  /** Records that were ordered to be erased. */
  readonly ordered: SeqSet;
  /** Order of each record that was not blank when the order was read. */
  readonly pending = new Map<number, number>();
  readonly #blank = new SeqSet();
  /** Blank records by the order that they name, until that order is read. */
  readonly #unexplained = new Map<number, number[]>();
  readonly #unordered: number[] = [];
  /**
   * Accounts by the seq of their blank password records, which no longer contain the seq of the
   * password that they replaced.
   */
  readonly #blankPasswords = new Map<number, string>();
  readonly #passwords = new Map<string, number>();

  constructor(ordered = new SeqSet()) {
    this.ordered = ordered;
  }

  add(record: FoldedRecord): void {
    const { erased, head } = record;
    if (erased !== undefined) {
      this.#blank.add(head.seq);
      const seqs = this.#unexplained.get(erased);
      if (seqs === undefined) this.#unexplained.set(erased, [head.seq]);
      else seqs.push(head.seq);
    }
    const targets = erasuresOf(record);
    const replaced = head.kind === "password" ? this.#addPassword(record) : undefined;
    this.#order(head.seq, replaced === undefined ? targets : [...targets, replaced]);
  }

  /** Returns the blank records whose erasure no record ordered, in ascending order. */
  unordered(): number[] {
    return [...this.#unordered, ...[...this.#unexplained.values()].flat()].sort((a, b) => a - b);
  }

  #order(order: number, targets: readonly number[]): void {
    // Most records order nothing, and a starting server reads a million records.
    if (targets.length === 0 && !this.#unexplained.has(order)) return;
    const first = new Set(targets.filter((seq) => !this.ordered.has(seq)));
    for (const seq of first) {
      this.ordered.add(seq);
      if (!this.#blank.has(seq)) this.pending.set(seq, order);
    }
    const account = this.#blankPasswords.get(order);
    for (const seq of this.#unexplained.get(order) ?? []) {
      const isOwn = account !== undefined && account === this.#blankPasswords.get(seq);
      if (!isOwn && !first.has(seq)) this.#unordered.push(seq);
    }
    this.#unexplained.delete(order);
  }

  /** @returns the password that a blank record replaced */
  #addPassword({ head: { seq, room }, erased }: FoldedRecord): number | undefined {
    const before = this.#passwords.get(room);
    this.#passwords.set(room, seq);
    if (erased === undefined) return undefined;
    this.#blankPasswords.set(seq, room);
    return before;
  }
}
