import { assert, unreachable } from "../base/assert.ts";
import { Fault } from "../base/fault.ts";
import { ID_BYTES, roomId, type UserId } from "../base/ids.ts";
import { lobbyDraft } from "../core/change.ts";
import type { HallEffect, HallInput } from "../core/hall-effect.ts";
import type { Account } from "../core/registry.ts";
import { accountIn, LOBBY, type Room } from "../core/room.ts";
import type { Asker } from "../core/work.ts";
import type { Address, Link, Listener, ListenerEvents } from "../io/link.ts";
import type { Answer, NoticeOf, Request, RequestKind, RequestOf } from "../wire/messages.ts";
import type { LogRecord } from "../wire/record.ts";
import { Addresses } from "./addresses.ts";
import { Appends } from "./appends.ts";
import { Bans } from "./bans.ts";
import { Callers } from "./callers.ts";
import { CatchUp } from "./catch-up.ts";
import type { DeskOwner } from "./desk.ts";
import { type Entry, guessedTooOften } from "./entry.ts";
import { blankOrdered } from "./erasing.ts";
import { FanOut, wireRecord } from "./fan-out.ts";
import { greet } from "./greeting.ts";
import type { HttpOptions } from "./http.ts";
import { httpOffice } from "./http-office.ts";
import { Invites } from "./invites.ts";
import { Marks } from "./marks.ts";
import { Metrics } from "./metrics.ts";
import { type OpenOffices, openEntry, openOffices } from "./offices.ts";
import { Peer, type PeerOwner, type TransferNotice } from "./peer.ts";
import { Reading } from "./reading.ts";
import type { ServerOptions } from "./server-options.ts";
import { Turns } from "./turns.ts";
import { Watchers } from "./watchers.ts";

const TICK_MS = 1_000;
const NOBODY: ReadonlySet<Peer> = new Set();

export class Server implements PeerOwner, DeskOwner, ListenerEvents {
  readonly #options: ServerOptions;
  readonly #offices: OpenOffices;
  readonly #catchUp: CatchUp;
  readonly #fanOut: FanOut;
  readonly #marks: Marks;
  readonly #reading: Reading;
  readonly #addresses = new Addresses();
  readonly #bans: Bans;
  readonly #entry: Entry;
  /** Also for whoever takes posts over HTTP. */
  readonly invites: Invites;
  readonly #appends: Appends;
  readonly #callers: Callers;
  readonly #metrics: Metrics;
  /** What is answered over HTTP beside the page. */
  readonly http: Pick<HttpOptions, "posts" | "operator" | "files">;
  readonly turns: Turns;
  readonly #listeners: Listener[] = [];
  readonly #peers = new Map<number, Peer>(); // Bounded by LINKS_MAX in `accept`.
  readonly #byAccount = new Map<UserId, Set<Peer>>();
  readonly #stops: (() => void)[] = [];
  #lastPeer = 0;
  #isStopping = false;
  #cancelTick = () => {};

