/** Several files at a time. */

import { CONCURRENT_FILES_MAX } from "../../base/limits.ts";

/**
 * Works on several items at a time: a disk does many calls together nearly as fast as one.
 * @throws the first error, when all that was begun has ended
 */
export async function inParallel<Item>(
  items: readonly Item[],
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const left = items.values();
  const workers = Array.from({ length: Math.min(CONCURRENT_FILES_MAX, items.length) }, async () => {
    for (const item of left) await work(item);
  });
  const ends = await Promise.allSettled(workers);
  for (const end of ends) if (end.status === "rejected") throw end.reason;
}
