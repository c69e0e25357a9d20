/** Messages from the other servers of the cluster, applied to the sessions on this server. */

import { unreachable } from "../../base/assert.ts";
import { toBase64Url } from "../../base/bytes.ts";
import { Fault, ignoreFault, msg } from "../../base/fault.ts";
import type { UserId } from "../../base/ids.ts";
import {
  CLUSTER_ADDRESSES_MAX,
  SIBLING_BATCH_MS,
  SIBLING_CANCEL_TIMEOUT_MS,
  SIBLING_ONLINE_MAX,
  SIBLING_PRESENCE_INTERVAL_MS,
} from "../../base/limits-cluster.ts";
import type { Account } from "../../core/rooms/accounts.ts";
import { bannedFault } from "../../core/rooms/policy.ts";
import type { ClientId } from "../../core/rooms/presence.ts";
import { mayNameSameMachine } from "../../wire/host.ts";
import { formatAddress, type ServerAddress } from "../../wire/invite.ts";
import type { Head, LogRecord } from "../../wire/record.ts";
import { hostKey } from "../auth/bans.ts";
import type { DeviceNotes } from "../auth/device-notes.ts";
import type { Authenticator } from "../auth/login.ts";
import { isOperating } from "../auth/operator-link.ts";
import { isSignedOut } from "../auth/secrets.ts";
import type { FileService } from "../files/file-service.ts";
import type { ServerContext } from "../kernel/context.ts";
import { NodeStates } from "../kernel/node-states.ts";
import { signedOut } from "../kernel/service.ts";
import type { Cancel, SiblingMessage } from "../kernel/siblings.ts";
import type { PushService } from "../push/service.ts";
import type { CatchUp } from "../rooms/catch-up.ts";
import type { ReadPositionService } from "../rooms/read-positions.ts";
import type { TypingFeed } from "../rooms/typing-feed.ts";
import type { SealedService } from "../sealed/service.ts";
import type { ClientConnection } from "../session/client-connection.ts";
import type { RemoteActivity } from "./remote-activity.ts";

export interface RemoteSessionsOptions
  extends ClusterAddressesOptions,
    Omit<RemoteAccountRecordsOptions, "reading"> {
  readonly readPositions: Pick<ReadPositionService, "advanceTo">;
  readonly typing: Pick<TypingFeed, "setRemoteTyping">;
  readonly remoteActivity: Pick<RemoteActivity, "answer" | "receive">;
  readonly remoteCancels: Pick<RemoteCancels, "handle" | "settle">;
  readonly authenticator: Pick<Authenticator, "countRemoteGuess" | "clearRemoteGuess">;
  readonly deviceNotes: Pick<DeviceNotes, "recordRemote">;
  readonly sealed: Pick<SealedService, "notifyFewKeyPackages" | "recordRemoteClaim"> | undefined;
  readonly push: Pick<PushService, "onRemoteSubscribe" | "onActivity"> | undefined;
  readonly files: FileService | undefined;
}

export class RemoteSessions {
  readonly #presence;
  readonly #accountRecords;
  readonly #addresses;
  #stopListening = () => {};

  constructor(private readonly options: RemoteSessionsOptions) {
    this.#presence = new RemotePresence(options);
    this.#accountRecords = new RemoteAccountRecords(options);
    this.#addresses = new ClusterAddresses(options);
  }

  start(): void {
    const { siblings } = this.options;
    this.#stopListening = siblings.listen((node, message) => this.#receive(node, message));
    this.#presence.start();
    this.#addresses.start();
  }

  stop(): void {
    this.#stopListening();
    this.#presence.stop();
    this.#addresses.stop();
  }

  onLogin(client: ClientConnection): void {
    this.#presence.scheduleSend();
    this.#addresses.sendTo(client);
  }

  onLogout(): void {
    this.#presence.scheduleSend();
  }

  onAddressesChange(): void {
    this.#addresses.onAddressesChange();
  }

  onAccountRecord(record: LogRecord): void {
    if (!this.options.sequencer.isOwn(record.head.seq)) this.#accountRecords.apply(record);
  }

  #receive(node: string, message: SiblingMessage): void {
    const {
      readPositions,
      typing,
      remoteActivity,
      authenticator,
      sealed,
      deviceNotes,
      push,
      remoteCancels,
      files,
    } = this.options;
    switch (message.kind) {
      case "online":
        this.options.clock.noteClock(node, message.unixMs);
        return this.#presence.receive(node, message.users);
      case "place":
        return this.#addresses.receive(node, message.place);
      case "read":
        push?.onActivity(message.user);
        return readPositions.advanceTo(message.user, message.room, message);
      case "typing":
        push?.onActivity(message.user);
        return typing.setRemoteTyping(message.user, message.room, message.on);
      case "look":
        return remoteActivity.answer();
      case "window":
        return remoteActivity.receive(node, message.window);
      case "cancel":
        return void remoteCancels.handle(message);
      case "cancelled":
        return remoteCancels.settle(message.ask);
      case "uploads-erased":
        return files?.eraseLocalUploads(message.user);
      case "key-packages-low":
        return sealed?.notifyFewKeyPackages(message.user, message.device, message.left);
      case "push-taken":
        return push?.onRemoteSubscribe(message.device);
      case "key-packages-taken":
        return sealed?.recordRemoteClaim(message.by, message.of);
      case "device-seen":
        return deviceNotes.recordRemote(message);
      case "guess":
        return authenticator.countRemoteGuess(message.keys);
      case "guessed":
        return authenticator.clearRemoteGuess(message.keys);
      default:
        return unreachable(message);
    }
  }
}

