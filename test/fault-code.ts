import { Fault, type FaultCode } from "../src/base/fault.ts";

export function faultOf(action: () => unknown): Fault | undefined {
  try {
    action();
  } catch (error) {
    if (error instanceof Fault) return error;
    throw error;
  }
  return undefined;
}

export function faultCode(action: () => unknown): FaultCode | "none" {
  return faultOf(action)?.code ?? "none";
}
