/** Data channels: additional links of a session, each of which carries one file at a time. */

import { Fault, msg } from "../../base/fault.ts";
import {
  BUSY_RETRY_MS,
  DATA_CHANNELS_PER_ACCOUNT_MAX,
  DATA_CHANNELS_PER_SESSION_MAX,
  TICKET_MS,
} from "../../base/limits.ts";
import type { Account } from "../../core/rooms/accounts.ts";
import { newToken } from "../auth/secrets.ts";
import type { ServerContext } from "../kernel/context.ts";
import type { SomeHandlers } from "../kernel/service.ts";
import type { ClientConnection } from "../session/client-connection.ts";
import type { DataChannel } from "../session/connection-state.ts";
import { admitUdpConnection } from "../session/udp-connections.ts";

interface DataChannelsOptions extends ServerContext {
  readonly downloads: { channelOf(token: string): DataChannel | undefined } | undefined;
}

interface SessionChannels {
  readonly account: Account;
  readonly channels: Set<ClientConnection>;
  readonly tickets: Map<string, number>;
}

export class DataChannels {
  readonly #sessions = new Map<ClientConnection, SessionChannels>();
  readonly #sessionOf = new Map<string, ClientConnection>();

  constructor(private readonly options: DataChannelsOptions) {}

  get count(): number {
    let count = 0;
    for (const { channels } of this.#sessions.values()) count += channels.size;
    return count;
  }

  readonly handlers = {
    ticket: (_, { client, account }) => ({ ticket: this.#ticket(client, account) }),
  } satisfies SomeHandlers;

  /**
   * Returns a single-use ticket for a data channel.
   * @throws {Fault} too-many if the session or account has too many channels
   */
  #ticket(parent: ClientConnection, account: Account): string {
    const held = this.#sessions.get(parent) ?? { account, channels: new Set(), tickets: new Map() };
    this.#checkCapacity(held, account);
    const { clock, entropy } = this.options;
    const ticket = newToken(entropy);
    held.tickets.set(ticket, clock.now() + TICKET_MS);
    this.#sessions.set(parent, held);
    this.#sessionOf.set(ticket, parent);
    return ticket;
  }

  open(channel: ClientConnection, ticket: string): DataChannel {
    const addressed = this.options.downloads?.channelOf(ticket);
    if (addressed !== undefined) return this.#openDownload(channel, addressed);
    const parent = this.#sessionOf.get(ticket);
    const held = parent === undefined ? undefined : this.#sessions.get(parent);
    const until = held?.tickets.get(ticket) ?? Number.NEGATIVE_INFINITY;
    this.#sessionOf.delete(ticket);
    held?.tickets.delete(ticket);
    if (parent === undefined || held === undefined || this.options.clock.now() >= until) {
      channel.wrongSecrets++;
      const message = "invalid or expired ticket";
      throw new Fault("login-refused", message, { remedy: "request a new one" });
    }
    const { account } = held;
    admitUdpConnection(this.options.peers, channel, account, "channel");
    held.channels.add(channel);
    return { parent, account };
  }

  #openDownload(channel: ClientConnection, of: DataChannel): DataChannel {
    const { parent, account } = of;
    const held = this.#sessions.get(parent) ?? { account, channels: new Set(), tickets: new Map() };
    this.#checkCapacity(held, account);
    admitUdpConnection(this.options.peers, channel, account, "channel");
    this.#sessions.set(parent, held);
    held.channels.add(channel);
    return of;
  }

  #checkCapacity(held: SessionChannels, account: Account): void {
    const detail = { retryAfterMs: BUSY_RETRY_MS };
    if (this.#inUse(held) >= DATA_CHANNELS_PER_SESSION_MAX) {
      const message = msg`limit of ${DATA_CHANNELS_PER_SESSION_MAX} transfers per session reached`;
      throw new Fault("too-many", message, detail);
    }
    if (this.#inUseOf(account) >= DATA_CHANNELS_PER_ACCOUNT_MAX) {
      const message = msg`limit of ${DATA_CHANNELS_PER_ACCOUNT_MAX} transfers per account reached`;
      throw new Fault("too-many", message, detail);
    }
  }

  onClosed(channel: ClientConnection): void {
    if (channel.channel === undefined) return;
    const { parent } = channel.channel;
    const held = this.#sessions.get(parent);
    held?.channels.delete(channel);
    if (held?.channels.size === 0 && held.tickets.size === 0) this.#sessions.delete(parent);
  }

  onLogout(parent: ClientConnection): void {
    const held = this.#sessions.get(parent);
    if (held === undefined) return;
    this.#sessions.delete(parent);
    for (const ticket of held.tickets.keys()) this.#sessionOf.delete(ticket);
    const fault = new Fault("link-closed", "the session of this data channel has ended");
    for (const channel of [...held.channels]) channel.close(fault);
  }

  #inUseOf(account: Account): number {
    let inUse = 0;
    for (const client of this.options.peers.of(account.id)) {
      const held = this.#sessions.get(client);
      if (held !== undefined) inUse += this.#inUse(held);
    }
    return inUse;
  }

  #inUse({ channels, tickets }: SessionChannels): number {
    const now = this.options.clock.now();
    for (const [ticket, until] of tickets) {
      if (now < until) break;
      tickets.delete(ticket);
      this.#sessionOf.delete(ticket);
    }
    return channels.size + tickets.size;
  }
}
