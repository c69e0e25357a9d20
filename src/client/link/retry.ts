/** Transient faults, and faults of lost connections. */

import { Fault, type FaultCode, msg } from "../../base/fault.ts";

/** Codes of transient faults; all others need a person to act. */
const PASSING: ReadonlySet<FaultCode> = new Set([
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
  "too-many",
  "too-fast",
]);

export function isPassing(fault: Fault): boolean {
  return fault.retryAfterMs !== undefined || PASSING.has(fault.code);
}

export function notConnected(): Fault {
  return new Fault("link-closed", msg`there is no connection at the moment`);
}

export function notLoggedIn(): Fault {
  return new Fault("not-logged-in", msg`you are not logged in`);
}

/** Fault of a server whose cluster accepts nothing now; other nodes may. */
export function withoutMajority(): Fault {
  return new Fault("no-majority", "the server's cluster has no majority: it takes no messages now");
}

/** Fault for posts that the server has not confirmed. @param why the reason */
export function unconfirmed(count: number, why: Fault): Fault {
  const which = count === 1 ? "1 message is" : `${count} messages are`;
  return new Fault(why.code, msg`${which} not sent yet: ${why.message}`, {
    remedy: `${count === 1 ? "it is" : "they are"} kept, and sent with the next chat send or join`,
    cause: why,
  });
}

export function leftUnsent(): Fault {
  return new Fault("interrupted", "the connection was closed before the message was confirmed", {
    remedy: "it is kept, and goes out with the next chat join or chat send",
  });
}

export function leftUnfinished(): Fault {
  return new Fault("interrupted", "the connection was closed before the file was through", {
    remedy: "the same command goes on from there",
  });
}
