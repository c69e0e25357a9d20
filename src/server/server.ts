import { assert, unreachable } from "../base/assert.ts";
import { Fault } from "../base/fault.ts";
import { ID_BYTES, roomId, type UserId } from "../base/ids.ts";
import { DRAIN_WITHIN_MS, MESSAGE_BYTES_MAX, TEXT_BYTES_MAX } from "../base/limits.ts";
import { lobbyDraft } from "../core/change.ts";
import type { Hall, HallEffect, HallInput } from "../core/hall.ts";
import type { Account, Registry } from "../core/registry.ts";
import { LOBBY, type Room, type Rooms } from "../core/room.ts";
import type { Asker } from "../core/work.ts";
import { makeServerProof } from "../crypto/greeting.ts";
import type { Identity } from "../crypto/identity.ts";
import { sha256 } from "../crypto/sha256.ts";
import type { Clock } from "../io/clock.ts";
import type { Entropy } from "../io/entropy.ts";
import type { Address, Link, Listener, ListenerEvents } from "../io/link.ts";
import type { AppendOptions, Archive, Log } from "../io/log.ts";
import { type NoticeOf, type Request, VERSION } from "../wire/messages.ts";
import type { Draft, LogRecord } from "../wire/record.ts";
import { Addresses } from "./addresses.ts";
import { CatchUp } from "./catch-up.ts";
import { Desk, type DeskOwner } from "./desk.ts";
import { Entry, guessedTooOften, type Passwords } from "./entry.ts";
import { FanOut, wireRecord } from "./fan-out.ts";
import { Peer, type PeerOwner } from "./peer.ts";
import { Queries } from "./queries.ts";

/** What happens, for whoever watches the server: `chat serve` prints it. */
export type ServerEvent =
  | { readonly kind: "record"; readonly record: LogRecord; readonly room: Room }
  | { readonly kind: "connected"; readonly address: Address; readonly client: string }
  | { readonly kind: "logged-in"; readonly user: string; readonly address: Address }
  | { readonly kind: "logged-out"; readonly user: string; readonly address: Address }
  | {
      readonly kind: "disconnected";
      readonly user: string | undefined;
      readonly address: Address;
      readonly fault: Fault | undefined;
    }
  /** The store cannot go on: the process must stop and recover at its next start. */
  | { readonly kind: "failed"; readonly fault: Fault }
  /** The disk took nothing more; what was asked is refused, and the server goes on. */
  | { readonly kind: "full"; readonly fault: Fault };

export interface ServerSettings {
  readonly name: string;
  readonly version: string;
  readonly welcome: string | undefined;
  /** Undefined: open to whoever comes. */
  readonly roomPassword: string | undefined;
  readonly postsPerSecond?: number;
  readonly postsBurst?: number;
}

export interface ServerOptions {
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly identity: Identity;
  readonly settings: ServerSettings;
  readonly history: Log;
  readonly accounts: Log;
  readonly archive: Archive;
  /** Folded from the logs by whoever opened them. */
  readonly rooms: Rooms;
  readonly registry: Registry;
  /** Restored from history by whoever opened it. */
  readonly hall: Hall;
  readonly passwords: Passwords;
  readonly onEvent: (event: ServerEvent) => void;
}

const TICK_MS = 1_000;
const NOBODY: ReadonlySet<Peer> = new Set();

export class Server implements PeerOwner, DeskOwner, ListenerEvents {
  readonly #options: ServerOptions;
  readonly #desk: Desk;
  readonly #catchUp: CatchUp;
  readonly #fanOut: FanOut;
  readonly #addresses = new Addresses();
  readonly #listeners: Listener[] = [];
  readonly #peers = new Map<number, Peer>(); // Bounded by LINKS_MAX in `accept`.
  readonly #byAccount = new Map<UserId, Set<Peer>>();
  readonly #stops: (() => void)[] = [];
  #lastPeer = 0;
  #isStopping = false;
  #appending = 0;
  #cancelTick = () => {};
  #onIdle: (() => void) | undefined;

