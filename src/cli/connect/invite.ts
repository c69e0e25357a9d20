/** Invites, and the addresses of this machine that they name. */

import type { NetworkInterfaceInfo } from "node:os";
import { join } from "node:path";
import { CLUSTER_ADDRESSES_MAX } from "../../base/limits-cluster.ts";
import type { Name } from "../../base/names.ts";
import { defined } from "../../base/values.ts";
import { readSmallFile } from "../../io/disk/data-folder.ts";
import { interfaceAddresses } from "../../io/lan/interfaces.ts";
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

interface ReachableHosts {
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
