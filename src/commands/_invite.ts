import { join } from "node:path";
import type { Name } from "../base/names.ts";
import { readSmallFile } from "../io/data-folder.ts";
import { findLocalServers, type LocalServer } from "../io/local-servers.ts";
import { formatInvite, parseServerAddress, type ServerAddress } from "../wire/invite.ts";
import type { OpenClient } from "./_client.ts";
import type { Context } from "./_context.ts";

/** The server of this user on this machine that has this address. */
export function localServerAt(
  context: Context,
  { host, port }: Pick<ServerAddress, "host" | "port">,
): LocalServer | undefined {
  return findLocalServers(context.env).find(
    (local) => local.port === port && (local.host === host || isLocalHost(host)),
  );
}

function isLocalHost(host: string): boolean {
  return host === "localhost" || host === "::1" || host.startsWith("127.");
}

/** The line that lets somebody in by this token, from wherever they are. */
export function inviteUrl(
  context: Context,
  { client, address }: OpenClient,
  { token, room }: { readonly token: string; readonly room: Name },
): string {
  const { fingerprint } = client;
  const local = localServerAt(context, address);
  // The loopback address of a server here says nothing to others: it knows a better one.
  const host = (local === undefined ? undefined : servedHost(local.data)) ?? address.host;
  return formatInvite({
    host,
    port: address.port,
    portGiven: true,
    room,
    ...(fingerprint === undefined ? {} : { fingerprint }),
    secret: token,
  });
}

function servedHost(data: string): string | undefined {
  try {
    const line = readSmallFile(join(data, "invite"))?.trim();
    return line === undefined ? undefined : parseServerAddress(line.replaceAll("'", "")).host;
  } catch {
    return undefined; // Not ours to read.
  }
}