  constructor(options: ServerOptions) {
    this.#options = options;
    const { clock, entropy, registry, passwords, rooms, archive, hall } = options;
    const accounts = {
      append: (draft: Draft, expect?: AppendOptions) => this.#enrol(draft, expect),
    };
    const entry = new Entry({
      clock,
      entropy,
      registry,
      accounts,
      passwords,
      fingerprint: options.identity.fingerprint,
      roomPassword: options.settings.roomPassword,
      sessionsOf: (account) => this.#byAccount.get(account.id)?.size ?? 0,
    });
    const isOnline = (user: UserId) => hall.isOnline(user);
    const queries = new Queries({ rooms, registry, archive, sha256, isOnline });
    this.#desk = new Desk({ entry, queries, rooms, registry, accounts, entropy, owner: this });
    this.#fanOut = new FanOut(clock);
    this.#catchUp = new CatchUp(archive, registry, this.#fanOut);
  }

  /** Follows the logs and makes the lobby when there is none. @throws Fault store-… */
  async start(): Promise<void> {
    const { history, accounts, registry, rooms, entropy } = this.#options;
    this.#stops.push(
      await accounts.follow(registry.head + 1, (record) => registry.apply(record)),
      await history.follow(rooms.head + 1, (record) => this.input({ kind: "record", record })),
    );
    if (rooms.find(LOBBY) === undefined)
      await history.append(lobbyDraft(roomId(entropy(ID_BYTES))));
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
    await this.#drained();
    this.#fanOut.flush();
    const fault = new Fault("shutting-down", "the server is stopping");
    for (const peer of [...this.#peers.values()]) peer.close(fault);
    await Promise.all(this.#listeners.map((listener) => listener.stop()));
    this.#cancelTick();
    for (const stop of this.#stops.splice(0)) stop();
  }

  get peerCount(): number {
    return this.#peers.size;
  }

  now(): number {
    return this.#options.clock.now();
  }

  hello(peer: Peer, hello: NoticeOf<"hello">): void {
    const { identity, settings, entropy } = this.#options;
    if (!hello.versions.includes(VERSION)) {
      const theirs = hello.versions.join(", ");
      const sentence = `this server speaks version ${VERSION}, not ${theirs}`;
      peer.close(new Fault("version-unsupported", sentence));
      return;
    }
    peer.clientNonce = new Uint8Array(hello.nonce);
    peer.serverNonce = new Uint8Array(entropy(32));
    peer.clientName = hello.client;
    const { certificateHash } = peer.link;
    const { clientNonce, serverNonce } = peer;
    peer.tell({
      kind: "welcome",
      version: VERSION,
      server: { name: settings.name, key: identity.publicKey },
      nonce: serverNonce,
      certificate: certificateHash,
      proof: makeServerProof(identity, { certificateHash, clientNonce, serverNonce }),
      needs: settings.roomPassword === undefined ? "open" : "password",
      ...(settings.welcome === undefined ? {} : { text: settings.welcome }),
      limits: { messageBytes: MESSAGE_BYTES_MAX, textBytes: TEXT_BYTES_MAX },
    });
    const address = peer.link.remote;
    this.#options.onEvent({ kind: "connected", address, client: hello.client });
  }

  request(peer: Peer, request: Request): void {
    if (this.#isStopping) {
      const detail = { retryAfterMs: 1_000 };
      peer.refuse(request.ref, new Fault("shutting-down", "the server is stopping", detail));
      return;
    }
    this.#desk.serve(peer, request).catch((error: unknown) => {
      if (!(error instanceof Fault)) throw error; // A bug of ours: the process stops with it.
      peer.refuse(request.ref, error);
      if (guessedTooOften(peer)) peer.close(error);
    });
  }

  closed(peer: Peer, fault: Fault | undefined): void {
    this.#peers.delete(peer.id);
    this.#addresses.closed(peer.link.remote.host, peer.account !== undefined);
    const user = peer.account?.name;
    this.#forget(peer);
    this.#options.onEvent({ kind: "disconnected", user, address: peer.link.remote, fault });
  }

  enter(peer: Peer, account: Account, ref: number, after: number | undefined): void {
    if (peer.isClosed) return;
    assert(peer.account === undefined, "one account is in on one link");
    peer.account = account;
    peer.era++;
    peer.wrongSecrets = 0;
    const peers = this.#byAccount.get(account.id) ?? new Set();
    this.#byAccount.set(account.id, peers.add(peer));
    this.#addresses.entered(peer.link.remote.host);
    const { rooms, onEvent } = this.#options;
    peer.answer(ref, { account: account.id, user: account.name, seq: rooms.head });
    this.input({ kind: "arrived", peer: peer.id, user: account.id });
    onEvent({ kind: "logged-in", user: account.name, address: peer.link.remote });
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
    peer.era++;
    this.#fanOut.flush();
    peer.unfollowAll();
    const peers = this.#byAccount.get(account.id);
    peers?.delete(peer);
    if (peers?.size === 0) this.#byAccount.delete(account.id);
    this.input({ kind: "departed", peer: peer.id });
    const address = peer.link.remote;
    this.#options.onEvent({ kind: "logged-out", user: account.name, address });
  }

  input(input: HallInput): void {
    for (const effect of this.#options.hall.handle(input, this.now())) this.#perform(effect);
  }

  #perform(effect: HallEffect): void {
    switch (effect.kind) {
      case "append":
        return this.#append(effect);
      case "answer":
        return this.#peers.get(effect.asker.peer)?.answer(effect.asker.ref, effect.answer);
      case "refuse":
        return this.#refuse(effect.asker, effect.fault);
      case "entered":
        return this.#entered(effect.asker);
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
    this.#appending++;
    this.#options.history.append(draft).then(
      (record) => {
        this.input({ kind: "appended", token, record });
        this.#settled(); // After it: what waited may be on its way now.
      },
      (error: unknown) => {
        if (!(error instanceof Fault)) throw error;
        this.input({ kind: "failed", token, fault: abroad(error) });
        this.#settled();
        this.#noteFailure(error);
      },
    );
  }

  async #enrol(draft: Draft, options: AppendOptions | undefined): Promise<LogRecord> {
    this.#appending++;
    try {
      return await this.#options.accounts.append(draft, options);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      this.#noteFailure(error);
      throw abroad(error);
    } finally {
      this.#settled();
    }
  }

