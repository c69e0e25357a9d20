/** Connections to a server: acceptance, handshake, requests, log-in and log-out. */

import { edenGC } from "bun:jsc";
import { productOf } from "../base/client-name.ts";
import { asFault, Fault, msg } from "../base/fault.ts";
import {
  IDLE_BEFORE_LOGIN_MS,
  LINKS_BEFORE_LOGIN_MAX,
  MESSAGE_BYTES_MAX,
  TEXT_BYTES_MAX,
} from "../base/limits.ts";
import { defined } from "../base/values.ts";
import { PROGRAM } from "../base/version.ts";
import { TokenBucket } from "../core/rate.ts";
import type { Account } from "../core/rooms/accounts.ts";
import { makeServerProof } from "../crypto/greeting.ts";
import type { Identity } from "../crypto/identity.ts";
import type { FormerKey } from "../crypto/succession.ts";
import { refusalReason } from "../io/cluster/majority.ts";
import type { Entropy } from "../io/entropy.ts";
import type { Address, Link, ListenerEvents } from "../io/link/link.ts";
import { type NoticeOf, type Request, requestRow, WIRE_VERSION } from "../wire/messages.ts";
import { announcedVersion, newestVersion, type Version } from "../wire/since.ts";
import type { Bans } from "./auth/bans.ts";
import { type Authenticator, hasGuessedTooOften } from "./auth/login.ts";
import type { DataChannels } from "./files/data-channels.ts";
import type { FileService } from "./files/file-service.ts";
import type { ServerContext } from "./kernel/context.ts";
import type { LoginRequest, SomeHandlers } from "./kernel/service.ts";
import type { RequestHandlers } from "./requests.ts";
import type { FanOut } from "./rooms/broadcast.ts";
import type { ProofService } from "./rooms/proofs.ts";
import {
  ClientConnection,
  type ClientConnectionOptions,
  type TransferNotice,
} from "./session/client-connection.ts";
import {
  AddressLimits,
  addressKey,
  addressSender,
  isOwnHost,
  type LinkRefusal,
  RequestRateLimiter,
} from "./session/connection-limits.ts";
import type { MemberState } from "./session/connection-state.ts";
import { FairScheduler } from "./session/fair-scheduler.ts";
import type { FloodGuard } from "./session/flood-guard.ts";
import type { LinkRefusals } from "./session/link-refusals.ts";
import { originalFault, reportHostFault } from "./session/redacted-fault.ts";
import { SendQueues } from "./session/send-queues.ts";

/**
 * Connections between two collections of young objects. Garbage of log-ins would otherwise lie
 * between the objects of idle connections, so that the heap could not shrink.
 */
const LINKS_PER_COLLECTION = 100;

export interface GreetingOptions {
  readonly identity: Identity;
  readonly entropy: Entropy;
  readonly settings: {
    readonly name: string;
    readonly welcome: string | undefined;
    readonly build?: string;
    readonly proxyCertificates?: () => readonly Uint8Array[];
  };
  readonly needsSecret: boolean;
  readonly isClosed: boolean;
  readonly fileBytesMax: number | undefined;
  readonly predecessors: readonly FormerKey[];
  readonly majorityFault: Fault | undefined;
  /** Newest version whose records all servers of the cluster know. */
  readonly clusterKnows: Version;
  readonly prove: ProofService["greeted"];
}

function greet(
  client: ClientConnection,
  hello: NoticeOf<"hello">,
  {
    identity,
    settings,
    entropy,
    needsSecret,
    isClosed,
    fileBytesMax: fileBytes,
    predecessors,
    majorityFault,
    clusterKnows,
    prove,
  }: GreetingOptions,
): void {
  if (!hello.versions.includes(WIRE_VERSION)) {
    const versions = hello.versions.join(", ");
    const message = msg`this server supports protocol version ${WIRE_VERSION}, not ${versions}`;
    client.close(new Fault("version-unsupported", message));
    return;
  }
  const clientNonce = new Uint8Array(hello.nonce);
  const serverNonce = new Uint8Array(entropy(32));
  const knows = announcedVersion(hello.knows);
  const proxyCertificates = settings.proxyCertificates?.() ?? [];
  client.greet({
    clientName: hello.client,
    clientNonce,
    serverNonce,
    knows,
    clusterKnows,
    proxyCertificates,
  });
  const { certificateHash } = client.link;
  const proved = (certificate: Uint8Array) => {
    const greeting = { certificateHash: certificate, clientNonce, serverNonce };
    return { certificate, proof: makeServerProof(identity, greeting) };
  };
  const notice = defined({
    kind: "welcome",
    version: WIRE_VERSION,
    server: { name: settings.name, key: identity.publicKey },
    nonce: serverNonce,
    ...proved(certificateHash),
    others: proxyCertificates.length === 0 ? undefined : proxyCertificates.map(proved),
    needs: needsSecret ? "password" : "open",
    closed: isClosed || undefined,
    text: settings.welcome,
    predecessors: predecessors.length === 0 ? undefined : [...predecessors],
    build: settings.build,
    program: PROGRAM,
    majority: majorityFault === undefined ? undefined : false,
    refusal: refusalReason(majorityFault),
    early: true,
    knows: newestVersion(),
    clusterKnows: clusterKnows === newestVersion() ? undefined : clusterKnows,
    limits: defined({ messageBytes: MESSAGE_BYTES_MAX, textBytes: TEXT_BYTES_MAX, fileBytes }),
  });
  if (hello.seen === undefined) return client.notify(notice);
  void prove(hello.seen, clientNonce, client.link).then((seen) => {
    client.notify(seen === undefined ? notice : { ...notice, seen });
  });
}

