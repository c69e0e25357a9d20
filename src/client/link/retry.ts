import { Fault, type FaultCode } from "../../base/fault.ts";

/** Another attempt may find things mended; with the rest a person has to do something. */
const PASSING: ReadonlySet<FaultCode> = new Set([
  "unreachable",
  "timeout",
  "link-closed",
  "shutting-down",
  "port-taken",
  "store-full",
  "store-failed",
  "log-conflict",
  "internal",
  "too-many",
  "too-fast",
]);

/** Whether trying again by itself makes sense. */
export function isPassing(fault: Fault): boolean {
  return fault.retryAfterMs !== undefined || PASSING.has(fault.code);
}

export function notConnected(): Fault {
  return new Fault("link-closed", "there is no connection at the moment");
}

export function notLoggedIn(): Fault {
  return new Fault("not-logged-in", "you are not logged in");
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
