import { Fault, type FaultCode } from "../../../src/base/fault.ts";

/** Returns the fault that a promise rejects with. Any other error has leaked from the library. */
export async function faultOf(work: Promise<unknown>): Promise<FaultCode | "no fault"> {
  try {
    await work;
    return "no fault";
  } catch (error) {
    if (error instanceof Fault) return error.code;
    throw error;
  }
}