  constructor(given: ServerOptions) {
    const watchers = new Watchers(given);
    const options = { ...given, onEvent: watchers.beside(given.onEvent) };
    this.#options = options;
    const { clock, entropy, registry, rooms, archive } = options;
    this.turns = new Turns(clock);
    this.#appends = new Appends(clock, options.onEvent);
    this.#callers = new Callers((input) => this.input(input), entropy);
    const accounts = this.#appends.watched(options.accounts);
    this.invites = new Invites({ clock, entropy, rooms, registry, accounts });
    this.#bans = new Bans(registry, clock);
    const peersOf = (user: UserId) => this.#byAccount.get(user) ?? NOBODY;
    const guards = { accounts, invites: this.invites, bans: this.#bans };
    this.#entry = openEntry(options, guards, ({ id }) => peersOf(id).size);
    const warn = (fault: Fault) => options.onEvent({ kind: "warning", fault });
    this.#marks = new Marks(options.marks, clock, warn);
    const reading = new Reading({ clock, rooms, registry, accounts, marks: this.#marks, peersOf });
    this.#reading = reading;
    this.#fanOut = new FanOut(clock);
    this.#offices = openOffices({
      ...options,
      accounts,
      entry: this.#entry,
      invites: this.invites,
      callers: this.#callers,
      reading,
      fanOut: this.#fanOut,
      peersOf,
      watchers,
      stats: () => this.#metrics.stats(),
      owner: this,
    });
    this.#catchUp = new CatchUp(archive, registry, this.#fanOut, reading);
    this.#metrics = new Metrics({
      ...options,
      fanOut: this.#fanOut,
      appends: this.#appends,
      peers: () => this.#peers.values(),
      ...this.#offices,
    });
    this.http = httpOffice({
      ...options,
      operatorToken: options.settings.operatorToken,
      bans: this.#bans,
      invites: this.invites,
      callers: this.#callers,
      metrics: this.#metrics,
      downloads: this.#offices.downloads,
      isStopping: () => this.#isStopping,
    });
  }

  /** Follows the logs and makes the lobby when there is none. @throws Fault store-… */
  async start(): Promise<void> {
    const { history, accounts, registry, rooms, entropy } = this.#options;
    this.#marks.open();
    this.#stops.push(
      await accounts.follow(registry.head + 1, (record) => registry.apply(record)),
      await history.follow(rooms.head + 1, (record) => this.input({ kind: "record", record })),
    );
    if (rooms.find(LOBBY) === undefined)
      await history.append(lobbyDraft(roomId(entropy(ID_BYTES))));
    await this.#offices.files?.start();
    this.#tick();
  }

  listen(listener: Listener): void {
    this.#listeners.push(listener);
    this.#fanOut.add(listener);
  }

  accept(remote: Address): boolean {
    return !this.#isStopping && this.#addresses.admits(remote.host);
  }

  link(link: Link): void {
    const peer = new Peer(++this.#lastPeer, link, this);
    this.#peers.set(peer.id, peer);
    this.#addresses.opened(link.remote.host);
  }

  /** Tells everyone, waits for what is on its way to the disk, then lets go of the links. */
  async stop(): Promise<void> {
    if (this.#isStopping) return;
    this.#isStopping = true;
    await this.#appends.drained();
    this.#fanOut.flush();
    const fault = new Fault("shutting-down", "the server is stopping");
    this.#offices.downloads?.stop();
    for (const peer of [...this.#peers.values()]) peer.close(fault);
    await Promise.all(this.#listeners.map((listener) => listener.stop()));
    await this.#offices.files?.stop();
    await this.#reading.close();
    this.#cancelTick();
    for (const stop of this.#stops.splice(0)) stop();
  }

  get peerCount(): number {
    return this.#peers.size;
  }

  peers(): Iterable<Peer> {
    return this.#peers.values();
  }

  now(): number {
    return this.#options.clock.now();
  }

  unixMs(): number {
    return this.#options.clock.unixMs();
  }

  hello(peer: Peer, hello: NoticeOf<"hello">): void {
    const { identity, settings, entropy, registry } = this.#options;
    try {
      this.#bans.checkPeer(peer);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      return peer.close(error);
    }
    const needsSecret = settings.roomPassword !== undefined || registry.rules.isClosed;
    const { predecessors } = registry;
    greet(peer, hello, { identity, settings, entropy, needsSecret, predecessors });
  }

  request(peer: Peer, request: Request): void {
    if (this.#isStopping) {
      const detail = { retryAfterMs: 1_000 };
      peer.refuse(request.ref, new Fault("shutting-down", "the server is stopping", detail));
      return;
    }
    if (request.kind !== "lane") this.#tellConnected(peer);
    const slow = request.kind === "post" ? undefined : peer.tooFast();
    if (slow !== undefined) return peer.refuse(request.ref, slow);
    this.#offices.desk.serve(peer, request).catch((error: unknown) => {
      if (!(error instanceof Fault)) throw error; // A bug of ours: the process stops with it.
      peer.refuse(request.ref, error);
      if (guessedTooOften(peer)) peer.close(error);
    });
  }

  openLane(peer: Peer, { ref, ticket }: RequestOf<"lane">): void {
    peer.lane = this.#offices.lanes.open(peer, ticket);
    this.#addresses.entered(peer.link.remote.host);
    const { file } = peer.lane;
    peer.answer<"lane">(ref, file === undefined ? {} : { file });
  }

  transfer(lane: Peer, notice: TransferNotice): void {
    this.#offices.files?.notice(lane, notice);
  }

  closed(peer: Peer, fault: Fault | undefined): void {
    this.#peers.delete(peer.id);
    const { account, lane } = peer;
    this.#addresses.closed(peer.link.remote.host, account !== undefined || lane !== undefined);
    if (lane !== undefined) this.#offices.lanes.closed(peer, lane);
    this.#offices.files?.closed(peer);
    this.#metrics.closed(peer);
    this.#forget(peer);
    if (lane !== undefined) return;
    this.#tellConnected(peer);
    this.#options.onEvent({ kind: "disconnected", user: account?.name, ...peer.origin, fault });
  }

  /** Only when it has shown what it is: lanes come and go with every file. */
  #tellConnected(peer: Peer): void {
    if (peer.isTold || !peer.isGreeted || peer.lane !== undefined) return;
    peer.isTold = true;
    this.#options.onEvent({ kind: "connected", ...peer.origin, client: peer.clientName });
  }

  enter(peer: Peer, account: Account, ref: number, after: number | undefined): void {
    if (peer.isClosed) return;
    assert(peer.account === undefined, "one account is in on one link");
    const fault = this.#entry.refusal(peer, account);
    if (fault !== undefined) return peer.refuse(ref, fault);
    peer.account = account;
    peer.era++;
    peer.wrongSecrets = 0;
    const peers = this.#byAccount.get(account.id) ?? new Set();
    this.#byAccount.set(account.id, peers.add(peer));
    this.#addresses.entered(peer.link.remote.host);
    const { rooms, onEvent } = this.#options;
    peer.answer(ref, { account: account.id, user: account.name, seq: rooms.head });
    this.input({ kind: "arrived", peer: peer.id, user: account.id });
    onEvent({ kind: "logged-in", user: account.name, ...peer.origin });
    this.#reading.arrived(peer, account);
    void this.#catchUpAll(peer, account, after);
  }

  async #catchUpAll(peer: Peer, account: Account, after: number | undefined): Promise<void> {
    const { era } = peer;
    const { rooms } = this.#options;
    for (const room of [...rooms.of(account.id)]) {
      if (peer.isClosed || peer.era !== era) return;
      await this.#catchUp.resume(peer, room, after);
    }
    if (peer.isClosed || peer.era !== era) return;
    this.#fanOut.flush(); // It promises that everything up to this seq was told.
    peer.tell({ kind: "caught-up", seq: rooms.head });
  }

  /** The account is no longer in on this link, which stays. */
  leave(peer: Peer): void {
    if (peer.account === undefined) return;
    this.#addresses.left(peer.link.remote.host);
    this.#forget(peer);
  }

  /** Sessions in which the account is in. */
  peersOf(account: Account): ReadonlySet<Peer> {
    return this.#byAccount.get(account.id) ?? NOBODY;
  }

  #forget(peer: Peer): void {
    const { account } = peer;
    if (account === undefined) return;
    peer.account = undefined;
    peer.isOperator = false;
    peer.era++;
    this.#offices.ended(peer);
    this.#fanOut.flush();
    peer.unfollowAll();
    const peers = this.#byAccount.get(account.id);
    peers?.delete(peer);
    if (peers?.size === 0) this.#byAccount.delete(account.id);
    this.input({ kind: "departed", peer: peer.id });
    this.#options.onEvent({ kind: "logged-out", user: account.name, ...peer.origin });
  }

  input(input: HallInput): void {
    const { hall, clock } = this.#options;
    for (const effect of hall.handle(input, clock.now(), clock.unixMs())) this.#perform(effect);
  }

  #perform(effect: HallEffect): void {
    switch (effect.kind) {
      case "append":
        return this.#append(effect);
      case "answer":
        return this.#answer(effect.asker, effect.answer);
      case "refuse":
        return this.#refuse(effect.asker, effect.fault);
      case "entered":
        return this.#entered(effect.asker);
      case "erased":
        return this.#erased(effect.asker, effect.record);
      case "deliver":
        return this.#deliver(effect.room, effect.record);
      case "follow":
        for (const peer of this.#byAccount.get(effect.user) ?? []) {
          void this.#catchUp.meet(peer, effect.room);
        }
        return;
      case "unfollow":
        this.#fanOut.flush(); // Whoever leaves is told of that much.
        for (const peer of this.#byAccount.get(effect.user) ?? []) {
          peer.unfollow(effect.room.id);
          peer.tell({ kind: "room-gone", room: effect.room.id });
        }
        return;
      case "presence": {
        const user = this.#options.registry.nameOf(effect.user);
        if (user === undefined) return;
        const { room, online } = effect;
        return this.#fanOut.publish(room, { kind: "presence", room: room.id, user, online });
      }
      default:
        return unreachable(effect);
    }
  }

  #append({ token, draft }: Extract<HallEffect, { kind: "append" }>): void {
    this.#appends.settle(
      this.#options.history.append(draft),
      (record) => this.input({ kind: "appended", token, record }),
      (fault) => this.input({ kind: "failed", token, fault }),
    );
  }

  /** What was ordered to be erased is gone from the disk before anybody hears that it is. */
  #erased(asker: Asker, record: LogRecord): void {
    this.#appends
      .run(() => blankOrdered(this.#options.history, record))
      .then(() => this.#offices.files?.erased(record))
      .then(
        () => this.#peers.get(asker.peer)?.answer(asker.ref, { seq: record.head.seq }),
        (error: unknown) => {
          if (!(error instanceof Fault)) throw error;
          this.#refuse(asker, error);
        },
      );
  }

  #answer(asker: Asker, answer: Answer<RequestKind>): void {
    this.#peers.get(asker.peer)?.answer(asker.ref, answer);
    if (asker.peer < 0) this.#callers.settle(asker.peer, answer as Answer<"post">);
  }

  #refuse(asker: Asker, fault: Fault): void {
    this.#peers.get(asker.peer)?.refuse(asker.ref, fault);
    if (asker.peer < 0) this.#callers.settle(asker.peer, fault);
  }

  #entered(asker: Asker): void {
    const peer = this.#peers.get(asker.peer);
    const account = this.#options.registry.get(asker.user);
    assert(account !== undefined, "whoever entered has an account");
    if (peer !== undefined) this.enter(peer, account, asker.ref, undefined);
  }

  #deliver(room: Room, record: LogRecord): void {
    const message = { kind: "record", ...wireRecord(record, this.#options.registry) } as const;
    this.#fanOut.publish(room, message);
    this.#reading.recorded(room, record);
    this.#metrics.recorded(record);
    this.#offices.files?.recorded(record);
    this.#options.onEvent({ kind: "record", record, room });
    const concerned = record.head.kind === "grant" ? accountIn(record) : undefined;
    if (concerned === undefined) return;
    for (const peer of this.#byAccount.get(concerned) ?? []) this.#catchUp.again(peer, room);
  }

  #tick(): void {
    if (this.#isStopping) return;
    for (const peer of [...this.#peers.values()]) peer.tick();
    this.#cancelTick = this.#options.clock.after(TICK_MS, () => this.#tick());
  }
}
