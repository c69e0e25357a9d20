/** Ordered and completed erasures of a log's records. */

import { isCount } from "../../base/values.ts";
import { hasTrait } from "../../wire/kinds.ts";
import { bodyOf, type FoldedRecord } from "../../wire/record.ts";

/**
 * Returns the seqs of the earlier records that this record orders to be blanked: the records and
 * edits named by an `erase`, the previous password of an account with a new one, and password and
 * settings of a removed account. A damaged record orders none.
 */
export function erasuresOf(record: FoldedRecord): number[] {
  const { kind, seq } = record.head;
  if (!hasTrait(kind, "erasing")) return [];
  const { seq: of, replaces, also = [] } = bodyOf(record, kind) ?? {};
  return [of, replaces, ...also].filter(
    (item): item is number => isCount(item) && item >= 1 && item < seq,
  );
}

/** Orders of a log to erase records. The first order for a record is valid. */
export class Erasures {
  /** Seq of the ordering record, by seq of the record to be blanked. */
  readonly orders: Map<number, number>;
  readonly #blank = new Map<number, number>();
  /** Accounts of blank passwords. The seq of the password that such a record replaced is lost. */
  readonly #blankPasswords = new Map<number, string>();
  readonly #passwords = new Map<string, number>();

  /** @param orders from a snapshot */
  constructor(orders: Iterable<readonly [seq: number, order: number]> = []) {
    this.orders = new Map(orders);
  }

  get blank(): ReadonlyMap<number, number> {
    return this.#blank;
  }

  /**
   * Adds the next record.
   * @returns the seqs of the records that it orders to be blanked
   */
  add(record: FoldedRecord): readonly number[] {
    const { erased, head } = record;
    if (erased !== undefined) this.#blank.set(head.seq, erased);
    if (head.kind === "password") this.#addPassword(record);
    const targets = erasuresOf(record);
    for (const target of targets) this.#order(target, head.seq);
    return targets;
  }

  pending(): [seq: number, order: number][] {
    return [...this.orders].filter(([seq]) => !this.#blank.has(seq));
  }

  unordered(): number[] {
    return [...this.#blank].filter((item) => !this.#isOrdered(item)).map(([seq]) => seq);
  }

  #isOrdered([seq, order]: readonly [seq: number, order: number]): boolean {
    if (this.orders.get(seq) === order) return true;
    const account = this.#blankPasswords.get(seq);
    return account !== undefined && account === this.#blankPasswords.get(order);
  }

  #addPassword({ head: { seq, room }, erased }: FoldedRecord): void {
    const before = this.#passwords.get(room);
    this.#passwords.set(room, seq);
    if (erased === undefined) return;
    this.#blankPasswords.set(seq, room);
    // A blank password replaced the previous one, although its body no longer contains it.
    if (before !== undefined) this.#order(before, seq);
  }

  #order(seq: number, order: number): void {
    if (!this.orders.has(seq)) this.orders.set(seq, order);
  }
}
