/** Shares of accounts in the connections over UDP, each of which may hold memory. */

import { Fault, msg } from "../../base/fault.ts";
import type { UserId } from "../../base/ids.ts";
import {
  BUSY_RETRY_MS,
  UDP_MEMBER_CONNECTIONS_MAX,
  UDP_SEPARATE_CHANNELS_PER_ACCOUNT_MAX,
  UDP_SESSIONS_PER_ACCOUNT_MAX,
} from "../../base/limits.ts";
import type { Account } from "../../core/rooms/accounts.ts";
import type { ClientConnection } from "./client-connection.ts";
import type { Peers } from "./peers.ts";

type Client = Pick<ClientConnection, "link" | "account" | "channel" | "close">;

/**
 * Call before a client over UDP becomes a session or a data channel. If no connection is left, the
 * account that has most of them loses its oldest.
 * @throws {Fault} too-many
 */
export function admitUdpConnection(
  peers: Pick<Peers, "all">,
  client: Client,
  account: Account,
  kind: "session" | "channel",
): void {
  if (!isSeparate(client)) return;
  const connections = [...peers.all()].filter(
    (peer) => isSeparate(peer) && payerOf(peer) !== undefined,
  );
  const own = connections.filter((peer) => payerOf(peer) === account.id);
  const sessions = own.filter((peer) => peer.channel === undefined).length;
  if (kind === "session" && sessions >= UDP_SESSIONS_PER_ACCOUNT_MAX) {
    const message = msg`${account.name} has reached the limit of ${sessions} sessions over UDP`;
    throw new Fault("too-many", message, { remedy: "connect over TCP, or close another session" });
  }
  const channels = own.length - sessions;
  if (kind === "channel" && channels >= UDP_SEPARATE_CHANNELS_PER_ACCOUNT_MAX) {
    const message = msg`limit of ${channels} transfers over connections of their own reached`;
    throw new Fault("too-many", message, { retryAfterMs: BUSY_RETRY_MS });
  }
  if (connections.length < UDP_MEMBER_CONNECTIONS_MAX) return;
  const full = new Fault("too-many", msg`too many connections over UDP`, {
    remedy: msg`connect over TCP`,
  });
  const largest = [...Map.groupBy(connections, payerOf).values()].reduce((a, b) =>
    b.length > a.length ? b : a,
  );
  if (largest.length <= own.length + 1) throw full;
  largest[0]?.close(full);
}

/** Reports whether a client has a connection of its own, and is no stream of a session's. */
function isSeparate({ link }: Pick<Client, "link">): boolean {
  return link.transport === "udp" && link.isChannel !== true;
}

function payerOf({ account, channel }: Pick<Client, "account" | "channel">): UserId | undefined {
  return (account ?? channel?.account)?.id;
}