/** Reported failures of HTTP requests, so that nobody can fill the operator's journal. */
const FAILURES_PER_SECOND = 0.1;
const FAILURES_BURST = 5;

interface SessionsOptions extends ServerContext {
  readonly authenticator: Pick<Authenticator, "refusal">;
  readonly bans: Pick<Bans, "checkClient">;
  readonly channels: Pick<DataChannels, "open">;
  readonly fanOut: Pick<FanOut, "flush">;
  readonly files: Pick<FileService, "onNotice" | "fileBytesMax"> | undefined;
  readonly floodGuard: FloodGuard;
  readonly linkRefusals: Pick<LinkRefusals, "note">;
  readonly requests: RequestHandlers;
  readonly proofs: Pick<ProofService, "greeted">;
}

export class Sessions implements ClientConnectionOptions, ListenerEvents {
  readonly clock;
  readonly #addresses;
  readonly #requestRate;
  readonly scheduler;
  readonly floodGuard;
  readonly #failures;
  readonly #sendQueues;
  readonly #unauthenticated = new Set<ClientConnection>();
  #lastClient = 0;

  constructor(private readonly options: SessionsOptions) {
    this.clock = options.clock;
    const { linksMax, linksPerAddress, loginsPerAddress } = options.settings;
    this.#addresses = new AddressLimits({
      linksMax,
      perAddressMax: linksPerAddress,
      beforeLoginMax: loginsPerAddress,
    });
    this.#requestRate = new RequestRateLimiter(this.clock);
    this.scheduler = new FairScheduler(this.clock);
    this.floodGuard = options.floodGuard;
    this.#sendQueues = new SendQueues({ clock: this.clock, clients: options.peers });
    this.#failures = new TokenBucket(FAILURES_PER_SECOND, FAILURES_BURST, this.clock.now());
  }

  readonly handlers = {
    lane: ({ ticket }, { client }) => {
      const channel = this.options.channels.open(client, ticket);
      client.openChannel(channel);
      this.#addresses.loggedIn(client.link.remote.host);
      this.#unauthenticated.delete(client);
      const { file } = channel;
      return file === undefined ? {} : { file };
    },
  } satisfies SomeHandlers;

  tick(): void {
    for (const client of [...this.options.peers.all()]) client.tick();
  }

  accept(remote: Address): boolean {
    if (this.options.isStopping()) return false;
    const refusal = this.#refusalOf(remote.host);
    if (refusal === undefined) return true;
    if (refusal === "logins" && this.#replacesIdle(remote.host)) return true;
    this.options.linkRefusals.note(refusal, remote.host, this.#addresses.max(refusal));
    return false;
  }

  #refusalOf(host: string): LinkRefusal | undefined {
    // Loopback is exempt, because a local proxy forwards all clients from that address.
    const isFlooding = !isOwnHost(host) && this.floodGuard.isRefused(addressSender(host));
    return isFlooding ? "flood" : this.#addresses.refusalOf(host);
  }

  /** Closes the oldest idle link of an address that has too many before a log-in. */
  #replacesIdle(host: string): boolean {
    const key = addressKey(host);
    const now = this.clock.now();
    const idle = this.#unauthenticated
      .values()
      .find((client) => addressKey(client.link.remote.host) === key && client.isIdle(now));
    if (idle === undefined) return false;
    this.#unauthenticated.delete(idle);
    const message = "your connection was idle before the log-in; others of your network need it";
    idle.close(new Fault("too-many", message, { retryAfterMs: IDLE_BEFORE_LOGIN_MS }));
    return true;
  }

  acceptsRequest(remote: Address): boolean {
    return this.#requestRate.allows(remote);
  }

  requestFailed(cause: unknown): void {
    if (this.#failures.take(this.clock.now()) > 0) return;
    const fault = new Fault("internal", `an HTTP request failed: ${String(cause)}`, { cause });
    this.options.onEvent({ kind: "warning", fault });
  }

  connecting({ host }: Address): () => void {
    this.#addresses.opened(host);
    return () => this.#addresses.closed(host, false);
  }

  link(link: Link): void {
    const client = new ClientConnection(++this.#lastClient, link, this);
    if (this.#lastClient % LINKS_PER_COLLECTION === 0) edenGC();
    this.options.peers.opened(client);
    this.#sendQueues.onLink();
    this.#addresses.opened(link.remote.host);
    this.#awaitLogin(client);
  }

  /** Limits and bans follow a client to its new address. */
  moved(link: Link, from: Address): void {
    const client = [...this.options.peers.all()].find((peer) => peer.link === link);
    if (client === undefined || link.remote.host === from.host) return;
    const { account, channel } = client;
    const isMember = account !== undefined || channel !== undefined;
    this.#addresses.moved(from.host, link.remote.host, isMember);
    try {
      this.options.bans.checkClient(client);
    } catch (error) {
      client.close(asFault(error));
    }
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
    const { bans, identity, settings, entropy, registry, sequencer } = this.options;
    try {
      bans.checkClient(client);
    } catch (error) {
      return client.close(asFault(error));
    }
    const { isClosed } = registry.policy;
    const needsSecret = settings.roomPassword !== undefined || isClosed;
    const { predecessors } = registry;
    const majorityFault = sequencer.majorityFault();
    const clusterKnows = sequencer.knownVersion();
    const { fileBytesMax } = this.options.files ?? {};
    const needs = { needsSecret, isClosed, fileBytesMax };
    const greeting = { ...needs, predecessors, majorityFault, clusterKnows };
    const prove: ProofService["greeted"] = (...asked) => this.options.proofs.greeted(...asked);
    greet(client, hello, { identity, settings, entropy, prove, ...greeting });
  }

  request(client: ClientConnection, request: Request): void {
    if (this.options.isStopping()) {
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
      this.options.requests.handle(client, request)?.catch(refused);
    } catch (error) {
      refused(error);
    }
  }

  #tooFast(client: ClientConnection, request: Request): Fault | undefined {
    const { account } = client;
    const { engine, clock } = this.options;
    const slow = client.checkRequestRate();
    if (slow !== undefined || account === undefined) return slow;
    return engine.charge(account.id, request, clock.now());
  }

  #refused(client: ClientConnection, request: Request, error: unknown): void {
    if (!(error instanceof Fault)) throw error;
    reportHostFault(error, this.options.onEvent);
    client.refuse(request.ref, error);
    if (hasGuessedTooOften(client)) client.close(error);
  }

  flooded(client: ClientConnection): void {
    // Others of a member's address are not refused for it.
    this.floodGuard.recordFlood(client.sender);
  }

  transfer(client: ClientConnection, notice: TransferNotice): void {
    this.options.files?.onNotice(client, notice);
  }

  closed(client: ClientConnection, fault: Fault | undefined): void {
    const { peers, feed, onEvent } = this.options;
    const { account, channel } = client;
    peers.closed(client);
    this.#unauthenticated.delete(client);
    this.#addresses.closed(client.link.remote.host, account !== undefined || channel !== undefined);
    feed.emitClosed(client);
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
    this.options.onEvent({ kind: "connected", ...origin, client });
  }

  logIn(client: ClientConnection, account: Account, request: LoginRequest): void {
    if (client.isClosed) return;
    const { authenticator, peers, feed } = this.options;
    const fault = authenticator.refusal(client, account);
    if (fault !== undefined) return client.refuse(request.ref, fault);
    const member = client.logIn(account);
    client.wrongSecrets = 0;
    peers.loggedIn(client, account.id);
    this.#addresses.loggedIn(client.link.remote.host);
    this.#unauthenticated.delete(client);
    feed.emitLogin(client, member, request);
  }

  onLogin(
    client: ClientConnection,
    { account, isPresent }: MemberState,
    { ref }: LoginRequest,
  ): void {
    const { rooms, kernel, onEvent } = this.options;
    const hasPassword = account.passwordHash !== undefined;
    client.answer(ref, { account: account.id, user: account.name, seq: rooms.head, hasPassword });
    kernel.startSession(client.id, account.id, isPresent);
    onEvent({ kind: "logged-in", user: account.name, ...client.origin });
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
    const { fanOut, feed, peers } = this.options;
    client.logOut();
    fanOut.flush();
    client.unfollowAll();
    peers.loggedOut(client, member.account.id);
    feed.emitLogout(client, member);
  }

  onLogout(client: ClientConnection, { account }: MemberState): void {
    this.options.kernel.endSession(client.id);
    this.options.onEvent({ kind: "logged-out", user: account.name, ...client.origin });
  }
}
