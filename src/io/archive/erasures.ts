/** Checks that erased records have an `erase` record in the log. */

import { erasuresOf } from "../../core/log/erasures.ts";
import { kindsWith } from "../../wire/kinds.ts";
import { asDamaged, asErased, type LogRecord } from "../../wire/record.ts";
import type { Page, PageQuery } from "../log/log.ts";

const CACHED_ORDERS_MAX = 1_000;
const ERASING_KINDS = kindsWith("erasing");

/** Finds the record that ordered an erasure. A blank line alone does not prove an erasure. */
export class ErasureCheck {
  readonly #read: (query: PageQuery) => Promise<Page>;
  readonly #orders = new Map<number, readonly number[]>();

  constructor(read: (query: PageQuery) => Promise<Page>) {
    this.#read = read;
  }

  async resolve(record: LogRecord): Promise<LogRecord | undefined> {
    const { seq } = record.head;
    const { erased } = record;
    if (erased !== undefined) {
      return (await this.#targets(erased)).includes(seq) ? record : asDamaged(record);
    }
    const order = await this.#orderOf(record);
    return order === undefined ? undefined : asErased(record, order);
  }

  async #targets(order: number): Promise<readonly number[]> {
    const cached = this.#orders.get(order);
    if (cached !== undefined) return cached;
    const query = { afterSeq: order - 1, beforeSeq: order + 1, from: "oldest", limit: 1 } as const;
    const { records } = await this.#read({ ...query, bytesMax: 1 });
    const [record] = records;
    const targets = record === undefined ? [] : erasuresOf(record);
    // A missing record may become readable later, so it is not cached.
    if (record !== undefined) this.#cache(order, targets);
    return targets;
  }

  async #orderOf({ head }: LogRecord): Promise<number | undefined> {
    const query = { rooms: new Set([head.room]), kinds: ERASING_KINDS, from: "oldest" } as const;
    for (let afterSeq = head.seq; ; ) {
      const page = await this.#read({ ...query, afterSeq, limit: 1_000, bytesMax: 1 << 20 });
      const order = page.records.find((record) => erasuresOf(record).includes(head.seq));
      if (order !== undefined) return order.head.seq;
      const last = page.records.at(-1);
      if (!page.more || last === undefined) return undefined;
      afterSeq = last.head.seq;
    }
  }

  #cache(order: number, targets: readonly number[]): void {
    if (this.#orders.size >= CACHED_ORDERS_MAX) this.#orders.clear();
    this.#orders.set(order, targets);
  }
}
