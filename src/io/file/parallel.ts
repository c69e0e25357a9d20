/** Processes several files concurrently. */

import { CONCURRENT_FILES_MAX } from "../../base/limits.ts";

/** @throws {Error} the first error, after all started tasks have settled */
export async function inParallel<Item>(
  items: readonly Item[],
  task: (item: Item) => Promise<void>,
): Promise<void> {
  const queue = items.values();
  const workers = Array.from({ length: Math.min(CONCURRENT_FILES_MAX, items.length) }, async () => {
    for (const item of queue) await task(item);
  });
  const outcomes = await Promise.allSettled(workers);
  for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
}
