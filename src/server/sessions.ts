/** Connections to a server: acceptance, requests, log-in and log-out. */

import { productOf } from "../base/client-name.ts";
import { asFault, Fault } from "../base/fault.ts";
import { LINKS_BEFORE_LOGIN_MAX } from "../base/limits.ts";
import { TokenBucket } from "../core/rate.ts";
import type { Account } from "../core/rooms/accounts.ts";
import type { Clock } from "../io/clock.ts";
import type { Address, Link, ListenerEvents } from "../io/link/link.ts";
import { type Answer, type NoticeOf, type Request, requestRow } from "../wire/messages.ts";
import { hasGuessedTooOften } from "./auth/login.ts";
import { RequestHandlers, type SessionActions } from "./handlers/handler.ts";
import { openHandlers } from "./handlers/handlers.ts";
import { RequestRateLimiter } from "./http/request-rate.ts";
import type { ServerNotices } from "./notices.ts";
import type { Services } from "./services/services.ts";
import {
  ClientConnection,
  type ClientConnectionOptions,
  type TransferNotice,
} from "./session/client-connection.ts";
import { AddressLimits, addressSender, isLoopback } from "./session/connection-limits.ts";
import { FairScheduler } from "./session/fair-scheduler.ts";
import type { FloodGuard } from "./session/flood-guard.ts";
import { greet } from "./session/handshake.ts";
import { originalFault, reportHostFault } from "./session/redacted-fault.ts";

/** Reported failures of HTTP requests, so that nobody can fill the operator's journal. */
const FAILURES_PER_SECOND = 0.1;
const FAILURES_BURST = 5;

export class Sessions implements ClientConnectionOptions, ListenerEvents, SessionActions {
  readonly #services: Services;
  readonly #notices: ServerNotices;
  readonly #handlers: RequestHandlers;
  readonly #addresses: AddressLimits;
  readonly #requestRate: RequestRateLimiter;
  readonly clock: Clock;
  readonly scheduler: FairScheduler;
  readonly floodGuard: FloodGuard;
  readonly #failures: TokenBucket;
  readonly #unauthenticated = new Set<ClientConnection>();
  #lastClient = 0;

  constructor(services: Services, notices: ServerNotices) {
    const { clock, settings, registry, floodGuard } = services;
    this.#services = services;
    this.#notices = notices;
    this.#handlers = new RequestHandlers(openHandlers(services, this), registry);
    this.#addresses = new AddressLimits(settings.linksMax);
    this.#requestRate = new RequestRateLimiter(clock);
    this.#failures = new TokenBucket(FAILURES_PER_SECOND, FAILURES_BURST, clock.now());
    this.clock = clock;
    this.scheduler = new FairScheduler(clock);
    this.floodGuard = floodGuard;
  }

