/** Connections to a server, and the sessions of each account. */

import type { Fault } from "../../base/fault.ts";
import type { UserId } from "../../base/ids.ts";
import type { ClientConnection } from "./client-connection.ts";

const NO_CLIENTS: readonly ClientConnection[] = [];

export class Peers {
  readonly #all = new Set<ClientConnection>();
  /** Each change replaces the array, so callers may iterate while clients log in or out. */
  readonly #byAccount = new Map<UserId, readonly ClientConnection[]>();

  get count(): number {
    return this.#all.size;
  }

  all(): Iterable<ClientConnection> {
    return this.#all.values();
  }

  of(user: UserId): readonly ClientConnection[] {
    return this.#byAccount.get(user) ?? NO_CLIENTS;
  }

  *members(): Iterable<ClientConnection> {
    for (const clients of this.#byAccount.values()) yield* clients;
  }

  close(user: UserId, fault: Fault, isTarget = (_client: ClientConnection) => true): void {
    for (const client of this.of(user)) if (isTarget(client)) client.close(fault);
  }

  opened(client: ClientConnection): void {
    this.#all.add(client);
  }

  closed(client: ClientConnection): void {
    this.#all.delete(client);
  }

  loggedIn(client: ClientConnection, user: UserId): void {
    this.#byAccount.set(user, [...this.of(user), client]);
  }

  loggedOut(client: ClientConnection, user: UserId): void {
    const clients = this.of(user).filter((other) => other !== client);
    if (clients.length === 0) this.#byAccount.delete(user);
    else this.#byAccount.set(user, clients);
  }
}
