import { Fault, type FaultCode } from "../src/base/fault.ts";

/** The fault that an action throws; `undefined` if it throws nothing. */
export function faultOf(action: () => unknown): Fault | undefined {
  try {
    action();
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
  return undefined;
}

/** The code of that fault. */
export function faultCode(action: () => unknown): FaultCode | "none" {
  return faultOf(action)?.code ?? "none";
}
