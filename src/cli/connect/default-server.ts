import type { ClientState } from "../../io/state/client-state.ts";
import { findLocalServers } from "../../io/state/local-servers.ts";
import { parseServerAddress, type ServerAddress } from "../../wire/invite.ts";
import type { Environment } from "../settings.ts";
import { keptInvite } from "./invite.ts";

/** A server that the user did not name, and the reason for choosing it. */
export interface KnownServer {
  readonly address: ServerAddress;
  readonly why: "runs here" | "last used";
  /** Its data folder, where it runs here. */
  readonly data?: string;
}

/** The servers that this user runs here, newest first; else the last one used. */
export function knownServers(
  env: Environment,
  state: Pick<ClientState, "lastServer"> | undefined,
): readonly KnownServer[] {
  const locals = findLocalServers(env).map((local): KnownServer => {
    const { host, port, data } = local;
    // A user who may read the data folder may come in: it is the same person.
    const address = { ...keptInvite(data), host, port, portGiven: true };
    return { address, why: "runs here", data };
  });
  if (locals.length > 0) return locals;
  const last = state?.lastServer();
  return last === undefined ? [] : [{ address: parseServerAddress(last), why: "last used" }];
}

/** The first of those. */
export function knownServer(
  env: Environment,
  state: Pick<ClientState, "lastServer"> | undefined,
): KnownServer | undefined {
  return knownServers(env, state)[0];
}
