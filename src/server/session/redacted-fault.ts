/** Faults of this machine in a form for clients, without the names of folders and files. */

import { Fault, type FaultCode } from "../../base/fault.ts";
import { refusalReason } from "../../io/cluster/majority.ts";
import { serverDiskMessage } from "../../io/disk/disk.ts";
import type { ObservedEvent } from "./event.ts";

const PUBLIC_MESSAGES: Partial<Record<FaultCode, string>> = {
  "store-full": "the server's disk is full",
  "store-failed": "the server's disk failed",
  "store-denied": "the server's disk denies access",
  "data-foreign": "the server's data is damaged",
  "log-corrupt": "the server's history is damaged at this point",
  internal: "internal server error",
};

class RedactedFault extends Fault {}

export function redacted(fault: Fault): Fault {
  const message = PUBLIC_MESSAGES[fault.code];
  if (message === undefined || fault instanceof RedactedFault || isLimit(fault)) return fault;
  const { code, retryAfterMs } = fault;
  const reason = refusalReason(fault.cause) ?? serverDiskMessage(fault.cause);
  return new RedactedFault(code, reason ?? message, {
    remedy: "contact the server's owner",
    cause: fault,
    retryAfterMs,
  });
}

export function withMessage(fault: Fault, message: string): Fault {
  const { code, remedy, cause, retryAfterMs } = fault;
  const detail = { remedy, cause, retryAfterMs };
  if (fault instanceof RedactedFault) return new RedactedFault(code, message, detail);
  return new Fault(code, message, detail);
}

export function originalFault(fault: Fault | undefined): Fault | undefined {
  return fault instanceof RedactedFault && fault.cause instanceof Fault ? fault.cause : fault;
}

export function reportHostFault(fault: Fault, onEvent: (event: ObservedEvent) => void): void {
  if (PUBLIC_MESSAGES[fault.code] === undefined || fault instanceof RedactedFault) return;
  if (fault.code !== "store-full") onEvent({ kind: "warning", fault });
  else if (!isLimit(fault)) onEvent({ kind: "full", fault });
}

/** A configured limit was reached, which names no files and is not reported to operators. */
function isLimit({ code, cause }: Fault): boolean {
  return code === "store-full" && cause === undefined;
}
