/** The server: connections, log-in, subscriptions to the logs, start and stop. */

import { productOf } from "../base/client-name.ts";
import { isDiskFull } from "../base/disk-space.ts";
import { asFault, Fault } from "../base/fault.ts";
import { ID_BYTES, roomId, type UserId } from "../base/ids.ts";
import { LINKS_BEFORE_LOGIN_MAX } from "../base/limits.ts";
import { PLACE_CHARS_MAX } from "../base/limits-page.ts";
import type { Account } from "../core/rooms/accounts.ts";
import { lobbyDraft } from "../core/rooms/drafts.ts";
import type { Announced } from "../core/rooms/policy.ts";
import { LOBBY, type Room } from "../core/rooms/rooms.ts";
import type { Address, Link, Listener, ListenerEvents } from "../io/link/link.ts";
import { formatPlace, type ServerPlace } from "../wire/invite.ts";
import type { Answer, NoticeOf, Request } from "../wire/messages.ts";
import type { Head } from "../wire/record.ts";
import { decisionOf } from "./admin/decisions.ts";
import { DiskWatch } from "./admin/disk-watch.ts";
import { EventFeed } from "./admin/event-feed.ts";
import { Metrics } from "./admin/metrics.ts";
import { Bans } from "./auth/bans.ts";
import { DeviceNotes } from "./auth/device-notes.ts";
import { Invites } from "./auth/invites.ts";
import { type Authenticator, guessedTooOften } from "./auth/login.ts";
import { isOperating } from "./auth/operator-link.ts";
import { QUOTAS_DEFAULT } from "./files/quotas.ts";
import type { ServerActions } from "./handlers/handler.ts";
import { RequestPace } from "./http/request-pace.ts";
import { type HttpRoutes, httpRoutes } from "./http/routes.ts";
import { Decisions } from "./kernel/decisions.ts";
import { Feed } from "./kernel/feed.ts";
import { Kernel, type RoomReaders } from "./kernel/kernel.ts";
import { PendingWrites } from "./kernel/pending-writes.ts";
import type { ServerOptions } from "./options.ts";
import { FanOut } from "./rooms/broadcast.ts";
import { CatchUp } from "./rooms/catch-up.ts";
import { HistoryQuota } from "./rooms/history-quota.ts";
import { PresenceFeed } from "./rooms/presence-feed.ts";
import { ReadPositionStore } from "./rooms/read-position-store.ts";
import { ReadPositionService } from "./rooms/read-positions.ts";
import { TypingFeed } from "./rooms/typing-feed.ts";
import { type OpenServices, openAuthenticator, openServices } from "./services.ts";
import {
  ClientConnection,
  type ClientConnectionOptions,
  type TransferNotice,
} from "./session/client-connection.ts";
import { Addresses, addressSender, isLoopback } from "./session/connection-limits.ts";
import type { Member } from "./session/connection-state.ts";
import { FairScheduler } from "./session/fair-scheduler.ts";
import { FloodGuard } from "./session/flood-guard.ts";
import { greet } from "./session/handshake.ts";
import { inward, tellOwner } from "./session/redacted-fault.ts";
import { RemoteCancels } from "./siblings/cancels.ts";
import { type Elsewhere, remoteSessions } from "./siblings/remote-sessions.ts";
import { NO_SIBLINGS, type Siblings } from "./siblings/siblings.ts";
import { RemoteWindows } from "./siblings/windows.ts";

const TICK_MS = 1_000;
const NO_CLIENTS: ReadonlySet<ClientConnection> = new Set();

