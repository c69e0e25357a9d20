import { Fault, type FaultCode } from "../../../src/base/fault.ts";

/**
 * Returns the code of the fault with which a promise rejects. Fails on other errors, which would
 * have leaked from the library.
 */
export async function faultOf(work: Promise<unknown>): Promise<FaultCode | "no fault"> {
  try {
    await work;
    return "no fault";
  } catch (error) {
    if (error instanceof Fault) return error.code;
    throw error;
  }
}
