/** Faults for what the system and the network answer to an attempt to connect. */

import { isIP } from "node:net";
import { Fault, type FaultCode } from "../../base/fault.ts";
import { withTimeout } from "../clock.ts";
import { isLinkLocal } from "../lan/interfaces.ts";
import { type ProbeAnswer, probeUdp } from "../lan/udp-probe.ts";
import { resolveAddresses } from "../link/addresses.ts";
import { ifPossible } from "../promises.ts";
import { isLoopback } from "./address.ts";

export interface FailedConnect {
  /** Code of the system, such as `ECONNREFUSED`. */
  readonly code: string;
  /** Host and port, as they are shown. */
  readonly place: string;
  /** Name or address; its port is in `place`. */
  readonly host: string;
  readonly waitedMs: number;
  readonly transport?: "UDP" | undefined;
  readonly cause: unknown;
}

interface Answer {
  readonly message: (failed: FailedConnect) => string;
  /** Absent for that of the fault's code. */
  readonly remedy?: string;
  readonly code?: FaultCode;
}

/**
 * A refusal arrives within a round trip, or within two seconds on Windows, which tries three times;
 * that no host uses an address is known only after three seconds without an answer to ARP.
 */
const REFUSED_MS_MAX = 2_500;

const overUdp = ({ transport }: FailedConnect, text: string) =>
  transport === undefined ? text : `${transport} ${text}`;

const REFUSED: Answer = {
  message: (failed) => overUdp(failed, `connection to ${failed.place} refused`),
};
const NO_HOST: Answer = {
  message: ({ place }) => `no host answers at ${place}`,
  remedy: "check the address, and that the machine is on and in the same network",
};
const NO_ROUTE: Answer = {
  message: ({ place }) => `no route to ${place}`,
  remedy: "check cable, Wi-Fi and VPN: is this machine in the server's network?",
};
const NO_ZONE: Answer = {
  message: NO_ROUTE.message,
  remedy: "add this machine's interface to the address, such as [fe80::1%eth0]:2428",
};
const REJECTED: Answer = {
  message: (failed) =>
    `a router or firewall rejects ${overUdp(failed, "connections")} to ${failed.place}`,
  remedy: "check the address and that the server is running; ask who runs the network",
};
const PROHIBITED: Answer = {
  message: (failed) =>
    `this machine prohibits ${overUdp(failed, "connections")} to ${failed.place}`,
  remedy: "check its firewall and its routes, or ask its administrator",
};
const NO_SOURCE: Answer = {
  message: ({ place }) => `this machine has no free address or port for a connection to ${place}`,
  remedy: "check its network settings, or close other connections",
};
const OTHER_FAMILY: Answer = {
  message: ({ place }) => `this machine cannot connect to addresses such as ${place}`,
  remedy: "use the server's name, or its other address (IPv4 or IPv6)",
};
const EXHAUSTED: Answer = {
  message: ({ place, code }) =>
    `this machine has no resources for a connection to ${place} (${code})`,
  remedy: "close other programs, or raise the limit of open files (ulimit -n)",
};
const UNRESOLVED: Answer = { message: ({ host }) => `cannot resolve ${host}` };
const SILENT: Answer = { message: ({ place }) => `${place} did not answer`, code: "timeout" };
const CLOSED: Answer = {
  message: ({ place }) => `${place} closed the connection`,
  remedy: "try again; if it persists, check the port",
};