export class Server implements ClientConnectionOptions, ServerActions, ListenerEvents, RoomReaders {
  readonly #options: ServerOptions & { readonly siblings: Siblings };
  readonly #feed = new Feed();
  readonly #services: OpenServices;
  readonly #catchUp: CatchUp;
  readonly #fanOut: FanOut;
  readonly #presence: PresenceFeed;
  readonly #typing: TypingFeed;
  readonly #positions: ReadPositionStore;
  readonly #reading: ReadPositionService;
  readonly #devices: DeviceNotes;
  readonly #addresses: Addresses;
  #places: () => readonly ServerPlace[] = () => [];
  /** Unauthenticated clients, oldest first. Bounded by LINKS_BEFORE_LOGIN_MAX. */
  readonly #strangers = new Set<ClientConnection>();
  readonly #bans: Bans;
  readonly #remote: Elsewhere;
  readonly #entry: Authenticator;
  /** Also used for posts over HTTP. */
  readonly invites: Invites;
  readonly #pendingWrites: PendingWrites;
  readonly #kernel: Kernel;
  readonly #metrics: Metrics;
  /** `undefined` if file transfer is disabled. */
  readonly #disk: DiskWatch | undefined;
  /** Operators were notified that the disk is nearly full. */
  #isDiskTold = false;
  /** Majority fault last sent to operators. */
  #majorityTold: Fault | undefined;
  /** HTTP routes besides the page. */
  readonly http: HttpRoutes;
  readonly scheduler: FairScheduler;
  readonly floods: FloodGuard;
  readonly #requestPace: RequestPace;
  readonly #listeners: Listener[] = [];
  readonly #peers = new Map<number, ClientConnection>(); // Bounded by LINKS_MAX in `accept`.
  readonly #byAccount = new Map<UserId, Set<ClientConnection>>();
  readonly #stops: (() => void)[] = [];
  #lastClient = 0;
  #isStopping = false;
  #cancelTick = () => {};

