/** Turns errors of the MLS library into faults. */

import { AssertionFailure } from "../../base/assert.ts";
import { Fault } from "../../base/fault.ts";

/**
 * Runs what calls the library, whose errors are of many classes, for input as well as for mistakes.
 * @throws Fault seal-broken with the library's error as its cause; our own faults as they are
 */
export async function guarded<T>(sentence: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof Fault || cause instanceof AssertionFailure) throw cause;
    throw new Fault("seal-broken", sentence, { cause });
  }
}
