/** Detection of work that makes no progress. */

import type { Fault } from "../../base/fault.ts";
import type { Clock } from "../../io/clock.ts";

const LOOK_EVERY_MS = 500;

/**
 * Returns the outcome of the work, unless it stands still for too long.
 * @param count changes with progress
 * @param faultOf returns the fault after so many milliseconds without progress, if any
 * @throws {Fault} that fault, and the work's
 */
export async function unlessStalled<Value>(
  clock: Clock,
  work: Promise<Value>,
  count: () => number,
  faultOf: (stillMs: number) => Fault | undefined,
): Promise<Value> {
  const stalled = Promise.withResolvers<never>();
  let before = count();
  let since = clock.now();
  let cancel = () => {};
  const look = () => {
    if (count() !== before) since = clock.now();
    before = count();
    const fault = faultOf(clock.now() - since);
    if (fault === undefined) cancel = clock.after(LOOK_EVERY_MS, look);
    else stalled.reject(fault);
  };
  look();
  try {
    return await Promise.race([work, stalled.promise]);
  } finally {
    cancel();
  }
}