  constructor(given: ServerOptions) {
    const feed = new EventFeed(given);
    const { siblings = NO_SIBLINGS } = given;
    const options = { ...given, siblings, onEvent: feed.beside(given.onEvent) };
    this.#options = options;
    const { clock, entropy, registry, rooms, archive } = options;
    this.#addresses = new Addresses(options.settings.linksMax);
    this.scheduler = new FairScheduler(clock);
    this.floods = new FloodGuard(clock);
    this.#requestPace = new RequestPace(clock);
    this.#pendingWrites = new PendingWrites(clock, options.onEvent);
    this.#kernel = new Kernel({
      ...options,
      pendingWrites: this.#pendingWrites,
      feed: this.#feed,
      readers: this,
      eraseFiles: async (order) => this.#services.files?.erased(order),
    });
    const kernel = this.#kernel;
    this.invites = new Invites({
      clock,
      entropy,
      rooms,
      registry,
      kernel,
      places: () => this.#places(),
    });
    this.#bans = new Bans(registry, clock);
    const peersOf = (user: UserId) => this.#byAccount.get(user) ?? NO_CLIENTS;
    const guards = { kernel, invites: this.invites, bans: this.#bans, floods: this.floods };
    this.#entry = openAuthenticator(options, guards, ({ id }) => peersOf(id));
    const warn = (fault: Fault) => options.onEvent({ kind: "warning", fault });
    this.#positions = new ReadPositionStore(options.positions, clock, warn);
    const reading = new ReadPositionService({
      onRead: (user, room, n) => {
        this.#services.push?.acted(user);
        siblings.tell({ kind: "read", user, room, n });
      },
      siblings,
      clock,
      rooms,
      registry,
      kernel,
      positions: this.#positions,
      peersOf,
    });
    this.#reading = reading;
    this.#devices = new DeviceNotes(options.positions, {
      ...{ clock, registry, warn },
      onSeen: (seen) => siblings.tell({ kind: "device-seen", ...seen }),
    });
    this.#fanOut = new FanOut(clock, registry, () => this.#pendingWrites.underWay > 0);
    this.#presence = new PresenceFeed(clock, registry, this.#fanOut);
    this.#typing = new TypingFeed({
      ...{ clock, rooms, registry, fanOut: this.#fanOut },
      onTyping: (user, room, on) => {
        this.#services.push?.acted(user);
        siblings.tell({ kind: "typing", user, room, on });
      },
    });
    const own = () => this.#services.dashboard.window;
    const windows = new RemoteWindows({ clock, siblings, own });
    const cancels = new RemoteCancels({
      ...{ clock, entropy, siblings },
      here: (cancel) => this.#services.dashboard.cancelHere(cancel),
    });
    const historyQuota = new HistoryQuota(options);
    this.#catchUp = new CatchUp({
      ...{ archive, registry, reading, historyQuota, peersOf },
      ...{ fanOut: this.#fanOut, presence: this.#presence },
    });
    this.#services = openServices({
      ...options,
      historyQuota,
      catchUp: this.#catchUp,
      entry: this.#entry,
      invites: this.invites,
      kernel,
      reading,
      typing: this.#typing,
      fanOut: this.#fanOut,
      peersOf,
      feed,
      stats: () => this.#metrics.stats(),
      samples: (after) => this.#metrics.samples(after),
      windows,
      cancels,
      place: () => this.#place,
      warn,
      server: this,
    });
    this.#remote = remoteSessions({
      ...{ clock, registry, rooms, siblings, reading, peersOf },
      ...{ typing: this.#typing, windows, cancels },
      ...{ entry: this.#entry, sealed: this.#services.sealed, devices: this.#devices },
      push: this.#services.push,
      online: () => this.#onlineHere(),
      peers: () => this.#peers.values(),
      catchUp: this.#catchUp,
      kernel,
      own: () => this.#places()[0],
      members: () => this.#members(),
      changed: (places) => options.onCluster?.(places),
    });
    const { blobs, settings } = options;
    this.#disk =
      blobs === undefined
        ? undefined
        : new DiskWatch({
            clock,
            blobs,
            keepFreeBytes: (settings.files ?? QUOTAS_DEFAULT).freeBytesMin,
            changed: (disk) => options.onEvent({ kind: "disk", ...disk }),
          });
    this.#metrics = new Metrics({
      ...options,
      disk: () => this.#disk?.state,
      fanOut: this.#fanOut,
      pendingWrites: this.#pendingWrites,
      peers: () => this.#peers.values(),
      ...this.#services,
    });
    this.http = httpRoutes({
      ...options,
      historyQuota,
      operatorToken: options.settings.operatorToken,
      bans: this.#bans,
      invites: this.invites,
      kernel,
      metrics: this.#metrics,
      downloads: this.#services.downloads,
      isStopping: () => this.#isStopping,
      health: () => this.#majorityFault,
    });
    this.#subscribe();
  }

  /** Broadcast subscribes first: the other subscribers' output follows the record. */
  #subscribe(): void {
    const { registry, onEvent } = this.#options;
    const { files, sealed, push, prefs, retention } = this.#services;
    const { reads } = this.http;
    this.#feed.onRecorded(
      (room, record) => this.#fanOut.record(room, record),
      (room, record) => this.#catchUp.recorded(room, record),
      (room, record) => this.#reading.recorded(room, record),
      (room, record) => this.#typing.recorded(room, record),
      (_, record) => this.#metrics.recorded(record),
      (_, record) => files?.recorded(record),
      (room, record) => sealed?.recorded(room, record),
      (room, record) => push?.recorded(room, record),
      (room) => reads?.recorded(room),
      (room, record) => onEvent({ kind: "record", record, room }),
      (room, record) => this.#catchUp.changed(room, record),
      (_, record) => retention.recorded(record),
    );
    this.#feed.onDecided(
      (record, { hadReset }) => {
        const decision = decisionOf(record, registry, hadReset);
        if (decision !== undefined) onEvent({ kind: "decided", ...decision });
      },
      ({ head }) => {
        if (head.kind === "announcement") this.#tellAnnounced(head);
      },
      (record) => this.#devices.decided(record),
      (record) => this.#remote.decided(record),
      (record) => prefs.recorded(record),
      (record) => push?.decided(record),
    );
  }

  /** Subscribes to the logs and creates the lobby if there is none. @throws Fault store-… */
  async start(): Promise<void> {
    const { history, accounts, registry, rooms, entropy } = this.#options;
    this.#positions.open();
    this.#devices.open();
    this.#stops.push(
      await accounts.follow(registry.head + 1, (record) => {
        const hadReset = registry.get(record.head.room as UserId)?.reset !== undefined;
        registry.apply(record);
        this.#feed.decided(record, { hadReset });
      }),
      await history.follow(rooms.head + 1, (record) => this.#kernel.recorded(record)),
    );
    await new Decisions(history).decide(() =>
      rooms.find(LOBBY) === undefined ? [lobbyDraft(roomId(entropy(ID_BYTES)))] : [],
    );
    await this.#services.files?.start();
    this.#services.retention.sweep();
    await this.#services.sealed?.start();
    this.#services.push?.start();
    this.#remote.start();
    this.#disk?.start();
    this.#tick();
  }

  listen(listener: Listener): void {
    this.#listeners.push(listener);
    this.#fanOut.add(listener);
  }

  accept(remote: Address): boolean {
    if (this.#isStopping || !this.#addresses.admits(remote.host)) return false;
    // Loopback is exempt: a proxy on this machine represents everyone.
    return isLoopback(remote.host) || !this.floods.isRefused(addressSender(remote.host));
  }

  answers(remote: Address): boolean {
    return this.#requestPace.allows(remote);
  }

  wait({ host }: Address): () => void {
    this.#addresses.opened(host);
    return () => this.#addresses.closed(host, false);
  }

  link(link: Link): void {
    const client = new ClientConnection(++this.#lastClient, link, this);
    this.#peers.set(client.id, client);
    this.#addresses.opened(link.remote.host);
    this.#isAtTokens(client);
  }

  /**
   * Counts an unauthenticated client; closes the oldest if there are too many, since a log-in is
   * quick.
   */
  #isAtTokens(client: ClientConnection): void {
    this.#strangers.add(client);
    const [oldest] = this.#strangers;
    if (this.#strangers.size <= LINKS_BEFORE_LOGIN_MAX || oldest === undefined) return;
    const sentence = "too many connections wait here for a log-in, and yours was the oldest";
    oldest.close(new Fault("too-many", sentence, { retryAfterMs: 1_000 }));
  }

  /** Notifies everyone, waits for pending writes, then closes the links. */
  async stop(): Promise<void> {
    if (this.#isStopping) return;
    this.#isStopping = true;
    this.#presence.stop();
    this.#typing.stop();
    this.#disk?.stop();
    this.#remote.stop();
    this.#services.retention.stop();
    await this.#pendingWrites.drained();
    this.#fanOut.flush();
    const fault = new Fault("shutting-down", "the server is stopping");
    this.#services.downloads?.stop();
    this.http.reads?.stop();
    this.http.programs?.stop();
    for (const client of [...this.#peers.values()]) client.close(fault);
    await Promise.all(this.#listeners.map((listener) => listener.stop()));
    await this.#services.files?.stop();
    await this.#services.push?.stop();
    await this.#reading.close();
    await this.#devices.close();
    this.#cancelTick();
    for (const stop of this.#stops.splice(0)) stop();
  }

  get clientCount(): number {
    return this.#peers.size;
  }

  peers(): Iterable<ClientConnection> {
    return this.#peers.values();
  }

  now(): number {
    return this.#options.clock.now();
  }

  unixMs(): number {
    return this.#options.clock.unixMs();
  }

  hello(client: ClientConnection, hello: NoticeOf<"hello">): void {
    const { identity, settings, entropy, registry } = this.#options;
    try {
      this.#bans.checkClient(client);
    } catch (error) {
      return client.close(asFault(error));
    }
    const needsSecret = settings.roomPassword !== undefined || registry.policy.isClosed;
    const { predecessors } = registry;
    const hasMajority = this.#majorityFault === undefined;
    const how = { needsSecret, predecessors, hasMajority };
    greet(client, hello, { identity, settings, entropy, ...how });
  }

  request(client: ClientConnection, request: Request): void {
    if (this.#isStopping) {
      const detail = { retryAfterMs: 1_000 };
      client.refuse(request.ref, new Fault("shutting-down", "the server is stopping", detail));
      return;
    }
    if (request.kind !== "lane") this.#tellConnected(client);
    const slow = request.kind === "post" ? undefined : this.#tooFast(client, request);
    if (slow !== undefined) return client.refuse(request.ref, slow);
    const refused = (error: unknown) => this.#refused(client, request, error);
    try {
      this.#services.requests.handle(client, request)?.catch(refused);
    } catch (error) {
      refused(error);
    }
  }

  #tooFast(client: ClientConnection, request: Request): Fault | undefined {
    const { account } = client;
    const { engine, clock } = this.#options;
    const slow = client.tooFast();
    if (slow !== undefined || account === undefined) return slow;
    return engine.charge(account.id, request, clock.now());
  }

  #refused(client: ClientConnection, request: Request, error: unknown): void {
    if (!(error instanceof Fault)) throw error; // A bug: the process stops with it.
    tellOwner(error, this.#options.onEvent);
    client.refuse(request.ref, error);
    if (guessedTooOften(client)) client.close(error);
  }

  openChannel(client: ClientConnection, ticket: string): Answer<"lane"> {
    const channel = this.#services.channels.open(client, ticket);
    client.openChannel(channel);
    this.#addresses.entered(client.link.remote.host);
    this.#strangers.delete(client);
    const { file } = channel;
    return file === undefined ? {} : { file };
  }

  flooded(client: ClientConnection): void {
    this.floods.flooded(client.sender);
    this.floods.flooded(addressSender(client.link.remote.host));
  }

  transfer(lane: ClientConnection, notice: TransferNotice): void {
    this.#services.files?.notice(lane, notice);
  }

  closed(client: ClientConnection, fault: Fault | undefined): void {
    this.#peers.delete(client.id);
    this.#strangers.delete(client);
    const { account, channel } = client;
    this.#addresses.closed(client.link.remote.host, account !== undefined || channel !== undefined);
    if (channel !== undefined) this.#services.channels.closed(client, channel);
    this.#services.files?.closed(client);
    this.#metrics.closed(client);
    this.#forget(client);
    if (channel !== undefined) return;
    this.#tellConnected(client);
    this.#options.onEvent({
      kind: "disconnected",
      user: account?.name,
      ...client.origin,
      fault: inward(fault),
    });
  }

  /**
   * Reported once the client turns out to be no data channel: channels open and close with every
   * file.
   */
  #tellConnected(client: ClientConnection): void {
    const { greeted, channel } = client;
    if (greeted === undefined || greeted.isTold || channel !== undefined) return;
    greeted.isTold = true;
    this.#options.onEvent({
      kind: "connected",
      ...client.origin,
      client: productOf(greeted.clientName),
    });
  }

  enter(client: ClientConnection, account: Account, ref: number, after: number | undefined): void {
    if (client.isClosed) return;
    const fault = this.#entry.refusal(client, account);
    if (fault !== undefined) return client.refuse(ref, fault);
    const member = client.enter(account);
    client.wrongSecrets = 0;
    const peers = this.#byAccount.get(account.id) ?? new Set();
    this.#byAccount.set(account.id, peers.add(client));
    this.#addresses.entered(client.link.remote.host);
    this.#strangers.delete(client);
    this.#noteDevice(client);
    const { rooms, onEvent } = this.#options;
    client.answer(ref, { account: account.id, user: account.name, seq: rooms.head });
    this.#kernel.enter(client.id, account.id, member.isPresent);
    this.#remote.changed();
    this.#remote.entered(client);
    onEvent({ kind: "logged-in", user: account.name, ...client.origin });
    const { announced } = this.#options.registry.policy;
    if (announced !== undefined) client.tell(this.#announcement(announced));
    this.#tellMajority(client);
    this.#reading.arrived(client, account);
    this.#services.sealed?.arrived(client, account);
    this.#services.push?.arrived(client, account);
    void this.#catchUpAll(client, member, after);
  }

  async #catchUpAll(
    client: ClientConnection,
    member: Member,
    after: number | undefined,
  ): Promise<void> {
    const { rooms } = this.#options;
    const begun = rooms.head;
    for (const room of [...rooms.of(member.account.id)]) {
      if (client.member !== member) return;
      await this.#catchUp.resume(client, room, after);
    }
    if (client.member !== member) return;
    // The notice promises that everything up to this seq was sent; earlier gathered records are
    // flushed.
    if (rooms.head > begun) this.#fanOut.flush();
    client.tell({ kind: "caught-up", seq: rooms.head });
  }

  /** The account has logged out on this link, which stays open. */
  leave(client: ClientConnection): void {
    if (client.account === undefined) return;
    this.#addresses.left(client.link.remote.host);
    if (!client.isClosed) this.#isAtTokens(client);
    this.#forget(client);
  }

  /**
   * Sets the addresses for invites, read anew for each one because machines change their addresses.
   */
  reachedAt(places: () => readonly ServerPlace[]): void {
    this.#places = places;
    this.#remote.placed();
  }

  /** Address of this server as text. Empty before anything listens. */
  get #place(): string {
    const [own] = this.#places();
    return own === undefined ? "" : formatPlace(own).slice(0, PLACE_CHARS_MAX);
  }

  *#members(): Iterable<ClientConnection> {
    for (const clients of this.#byAccount.values()) yield* clients;
  }

  peersOf(account: Account): ReadonlySet<ClientConnection> {
    return this.#byAccount.get(account.id) ?? NO_CLIENTS;
  }

  *#onlineHere(): Iterable<UserId> {
    for (const [user, clients] of this.#byAccount) {
      for (const { member } of clients) {
        if (member?.isPresent !== true) continue;
        yield user;
        break;
      }
    }
  }

  #forget(client: ClientConnection): void {
    const { account } = client;
    if (account === undefined) return;
    this.#noteDevice(client); // It may have been connected for days.
    client.leave();
    this.#services.ended(client);
    this.#fanOut.flush();
    client.unfollowAll();
    const peers = this.#byAccount.get(account.id);
    peers?.delete(client);
    if (peers?.size === 0) {
      this.#byAccount.delete(account.id);
      this.#typing.ended(account.id);
    }
    this.#kernel.leave(client.id);
    this.#remote.changed();
    this.#options.onEvent({ kind: "logged-out", user: account.name, ...client.origin });
  }

  #noteDevice({ member }: ClientConnection): void {
    if (member === undefined) return;
    this.#devices.seen(member.account, member.device, member.greeted.clientName);
  }

  /** Makes the account's devices read the room. */
  follow(user: UserId, room: Room): void {
    for (const client of this.#byAccount.get(user) ?? []) void this.#catchUp.meet(client, room);
  }

  unfollow(user: UserId, room: Room): void {
    this.#fanOut.flush(); // A member who leaves gets everything recorded until then.
    for (const client of this.#byAccount.get(user) ?? []) {
      client.unfollow(room.id);
      client.tell({ kind: "room-gone", room: room.id });
    }
  }

  presence(room: Room, user: UserId, online: boolean): void {
    this.#presence.change(room, user, online);
  }

  /** Sends announcements to all sessions, whichever server of the cluster made them. */
  #tellAnnounced({ by, time }: Pick<Head, "by" | "time">): void {
    const { announced } = this.#options.registry.policy;
    const notice = this.#announcement(announced ?? { text: "", by, time });
    for (const client of this.#members()) client.tell(notice);
  }

  #announcement({ text, by, time }: Announced): NoticeOf<"announced"> {
    const name = this.#options.registry.nameOf(by) ?? "server";
    return { kind: "announced", text, by: name, time };
  }

  /** Within a second, also to new sessions and new operators. */
  #tellDisk(): void {
    const { state } = this.#disk ?? {};
    if (state === undefined || !(state.isLow || this.#isDiskTold)) return;
    const { freeBytes, keepFreeBytes, isLow } = state;
    const level = isLow ? (isDiskFull(state) ? "full" : "low") : undefined;
    for (const client of this.#members()) {
      const { member } = client;
      if (member === undefined || member.diskTold === level) continue;
      if (!isOperating(client, member.account, this.#options.registry)) continue;
      member.diskTold = level;
      client.tell({ kind: "disk-low", on: isLow, freeBytes, keepFreeBytes });
    }
    this.#isDiskTold = isLow;
  }

  get #majorityFault(): Fault | undefined {
    return this.#options.siblings.majorityFault();
  }

  /** Notifies all sessions within a second. */
  #watchMajority(): void {
    const fault = this.#majorityFault;
    if (fault !== this.#majorityTold) this.#options.onEvent({ kind: "majority", fault });
    this.#majorityTold = fault;
    for (const client of this.#members()) this.#tellMajority(client);
  }

  #tellMajority(client: ClientConnection): void {
    const { member } = client;
    const on = this.#majorityFault === undefined;
    if (member === undefined || on === (member.majorityTold ?? true)) return;
    member.majorityTold = on;
    client.tell({ kind: "majority", on });
  }

  #tick(): void {
    if (this.#isStopping) return;
    for (const client of [...this.#peers.values()]) client.tick();
    this.#metrics.sample();
    this.#tellDisk();
    this.#watchMajority();
    this.#cancelTick = this.#options.clock.after(TICK_MS, () => this.#tick());
  }
}
