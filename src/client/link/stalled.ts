/** Detects tasks that make no progress. */

import type { Fault } from "../../base/fault.ts";
import type { Clock } from "../../io/clock.ts";

const CHECK_INTERVAL_MS = 500;

/**
 * @param count returns a number that changes whenever the task makes progress
 * @param faultOf returns a fault to end the wait
 */
export async function unlessStalled<Value>(
  clock: Clock,
  task: Promise<Value>,
  count: () => number,
  faultOf: (stalledMs: number) => Fault | undefined,
): Promise<Value> {
  const stalled = Promise.withResolvers<never>();
  let lastCount = count();
  let since = clock.now();
  let cancel = () => {};
  const check = () => {
    if (count() !== lastCount) since = clock.now();
    lastCount = count();
    const fault = faultOf(clock.now() - since);
    if (fault === undefined) cancel = clock.after(CHECK_INTERVAL_MS, check);
    else stalled.reject(fault);
  };
  check();
  try {
    return await Promise.race([task, stalled.promise]);
  } finally {
    cancel();
  }
}