/** Linux, macOS and Windows; Bun maps Windows' own codes to these. */
const ANSWERS: Readonly<Record<string, Answer>> = {
  ECONNREFUSED: REFUSED,
  EHOSTUNREACH: REJECTED,
  EHOSTDOWN: NO_HOST,
  ENETUNREACH: NO_ROUTE,
  ENETDOWN: NO_ROUTE,
  ENONET: NO_ROUTE,
  // The interface in the zone of an address is missing.
  ENODEV: NO_ROUTE,
  ENXIO: NO_ROUTE,
  EACCES: PROHIBITED,
  EPERM: PROHIBITED,
  // A route of the type blackhole.
  EINVAL: PROHIBITED,
  ENOPROTOOPT: REJECTED,
  EADDRNOTAVAIL: NO_SOURCE,
  EADDRINUSE: NO_SOURCE,
  EAGAIN: NO_SOURCE,
  EAFNOSUPPORT: OTHER_FAMILY,
  EPROTONOSUPPORT: OTHER_FAMILY,
  EMFILE: EXHAUSTED,
  ENFILE: EXHAUSTED,
  ENOBUFS: EXHAUSTED,
  ENOMEM: EXHAUSTED,
  ETIMEDOUT: SILENT,
  ECONNRESET: CLOSED,
  ECONNABORTED: CLOSED,
  EPIPE: CLOSED,
  ENOTFOUND: UNRESOLVED,
  EAI_AGAIN: UNRESOLVED,
  EAI_FAIL: UNRESOLVED,
  EAI_NODATA: UNRESOLVED,
  EAI_NONAME: UNRESOLVED,
};

/** Bun 1.4.4 reports these codes of UDP as they are, but most of those of TCP as a refusal. */
const NETWORK_CODES = new Set(["EHOSTUNREACH", "ENETUNREACH", "ENOPROTOOPT"]);
/** Answers before anything is sent. Those to a datagram may be meant for UDP alone. */
const ROUTE_CODES = new Set([...NETWORK_CODES, "EACCES", "EINVAL", "EADDRNOTAVAIL", "ENETDOWN"]);

export function connectFault(failed: FailedConnect): Fault {
  const { code, place, cause } = failed;
  const answer = answerOf(failed);
  if (answer === undefined) {
    const means = failed.transport === undefined ? "" : ` over ${failed.transport}`;
    return new Fault("unreachable", `cannot connect to ${place}${means} (${code})`, { cause });
  }
  const { message, remedy, code: faultCode = "unreachable" } = answer;
  return new Fault(faultCode, message(failed), { remedy, cause });
}

function answerOf({ code, host, waitedMs }: FailedConnect): Answer | undefined {
  const isSlow = waitedMs > REFUSED_MS_MAX;
  if (isSlow && (code === "ECONNREFUSED" || code === "EHOSTUNREACH")) return NO_HOST;
  if (code === "EINVAL" && isLinkLocal(host) && !host.includes("%")) return NO_ZONE;
  return ANSWERS[code];
}

/** A router answers a datagram as late as a connection; a host need not answer at all. */
const ANSWER_MS_MIN = 100;
const ANSWER_MS_MAX = 500;

/**
 * Finds the cause of a refused TCP connection with a datagram, because Bun 1.4.4 reports all
 * answers of routers and most of the system's as a refusal.
 * @param host the name or address that was dialled
 * @returns the code that TCP gave if the datagram does not explain more
 */
export async function tcpCode(
  code: string,
  { host, port, waitedMs }: { host: string; port: number; waitedMs: number },
): Promise<string> {
  if (code !== "ECONNREFUSED" || waitedMs > REFUSED_MS_MAX) return code;
  const addresses = isIP(host) !== 0 ? [host] : ((await ifPossible(resolveAddresses(host))) ?? []);
  const [address] = addresses;
  // A machine refuses a connection to itself. A name that has several addresses is refused by one.
  if (address === undefined || addresses.length > 1 || isLoopback(address)) return code;
  const waitMs = Math.min(ANSWER_MS_MAX, ANSWER_MS_MIN + 2 * waitedMs);
  const { promise, resolve } = Promise.withResolvers<ProbeAnswer>();
  const close = await probeUdp({ host: address, port }, resolve);
  const answer = await withTimeout(promise, waitMs, () => undefined);
  close();
  if (answer === undefined) return code;
  return (answer.isLocal ? ROUTE_CODES : NETWORK_CODES).has(answer.code) ? answer.code : code;
}
