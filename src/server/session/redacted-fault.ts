import { Fault, type FaultCode } from "../../base/fault.ts";
import type { ServerEvent } from "./event.ts";

/** Faults of this machine, whose sentences name its folders and files, as others hear them. */
const SENTENCES: Partial<Record<FaultCode, string>> = {
  "store-full": "the server's disk is full",
  "store-failed": "the server's disk failed",
  "store-denied": "the server's disk failed",
  "data-foreign": "the server's data is not what it should be",
  "log-corrupt": "the server's history is damaged there",
  internal: "the server has failed",
};

/** A fault as it goes to others; its cause is the one that happened here. */
class RedactedFault extends Fault {}

/** What others are told of this machine's trouble: that it is not theirs, and no path on it. */
export function redacted(fault: Fault): Fault {
  const sentence = SENTENCES[fault.code];
  if (sentence === undefined || fault instanceof RedactedFault) return fault;
  const { code, retryAfterMs } = fault;
  return new RedactedFault(code, sentence, {
    remedy: "tell whoever runs the server",
    cause: fault,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}

/** The same in other words, and as fit for others as it was. */
export function reworded(fault: Fault, sentence: string): Fault {
  const { code, remedy, cause, retryAfterMs } = fault;
  const detail = { remedy, cause, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
  if (fault instanceof RedactedFault) return new RedactedFault(code, sentence, detail);
  return new Fault(code, sentence, detail);
}

/** What happened here, of a fault that may have been made fit for others. */
export function inward(fault: Fault | undefined): Fault | undefined {
  return fault instanceof RedactedFault && fault.cause instanceof Fault ? fault.cause : fault;
}

/** Clients are not told paths, so the operator is told; a redacted fault was told before. */
export function tellOwner(fault: Fault, onEvent: (event: ServerEvent) => void): void {
  if (SENTENCES[fault.code] === undefined || fault instanceof RedactedFault) return;
  if (fault.code !== "store-full") onEvent({ kind: "warning", fault });
  else if (fault.cause !== undefined) onEvent({ kind: "full", fault }); // Else a bound of our own.
}
