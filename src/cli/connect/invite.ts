/** Invites, and the addresses of this machine that they name. */

import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { CLUSTER_ADDRESSES_MAX } from "../../base/limits-cluster.ts";
import type { Name } from "../../base/names.ts";
import { defined } from "../../base/values.ts";
import { readSmallFile } from "../../io/disk/data-folder.ts";
import {
  DEFAULT_ROUTE_RANK,
  type InterfaceAddress,
  interfaceAddresses,
  isLinkLocal,
  LAN_RANK_MAX,
  routedAddresses,
} from "../../io/lan/interfaces.ts";
import { findLocalServers, type LocalServer } from "../../io/state/local-servers.ts";
import { isLoopback } from "../../io/ws/address.ts";
import { mayNameSameMachine } from "../../wire/host.ts";
import {
  formatAddress,
  formatInvite,
  parseServerSpec,
  type ServerAddress,
  type ServerSpec,
} from "../../wire/invite.ts";
import type { Context } from "../context.ts";
import type { OpenClient } from "./client.ts";

export function localServerAt(
  context: Context,
  { host, port }: Pick<ServerSpec, "host" | "port">,
): LocalServer | undefined {
  return findLocalServers(context.env).find(
    (local) => local.port === port && (local.host === host || isLoopback(host)),
  );
}

export function inviteUrl(
  context: Context,
  open: OpenClient,
  { token, room }: { readonly token: string; readonly room: Name },
): string {
  return formatInvite({ ...externalAddress(context, open), room, secret: token });
}

/** Address of the page that asks for a new password. */
export function resetPage(server: ServerAddress, token: string): string {
  return `https://${formatAddress(server)}/#reset=${token}`;
}

export function externalAddress(
  context: Context,
  { client, address }: Pick<OpenClient, "client" | "address">,
): ServerSpec {
  const { fingerprint, cluster } = client;
  const local = localServerAt(context, address);
  // Other machines cannot use the loopback address, but a local server stores an address that they
  // can reach.
  const storedAddress = local === undefined ? undefined : storedInvite(local.data);
  const external = {
    host: storedAddress?.host ?? address.host,
    port: storedAddress?.port ?? address.port,
  };
  const clusterAddresses = otherClusterAddresses(external, storedAddress?.also ?? cluster);
  const optionalFields = defined({
    also: clusterAddresses.length === 0 ? undefined : clusterAddresses,
    fingerprint,
  });
  return { ...external, portGiven: true, ...optionalFields };
}

/** Returns the other cluster addresses that can be reached from the network of `own`. */
export function otherClusterAddresses(
  own: ServerAddress,
  cluster: readonly ServerAddress[],
): ServerAddress[] {
  const text = formatAddress(own);
  return cluster
    .filter(
      (address) => formatAddress(address) !== text && mayNameSameMachine(own.host, address.host),
    )
    .slice(0, CLUSTER_ADDRESSES_MAX - 1);
}

export function storedInvite(data: string): ServerSpec | undefined {
  try {
    const line = readSmallFile(join(data, "invite"));
    return line === undefined ? undefined : parseServerSpec(line);
  } catch {
    // The file belongs to another user or is not written yet. The user is prompted for a password
    // instead.
    return undefined;
  }
}

export type OwnAddress = Pick<InterfaceAddress, "address" | "family" | "internal"> &
  Partial<Pick<InterfaceAddress, "name" | "rank">>;

/** Addresses of this machine, the one that other machines most likely reach first. */
export function ownAddresses(routed: readonly string[] = []): OwnAddress[] {
  return interfaceAddresses(networkInterfaces, routed).flat();
}

export async function routedOwnAddresses(): Promise<OwnAddress[]> {
  return ownAddresses(await routedAddresses());
}

export function lanAddresses(own: readonly OwnAddress[]): string[] {
  return lanCandidates(own).map(({ address }) => address);
}

/** Prefers IPv4 among addresses of one rank. */
function lanCandidates(own: readonly OwnAddress[], family?: "IPv4"): OwnAddress[] {
  return own
    .filter((one) => !one.internal && (family === undefined || one.family === family))
    .filter((one) => one.family === "IPv4" || !isLinkLocal(one.address))
    .toSorted((a, b) => rankOf(a) - rankOf(b) || compareFamilies(a.family, b.family));
}

function compareFamilies(a: string, b: string): number {
  if (a === b) return 0;
  return a === "IPv4" ? -1 : 1;
}

function rankOf({ rank = DEFAULT_ROUTE_RANK }: OwnAddress): number {
  return rank;
}

/** Returns the local host if other machines cannot reach this address. */
export function externalHosts(
  host: string | undefined,
  own: readonly OwnAddress[],
): readonly string[] {
  if (host !== undefined && host !== "0.0.0.0" && host !== "::") return [host];
  const family = host === "0.0.0.0" ? "IPv4" : undefined;
  const hosts = lanCandidates(own, family).map(({ address }) => address);
  return hosts.length === 0 ? [reachableHosts(host, own).local] : hosts;
}

const ALTERNATIVES_MAX = 3;

interface ReachableHosts {
  readonly local: string;
  readonly external: string;
  /** Further hosts to try, if other machines may not reach `external`. */
  readonly also: readonly string[];
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
  const isIpv4Only = host === "0.0.0.0";
  if (host !== undefined && !isIpv4Only && host !== "::") {
    return { local: host, external: host, also: [], lacksIpv6: false };
  }
  // Linux without IPv6 can still bind to `::`, but has no ::1.
  const hasIpv6 = host === "::" && own.some(({ address }) => address === "::1");
  const local = hasIpv6 ? "::1" : "127.0.0.1";
  const candidates = lanCandidates(own, isIpv4Only ? "IPv4" : undefined);
  const [best] = candidates;
  return {
    local,
    external: best?.address ?? local,
    also: alternatives(candidates),
    lacksIpv6: best === undefined && lanCandidates(own).length > 0,
  };
}

/** Alternatives to the first candidate, one per interface. */
function alternatives([best, ...others]: readonly OwnAddress[]): string[] {
  if (best === undefined) return [];
  const isCertain = rankOf(best) === DEFAULT_ROUTE_RANK;
  const names = new Set([best.name]);
  return others
    .filter((one) => !isCertain || rankOf(one) <= LAN_RANK_MAX)
    .filter(({ name, address }) => {
      const isNew = !names.has(name) && !isLinkLocal(address);
      names.add(name);
      return isNew;
    })
    .map(({ address }) => address)
    .slice(0, ALTERNATIVES_MAX);
}

/** Warns if other machines cannot use the address. A loopback `--host` is intended. */
export function reachWarning(host: string | undefined, external: string): string | undefined {
  if (external.includes("%")) {
    return `${external} is valid on this machine only; others need an address without %`;
  }
  if (host !== undefined && host !== "::" && host !== "0.0.0.0") return undefined;
  if (isLoopback(external)) {
    return "this machine has no address that others can reach; connect to a network, or add --host";
  }
  if (!isLinkLocal(external)) return undefined;
  return `${external} is a link-local address; only machines on the same cable or switch reach it`;
}
