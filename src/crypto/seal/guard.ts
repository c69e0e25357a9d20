/** Turns errors of the MLS library into faults. */

import { AssertionFailure } from "../../base/assert.ts";
import { Fault } from "../../base/fault.ts";

/**
 * Calls the library, whose errors are of many classes, for invalid input as well as for misuse.
 * @throws {Fault} seal-broken with the library's error as its cause; faults pass unchanged
 */
export async function guarded<T>(sentence: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof Fault || cause instanceof AssertionFailure) throw cause;
    throw new Fault("seal-broken", sentence, { cause });
  }
}