  accept(remote: Address): boolean {
    if (this.#services.isStopping() || !this.#addresses.accepts(remote.host)) return false;
    // Loopback is exempt, because a local proxy forwards all clients from that address.
    return isLoopback(remote.host) || !this.floodGuard.isRefused(addressSender(remote.host));
  }

  acceptsRequest(remote: Address): boolean {
    return this.#requestRate.allows(remote);
  }

  requestFailed(cause: unknown): void {
    if (this.#failures.take(this.clock.now()) > 0) return;
    const fault = new Fault("internal", `an HTTP request failed: ${String(cause)}`, { cause });
    this.#services.onEvent({ kind: "warning", fault });
  }

  connecting({ host }: Address): () => void {
    this.#addresses.opened(host);
    return () => this.#addresses.closed(host, false);
  }

  link(link: Link): void {
    const client = new ClientConnection(++this.#lastClient, link, this);
    this.#services.peers.opened(client);
    this.#addresses.opened(link.remote.host);
    this.#awaitLogin(client);
  }

  /**
   * Closes the oldest unauthenticated client if there are too many, unless it is an operator. A
   * log-in takes little time, so the oldest client is probably not logging in.
   */
  #awaitLogin(client: ClientConnection): void {
    this.#unauthenticated.add(client);
    const oldest = this.#unauthenticated.values().find(({ isOperator }) => !isOperator);
    if (this.#unauthenticated.size <= LINKS_BEFORE_LOGIN_MAX || oldest === undefined) return;
    const message = "too many clients have not logged in; your connection was the oldest";
    oldest.close(new Fault("too-many", message, { retryAfterMs: 1_000 }));
  }

  hello(client: ClientConnection, hello: NoticeOf<"hello">): void {
    const { bans, identity, settings, entropy, registry, sequencer } = this.#services;
    try {
      bans.checkClient(client);
    } catch (error) {
      return client.close(asFault(error));
    }
    const needsSecret = settings.roomPassword !== undefined || registry.policy.isClosed;
    const { predecessors } = registry;
    const hasMajority = sequencer.majorityFault() === undefined;
    const greeting = { needsSecret, predecessors, hasMajority };
    greet(client, hello, { identity, settings, entropy, ...greeting });
  }

  request(client: ClientConnection, request: Request): void {
    if (this.#services.isStopping()) {
      const detail = { retryAfterMs: 1_000 };
      client.refuse(request.ref, new Fault("shutting-down", "the server is stopping", detail));
      return;
    }
    const { nextPhase: leadsTo, isLimitedByEngine } = requestRow(request.kind);
    if (leadsTo !== "lane") this.#reportConnected(client);
    const slow = isLimitedByEngine ? undefined : this.#tooFast(client, request);
    if (slow !== undefined) return client.refuse(request.ref, slow);
    const refused = (error: unknown) => this.#refused(client, request, error);
    try {
      this.#handlers.handle(client, request)?.catch(refused);
    } catch (error) {
      refused(error);
    }
  }

  #tooFast(client: ClientConnection, request: Request): Fault | undefined {
    const { account } = client;
    const { engine, clock } = this.#services;
    const slow = client.checkRequestRate();
    if (slow !== undefined || account === undefined) return slow;
    return engine.charge(account.id, request, clock.now());
  }

  #refused(client: ClientConnection, request: Request, error: unknown): void {
    if (!(error instanceof Fault)) throw error;
    reportHostFault(error, this.#services.onEvent);
    client.refuse(request.ref, error);
    if (hasGuessedTooOften(client)) client.close(error);
  }

  openChannel(client: ClientConnection, ticket: string): Answer<"lane"> {
    const channel = this.#services.channels.open(client, ticket);
    client.openChannel(channel);
    this.#addresses.loggedIn(client.link.remote.host);
    this.#unauthenticated.delete(client);
    const { file } = channel;
    return file === undefined ? {} : { file };
  }

  flooded(client: ClientConnection): void {
    this.floodGuard.recordFlood(client.sender);
    this.floodGuard.recordFlood(addressSender(client.link.remote.host));
  }

  transfer(client: ClientConnection, notice: TransferNotice): void {
    this.#services.files?.onNotice(client, notice);
  }

  closed(client: ClientConnection, fault: Fault | undefined): void {
    const { peers, channels, files, metrics, onEvent } = this.#services;
    const { account, channel } = client;
    peers.closed(client);
    this.#unauthenticated.delete(client);
    this.#addresses.closed(client.link.remote.host, account !== undefined || channel !== undefined);
    if (channel !== undefined) channels.onClosed(client, channel);
    files?.onClosed(client);
    metrics.onClosed(client);
    this.#endSession(client);
    if (channel !== undefined) return;
    this.#reportConnected(client);
    const user = account?.name;
    onEvent({ kind: "disconnected", user, ...client.origin, fault: originalFault(fault) });
  }

  /** Omits data channels, because they open and close with every file. */
  #reportConnected({ handshake, channel, origin }: ClientConnection): void {
    if (handshake === undefined || handshake.isReported || channel !== undefined) return;
    handshake.isReported = true;
    const client = productOf(handshake.clientName);
    this.#services.onEvent({ kind: "connected", ...origin, client });
  }

  logIn(client: ClientConnection, account: Account, ref: number, after: number | undefined): void {
    if (client.isClosed) return;
    const { authenticator, peers, rooms, kernel, remote, onEvent } = this.#services;
    const fault = authenticator.refusal(client, account);
    if (fault !== undefined) return client.refuse(ref, fault);
    const member = client.logIn(account);
    client.wrongSecrets = 0;
    authenticator.onLogin(client);
    peers.loggedIn(client, account.id);
    this.#addresses.loggedIn(client.link.remote.host);
    this.#unauthenticated.delete(client);
    this.#services.deviceNotes.record(member);
    client.answer(ref, { account: account.id, user: account.name, seq: rooms.head });
    kernel.startSession(client.id, account.id, member.isPresent);
    remote.onPresenceChange();
    remote.onLogin(client);
    onEvent({ kind: "logged-in", user: account.name, ...client.origin });
    this.#notices.onLogin(client);
    this.#services.readPositions.onLogin(client, account);
    this.#services.sealed?.onLogin(client, account);
    this.#services.invitations.onLogin(client, account);
    this.#services.push?.onLogin(client, account);
    void this.#services.catchUp.resume(client, member, after);
  }

  logOut(client: ClientConnection): void {
    if (client.account === undefined) return;
    this.#addresses.loggedOut(client.link.remote.host);
    if (!client.isClosed) this.#awaitLogin(client);
    this.#endSession(client);
  }

  #endSession(client: ClientConnection): void {
    const { member } = client;
    if (member === undefined) return;
    const { account } = member;
    const { deviceNotes, channels, downloads, eventFeed, fanOut, peers } = this.#services;
    deviceNotes.record(member);
    client.logOut();
    channels.onSessionEnd(client);
    downloads?.onSessionEnd(client);
    eventFeed.watch(client, false);
    fanOut.flush();
    client.unfollowAll();
    peers.loggedOut(client, account.id);
    if (peers.of(account.id).length === 0) this.#services.typing.onOffline(account.id);
    this.#services.kernel.endSession(client.id);
    this.#services.remote.onPresenceChange();
    this.#services.onEvent({ kind: "logged-out", user: account.name, ...client.origin });
  }
}
