/** Checks that an erased record was erased by an order in the log. */

import { erasuresOf } from "../../core/log/erasures.ts";
import { kindsWith } from "../../wire/kinds.ts";
import { asDamaged, asErased, type LogRecord } from "../../wire/record.ts";
import type { Page, PageQuery } from "../log/log.ts";

/** Cached erasure orders; the targets of others are read again. */
const ORDERS_KEPT_MAX = 1_000;
const ORDER_KINDS = kindsWith("erasing");

/** Finds the erasure order of a record in the log itself: an erased line alone proves nothing. */
export class ErasureCheck {
  readonly #read: (query: PageQuery) => Promise<Page>;
  /** Targets by seq of the order. */
  readonly #orders = new Map<number, readonly number[]>();

  /** @param read reads a page as it is on disk, without this check */
  constructor(read: (query: PageQuery) => Promise<Page>) {
    this.#read = read;
  }

  /**
   * Returns a record without a valid body as erased if a later record orders it, whatever is left
   * of its line.
   * @returns undefined if it was not erased
   */
  async judge(record: LogRecord): Promise<LogRecord | undefined> {
    const { seq } = record.head;
    const { erased } = record;
    if (erased !== undefined) {
      return (await this.#targets(erased)).includes(seq) ? record : asDamaged(record);
    }
    const order = await this.#orderOf(record);
    return order === undefined ? undefined : asErased(record, order);
  }

  async #targets(order: number): Promise<readonly number[]> {
    const known = this.#orders.get(order);
    if (known !== undefined) return known;
    const query = { afterSeq: order - 1, beforeSeq: order + 1, from: "oldest", limit: 1 } as const;
    const { records } = await this.#read({ ...query, bytesMax: 1 });
    const [found] = records;
    const targets = found === undefined ? [] : erasuresOf(found);
    // An order that this reader cannot see yet may be visible next time.
    if (found !== undefined) this.#keep(order, targets);
    return targets;
  }

  /** Seq of the order; it is in the same room, after its target. */
  async #orderOf({ head }: LogRecord): Promise<number | undefined> {
    const query = { rooms: new Set([head.room]), kinds: ORDER_KINDS, from: "oldest" } as const;
    for (let afterSeq = head.seq; ; ) {
      const page = await this.#read({ ...query, afterSeq, limit: 1_000, bytesMax: 1 << 20 });
      const order = page.records.find((record) => erasuresOf(record).includes(head.seq));
      if (order !== undefined) return order.head.seq;
      const last = page.records.at(-1);
      if (!page.more || last === undefined) return undefined;
      afterSeq = last.head.seq;
    }
  }

  #keep(order: number, targets: readonly number[]): void {
    if (this.#orders.size >= ORDERS_KEPT_MAX) this.#orders.clear();
    this.#orders.set(order, targets);
  }
}
