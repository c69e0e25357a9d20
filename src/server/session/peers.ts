/** Connections to a server, and the sessions of each account. */

import type { Fault } from "../../base/fault.ts";
import type { UserId } from "../../base/ids.ts";
import type { ClientConnection } from "./client-connection.ts";

const NO_CLIENTS: ReadonlySet<ClientConnection> = new Set();

export class Peers {
  readonly #all = new Set<ClientConnection>();
  readonly #byAccount = new Map<UserId, Set<ClientConnection>>();

  get count(): number {
    return this.#all.size;
  }

  all(): Iterable<ClientConnection> {
    return this.#all.values();
  }

  of(user: UserId): ReadonlySet<ClientConnection> {
    return this.#byAccount.get(user) ?? NO_CLIENTS;
  }

  *members(): Iterable<ClientConnection> {
    for (const clients of this.#byAccount.values()) yield* clients;
  }

  close(user: UserId, fault: Fault, isTarget = (_client: ClientConnection) => true): void {
    for (const client of [...this.of(user)]) if (isTarget(client)) client.close(fault);
  }

  opened(client: ClientConnection): void {
    this.#all.add(client);
  }

  closed(client: ClientConnection): void {
    this.#all.delete(client);
  }

  loggedIn(client: ClientConnection, user: UserId): void {
    const clients = this.#byAccount.get(user) ?? new Set();
    this.#byAccount.set(user, clients.add(client));
  }

  loggedOut(client: ClientConnection, user: UserId): void {
    const clients = this.#byAccount.get(user);
    clients?.delete(client);
    if (clients?.size === 0) this.#byAccount.delete(user);
  }
}
