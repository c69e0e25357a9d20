/** The sealed rooms of one account on this device. */

import { assert } from "../../base/assert.ts";
import { fromBase64Url, toBase64Url, utf8Encode } from "../../base/bytes.ts";
import { asFault, FAULTS, Fault, msg, type Translatable } from "../../base/fault.ts";
import type { RoomId, Sha256 } from "../../base/ids.ts";
import {
  CLAIMS_KNOWN_MAX,
  KEY_PACKAGE_MS,
  KEY_PACKAGES_LOW,
  KEY_PACKAGES_MAX,
  RENEW_CHECK_INTERVAL_MS,
  SEALED_TRANSACTION_MS,
  SEALED_TRIES_MAX,
} from "../../base/limits-sealed.ts";
import { formatTarget, type Name } from "../../base/names.ts";
import { formatUtc } from "../../base/time.ts";
import type { ChatRecord, RoomView } from "../../core/client/chat-record.ts";
import { isSame } from "../../core/model/item.ts";
import { deviceIdOf } from "../../crypto/device-id.ts";
import { mayRule, REFUSALS } from "../../crypto/seal/commit-check.ts";
import type { SignedCheckpoint } from "../../crypto/seal/content.ts";
import type { SealCommit, SealIntent } from "../../crypto/seal/engine.ts";
import type { SealedGroup } from "../../crypto/seal/group.ts";
import { matchSafetyNumber, safetyNumber } from "../../crypto/seal/safety-number.ts";
import type { StateKey } from "../../crypto/seal/state-box.ts";
import { type Clock, delay } from "../../io/clock.ts";
import { Mutex } from "../../io/disk/mutex.ts";
import type { Entropy } from "../../io/entropy.ts";
import { findSigned } from "../../wire/checkpoint.ts";
import type { Answer, PostBody, RequestFields } from "../../wire/messages.ts";
import {
  type FetchPage,
  type HistoryPage,
  queryHistory,
  type SendRequest,
} from "../link/queries.ts";
import { matcherOf, needsArchive, PageBuilder } from "./archive-page.ts";
import {
  carrierRecord,
  closedRecord,
  fileOfPost,
  openedRecord,
  packBody,
  type SealedBody,
  sealedBodyOf,
} from "./body.ts";
import { Claims, type HistoryView, isOfRoom } from "./claims.ts";
import { excusedBy, freeCount, takeCount } from "./counts.ts";
import type { SealedDevice } from "./device.ts";
import { FileBook } from "./file-book.ts";
import {
  acceptKey,
  checkKeys,
  confirmKey,
  identityOf,
  keyChanged,
  keyChangedFault,
  noteOtherKey,
  otherKeyOf,
} from "./identities.ts";
import { DeviceLease } from "./lease.ts";
import { Renewal } from "./renewal.ts";
import {
  changedDevice,
  changeRow,
  dropPending,
  isFree,
  namesDevice,
  type PackageRow,
  RoomReader,
  suspect,
} from "./room-reader.ts";
import { type RoomAt, RoomStates } from "./room-state.ts";
import {
  allOf,
  type ClaimRow,
  type KeptRow,
  type PendingRow,
  packageKey,
  pendingKey,
  pendingStateKey,
  type RoomRow,
  type SaidRow,
  type SentRow,
  saidBetween,
  saidKey,
  sentKey,
  seqOf,
} from "./rows.ts";
import type { Awaitable, SealedStore } from "./store.ts";
import type { Vault } from "./vault.ts";

/**
 * Time for which the private half of a replaced last-resort package is kept: its users have
 * committed by then.
 */
const LAST_RESORT_KEEP_MS = 86_400_000;
const SEALED_PAGE_RECORDS = 500;
/** Attempts at a commit that conflicts with others; by then the room has changed many times. */
const COMMIT_TRIES_MAX = 8;
const COMMIT_RETRY_MS = 150;
/** Confirmed posts whose records are still to arrive: as many as may be in flight. */
const SEALED_CONFIRMED_MAX = 256;
/** Remarks about a room that are kept for `/sealed`; each is reported once. */
const SEALED_REMARKS_MAX = 8;

export interface SealedRoomsParts {
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly sha256: Sha256;
  readonly store: SealedStore;
  readonly stateKey: StateKey;
  readonly device: SealedDevice;
  readonly user: string;
  readonly ask: SendRequest;
  /** False as soon as the link is lost: refusals after that decide nothing. */
  readonly isLinked: () => boolean;
  readonly tell: (news: SealedNews) => void;
  /** `undefined` without a link. */
  readonly history: () => HistoryView | undefined;
}

export type SealedNews =
  /** The device's state was an older copy or unreadable: it has rejoined its rooms. */
  | { readonly kind: "came-anew"; readonly reason: "copy" | "damaged" }
  /** Sealed rooms can be neither read nor written while this fault lasts. */
  | { readonly kind: "sealed-fault"; readonly fault: Fault }
  /** A remark for the users of a room. A UI with a model also shows it in the room. */
  | { readonly kind: "sealed-remark"; readonly remark: Translatable }
  /** A user, or another device of one, has joined a room that this device was in before. */
  | { readonly kind: "came-in"; readonly user: string; readonly sentence: string }
  /** No message is sent to the user until the owner has compared keys. */
  | { readonly kind: "identity-changed"; readonly user: string; readonly sentence: string };

/** Outcome of a post: the number of its record, `undefined` if the server has refused it. */
export interface PostSettled {
  readonly id: string;
  readonly seq: number | undefined;
}

export interface OpenPost {
  /** `OUTBOX.COUNTER` */
  readonly id: string;
  readonly body: PostBody;
}

export interface RoomSealing {
  /** `waiting`: nobody has added this device yet. */
  readonly status: RoomRow["status"] | "waiting";
  readonly reason?: string;
  readonly members: readonly SealedMember[];
  /** Remarks for users; the room stays usable. */
  readonly remarks?: readonly string[];
}

export interface SealedMember {
  readonly user: string;
  readonly devices: readonly { readonly device: string; readonly kind: "cli" | "web" }[];
  readonly isVerified: boolean;
  readonly isAdmin: boolean;
  /** Another account key was seen under the name, and is not accepted. */
  readonly isChanged?: true;
}

/** Digits that two users compare by voice. */
export interface Identity {
  readonly digits: string;
  readonly isVerified: boolean;
  /** Digits of the former key, if the user's key has changed; `digits` are then of the new one. */
  readonly former?: string;
}

const NO_NEWS = { reason: undefined, fault: undefined, sentence: undefined, remark: undefined };
/**
 * Record kinds that change the group, end memberships or erase messages: `erase` requires `all`.
 */
const KINDS = ["all"];
const ID_BYTES = 16;

/**
 * Decrypts received messages, encrypts posts, and changes members. Follows the order of the
 * server's log, each step in one transaction of the device's store; nothing is sent before its step
 * is durable.
 */