export interface RemoteAccountRecordsOptions extends ServerContext {
  readonly catchUp: Pick<CatchUp, "refresh">;
}

class RemoteAccountRecords {
  constructor(private readonly options: RemoteAccountRecordsOptions) {}

  apply({ head }: LogRecord): void {
    const { registry } = this.options;
    if (head.kind === "ban") return this.#closeBanned();
    const account = registry.get(head.room as UserId);
    if (account !== undefined) this.#applyTo(account, head.kind);
  }

  #applyTo(account: Account, kind: Head["kind"]): void {
    const { rooms, catchUp, peers } = this.options;
    const { id, name } = account;
    switch (kind) {
      case "account-name": {
        for (const room of [...rooms.roomsOf(id)])
          if (room.name === undefined) catchUp.refresh(room);
        const detail = { retryAfterMs: 0, remedy: "the program reconnects automatically" };
        return peers.close(id, new Fault("link-closed", msg`you were renamed to ${name}`, detail));
      }
      case "account-gone":
        return peers.close(
          id,
          new Fault("login-refused", msg`account ${name} was removed`, {
            remedy: msg`ask an operator`,
          }),
        );
      case "device-gone":
      case "irc-password-gone": {
        const fault = signedOut();
        return peers.close(id, fault, ({ member }) => isSignedOut(account, member));
      }
      default:
        return undefined;
    }
  }

  #closeBanned(): void {
    const { registry, clock, peers } = this.options;
    const { policy } = registry;
    const unixMs = clock.expiryUnixMs();
    for (const client of [...peers.all()]) {
      const { account } = client;
      const address = hostKey(client);
      const ofAddress =
        address === undefined || isOperating(client, account, registry)
          ? undefined
          : policy.ban(address, unixMs);
      const ban = (account && policy.ban(account.id, unixMs)) ?? ofAddress;
      if (ban !== undefined) client.close(bannedFault(ban));
    }
  }
}

const SIBLING_CANCELS_MAX = 64;

interface RemoteCancelsOptions extends ServerContext {
  readonly cancelLocal: (cancel: Cancel) => Promise<boolean>;
}

const REMOTE_REQUEST_ID_BYTES = 8;

export class RemoteCancels {
  readonly #pending = new Map<string, (isCancelled: boolean) => void>();

  constructor(private readonly options: RemoteCancelsOptions) {}

  /**
   * Returns false if no server confirms within the timeout.
   * @throws {Fault} too-many if too many cancellations are pending
   */
  request(cancel: Cancel): Promise<boolean> {
    const { clock, entropy, sequencer, siblings } = this.options;
    if (!sequencer.isShared) return Promise.resolve(false);
    if (this.#pending.size >= SIBLING_CANCELS_MAX) {
      const detail = { retryAfterMs: SIBLING_CANCEL_TIMEOUT_MS };
      throw new Fault("too-many", "too many transfers are being cancelled", detail);
    }
    const request = toBase64Url(entropy(REMOTE_REQUEST_ID_BYTES));
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const stop = clock.after(SIBLING_CANCEL_TIMEOUT_MS, () => this.settle(request, false));
    this.#pending.set(request, (isCancelled) => {
      stop();
      resolve(isCancelled);
    });
    siblings.publish({ kind: "cancel", ask: request, ...cancel });
    return promise;
  }

  async handle({ ask, file, user, direction, by }: CancelRequest): Promise<void> {
    const { cancelLocal, siblings } = this.options;
    const outcome = await cancelLocal({ file, user, direction, by }).catch(ignoreFault);
    if (outcome === true) siblings.publish({ kind: "cancelled", ask });
  }

  settle(ask: string, isCancelled = true): void {
    this.#pending.get(ask)?.(isCancelled);
    this.#pending.delete(ask);
  }
}

type CancelRequest = Extract<SiblingMessage, { kind: "cancel" }>;

/** Remote session ids are lower than all session ids of this server. */
const FIRST_ID = -(2 ** 40);

type OnlineUsers = Map<UserId, ClientId>;

class RemotePresence {
  readonly #online;
  #lastId = FIRST_ID;
  #cancelTick = () => {};
  #cancelSend: (() => void) | undefined;

