/** Which records of a log are ordered to be blanked, and which are. */

import { isCount } from "../../base/count.ts";
import { hasTrait } from "../../wire/kinds.ts";
import { bodyOf, type FoldedRecord } from "../../wire/record.ts";

/**
 * The records whose bodies this one orders to be blanked, by seq: those that an `erase` names with
 * their edits, the password before a new one, or of an account that is removed, and what such an
 * account had set. Only earlier records; none in a damaged one.
 */
export function erasuresOf(record: FoldedRecord): number[] {
  const { kind, seq } = record.head;
  if (!hasTrait(kind, "erasing")) return [];
  const { seq: of, replaces, also = [] } = bodyOf(record, kind) ?? {};
  return [of, replaces, ...also].filter(
    (one): one is number => isCount(one) && one >= 1 && one < seq,
  );
}

/**
 * What the records of one log, taken in order, say about blanking. The first order for a record
 * counts.
 */
export class Erasures {
  /** By seq of the record to be blanked the seq of its order. */
  readonly orders: Map<number, number>;
  readonly #blank = new Map<number, number>();
  /** Accounts of blank passwords. The seq that such a password had replaced is lost. */
  readonly #spent = new Map<number, string>();
  /** Last password of each account. */
  readonly #passwords = new Map<string, number>();

  /** @param orders from a snapshot */
  constructor(orders: Iterable<readonly [seq: number, order: number]> = []) {
    this.orders = new Map(orders);
  }

  /** Blank records, with the order that each line names. */
  get blank(): ReadonlyMap<number, number> {
    return this.#blank;
  }

  /** Takes the next record. @returns the records that it orders to be blanked */
  take(record: FoldedRecord): readonly number[] {
    const { erased, head } = record;
    if (erased !== undefined) this.#blank.set(head.seq, erased);
    if (head.kind === "password") this.#takePassword(record);
    const targets = erasuresOf(record);
    for (const target of targets) this.#order(target, head.seq);
    return targets;
  }

  /** Orders for records that are not blank. */
  due(): [seq: number, order: number][] {
    return [...this.orders].filter(([seq]) => !this.#blank.has(seq));
  }

  /** Blank records whose line names no order for them. */
  unordered(): number[] {
    return [...this.#blank].filter((one) => !this.#isOrdered(one)).map(([seq]) => seq);
  }

  #isOrdered([seq, order]: readonly [seq: number, order: number]): boolean {
    if (this.orders.get(seq) === order) return true;
    const account = this.#spent.get(seq);
    return account !== undefined && account === this.#spent.get(order);
  }

  #takePassword({ head: { seq, room }, erased }: FoldedRecord): void {
    const before = this.#passwords.get(room);
    this.#passwords.set(room, seq);
    if (erased === undefined) return;
    this.#spent.set(seq, room);
    // A blank password replaced the one before it, although its body cannot say so any more.
    if (before !== undefined) this.#order(before, seq);
  }

  #order(seq: number, order: number): void {
    if (!this.orders.has(seq)) this.orders.set(seq, order);
  }
}
