/** Transient faults, and faults of lost connections. */

import { FAULTS, Fault, type FaultCode, msg } from "../../base/fault.ts";

const TRANSIENT_CODES: ReadonlySet<FaultCode> = new Set([
  "unreachable",
  "timeout",
  "link-closed",
  "shutting-down",
  "port-taken",
  "store-full",
  "store-failed",
  "log-conflict",
  "no-majority",
  "internal",
  "admin-pending",
  "too-many",
  "too-fast",
]);

export function isTransient(fault: Fault): boolean {
  return fault.retryAfterMs !== undefined || TRANSIENT_CODES.has(fault.code);
}

export function notConnected(): Fault {
  return new Fault("link-closed", msg`not connected`);
}

export function notLoggedIn(): Fault {
  return new Fault("not-logged-in", msg`you are not logged in`);
}

/** @param refusal reason that the server gave, if NATS refuses its messages */
export function noMajority(refusal?: string): Fault {
  if (refusal !== undefined)
    return new Fault("no-majority", msg`the server cannot record messages: ${refusal}`);
  return new Fault(
    "no-majority",
    "the server's cluster has no majority and cannot accept messages",
  );
}

const SAVED = msg`it is saved, and will be sent when you next connect; do not send it again`;
const ALL_SAVED = msg`they are saved, and will be sent when you next connect; do not repeat them`;

/**
 * Posts that are stored on this device, and not confirmed. A refused sign-in keeps its exit code,
 * because only the user can end it.
 */
export class QueuedFault extends Fault {
  override get exitCode(): number {
    return isTransient(this) ? FAULTS.unreachable.exitCode : super.exitCode;
  }
}

export function unconfirmed(count: number, cause: Fault): Fault {
  if (cause instanceof QueuedFault) return cause;
  const subject = count === 1 ? "1 message is" : `${count} messages are`;
  return new QueuedFault(cause.code, msg`${subject} not sent yet: ${cause.message}`, {
    remedy: count === 1 ? SAVED : ALL_SAVED,
    cause,
  });
}

export function interruptedPost(): Fault {
  return new QueuedFault(
    "interrupted",
    msg`the connection was closed before the message was confirmed`,
    { remedy: SAVED },
  );
}

export function interruptedTransfer(): Fault {
  return new Fault("interrupted", msg`the connection was closed before the transfer finished`, {
    remedy: msg`run the same command again to resume`,
  });
}
