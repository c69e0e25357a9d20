/** Conversion of the MLS library's errors to faults. */

import { AssertionFailure } from "../../base/assert.ts";
import { Fault } from "../../base/fault.ts";

/** @throws {Fault} seal-broken with the library's error as its cause; faults pass unchanged */
export async function withFaults<T>(message: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof Fault || cause instanceof AssertionFailure) throw cause;
    throw new Fault("seal-broken", message, { cause });
  }
}
