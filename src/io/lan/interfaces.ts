/** Addresses of this machine's network interfaces. */

import { type NetworkInterfaceInfo, networkInterfaces } from "node:os";
import { errorCode } from "../disk/disk.ts";
import { connectUdp } from "./udp-probe.ts";

export type InterfaceAddress = NetworkInterfaceInfo & {
  readonly name: string;
  /** An address with a lower rank is more likely to be reachable from other machines. */
  readonly rank: number;
};

/** Network interfaces, those that most likely lead to other machines first. */
export function interfaceAddresses(
  list: typeof networkInterfaces = networkInterfaces,
  routed: readonly string[] = [],
): readonly (readonly InterfaceAddress[])[] {
  try {
    const interfaces = Object.entries(list()).flatMap(([name, addresses = []]) => {
      const isDefault = addresses.some(({ address }) => routed.includes(address));
      const ranked = addresses.map((one) => ({
        ...one,
        name,
        rank: rankOf(name, one.address, isDefault),
      }));
      return ranked.length === 0 ? [] : [ranked.sort((a, b) => a.rank - b.rank)];
    });
    return interfaces.sort(([a], [b]) => (a?.rank ?? 0) - (b?.rank ?? 0));
  } catch {
    return [];
  }
}

/** Rank of the interface of the default route, unless it is a tunnel. */
export const DEFAULT_ROUTE_RANK = 0;
/** Highest rank of an interface that probably leads to a network of other machines. */
export const LAN_RANK_MAX = 2;
const LINK_LOCAL_RANK = 6;

/** Bridges and adapters of containers and virtual machines. */
const VIRTUAL = new RegExp(
  "^(?:docker|br-[\\da-f]+$|virbr|vmnet|vboxnet|lxcbr|lxdbr|incusbr|podman|cni|flannel|cali|" +
    "bridge\\d{3}|vEthernet|VMware|VirtualBox)",
  "i",
);
const TUNNEL = new RegExp(
  "^(?:tun|tap|utun|ppp|wg|wireguard|tailscale|zt|zerotier|ham|ipsec|gpd|nordlynx|proton|mullvad)" +
    "|vpn",
  "i",
);
/** End of a pair whose other end is usually in a container. */
const PAIR = /^veth/;
/** Shared address space of providers, which VPNs use too (RFC 6598). */
const SHARED_4 = /^100\.(?:6[4-9]|[789]\d|1[01]\d|12[0-7])\./;
const LINK_LOCAL = /^(?:169\.254\.|fe[89ab][\da-f]:)/i;

function rankOf(name: string, address: string, isDefault: boolean): number {
  if (LINK_LOCAL.test(address)) return LINK_LOCAL_RANK;
  // A VPN may take the default route, but the machines nearby do not use it.
  if (TUNNEL.test(name)) return isDefault ? 3 : 4;
  if (isDefault) return DEFAULT_ROUTE_RANK;
  if (VIRTUAL.test(name)) return 5;
  if (SHARED_4.test(address)) return 4;
  return PAIR.test(name) ? LAN_RANK_MAX : 1;
}

export function isLinkLocal(address: string): boolean {
  return LINK_LOCAL.test(address);
}

const LOST_CODES = ["ENODEV", "ENETUNREACH", "EADDRNOTAVAIL", "ENXIO"];

/** Reports whether a socket's interface or its address is gone, although both may be back. */
export function isLostInterface(error: unknown): boolean {
  return LOST_CODES.includes(errorCode(error));
}

/** Addresses for documentation, which only a default route reaches (RFC 5737, RFC 3849). */
const REMOTE = ["192.0.2.1", "2001:db8::1"] as const;
const DISCARD_PORT = 9;

/** Returns this machine's addresses on its default routes. Sends nothing. */
export async function routedAddresses(): Promise<string[]> {
  const found = REMOTE.map((remote) => sendingAddress(remote, DISCARD_PORT).catch(() => ""));
  return (await Promise.all(found)).filter((address) => address !== "");
}

/**
 * Returns this machine's address for the route to another one. Sends nothing.
 * @throws {Error} with the code of the system if there is no route
 */
export async function sendingAddress(address: string, port: number): Promise<string> {
  const socket = await connectUdp({ host: address, port });
  try {
    return socket.address.address;
  } finally {
    socket.close();
  }
}