export class SealedRooms {
  readonly #parts: SealedRoomsParts;
  readonly #states: RoomStates;
  readonly #reader: RoomReader;
  readonly #lease: DeviceLease;
  readonly #renewal: Renewal;
  #isLinked = true;
  #cancelLook: (() => void) | undefined;
  /** Rooms entered on this link. Bounded by the rooms of an account. */
  readonly #rooms = new Map<RoomId, RoomView>();
  /** Events emitted on this link, to emit each once. */
  readonly #told = new Set<string>();
  readonly #claims: Claims;
  readonly files: FileBook;
  /** `n` of the last record of each room that is known to be read, on this link. */
  readonly #followed = new Map<RoomId, number>();
  /** `n` of the last record of each room that this link has delivered: the next one follows it. */
  readonly #newest = new Map<RoomId, number>();
  readonly #changes = new Map<RoomId, Mutex>(); // Bounded by the rooms of an account.

  constructor(parts: SealedRoomsParts) {
    const { clock, entropy, store, stateKey: key, device, ask, sha256 } = parts;
    const { engine } = device;
    this.#parts = parts;
    const states = new RoomStates({ store, engine, key });
    const unixMs = () => clock.unixMs();
    this.#states = states;
    this.files = new FileBook(states, unixMs);
    this.#lease = new DeviceLease({ clock, entropy, states, ask });
    this.#renewal = new Renewal({ clock, sha256, device: device.id });
    this.#claims = new Claims({
      ...{ clock, ask, history: parts.history },
      transact: (work) => states.transact(work),
      forked: ({ room, user }) =>
        this.#run(room, (at) => suspect(at, `the server showed ${user} a different history`)),
      remarked: ({ room }, sentence) => this.#run(room, (at) => remark(at, sentence)),
    });
    const shared = { claims: this.#claims, files: this.files, user: parts.user };
    this.#reader = new RoomReader({ engine, sha256, states, unixMs, ...shared });
  }

  /** Handles a new link: missed records are requested when a room is next used. */
  connected(): void {
    this.#isLinked = true;
    this.#followed.clear();
    this.#newest.clear();
    this.#lease.connected();
    this.#renewal.connected();
    this.#rooms.clear();
    this.#told.clear();
    this.#claims.lost();
    this.#claims.arm();
  }

  /** Runs work on a room and reports its findings to the user. */
  async #run<Result>(room: RoomId, work: (at: RoomAt) => Awaitable<Result>): Promise<Result> {
    const found: Translatable[] = [];
    let changed: readonly string[] = [];
    let newcomers: readonly Newcomer[] = [];
    const result = await this.#states.run(room, async (at) => {
      const before = at.row;
      const known = at.group;
      const done = await work(at);
      found.length = 0;
      changed = at.changed;
      newcomers = newcomersOf(at, known);
      if (at.row === undefined) return done;
      const { target, status, reason, remarks = [], other } = at.row;
      const isNews = status === "suspect" && before?.status !== "suspect" && other === undefined;
      if (isNews) found.push(msg`'${target}' is not trusted any more: ${reason}`);
      for (const one of remarks) {
        if (before?.remarks?.includes(one) !== true) found.push(msg`'${target}': ${one}`);
      }
      return done;
    });
    for (const one of newcomers) this.#tell({ kind: "came-in", ...one });
    for (const remark of found) this.#tell({ kind: "sealed-remark", remark });
    for (const user of changed) {
      this.#tell({ kind: "identity-changed", user, sentence: keyChanged(user) });
    }
    return result;
  }

  /**
   * Returns records of one room, in order, as this device can read them.
   * @throws {Fault} store-…, link-closed and if the server refuses
   */
  async openAll(records: readonly ChatRecord[]): Promise<readonly ChatRecord[]> {
    const [first] = records;
    const last = records.at(-1);
    if (first === undefined || last === undefined) return [];
    const { room } = first;
    const isNextOf = (before?: number) => records.every(({ n }, at) => before === n - 1 - at);
    if (!isNextOf(this.#followed.get(room.id))) {
      this.#followed.delete(room.id);
      await this.#catchUp(room);
    }
    // The server returns no history to a removed member: records delivered in order are read
    // anyway.
    const isTold = isNextOf(this.#newest.get(room.id));
    if (isTold || (await this.#goesOn(room.id, first))) await this.#read(room.id, records);
    this.#newest.set(room.id, last.n);
    this.#followed.set(room.id, last.n);
    // The records have invalidated this device's state: rejoin now, not with the next post.
    if (this.#astray.delete(room.id)) void this.enter(room).catch(asFault);
    return this.#opened(room.id, records);
  }

  /** Reports whether the first record that a link delivers of a room follows the last one read. */
  #goesOn(room: RoomId, { n }: ChatRecord): Promise<boolean> {
    return this.#states.run(room, ({ row }) => row?.n !== undefined && n <= row.n + 1);
  }

  /** Opens a page of one or several rooms. @throws {Fault} as `open` */
  async #openPage(records: readonly ChatRecord[]): Promise<ChatRecord[]> {
    const sealed = records.filter(({ room }) => room.isSealed === true);
    const opened = new Map<number, ChatRecord>();
    for (const [id, some] of Map.groupBy(sealed, ({ room }) => room.id)) {
      const [first] = some;
      if (first !== undefined) await this.#catchUp(first.room);
      for (const record of await this.#opened(id, some)) opened.set(record.seq, record);
    }
    return records.map((record) => opened.get(record.seq) ?? record);
  }

  /**
   * Encrypts posts to one room, in order.
   * @throws {Fault} seal-refused, with the reason, if this device may not write there now;
   * stale-epoch if it may soon; if the server refuses
   */
  async seal(room: RoomView, posts: readonly OpenPost[]): Promise<(PostBody | Fault)[]> {
    await this.#catchUp(room);
    await this.#hold();
    // Usually nothing has to be done first: one transaction then suffices.
    const sealed = await this.#states.run(room.id, async (at) =>
      (await this.#isSettled(at)) ? this.#encryptAll(at, room, posts) : undefined,
    );
    if (sealed !== undefined) return sealed;
    await this.enter(room);
    await this.#removeDeparted(room);
    return this.#states.run(room.id, (at) => this.#encryptAll(at, room, posts));
  }

  async settled(room: RoomId, posts: readonly PostSettled[]): Promise<void> {
    await this.#states.run(room, async (at) => {
      for (const { id, seq } of posts) await this.#settled(at, id, seq);
    });
  }

  async #settled(at: RoomAt, id: string, seq: number | undefined): Promise<void> {
    const { room } = at;
    // An earlier run may have read it already, from a copy that the server accepted.
    if (seq !== undefined && seq > (at.row?.seq ?? 0)) {
      const confirmed = this.#confirmed.get(room) ?? new Map<number, string>();
      if (confirmed.size < SEALED_CONFIRMED_MAX) confirmed.set(seq, id);
      this.#confirmed.set(room, confirmed);
      return;
    }
    const sent = await at.vault.find<SentRow>(sentKey(room, id));
    if (sent === undefined) return;
    // Refused, or already in the log as encrypted before: this count is free.
    await at.vault.delete(sentKey(room, id));
    if (at.row?.since === sent.since) at.change(freeCount(at.row, sent.count));
  }

  /** Makes the group of a room that this account has created as sealed, or of a conversation. */
  async create(room: RoomView): Promise<void> {
    const { device, entropy } = this.#parts;
    const gid = new Uint8Array(entropy(ID_BYTES));
    const policy = {
      room: room.id,
      admins: [device.account],
      adders: room.kind === "person" ? ("members" as const) : ("admins" as const),
      web: true,
      history: false,
    };
    const { group, groupInfo } = await device.engine.create(policy, gid);
    await this.#hold();
    const pending = await this.#states.run(room.id, (at) => {
      if (at.row !== undefined) throw new Fault("name-taken", msg`this room is sealed already`);
      const { members, self: by } = group;
      const added = members.map(changedDevice);
      const change = { change: "create", by: by.user, added, removed: [] } as const;
      return this.#keepPending(at, { group, groupInfo }, { ...this.#newPending(gid), change });
    });
    await this.#send(room, pending);
    await this.#catchUp(room);
  }

  /**
   * Adds all devices of a user.
   * @returns the number of added devices, and of devices that have no key package left
   * @throws {Fault} seal-refused; not-found if no device can be added; if the server refuses
   */
  async invite(
    room: RoomView,
    user: string,
  ): Promise<{ readonly added: number; readonly missing: number }> {
    await this.#catchUp(room);
    // A user who left and returns still has devices in the group.
    await this.#removeDeparted(room);
    return this.#letIn(room, user, await this.#parts.ask("key-package", { user }));
  }

  /**
   * Seals a conversation permanently, if the other user has a device that can join.
   * @throws {Fault} not-found if they have none; seal-refused; if the server refuses
   */
  async begin(room: RoomView, user: string): Promise<void> {
    await this.#catchUp(room);
    const known = await this.#states.run(room.id, (at) => at.row);
    const taken = await this.#parts.ask("key-package", { user });
    if (known === undefined) {
      if (taken.packages.length === 0) throw noDevice(user);
      await this.create(room);
    }
    await this.#letIn(room, user, taken);
  }

  async #letIn(
    room: RoomView,
    user: string,
    { packages, missing }: Answer<"key-package">,
  ): Promise<{ readonly added: number; readonly missing: number }> {
    const { device } = this.#parts;
    let [added, strangers] = [0, 0];
    let other: RoomAt["other"];
    const plan = async (at: RoomAt): Promise<Plan | undefined> => {
      const keyPackages: Uint8Array[] = [];
      const devices: { readonly user: string; readonly device: string }[] = [];
      strangers = 0;
      for (const { keyPackage } of packages) {
        const verdict = await device.engine.inspect(keyPackage, this.#reader.knowledge(at));
        if (verdict.kind === "rejected") {
          other = at.other;
          if (other !== undefined) throw keyChangedFault(other.user);
          const now = formatUtc(this.#parts.clock.unixMs());
          throw new Fault(
            "seal-refused",
            msg`${user} cannot be let in: ${REFUSALS[verdict.reason]}`,
            {
              remedy:
                verdict.reason === "clock"
                  ? msg`compare the clocks: this machine says ${now}`
                  : msg`ask them to update their program`,
            },
          );
        }
        const { user: name, device: id } = verdict.device;
        if (!isSame(name, user)) {
          strangers++; // A server must not substitute another user.
          continue;
        }
        if (at.group?.members.some((member) => member.device === id) === true) continue;
        keyPackages.push(keyPackage);
        devices.push({ user: name, device: id });
      }
      added = keyPackages.length;
      if (added === 0) return undefined;
      return { intent: { kind: "add", keyPackages }, added: devices, removed: [] };
    };
    try {
      await this.#removeFormer(room, user);
      await this.#commit(room, plan);
    } catch (error) {
      // Findings of a failed step are stored and reported nevertheless.
      if (other !== undefined) await this.#sawOther(room.id, other);
      throw error;
    }
    if (added === 0 && strangers > 0) {
      throw new Fault("seal-refused", msg`the server gave keys of another user for ${user}`, {
        remedy: msg`ask the server's owner`,
      });
    }
    if (added === 0 && missing > 0) throw noDevice(user);
    return { added, missing };
  }

  #sawOther(room: RoomId, other: NonNullable<RoomAt["other"]>): Promise<void> {
    return this.#run(room, async (at) => {
      if (await noteOtherKey(at.vault, other)) at.changed.push(other.user);
    });
  }

  /** Removes devices of a user's former key, after the owner has accepted another. */
  async #removeFormer(room: RoomView, user: string): Promise<void> {
    const former = async ({ group, vault }: RoomAt) => {
      const pin = await identityOf(vault, user);
      return (group?.members ?? [])
        .filter((one) => isSame(one.user, user) && pin !== undefined && one.account !== pin.account)
        .map(({ device }) => device);
    };
    if ((await this.#states.run(room.id, former)).length === 0) return;
    await this.#commit(room, async (at) => removal(await former(at)));
  }

  /** Removes a user from the room and all their devices from its group. @throws {Fault} */
  kick(room: RoomView, user: string): Promise<void> {
    return this.#commit(room, (at) => {
      const devices = devicesOf(at, user);
      if (devices.length === 0) {
        throw new Fault("not-member", msg`no device of ${user} is in '${room.name}'`);
      }
      return { ...planOf({ kind: "remove", devices }, devices), kick: user };
    });
  }

  /**
   * Makes a member an admin, or revokes it.
   * @throws {Fault} seal-refused if this device's user may not; not-member; not-allowed if no admin
   * would be left
   */
  rule(room: RoomView, user: string, on: boolean): Promise<void> {
    return this.#commit(room, (at) => {
      const { group } = at;
      const accounts = (group?.members ?? [])
        .filter((member) => isSame(member.user, user))
        .map(({ account }) => account);
      if (group === undefined || accounts.length === 0) {
        throw new Fault("not-member", msg`no device of ${user} is in '${room.name}'`, {
          remedy: msg`let them in first: /invite ${user}`,
        });
      }
      const { policy } = group;
      const others = policy.admins.filter((account) => !accounts.includes(account));
      const admins = on ? [...others, ...new Set(accounts)] : others;
      if (admins.length === 0) {
        throw new Fault("not-allowed", msg`'${room.name}' keeps somebody who lets others in`, {
          remedy: msg`first: /grant NAME`,
        });
      }
      const isSo = accounts.every((account) => policy.admins.includes(account) === on);
      return isSo ? undefined : planOf({ kind: "policy", policy: { ...policy, admins } });
    });
  }

  /** Removes signed-out devices of this account from a room's group. @throws {Fault} */
  async removeRevoked(room: RoomView): Promise<void> {
    const others = await this.#states.run(room.id, ({ group }) => ownOthers(group));
    if (others.length === 0) return;
    const { devices } = await this.#parts.ask("devices", {});
    const live = new Set(devices.map(({ device }) => device));
    const isRevoked = (id: string) => !live.has(deviceIdOf(fromBase64Url(id)));
    if (!others.some(isRevoked)) return;
    await this.#commit(room, ({ group }) => removal(ownOthers(group).filter(isRevoked)));
  }

  /**
   * Returns this device's signed notice of leaving, for the server's `leave`, even if the device
   * has lost its state, as its leaf is still in the group. `undefined` if there is no group.
   */
  async leaving(
    room: RoomView,
  ): Promise<{ readonly epoch: number; readonly signature: Uint8Array } | undefined> {
    const { ask, device } = this.#parts;
    const { row, group } = await this.#states.run(room.id, (at) => at);
    if (group !== undefined) {
      return { epoch: group.epoch, signature: await device.engine.signLeave(group) };
    }
    const { made } = (await ask("group", { target: formatTarget(room) }).catch(notThere)) ?? {};
    if (made === undefined || (row !== undefined && row.group !== toBase64Url(made.group))) {
      return undefined;
    }
    const { epoch, group: gid } = made;
    const place = { gid, epoch, policy: { room: room.id } };
    return { epoch, signature: await device.engine.signLeave(place) };
  }

  async sealing(room: RoomView): Promise<RoomSealing> {
    return this.#states.run(room.id, async ({ row, group, vault }) => {
      if (row === undefined) return { status: "waiting", members: [] };
      const members: SealedMember[] = [];
      const all = group?.members ?? [];
      for (const [user, some] of Map.groupBy(all, (member) => member.user)) {
        const isOwn = isSame(user, this.#parts.user);
        const isChanged = (await otherKeyOf(vault, user)) !== undefined;
        members.push({
          user,
          devices: some.map(({ device, kind }) => ({ device, kind })),
          isVerified: isOwn || (await identityOf(vault, user))?.isVerified === true,
          isAdmin: group !== undefined && some.some((one) => mayRule(group.policy, all, one)),
          ...(isChanged ? { isChanged } : {}),
        });
      }
      const { status, reason, remarks } = row;
      return {
        ...{ status, members, ...(reason === undefined ? {} : { reason }) },
        ...(remarks === undefined ? {} : { remarks }),
      };
    });
  }

  /**
   * Accepts the room's state, so that this device continues there as far as it can.
   * @throws {Fault} usage if there is nothing to accept
   */
  async accept(room: RoomView): Promise<void> {
    await this.#states.run(room.id, async (at) => {
      const { row, group } = at;
      if (row?.status !== "suspect" && row?.remarks === undefined) {
        throw new Fault("usage", msg`there is nothing to accept here`);
      }
      for (const { key, value } of await at.vault.list<ClaimRow>(
        allOf("claim", CLAIMS_KNOWN_MAX),
      )) {
        if (isOfRoom(value, room.id)) await at.vault.put(key, { ...value, state: "accepted" });
      }
      const { reason: _, remarks: __, refused: ___, other: ____, strayed, ...rest } = row;
      const isBehind = group === undefined || strayed === true;
      if (isBehind) at.advance(undefined, []);
      const status = isBehind ? ("lost" as const) : ("in" as const);
      at.row = { ...rest, ...(rest.status === "suspect" ? { status } : {}) };
    });
    await this.enter(room);
  }

  /**
   * Returns the digits that both users compare by voice.
   * @throws {Fault} user-unknown if no sealed room has shown the user's key
   */
  async safetyNumber(user: string): Promise<Identity> {
    const { pin, other } = await this.#states.transact((vault) => keysOf(vault, user));
    const digits = await this.#digits(pin);
    if (other === undefined) return { digits, isVerified: pin.isVerified };
    return { digits: await this.#digits(other), isVerified: false, former: digits };
  }

  #digits({ user, account }: { readonly user: string; readonly account: string }): Promise<string> {
    const own = { user: this.#parts.user as Name, account: this.#parts.device.account };
    return safetyNumber(own, { user: user as Name, account });
  }

  /**
   * Confirms a user's digits. After a key change either key can be confirmed.
   * @throws {Fault} usage if the digits are incomplete, mistyped or wrong; user-unknown
   */
  async confirm(user: string, digits: string): Promise<void> {
    const { pin, other } = await this.#states.transact((vault) => keysOf(vault, user));
    const owners = other === undefined ? [pin] : [other, pin];
    const numbers = await Promise.all(owners.map((owner) => this.#digits(owner)));
    const owner = owners[numbers.indexOf(matchSafetyNumber(digits, numbers))];
    assert(owner !== undefined, "the number is one of these");
    await this.#states.transact((vault) => confirmKey(vault, owner));
    if (other !== undefined) await this.#goOn();
  }

  async acceptIdentity(user: string): Promise<void> {
    await this.#states.transact((vault) => acceptKey(vault, user));
    await this.#goOn();
  }

  /**
   * Continues rooms that waited for the owner's decision; others continue when they are entered.
   */
  async #goOn(): Promise<void> {
    for (const room of this.#rooms.values()) await this.enter(room).catch(asFault);
  }

  /**
   * Returns a page of what the server finds and of what this device has read in these rooms. The
   * server does not learn of a search in one of them.
   * @param rooms the rooms that the query covers
   * @param ask requests the server's part
   * @throws {Fault} if a request fails, store-…
   */
  async history(
    rooms: readonly RoomView[],
    query: RequestFields<"history">,
    ask: FetchPage,
  ): Promise<HistoryPage> {
    const opened: FetchPage = async (asked) => {
      const { records, more } = await ask(asked);
      return { records: await this.#openPage(records), more };
    };
    if (!needsArchive(query)) return opened(query);
    const page = new PageBuilder(query);
    const { target, grep = "" } = query;
    if (target === undefined || grep === "") page.addAll(await opened(query));
    const recordOf = matcherOf(query);
    for (const room of rooms) {
      // Fetch missed records first; a room that the server withholds is searched as it was.
      await this.#catchUp(room).catch(refused);
      await this.#searchRoom(room, query, (seq, row) => {
        const record = page.isBeyond(seq) ? undefined : recordOf(room, seq, row);
        return record === undefined ? !page.isBeyond(seq) : page.add(record);
      });
    }
    return page.page();
  }

  /** @param look returns false to stop */
  async #searchRoom(
    room: RoomView,
    { after, before }: RequestFields<"history">,
    look: (seq: number, row: KeptRow) => boolean,
  ): Promise<void> {
    for (let [from, to] = [after, before]; ; ) {
      const range = saidBetween(room.id, { after: from, before: to }, SEALED_PAGE_RECORDS);
      const { vault, rows } = await this.#states.transact(async (tables) => {
        return { vault: tables, rows: await tables.rows(range) };
      });
      for (const { key, value } of await vault.opened<KeptRow>(rows)) {
        if (!look(seqOf(key), value)) return;
      }
      const last = rows.at(-1);
      if (last === undefined || rows.length < SEALED_PAGE_RECORDS) return;
      if (after === undefined) to = seqOf(last.key);
      else from = seqOf(last.key);
    }
  }

  /**
   * Replenishes key packages on the server if few are left, and the last resort if it was used;
   * deletes those that are too old.
   */
  async stock(): Promise<void> {
    const { ask, device, clock } = this.#parts;
    const { left, lastResort } = await ask("key-packages", { packages: [] });
    const made =
      left < KEY_PACKAGES_LOW ? await device.engine.makeKeyPackages(KEY_PACKAGES_MAX - left) : [];
    const [last] = lastResort === false ? await device.engine.makeKeyPackages(1) : [];
    if (made.length === 0 && last === undefined) return;
    await this.#states.transact(async (vault) => {
      const now = clock.unixMs();
      const rows = await vault.list<PackageRow>(allOf("package", 1_000));
      const lastMade = rows.filter(({ value }) => value.isLastResort === true);
      const replacedUnixMs = Math.max(...lastMade.map(({ value }) => value.madeUnixMs));
      for (const { key, value } of rows) {
        const { madeUnixMs, isLastResort } = value;
        const isReplaced = isLastResort === true && madeUnixMs < replacedUnixMs;
        const isOver = isReplaced && now - replacedUnixMs > LAST_RESORT_KEEP_MS;
        if (isOver || now - madeUnixMs > KEY_PACKAGE_MS) await vault.delete(key);
      }
      const rowOf = (secret: Uint8Array) => ({ secret: toBase64Url(secret), madeUnixMs: now });
      for (const { ref, secret } of made) await vault.put(packageKey(ref), rowOf(secret));
      if (last === undefined) return;
      await vault.put(packageKey(last.ref), { ...rowOf(last.secret), isLastResort: true });
    });
    await ask("key-packages", {
      packages: made.map(({ keyPackage }) => keyPackage),
      ...(last === undefined ? {} : { lastResort: last.keyPackage }),
    });
  }

  /**
   * Reads a room up to its newest record, adds this device if another one of the account is a
   * member, and finishes pending commits.
   * @throws {Fault} if the server refuses, store-…
   */
  async enter(room: RoomView): Promise<void> {
    await this.#catchUp(room);
    await this.#hold();
    await this.#alone(room, async () => {
      await this.#resume(room);
      await this.#comeBack(room);
    });
    await this.#mend(room);
    await this.#removeDeparted(room, (at) => removable(at) && waitsForAdmin(at));
    const isDue = await this.#states.run(room.id, (at) => this.#renewal.isDue(at));
    if (isDue) await this.#renewal.run(room.id, () => this.#renew(room));
  }

  async #look(room: RoomView): Promise<void> {
    await this.enter(room);
    await this.removeRevoked(room);
  }

  async enterAll(rooms: readonly RoomView[]): Promise<void> {
    const sealed = rooms.filter(({ isSealed }) => isSealed === true);
    const entering = sealed.map((room) =>
      this.#look(room).catch((error: unknown) => {
        asFault(error);
        const { code } = error as Fault;
        if (code.startsWith("store-")) this.#tell({ kind: "sealed-fault", fault: error as Fault });
      }),
    );
    await Promise.all(entering);
  }

  /** Schedules regular checks of the room while this link lasts. */
  #seen(room: RoomView): void {
    this.#rooms.set(room.id, room);
    if (!this.#isLinked) return;
    this.#cancelLook ??= this.#parts.clock.after(RENEW_CHECK_INTERVAL_MS, () => {
      this.#cancelLook = undefined;
      this.#renewal.connected();
      void this.enterAll([...this.#rooms.values()]);
    });
  }

  lost(): void {
    this.#isLinked = false;
    this.#claims.lost();
    this.#cancelLook?.();
    this.#cancelLook = undefined;
  }

  /** @throws {Fault} as `DeviceLease.hold` */
  async #hold(): Promise<void> {
    await this.#lease.hold().catch((error: unknown) => this.#trouble(error));
  }

  /** Reports a refused lease once per link, whatever failed by it. */
  #trouble(error: unknown): never {
    if (error instanceof Fault && error.code === "seal-refused") {
      this.#tell({ kind: "sealed-fault", fault: error });
    }
    throw error;
  }

  #tell(news: SealedNews): void {
    const { reason, fault, sentence, remark } = { ...NO_NEWS, ...news };
    const what = reason ?? sentence ?? remark?.text ?? fault?.message ?? "";
    if (this.#told.has(what)) return;
    this.#told.add(what);
    this.#parts.tell(news);
  }

  /**
   * Reports whether this device is in the group with its latest state, and nothing has to be done
   * first.
   */
  async #isSettled(at: RoomAt): Promise<boolean> {
    const { row, group, vault, room } = at;
    if (group === undefined || row?.departed.length !== 0 || at.isOld) return false;
    if (row.refused !== undefined) return false;
    return !this.#renewal.isDue(at) && (await vault.find(pendingKey(room))) === undefined;
  }

  /**
   * Joins or rejoins if this device is not in the group, or its state must not be used any more.
   */
  async #comeBack(room: RoomView): Promise<void> {
    const found = await this.#states.run(room.id, async (at) => {
      await decided(at);
      return { needs: needsEntry(at), isCopy: at.row?.isCopy === true };
    });
    if (!found.needs) return;
    // A copy that is in use on another machine has taken the lease.
    if (found.isCopy) await this.#lease.check().catch((error: unknown) => this.#trouble(error));
    await this.#comeIn(room);
  }

  #renew(room: RoomView): Promise<void> {
    return this.#commit(room, (at) =>
      at.row?.status === "in" && this.#renewal.isDue(at) ? planOf({ kind: "update" }) : undefined,
    );
  }

  /** Reports whether a commit added this device by a key package whose private half is lost. */
  async wasMissed(record: ChatRecord): Promise<boolean> {
    const { kind, body, room } = record;
    const { id } = this.#parts.device;
    if (kind !== "group" || !namesDevice(body?.["added"], id)) return false;
    return this.#states.run(room.id, (at) => at.group === undefined);
  }

  async #encryptAll(
    at: RoomAt,
    room: RoomView,
    posts: readonly OpenPost[],
  ): Promise<(PostBody | Fault)[]> {
    const bodies: (PostBody | Fault)[] = [];
    const checkpoint = await this.#checkpoint();
    await checkKeys(at.vault, this.#mayWrite(at, room).group.members);
    for (const post of posts) bodies.push(await this.#encrypt(at, room, post, checkpoint));
    return bodies;
  }

  /** @returns a fault if another post has described the file */
  async #bodyOf(at: RoomAt, { id, body }: OpenPost): Promise<SealedBody | Fault> {
    const file = fileOfPost(body);
    if (file === undefined) return sealedBodyOf(body);
    try {
      return (await this.files.toSay(at, id, file)) as SealedBody;
    } catch (error) {
      if (error instanceof Fault && error.code === "seal-refused") return error;
      throw error;
    }
  }

  /** @throws {Fault} seal-refused, with the reason, if this device may not write there now */
  async checkMayWrite(room: RoomView): Promise<void> {
    await this.enter(room);
    await this.#states.run(room.id, async (at) => {
      const { group } = at;
      if (group === undefined || at.row?.status !== "in" || at.isOld) throw notIn(room, at);
      await checkKeys(at.vault, group.members);
    });
  }

  /** @throws {Fault} seal-refused, with the reason */
  #mayWrite(at: RoomAt, room: RoomView): { readonly row: RoomRow; readonly group: SealedGroup } {
    const { row, group } = at;
    if (row === undefined || group === undefined || row.status !== "in" || at.isOld) {
      throw notIn(room, at);
    }
    if (row.departed.length > 0) {
      const names = row.departed.map(({ user }) => user).join(", ");
      throw new Fault("seal-refused", msg`devices of ${names} are still in '${room.name}'`, {
        remedy: msg`wait until an admin of the room has connected`,
      });
    }
    return { row, group };
  }

  async #encrypt(
    at: RoomAt,
    room: RoomView,
    post: OpenPost,
    checkpoint: SignedCheckpoint | undefined,
  ): Promise<PostBody | Fault> {
    const { row, group } = this.#mayWrite(at, room);
    const { clock, device, sha256 } = this.#parts;
    const { id } = post;
    const key = sentKey(room.id, id);
    const before = await at.vault.get<SentRow>(key);
    const body = before?.body ?? (await this.#bodyOf(at, post));
    if (body instanceof Fault) return body;
    const isCounted = before?.since === row.since;
    const { count, own } = isCounted ? { count: before.count, own: row } : takeCount(row);
    if (!isCounted) at.change(own);
    const sent: SentRow = {
      ...{ body, count, since: row.since },
      sentAtUnixMs: before?.sentAtUnixMs ?? clock.unixMs(),
      hashes: before?.hashes ?? [],
    };
    const { sentAtUnixMs } = sent;
    const unsettled = excusedBy(own, count);
    const content = {
      ...{ body: packBody(sent.body as SealedBody), count, sentAtUnixMs },
      ...(unsettled === undefined ? {} : { unsettled }),
      ...(checkpoint === undefined ? {} : { checkpoint }),
    };
    if (before === undefined) {
      const { sentSince = 0, renewedUnixMs = clock.unixMs() } = row;
      at.change({ sentSince: sentSince + 1, renewedUnixMs });
    }
    const bound = utf8Encode(id);
    const {
      message,
      group: next,
      consumed,
    } = await device.engine.encrypt(group, content, {
      bound,
    });
    at.advance(next, consumed);
    const hashes = [...sent.hashes, toBase64Url(sha256(message))].slice(-SEALED_TRIES_MAX);
    await at.vault.put(key, { ...sent, hashes });
    return { text: "", sealed: { epoch: next.epoch, ciphertext: message } };
  }

  /** Returns the newest checkpoint that this device has accepted, with the server's signature. */
  async #checkpoint(): Promise<SignedCheckpoint | undefined> {
    const { pin, keys, verifier } = this.#parts.history() ?? {};
    const [key] = keys ?? [];
    const known = await pin?.();
    if (known === undefined || key === undefined || verifier === undefined) return undefined;
    try {
      const { signature } = findSigned(known.note, key, verifier.sha256);
      const { origin, size, root } = known;
      return { origin, size, root, signature };
    } catch (error) {
      if (error instanceof Fault) return undefined; // Signed by a former key of the server.
      throw error;
    }
  }

  /** Reads the log up to its end. */
  async #catchUp(room: RoomView): Promise<void> {
    this.#seen(room);
    if (this.#followed.has(room.id)) return;
    const { ask, sha256 } = this.#parts;
    for (;;) {
      const after = await this.#states.run(room.id, (at) => at.row?.seq ?? 0);
      const page = await queryHistory(ask, sha256, {
        target: formatTarget(room),
        kinds: KINDS,
        after: Math.max(after, this.#skipped.get(room.id) ?? 0),
        limit: SEALED_PAGE_RECORDS,
      });
      await this.#read(room.id, page.records);
      const last = page.records.at(-1);
      if (last !== undefined) this.#skipped.set(room.id, last.seq);
      if (!page.more) return;
    }
  }

  /**
   * Rooms to re-enter after reading, as this device's state there needs repair. Bounded by the
   * rooms of an account.
   */
  readonly #astray = new Set<RoomId>();
  /** Last `seq` read in this run of rooms that this device is not in. */
  readonly #skipped = new Map<RoomId, number>();

  /** Confirmed posts, by the number of the record that must arrive. */
  readonly #confirmed = new Map<RoomId, Map<number, string>>();

  /** Marks the room as suspect if a confirmed post is missing among the records up to `seq`. */
  async #checkConfirmed(at: RoomAt, seq: number): Promise<void> {
    const confirmed = this.#confirmed.get(at.room) ?? new Map<number, string>();
    for (const [expected, id] of confirmed) {
      if (expected > seq) continue;
      confirmed.delete(expected);
      if ((await at.vault.find(sentKey(at.room, id))) === undefined) continue;
      suspect(at, "the server confirmed a message of this device, and does not show it");
    }
  }

  /** Splits long transactions, which block other processes of this home. */
  async #read(room: RoomId, records: readonly ChatRecord[]): Promise<void> {
    const { clock } = this.#parts;
    for (let next = 0; next < records.length; ) {
      next = await this.#run(room, async (at) => {
        const startedAt = clock.now();
        let done = next;
        while (done < records.length && clock.now() - startedAt < SEALED_TRANSACTION_MS) {
          const record = records[done++];
          if (record === undefined) continue;
          await this.#reader.read(at, record);
          await this.#checkConfirmed(at, record.seq);
        }
        const isAstray = at.row?.isCopy === true || at.row?.signers !== undefined || mayMend(at);
        const isAsked = isAstray || (removable(at) && waitsForAdmin(at));
        if (isAsked && at.row?.status !== "out") this.#astray.add(room);
        return done;
      });
      this.#claims.arm();
    }
  }

  async #opened(room: RoomId, records: readonly ChatRecord[]): Promise<ChatRecord[]> {
    const erased = records.filter(({ state }) => state === "erased");
    if (erased.length > 0) await this.#forget(room, erased);
    const carriers = await this.#carriersOf(records);
    const wanted = new Set(
      records.filter(
        ({ kind, state }) => state === "whole" && (kind === "sealed" || kind === "group"),
      ),
    );
    if (wanted.size + carriers.size === 0) return [...records];
    const said = await this.#states.transact(async (vault) => {
      const find = async ({ seq }: ChatRecord) =>
        [seq, await vault.find<SaidRow>(saidKey(room, seq))] as const;
      return new Map(await Promise.all([...wanted].map(find)));
    });
    return records.map((record) => {
      if (carriers.has(record)) return carrierRecord(record);
      if (!wanted.has(record)) return record;
      const row = said.get(record.seq);
      if (row !== undefined) return openedRecord(record, row);
      return record.kind === "sealed" ? closedRecord(record) : record;
    });
  }

  async #carriersOf(records: readonly ChatRecord[]): Promise<ReadonlySet<ChatRecord>> {
    const files = records.filter(({ kind }) => kind === "file");
    const carriers = new Set<ChatRecord>();
    if (files.length === 0) return carriers;
    await this.#states.transact(async (vault) => {
      for (const one of files) if (await this.files.isCarrier(vault, one)) carriers.add(one);
    });
    return carriers;
  }

  async #forget(room: RoomId, records: readonly ChatRecord[]): Promise<void> {
    await this.#states.transact(async (vault) => {
      for (const { seq } of records) await vault.delete(saidKey(room, seq));
    });
  }

  /** Removes devices of departed users: nobody may post while they are in the group. */
  async #removeDeparted(room: RoomView, may = removable): Promise<void> {
    if (!(await this.#states.run(room.id, may))) return;
    await this.#commit(room, (at) => {
      const users = may(at) ? (at.row?.departed ?? []) : [];
      return removal(users.flatMap(({ user }) => devicesOf(at, user)));
    });
  }

  /**
   * Repeats a commit until the server accepts one. Of concurrent commits one wins, and the others
   * are planned again.
   */
  #commit(room: RoomView, plan: Planner): Promise<void> {
    return this.#alone(room, () => this.#commitAlone(room, plan));
  }

  /** Runs one change of a room's group at a time; those of other processes appear in the store. */
  #alone<Result>(room: RoomView, work: () => Promise<Result>): Promise<Result> {
    const mutex = this.#changes.get(room.id) ?? new Mutex();
    this.#changes.set(room.id, mutex);
    return mutex.run(work);
  }

  async #commitAlone(room: RoomView, plan: Planner): Promise<void> {
    const { clock, entropy } = this.#parts;
    for (let tries = 1; ; tries++) {
      this.#followed.delete(room.id);
      await this.#catchUp(room);
      await this.#hold();
      await this.#resume(room);
      await this.#comeBack(room);
      try {
        const pending = await this.#states.run(room.id, (at) => this.#prepare(at, room, plan));
        if (pending === undefined) return;
        await this.#send(room, pending);
        return await this.#catchUp(room);
      } catch (error) {
        if (!(error instanceof Fault) || error.code !== "stale-epoch") throw error;
        if (tries >= COMMIT_TRIES_MAX) throw error;
      }
      const [random = 0] = entropy(1);
      const delayMs = Math.round(COMMIT_RETRY_MS * tries * (0.5 + random / 256));
      await delay(clock, delayMs);
    }
  }

  async #prepare(at: RoomAt, room: RoomView, plan: Planner): Promise<PendingRow | undefined> {
    const { row, group } = at;
    const isIn = (row?.status === "in" || mayMend(at)) && !at.isOld;
    if (row === undefined || group === undefined || !isIn) throw notIn(room, at);
    const before = await at.vault.find<PendingRow>(pendingKey(at.room));
    if (before !== undefined) throw elsewhere();
    const planned = await plan(at);
    if (planned === undefined) return undefined;
    const { intent, ...about } = planned;
    const fresh = this.#newPending(fromBase64Url(row.group));
    const bound = utf8Encode(fresh.commitId);
    const made = await this.#parts.device.engine.commit(group, intent, {
      bound,
      ...this.#reader.knowledge(at),
    });
    return this.#keepPending(at, made, {
      ...{ ...fresh, ...about, epoch: group.epoch, change: changeRow(made.change) },
      ...(row.refused === undefined ? {} : { instead: row.refused }),
    });
  }

  #newPending(group: Uint8Array): Pick<PendingRow, "commitId" | "group" | "added" | "removed"> {
    const commitId = toBase64Url(this.#parts.entropy(ID_BYTES));
    return { commitId, group: toBase64Url(group), added: [], removed: [] };
  }

  /** Stores the commit, or the new group, before it is sent. */
  async #keepPending(
    at: RoomAt,
    made: Pick<SealCommit, "group" | "groupInfo"> & Partial<SealCommit>,
    rest: Omit<PendingRow, "commit" | "welcome" | "info" | "instance">,
  ): Promise<PendingRow> {
    const { instance } = at;
    const pending: PendingRow = {
      ...rest,
      instance,
      ...(made.commit === undefined ? {} : { commit: toBase64Url(made.commit) }),
      ...(made.welcome === undefined ? {} : { welcome: toBase64Url(made.welcome) }),
      info: toBase64Url(made.groupInfo),
    };
    await at.vault.put(pendingKey(at.room), pending);
    const bytes = await this.#states.save(made.group, instance);
    await at.vault.putRaw(pendingStateKey(at.room), bytes);
    return pending;
  }

  /**
   * @throws {Fault} stale-epoch if the commit was dropped and the room must be read again; else see
   * #isRefused
   */
  async #send(room: RoomView, pending: PendingRow): Promise<void> {
    const { ask } = this.#parts;
    const { commitId, epoch, commit, welcome, added, removed, kick } = pending;
    const shared = {
      target: formatTarget(room),
      group: fromBase64Url(pending.group),
      commitId,
      info: fromBase64Url(pending.info),
    };
    try {
      this.#followed.delete(room.id);
      if (epoch === undefined || commit === undefined) {
        await ask("group-create", shared);
        return;
      }
      await ask("group-commit", {
        ...shared,
        epoch,
        commit: fromBase64Url(commit),
        ...(welcome === undefined ? {} : { welcome: fromBase64Url(welcome) }),
        added: added.map((one) => ({ user: one.user, device: fromBase64Url(one.device) })),
        removed: removed.map(fromBase64Url),
        ...(kick === undefined ? {} : { kick }),
        ...(pending.instead === undefined ? {} : { instead: pending.instead }),
      });
    } catch (error) {
      if (error instanceof Fault && this.#isRefused(error)) await this.#drop(room.id, commitId);
      throw error;
    }
  }

  /**
   * Reports whether the server refused the commit, which then is not in the log and never will be.
   * An unanswered commit, or one whose server failed, is undecided, as the loss of the link may
   * have replaced the answer.
   */
  #isRefused({ code }: Fault): boolean {
    if (!this.#parts.isLinked()) return false;
    return code === "stale-epoch" || FAULTS[code].blame !== "host";
  }

  async #drop(room: RoomId, commitId: string): Promise<void> {
    await this.#states.run(room, async (at) => {
      const pending = await at.vault.find<PendingRow>(pendingKey(room));
      if (pending?.commitId === commitId) await dropPending(at);
    });
  }

  /** Resends a pending commit whose answer was lost: the server repeats its answer. */
  async #resume(room: RoomView): Promise<void> {
    const pending = await this.#states.run(room.id, (at) =>
      at.vault.find<PendingRow>(pendingKey(room.id)),
    );
    if (pending === undefined) return;
    try {
      await this.#send(room, pending);
    } catch (error) {
      if (!(error instanceof Fault) || error.code === "link-closed") throw error;
    }
    this.#followed.delete(room.id);
    await this.#catchUp(room);
  }

  /** Replaces a commit that the room's rules do not allow, if this device is an admin's. */
  async #mend(room: RoomView): Promise<void> {
    if (!(await this.#states.run(room.id, mayMend))) return;
    await this.#commit(room, (at) => (mayMend(at) ? planOf({ kind: "update" }) : undefined));
  }

  /** Joins by an external commit: after a loss of state, or as another device of a member. */
  async #comeIn(room: RoomView): Promise<void> {
    const { ask, device } = this.#parts;
    for (let tries = 1; tries <= COMMIT_TRIES_MAX; tries++) {
      const { made: found } =
        (await ask("group", { target: formatTarget(room) }).catch(notThere)) ?? {};
      if (found === undefined) return;
      const fresh = this.#newPending(found.group);
      let reason: "copy" | "damaged" | undefined;
      const isSent = await this.#run(room.id, async (at) => {
        const isOld = at.isOld;
        if (!needsEntry(at)) return undefined; // Added by another device meanwhile.
        if ((await at.vault.find<PendingRow>(pendingKey(room.id))) !== undefined) throw elsewhere();
        const gid = at.row === undefined ? {} : { gid: fromBase64Url(at.row.group) };
        const bound = utf8Encode(fresh.commitId);
        const made = await device.engine
          .rejoin(found.info, {
            ...{ room: room.id, ...gid, bound, ...this.#reader.knowledge(at) },
            signers: at.row?.signers,
          })
          .catch(asFault);
        // No device of this account is in the group: a member has to add this one.
        if (made instanceof Fault) {
          if (at.other !== undefined) at.change({ other: at.other });
          return undefined;
        }
        const { change } = made;
        if (change.kind === "resync") reason = isOld ? "copy" : "damaged";
        // A server that once sent a too high number must not lock this device out permanently.
        if (at.group === undefined && found.seq < (at.row?.seq ?? 0)) {
          at.change({ seq: found.seq, n: undefined });
        }
        this.#skipped.delete(room.id);
        return this.#keepPending(at, made, {
          ...{ ...fresh, epoch: found.epoch, change: changeRow(change) },
          added: change.added.map(({ user, device: id }) => ({ user, device: id })),
          removed: change.removed.map(({ device: id }) => id),
        });
      });
      if (isSent === undefined) return;
      try {
        await this.#send(room, isSent);
        await this.#catchUp(room);
        if (reason !== undefined) this.#tell({ kind: "came-anew", reason });
        return;
      } catch (error) {
        if (!(error instanceof Fault) || error.code !== "stale-epoch") throw error;
      }
    }
    throw new Fault("stale-epoch", msg`others change '${formatTarget(room)}' all the time`, {
      retryAfterMs: 1_000,
    });
  }
}

