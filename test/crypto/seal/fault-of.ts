import { Fault, type FaultCode } from "../../../src/base/fault.ts";

/** The fault that work ends with; any other error is one of the library's that got through. */
export async function faultOf(work: Promise<unknown>): Promise<FaultCode | "no fault"> {
  try {
    await work;
    return "no fault";
  } catch (error) {
    if (error instanceof Fault) return error.code;
    throw error;
  }
}
