/** Addresses under which others can reach this machine. */

import type { NetworkInterfaceInfo } from "node:os";
import { interfaceAddresses } from "../../io/lan/interfaces.ts";

/** An address of this machine. */
export type OwnAddress = Pick<NetworkInterfaceInfo, "address" | "family" | "internal">;

export function ownAddresses(): OwnAddress[] {
  return interfaceAddresses().flat();
}

/** Addresses of this machine that others can reach, in the system's order, IPv4 first. */
export function lanAddresses(own: readonly OwnAddress[]): string[] {
  return [...lanAddresses4(own), ...lanAddresses6(own)];
}

function lanAddresses4(own: readonly OwnAddress[]): string[] {
  return own
    .filter(({ internal, family }) => !internal && family === "IPv4")
    .map(({ address }) => address);
}

/** IPv6 addresses, without link-local ones, which need an interface's name. */
function lanAddresses6(own: readonly OwnAddress[]): string[] {
  return own
    .filter(({ internal, family, address }) => {
      return !internal && family === "IPv6" && !/^fe[89ab]/i.test(address);
    })
    .map(({ address }) => address);
}

/**
 * All hosts by which others reach a server on this address, or only this machine if there are none.
 * @param host as given with `--host`
 */
export function hostsAt(host: string | undefined, own: readonly OwnAddress[]): readonly string[] {
  if (host !== undefined && host !== "0.0.0.0" && host !== "::") return [host];
  const others = host === "0.0.0.0" ? lanAddresses4(own) : lanAddresses(own);
  return others.length === 0 ? [reachableAt(host, own).local] : others;
}

export interface Reachable {
  /** Reachable from this machine. */
  readonly local: string;
  /** Reachable from other machines, if possible. */
  readonly others: string;
  /** Others have only IPv6, and the server does not listen there. */
  readonly lacksIpv6: boolean;
}

/**
 * Hosts to listen on; the first one that the machine has is used. Without `--host`: all addresses
 * of both families, or of IPv4 if the system has no other.
 */
export function listenHosts(host: string | undefined): readonly [string, ...string[]] {
  return host === undefined ? ["::", "0.0.0.0"] : [host];
}

/**
 * Hosts at which a server on this address is reachable.
 * @param host as given with `--host`; `::` accepts IPv4, too; `undefined` if none was given
 */
export function reachableAt(host: string | undefined, own: readonly OwnAddress[]): Reachable {
  const [lan4] = lanAddresses4(own);
  const [lan6] = lanAddresses6(own);
  if (host === undefined) {
    return { local: "127.0.0.1", others: lan4 ?? lan6 ?? "127.0.0.1", lacksIpv6: false };
  }
  if (host === "0.0.0.0") {
    const lacksIpv6 = lan4 === undefined && lan6 !== undefined;
    return { local: "127.0.0.1", others: lan4 ?? "127.0.0.1", lacksIpv6 };
  }
  if (host !== "::") return { local: host, others: host, lacksIpv6: false };
  // A system without IPv6 still binds `::` (Linux), and has no ::1.
  const hasIpv6 = own.some(({ address }) => address === "::1");
  const local = hasIpv6 ? "::1" : "127.0.0.1";
  return { local, others: lan4 ?? lan6 ?? local, lacksIpv6: false };
}