interface Newcomer {
  readonly user: string;
  readonly sentence: string;
}

/** @param before the group when the work began; `undefined` if this device was not in it */
function newcomersOf({ row, group }: RoomAt, before: SealedGroup | undefined): Newcomer[] {
  const found = new Map<string, Newcomer>();
  if (before === undefined || group === undefined || row === undefined) return [];
  if (before.epoch === group.epoch) return [];
  const { members } = before;
  const known = new Set(members.map(({ device }) => device));
  for (const { user, device } of group.members) {
    if (known.has(device) || device === group.self.device) continue;
    const wasIn = members.some((member) => isSame(member.user, user));
    const who = wasIn ? `a further device of ${user}` : user;
    found.set(user, { user, sentence: `${who} came into the sealed room '${row.target}'` });
  }
  return [...found.values()];
}

/** Reports whether this device is an admin's and has refused the last commit. */
function mayMend({ row, group }: RoomAt): boolean {
  if (row?.refused === undefined || row.other !== undefined || group === undefined) return false;
  return group.policy.admins.includes(group.self.account);
}

/** Continues the room if the owner has decided about another key that blocked it. */
async function decided(at: RoomAt): Promise<void> {
  const { other, ...row } = at.row ?? {};
  if (at.row === undefined || other === undefined) return;
  if ((await otherKeyOf(at.vault, other.user)) !== undefined) return;
  const { account = other.account } = (await identityOf(at.vault, other.user)) ?? {};
  at.row = row as RoomRow;
  if (at.row.status !== "suspect") return;
  // If the key is not the user's, the change stays refused.
  if (account !== other.account) {
    return at.change({ reason: `a change was refused: ${REFUSALS["identity-changed"]}` });
  }
  const { reason: _, refused: __, strayed: ___, ...rest } = at.row;
  at.advance(undefined, []);
  at.row = { ...rest, status: "lost" };
}

