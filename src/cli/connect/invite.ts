/** Invites and addresses that commands print. */

import { join } from "node:path";
import { CLUSTER_ADDRESSES_MAX } from "../../base/limits-cluster.ts";
import type { Name } from "../../base/names.ts";
import { defined } from "../../base/values.ts";
import { readSmallFile } from "../../io/disk/data-folder.ts";
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
