/** Addresses at which other machines reach this machine. */

import type { NetworkInterfaceInfo } from "node:os";
import { interfaceAddresses } from "../../io/lan/interfaces.ts";

export type OwnAddress = Pick<NetworkInterfaceInfo, "address" | "family" | "internal">;

export function ownAddresses(): OwnAddress[] {
  return interfaceAddresses().flat();
}

/** Returns the addresses that other machines can reach, in the system's order, IPv4 first. */
export function lanAddresses(own: readonly OwnAddress[]): string[] {
  return [...lanAddresses4(own), ...lanAddresses6(own)];
}

function lanAddresses4(own: readonly OwnAddress[]): string[] {
  return own
    .filter(({ internal, family }) => !internal && family === "IPv4")
    .map(({ address }) => address);
}

/**
 * Returns the IPv6 addresses except link-local ones, which are valid only together with an
 * interface name.
 */
function lanAddresses6(own: readonly OwnAddress[]): string[] {
  return own
    .filter(({ internal, family, address }) => {
      return !internal && family === "IPv6" && !/^fe[89ab]/i.test(address);
    })
    .map(({ address }) => address);
}

/**
 * Returns all hosts at which other machines reach a server on this address, or the local host if
 * there are none.
 * @param host host from `--host`
 */
export function externalHosts(
  host: string | undefined,
  own: readonly OwnAddress[],
): readonly string[] {
  if (host !== undefined && host !== "0.0.0.0" && host !== "::") return [host];
  const hosts = host === "0.0.0.0" ? lanAddresses4(own) : lanAddresses(own);
  return hosts.length === 0 ? [reachableHosts(host, own).local] : hosts;
}

export interface ReachableHosts {
  /** Host for clients on this machine. */
  readonly local: string;
  /** Host for other machines, or else `local`. */
  readonly external: string;
  /** Whether other machines have only IPv6, on which the server does not listen. */
  readonly lacksIpv6: boolean;
}

/**
 * Returns the hosts on which to try to listen, in this order. Without `--host`, the first host
 * accepts IPv6 and IPv4, and the second accepts IPv4 for systems without IPv6.
 */
export function listenHosts(host: string | undefined): readonly [string, ...string[]] {
  return host === undefined ? ["::", "0.0.0.0"] : [host];
}

/**
 * Returns the hosts at which a server on this address is reachable.
 * @param host host from `--host`; `::` also accepts IPv4; `undefined` without `--host`
 */
export function reachableHosts(
  host: string | undefined,
  own: readonly OwnAddress[],
): ReachableHosts {
  const [lan4] = lanAddresses4(own);
  const [lan6] = lanAddresses6(own);
  if (host === undefined) {
    return { local: "127.0.0.1", external: lan4 ?? lan6 ?? "127.0.0.1", lacksIpv6: false };
  }
  if (host === "0.0.0.0") {
    const lacksIpv6 = lan4 === undefined && lan6 !== undefined;
    return { local: "127.0.0.1", external: lan4 ?? "127.0.0.1", lacksIpv6 };
  }
  if (host !== "::") return { local: host, external: host, lacksIpv6: false };
  // A Linux system without IPv6 can still bind to `::`, but has no ::1.
  const hasIpv6 = own.some(({ address }) => address === "::1");
  const local = hasIpv6 ? "::1" : "127.0.0.1";
  return { local, external: lan4 ?? lan6 ?? local, lacksIpv6: false };
}