/** @throws {Fault} user-unknown */
async function keysOf(vault: Vault, user: string) {
  const pin = await identityOf(vault, user);
  if (pin === undefined) {
    throw new Fault("user-unknown", msg`no sealed room has shown the key of ${user} yet`, {
      remedy: msg`let them in first: /invite ${user}`,
    });
  }
  return { pin, other: await otherKeyOf(vault, user) };
}

/** Adds a remark, unless it is known. */
function remark(at: RoomAt, sentence: string): void {
  const { remarks = [] } = at.row ?? {};
  const isKnown = remarks.includes(sentence) || remarks.length >= SEALED_REMARKS_MAX;
  if (!isKnown) at.change({ remarks: [...remarks, sentence] });
}

interface Plan {
  readonly intent: SealIntent;
  readonly added: readonly { readonly user: string; readonly device: string }[];
  readonly removed: readonly string[];
  readonly kick?: string;
}

/** Returns `undefined` if nothing is left to do. */
type Planner = (at: RoomAt) => Awaitable<Plan | undefined>;

function planOf(intent: SealIntent, removed: readonly string[] = []): Plan {
  return { intent, added: [], removed };
}

function removal(devices: readonly string[]): Plan | undefined {
  return devices.length === 0 ? undefined : planOf({ kind: "remove", devices }, devices);
}