  constructor(private readonly options: ServerContext) {
    this.#online = new NodeStates<OnlineUsers>(options.clock);
  }

  start(): void {
    this.#send();
    this.#tick();
  }

  scheduleSend(): void {
    this.#cancelSend ??= this.options.clock.after(SIBLING_BATCH_MS, () => this.#send());
  }

  receive(node: string, online: readonly UserId[]): void {
    const { kernel } = this.options;
    const users: OnlineUsers = this.#online.get(node) ?? new Map();
    if (!this.#online.set(node, users)) return;
    const now = new Set(online.slice(0, SIBLING_ONLINE_MAX));
    for (const [user, client] of [...users]) {
      if (now.has(user)) continue;
      users.delete(user);
      kernel.endSession(client);
    }
    for (const user of now) {
      if (users.has(user)) continue;
      const client = --this.#lastId;
      users.set(user, client);
      kernel.startSession(client, user, true);
    }
  }

  stop(): void {
    this.#cancelTick();
    this.#cancelSend?.();
    this.options.siblings.publish({ kind: "online", users: [] });
  }

  #send(): void {
    this.#cancelSend = undefined;
    const { clock, peers, siblings } = this.options;
    const online = new Set<UserId>();
    for (const { member } of peers.members())
      if (member?.isPresent === true) online.add(member.account.id);
    const users = [...online].slice(0, SIBLING_ONLINE_MAX);
    siblings.publish({ kind: "online", users, unixMs: clock.unixMs() });
  }

  #tick(): void {
    const { clock } = this.options;
    for (const node of this.#online.expired()) {
      this.receive(node, []);
      this.#online.delete(node);
    }
    this.#cancelTick = clock.after(SIBLING_PRESENCE_INTERVAL_MS, () => {
      this.#send();
      this.#tick();
    });
  }
}

export interface ClusterAddressesOptions extends ServerContext {
  readonly onChange: (places: readonly ServerAddress[]) => void;
}

/** Users need the addresses to reconnect to another server when this one is down. @internal */
export class ClusterAddresses {
  readonly #others;
  #lastSent = "";
  #cancelTick = () => {};
  #cancelSend: (() => void) | undefined;

  constructor(private readonly options: ClusterAddressesOptions) {
    this.#others = new NodeStates<ServerAddress>(options.clock);
  }

  start(): void {
    this.#tick();
  }

  onAddressesChange(): void {
    this.#send();
  }

  stop(): void {
    this.#cancelTick();
    this.#cancelSend?.();
    this.options.siblings.publish({ kind: "place" });
  }

  get all(): readonly ServerAddress[] {
    const own = this.#own;
    const others = new Map<string, ServerAddress>();
    for (const [, address] of this.#others) others.set(formatAddress(address), address);
    if (own !== undefined) others.delete(formatAddress(own));
    const sorted = [...others].toSorted(([a], [b]) => (a < b ? -1 : 1));
    return [...(own === undefined ? [] : [own]), ...sorted.map(([, address]) => address)];
  }

  receive(node: string, address: ServerAddress | undefined): void {
    if (address === undefined) {
      if (this.#others.delete(node)) this.#scheduleSend();
      return;
    }
    const previous = this.#others.get(node);
    const isNew = previous === undefined || formatAddress(previous) !== formatAddress(address);
    if (this.#others.set(node, address) && isNew) this.#scheduleSend();
  }

  sendTo(client: ClientConnection): void {
    client.notify({ kind: "servers", places: this.#reachableBy(client) });
  }

  get #own(): ServerAddress | undefined {
    const { sequencer, addresses } = this.options;
    return sequencer.stoppedBy() === undefined ? addresses()[0] : undefined;
  }

  #reachableBy({ link }: ClientConnection): ServerAddress[] {
    const isReachable = ({ host }: ServerAddress) => mayNameSameMachine(link.remote.host, host);
    return this.all.filter(isReachable).slice(0, CLUSTER_ADDRESSES_MAX);
  }

  #scheduleSend(): void {
    this.#cancelSend ??= this.options.clock.after(SIBLING_BATCH_MS, () => {
      this.#cancelSend = undefined;
      this.#send();
    });
  }

  #send(): void {
    const { siblings, peers, onChange } = this.options;
    const address = this.#own;
    siblings.publish({ kind: "place", place: address });
    const { all } = this;
    const key = all.map(formatAddress).join();
    if (key === this.#lastSent) return;
    this.#lastSent = key;
    onChange(all);
    for (const client of peers.members()) this.sendTo(client);
  }

  #tick(): void {
    const { clock } = this.options;
    const expired = this.#others.expired();
    // A server that receives nothing from any other server is itself cut off, so it keeps their
    // addresses.
    if (expired.length < this.#others.size) {
      for (const node of expired) this.#others.delete(node);
    }
    this.#send();
    this.#cancelTick = clock.after(SIBLING_PRESENCE_INTERVAL_MS, () => this.#tick());
  }
}