  #noteFailure(fault: Fault): void {
    if (fault.code === "store-failed") this.#options.onEvent({ kind: "failed", fault });
    if (fault.code === "store-full") this.#options.onEvent({ kind: "full", fault });
  }

  #settled(): void {
    this.#appending--;
    if (this.#appending === 0) this.#onIdle?.();
  }

  #refuse(asker: Asker, fault: Fault): void {
    this.#peers.get(asker.peer)?.refuse(asker.ref, fault);
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
    this.#options.onEvent({ kind: "record", record, room });
  }

  /** Resolves when no append is under way, or at the latest after DRAIN_WITHIN_MS. */
  #drained(): Promise<void> {
    if (this.#appending === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const cancel = this.#options.clock.after(DRAIN_WITHIN_MS, resolve);
      this.#onIdle = () => {
        cancel();
        resolve();
      };
    });
  }

  #tick(): void {
    if (this.#isStopping) return;
    for (const peer of [...this.#peers.values()]) peer.tick();
    this.#cancelTick = this.#options.clock.after(TICK_MS, () => this.#tick());
  }
}

/** What others are told of this machine's disk: that it is not theirs, and no path on it. */
function abroad(fault: Fault): Fault {
  if (!fault.code.startsWith("store-")) return fault;
  const { retryAfterMs, cause } = fault;
  const what = fault.code === "store-full" ? "is full" : "failed";
  return new Fault(fault.code, `the server's disk ${what}`, {
    remedy: "tell whoever runs the server",
    cause,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}