function devicesOf({ group }: RoomAt, user: string): string[] {
  const members = group?.members ?? [];
  return members.filter((member) => isSame(member.user, user)).map(({ device }) => device);
}

function needsEntry({ row, group, isOld }: RoomAt): boolean {
  const mayRead = row?.status !== "out" && row?.status !== "suspect";
  return (row?.status !== "out" && group === undefined) || (mayRead && isOld);
}

/** Returns the other devices of this account in the group. */
function ownOthers(group: SealedGroup | undefined): string[] {
  const { members = [], self } = group ?? {};
  return members
    .filter(({ account, device }) => account === self?.account && device !== self.device)
    .map(({ device }) => device);
}

function removable({ row, group }: RoomAt): boolean {
  if (row === undefined || group === undefined || row.departed.length === 0) return false;
  const rules = mayRule(group.policy, group.members, group.self);
  return rules || row.departed.every((one) => isFree({ row, group }, one));
}

/** The other process's result is visible once the server has answered it. */
function elsewhere(): Fault {
  return new Fault("stale-epoch", msg`another window changes this room`, { retryAfterMs: 100 });
}

/**
 * Reports whether a departed user can be removed only by an admin's device, which does so without a
 * post.
 */
function waitsForAdmin({ row, group }: RoomAt): boolean {
  if (row?.status !== "in") return false;
  return row.departed.some((one) => !isFree({ row, group }, one));
}

