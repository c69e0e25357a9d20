import { join } from "node:path";
import type { ClientState } from "../io/client-state.ts";
import { readSmallFile } from "../io/data-folder.ts";
import { findLocalServers } from "../io/local-servers.ts";
import { parseServerAddress, type ServerAddress } from "../wire/invite.ts";
import type { Environment } from "./_settings.ts";

/** A server that nobody named, and why it is meant. */
export interface KnownServer {
  readonly address: ServerAddress;
  readonly why: "runs here" | "last used";
}

/** The server that this user runs here, else the last one used. */
export function knownServer(
  env: Environment,
  state: Pick<ClientState, "lastServer"> | undefined,
): KnownServer | undefined {
  const [local] = findLocalServers(env);
  if (local !== undefined) {
    const place = { host: local.host, port: local.port, portGiven: true };
    // Whoever may read the data folder may come in: it is the same person.
    return { address: { ...inviteOf(local.data), ...place }, why: "runs here" };
  }
  const last = state?.lastServer();
  return last === undefined ? undefined : { address: parseServerAddress(last), why: "last used" };
}

function inviteOf(data: string): ServerAddress | undefined {
  try {
    const line = readSmallFile(join(data, "invite"))?.trim();
    return line === undefined ? undefined : parseServerAddress(line.replaceAll("'", ""));
  } catch {
    return undefined; // Not ours to read, or not written yet: the password will be asked.
  }
}
