/** Addresses at which other machines reach this machine. */

import type { NetworkInterfaceInfo } from "node:os";
import { interfaceAddresses } from "../../io/lan/interfaces.ts";

export type OwnAddress = Pick<NetworkInterfaceInfo, "address" | "family" | "internal">;

export function ownAddresses(): OwnAddress[] {
  return interfaceAddresses().flat();
}

export function lanAddresses(own: readonly OwnAddress[]): string[] {
  return [...lanAddresses4(own), ...lanAddresses6(own)];
}

function lanAddresses4(own: readonly OwnAddress[]): string[] {
  return own
    .filter(({ internal, family }) => !internal && family === "IPv4")
    .map(({ address }) => address);
}

/** Omits link-local addresses, which are valid only together with an interface name. */
function lanAddresses6(own: readonly OwnAddress[]): string[] {
  return own
    .filter(({ internal, family, address }) => {
      return !internal && family === "IPv6" && !/^fe[89ab]/i.test(address);
    })
    .map(({ address }) => address);
}

/** Returns the local host if other machines cannot reach this address. */
export function externalHosts(
  host: string | undefined,
  own: readonly OwnAddress[],
): readonly string[] {
  if (host !== undefined && host !== "0.0.0.0" && host !== "::") return [host];
  const hosts = host === "0.0.0.0" ? lanAddresses4(own) : lanAddresses(own);
  return hosts.length === 0 ? [reachableHosts(host, own).local] : hosts;
}

export interface ReachableHosts {
  readonly local: string;
  readonly external: string;
  /** Whether other machines have only IPv6, on which the server does not listen. */
  readonly lacksIpv6: boolean;
}

/**
 * Returns the hosts to try, in order. Without `--host`, `::` accepts IPv6 and IPv4, and the second
 * host serves systems without IPv6.
 */
export function listenHosts(host: string | undefined): readonly [string, ...string[]] {
  return host === undefined ? ["::", "0.0.0.0"] : [host];
}

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
  // Linux without IPv6 can still bind to `::`, but has no ::1.
  const hasIpv6 = own.some(({ address }) => address === "::1");
  const local = hasIpv6 ? "::1" : "127.0.0.1";
  return { local, external: lan4 ?? lan6 ?? local, lacksIpv6: false };
}
