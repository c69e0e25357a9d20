/** Erasure that a durable record has ordered. */

import { erasuresOf } from "../../core/log/erasures.ts";
import type { Log } from "../../io/log/log.ts";
import type { LogRecord } from "../../wire/record.ts";

/** Blanks what a durable record orders to be blanked. @throws Fault store-… */
export async function eraseOrdered(log: Pick<Log, "erase">, order: LogRecord): Promise<void> {
  for (const seq of erasuresOf(order)) await log.erase(seq, order.head.seq);
}
