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

/** Those of IPv6; link-local ones are left out: they mean nothing without an interface's name. */
function lanAddresses6(own: readonly OwnAddress[]): string[] {
  return own
    .filter(({ internal, family, address }) => {
      return !internal && family === "IPv6" && !/^fe[89ab]/i.test(address);
    })
    .map(({ address }) => address);
}

/**
 * All hosts by which others reach a server that listens there, or this machine alone where there
 * are none. @param host as given with `--host`
 */
export function hostsAt(host: string | undefined, own: readonly OwnAddress[]): readonly string[] {
  if (host !== undefined && host !== "0.0.0.0" && host !== "::") return [host];
  const others = host === "0.0.0.0" ? lanAddresses4(own) : lanAddresses(own);
  return others.length === 0 ? [reachableAt(host, own).local] : others;
}

export interface Reachable {
  /** From this machine. */
  readonly local: string;
  /** From others, where there are any. */
  readonly others: string;
  /** Others have IPv6 alone, and it does not listen there. */
  readonly misses6: boolean;
}

/**
 * What to listen on, the first that the machine has. Without a `--host` that is all addresses of
 * both families, and of IPv4 where the system knows no other.
 */
export function listenHosts(host: string | undefined): readonly [string, ...string[]] {
  return host === undefined ? ["::", "0.0.0.0"] : [host];
}

/**
 * Where a server is reached that listens there.
 * @param host as given with `--host`; `::` takes calls of IPv4, too; undefined: none was given
 */
export function reachableAt(host: string | undefined, own: readonly OwnAddress[]): Reachable {
  const [lan4] = lanAddresses4(own);
  const [lan6] = lanAddresses6(own);
  if (host === undefined) {
    return { local: "127.0.0.1", others: lan4 ?? lan6 ?? "127.0.0.1", misses6: false };
  }
  if (host === "0.0.0.0") {
    const misses6 = lan4 === undefined && lan6 !== undefined;
    return { local: "127.0.0.1", others: lan4 ?? "127.0.0.1", misses6 };
  }
  if (host !== "::") return { local: host, others: host, misses6: false };
  // A system without IPv6 binds `::` all the same (Linux), and has no ::1.
  const has6 = own.some(({ address }) => address === "::1");
  const local = has6 ? "::1" : "127.0.0.1";
  return { local, others: lan4 ?? lan6 ?? local, misses6: false };
}