function noDevice(user: string): Fault {
  return new Fault("not-found", msg`${user} has no device that can be let in now`, {
    remedy: msg`ask ${user} to run chat join once, then try again`,
  });
}

function notIn(room: RoomView, { row, isOld }: RoomAt): Fault {
  const name = formatTarget(room);
  if (row?.other !== undefined) return keyChangedFault(row.other.user);
  switch (row?.status) {
    case "in":
    case "lost":
      if (!isOld && row.status === "in") break;
      return new Fault(
        "seal-refused",
        msg`this device could not come back into '${name}' by itself`,
        {
          remedy: msg`try again later, or ask somebody in it: /kick, then /invite`,
        },
      );
    case "suspect":
      return new Fault("seal-refused", msg`'${name}' cannot be trusted: ${row.reason ?? "?"}`, {
        remedy:
          row.refused === undefined
            ? msg`ask the others and the server's owner; then /sealed accept, or make another room`
            : msg`wait until an admin of the room has connected`,
      });
    case "out":
      return new Fault("seal-refused", msg`this device was put out of '${name}'`, {
        remedy: msg`ask to be let in again`,
      });
    default:
      break;
  }
  return new Fault("seal-refused", msg`nobody has let this device into '${name}' yet`, {
    remedy: msg`ask somebody in it: /invite NAME`,
  });
}

/** Ignores refusals of the server; without a link nothing is decided. */
function refused(error: unknown): void {
  if (!(error instanceof Fault) || error.code === "link-closed") throw error;
}

/** Treats `not-found` as absent: there is no group, or the server has lost its group info. */
function notThere(error: unknown): undefined {
  if (error instanceof Fault && error.code === "not-found") return undefined;
  throw error;
}
