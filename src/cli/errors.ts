/** Faults as text and JSON. */

import { AssertionFailure } from "../base/assert.ts";
import { Fault, type Translatable } from "../base/fault.ts";
import { cleanText, jsonLine } from "../base/text.ts";

/** Any value other than a Fault indicates a bug and becomes an `internal` fault. */
export function toFault(error: unknown): Fault {
  if (error instanceof Fault) return error;
  const detail = error instanceof Error ? error.message : String(error);
  const kind = error instanceof AssertionFailure ? "internal error" : "unexpected error";
  return new Fault("internal", `${kind}: ${detail}`, {
    remedy: "run it again with --debug and report this as a bug",
    cause: error,
  });
}

export function usageFault(message: string | Translatable, remedy: string | Translatable): Fault {
  return new Fault("usage", message, { remedy });
}

export function errorLine(fault: Fault): string {
  return `${cleanText(`chat: ${fault.message}; ${fault.remedy}`)}\n`;
}

export function faultJson(fault: Fault) {
  const { code, blame, message, remedy, retryAfterMs } = fault;
  return { kind: "fault", code, blame, message, remedy, retryAfterMs };
}

export function errorJson(fault: Fault): string {
  return jsonLine(faultJson(fault));
}

export function errorStack(error: unknown): string {
  const lines: string[] = [];
  for (let current = error; current !== undefined && lines.length < 8; current = causeOf(current)) {
    lines.push(current instanceof Error ? (current.stack ?? `${current}`) : String(current));
  }
  return `${lines.map((line) => cleanText(line, { lines: true })).join("\ncaused by: ")}\n`;
}

function causeOf(error: unknown): unknown {
  return error instanceof Error ? error.cause : undefined;
}
