/** Erasures ordered or completed by records of a log. */

import { isCount } from "../../base/values.ts";
import { hasTrait } from "../../wire/kinds.ts";
import { bodyOf, type FoldedRecord } from "../../wire/record.ts";

export function erasuresOf(record: FoldedRecord): number[] {
  const { kind, seq } = record.head;
  if (!hasTrait(kind, "erasing")) return [];
  const { seq: of, replaces, also = [] } = bodyOf(record, kind) ?? {};
  return [of, replaces, ...also].filter(
    (item): item is number => isCount(item) && item >= 1 && item < seq,
  );
}

/** Erasure orders in a log. Only the first order for each record counts. */
export class Erasures {
  readonly orders: Map<number, number>;
  readonly #blank = new Map<number, number>();
  /**
   * Accounts by the seq of their blank password records, which no longer contain the seq of the
   * password that they replaced.
   */
  readonly #blankPasswords = new Map<number, string>();
  readonly #passwords = new Map<string, number>();

  constructor(orders: Iterable<readonly [seq: number, order: number]> = []) {
    this.orders = new Map(orders);
  }

  get blank(): ReadonlyMap<number, number> {
    return this.#blank;
  }

  /** @returns the seqs of the records that this record orders to be blanked */
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
    if (before !== undefined) this.#order(before, seq);
  }

  #order(seq: number, order: number): void {
    if (!this.orders.has(seq)) this.orders.set(seq, order);
  }
}
