/** Faults of a port on which the server cannot listen. */

import { Fault, msg } from "../../base/fault.ts";
import { formatHostPort } from "./upgrade.ts";

/** @param remedy replaces the remedies for the main port */
export function listenFault(cause: unknown, host: string, port: number, remedy?: string): Fault {
  const address = formatHostPort(host, port);
  // Bun.listen (1.4.4) gives no code if it cannot resolve the host.
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "ENOTFOUND";
  switch (code) {
    case "EADDRINUSE":
      return new Fault("port-taken", msg`port ${port} is in use`, { remedy, cause });
    case "EACCES":
      return new Fault("port-taken", msg`port ${port} requires administrator rights`, {
        remedy,
        cause,
      });
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
    case "EINVAL":
      return new Fault("usage", msg`${host} is not an address of this machine`, {
        remedy: remedy ?? "omit --host to listen on all addresses",
        cause,
      });
    default:
      return new Fault("usage", msg`cannot listen on ${address} (${code})`, {
        remedy: remedy ?? "check --host, --port, --cert and --key",
        cause,
      });
  }
}
