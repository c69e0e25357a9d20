/** Sealed rooms of one account on this device. */

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
import { isSameName } from "../../core/model/item.ts";
import { deviceIdOf } from "../../crypto/device-id.ts";
import { hasAdminRights, REFUSALS } from "../../crypto/seal/commit-check.ts";
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
import { Claims, type HistoryView, isForkIn } from "./claims.ts";
import { assignCount, excusedBy, freeCount } from "./counts.ts";
import type { SealedDevice } from "./device.ts";
import { FileIndex } from "./file-index.ts";
import {
  acceptKey,
  checkKeys,
  confirmKey,
  identityOf,
  keyChangedFault,
  keyChangedNotice,
  otherKeyOf,
  storeOtherKey,
} from "./identities.ts";
import { DeviceLease } from "./lease.ts";
import { Renewal } from "./renewal.ts";
import {
  changedDevice,
  changeRow,
  dropPending,
  isRemovable,
  markSuspect,
  namesDevice,
  type PackageRow,
  RoomReader,
} from "./room-reader.ts";
import { RoomStates, type RoomTransaction } from "./room-state.ts";
import {
  type ArchivedRow,
  allOf,
  type ClaimRow,
  type ContentRow,
  contentKey,
  contentRange,
  type PendingRow,
  packageKey,
  pendingKey,
  pendingStateKey,
  type RoomRow,
  type SentRow,
  sentKey,
  seqOf,
} from "./rows.ts";
import type { Awaitable, SealedStore } from "./store.ts";
import type { Vault } from "./vault.ts";

/** Devices that used a replaced last-resort key package have committed within this time. */
const LAST_RESORT_RETENTION_MS = 86_400_000;
const SEALED_PAGE_RECORDS = 500;
const COMMIT_ATTEMPTS_MAX = 8;
const COMMIT_RETRY_MS = 150;
const CONFIRMED_POSTS_MAX = 256;
/** Maximum number of remarks kept for `/sealed`. Each remark is reported once. */
const REMARKS_MAX = 8;

export interface SealedRoomsOptions {
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly sha256: Sha256;
  readonly store: SealedStore;
  readonly stateKey: StateKey;
  readonly device: SealedDevice;
  readonly user: string;
  readonly request: SendRequest;
  readonly isLinked: () => boolean;
  readonly emit: (event: SealedEvent) => void;
  readonly history: () => HistoryView | undefined;
}

export type SealedEvent =
  /** The device has rejoined its rooms, because its state was an old copy or unreadable. */
  | { readonly kind: "came-anew"; readonly reason: "copy" | "damaged" }
  | { readonly kind: "sealed-fault"; readonly fault: Fault }
  | { readonly kind: "sealed-remark"; readonly remark: Translatable }
  | { readonly kind: "came-in"; readonly user: string; readonly sentence: string }
  /** This device sends the user no messages until its owner has compared keys. */
  | { readonly kind: "identity-changed"; readonly user: string; readonly sentence: string };

export interface SettledPost {
  readonly id: string;
  readonly seq: number | undefined;
}

export interface PlainPost {
  readonly id: string;
  readonly body: PostBody;
}

export interface RoomSealStatus {
  /** `waiting` if no member of the room has added this device yet. */
  readonly status: RoomRow["status"] | "waiting";
  readonly reason?: string;
  readonly members: readonly SealedMember[];
  /** Unlike faults, remarks leave the room usable. */
  readonly remarks?: readonly string[];
}

export interface SealedMember {
  readonly user: string;
  readonly devices: readonly { readonly device: string; readonly kind: "cli" | "web" }[];
  readonly isVerified: boolean;
  readonly isAdmin: boolean;
  readonly isChanged?: true;
}

export interface SafetyDigits {
  readonly digits: string;
  readonly isVerified: boolean;
  /** Safety number for the user's former key if the key has changed. */
  readonly former?: string;
}

const NO_DETAILS = { reason: undefined, fault: undefined, sentence: undefined, remark: undefined };
/** The server sends `erase` records only if the kind `all` is requested. */
const FOLLOWED_KINDS = ["all"];
const ID_BYTES = 16;

/**
 * Processes records in log order, each in one store transaction, and sends a message only after the
 * transaction that produced it is durable.
 */
export class SealedRooms {
  readonly #options: SealedRoomsOptions;
  readonly #states: RoomStates;
  readonly #reader: RoomReader;
  readonly #lease: DeviceLease;
  readonly #renewal: Renewal;
  #isLinked = true;
  #cancelCheck: (() => void) | undefined;
  readonly #rooms = new Map<RoomId, RoomView>();
  readonly #emittedKeys = new Set<string>();
  readonly #claims: Claims;
  readonly files: FileIndex;
  readonly #lastRead = new Map<RoomId, number>();
  readonly #lastDelivered = new Map<RoomId, number>();
  readonly #changeMutexes = new Map<RoomId, Mutex>();

  constructor(options: SealedRoomsOptions) {
    const { clock, entropy, store, stateKey: key, device, request, sha256 } = options;
    const { engine } = device;
    this.#options = options;
    const states = new RoomStates({ store, engine, key });
    const unixMs = () => clock.unixMs();
    this.#states = states;
    this.files = new FileIndex(states, unixMs);
    this.#lease = new DeviceLease({ clock, entropy, states, request });
    this.#renewal = new Renewal({ clock, sha256, device: device.id });
    this.#claims = new Claims({
      ...{ clock, request, history: options.history },
      transact: (work) => states.transact(work),
      onFork: ({ room, user }) =>
        this.#run(room, (tx) =>
          markSuspect(tx, `the server showed ${user} a different history than this device`),
        ),
      onRemark: ({ room }, sentence) => this.#run(room, (tx) => addRemark(tx, sentence)),
    });
    const shared = { claims: this.#claims, files: this.files, user: options.user };
    this.#reader = new RoomReader({ engine, sha256, states, unixMs, ...shared });
  }

  /** Requests the missed records of a room when that room is next used. */
  connected(): void {
    this.#isLinked = true;
    this.#lastRead.clear();
    this.#lastDelivered.clear();
    this.#lease.connected();
    this.#renewal.connected();
    this.#rooms.clear();
    this.#emittedKeys.clear();
    this.#claims.lost();
    this.#claims.schedule();
  }

  async #run<Result>(
    room: RoomId,
    task: (tx: RoomTransaction) => Awaitable<Result>,
  ): Promise<Result> {
    const messages: Translatable[] = [];
    let changed: readonly string[] = [];
    let newcomers: readonly Newcomer[] = [];
    const result = await this.#states.run(room, async (tx) => {
      const rowBefore = tx.row;
      const groupBefore = tx.group;
      const outcome = await task(tx);
      messages.length = 0;
      changed = tx.changed;
      newcomers = findNewcomers(tx, groupBefore);
      if (tx.row === undefined) return outcome;
      const { target, status, reason, remarks = [], other } = tx.row;
      const becameSuspect =
        status === "suspect" && rowBefore?.status !== "suspect" && other === undefined;
      if (becameSuspect) messages.push(msg`'${target}' is no longer trusted: ${reason}`);
      for (const text of remarks) {
        if (rowBefore?.remarks?.includes(text) !== true) messages.push(msg`'${target}': ${text}`);
      }
      return outcome;
    });
    for (const newcomer of newcomers) this.#emit({ kind: "came-in", ...newcomer });
    for (const remark of messages) this.#emit({ kind: "sealed-remark", remark });
    for (const user of changed) {
      this.#emit({ kind: "identity-changed", user, sentence: keyChangedNotice(user) });
    }
    return result;
  }

  /**
   * Decrypts records of one room, in order, as far as this device can.
   * @throws {Fault} store-… if the store fails, link-closed if the link is lost, and the server's
   * refusals
   */
  async openRecords(records: readonly ChatRecord[]): Promise<readonly ChatRecord[]> {
    const [first] = records;
    const last = records.at(-1);
    if (first === undefined || last === undefined) return [];
    const { room } = first;
    const follows = (before?: number) => records.every(({ n }, at) => before === n - 1 - at);
    if (!follows(this.#lastRead.get(room.id))) {
      this.#lastRead.delete(room.id);
      await this.#catchUp(room);
    }
    // The server sends a removed member no history, but the member may read records delivered in
    // order.
    const isContiguous = follows(this.#lastDelivered.get(room.id));
    if (isContiguous || (await this.#isNext(room.id, first)))
      await this.#readRecords(room.id, records);
    this.#lastDelivered.set(room.id, last.n);
    this.#lastRead.set(room.id, last.n);
    // The records have invalidated this device's state, so rejoin immediately.
    if (this.#roomsToRepair.delete(room.id)) void this.syncRoom(room).catch(asFault);
    return this.#openStored(room.id, records);
  }

  /** Reports whether the first record on a new link follows the last record read without a gap. */
  #isNext(room: RoomId, { n }: ChatRecord): Promise<boolean> {
    return this.#states.run(room, ({ row }) => row?.n !== undefined && n <= row.n + 1);
  }

  async #openPage(records: readonly ChatRecord[]): Promise<ChatRecord[]> {
    const sealed = records.filter(({ room }) => room.isSealed === true);
    const opened = new Map<number, ChatRecord>();
    for (const [id, roomRecords] of Map.groupBy(sealed, ({ room }) => room.id)) {
      const [first] = roomRecords;
      if (first !== undefined) await this.#catchUp(first.room);
      for (const record of await this.#openStored(id, roomRecords)) opened.set(record.seq, record);
    }
    return records.map((record) => opened.get(record.seq) ?? record);
  }

  /**
   * @throws {Fault} seal-refused if this device may not post in the room, stale-epoch if it may not
   * post yet, and the server's refusals
   */
  async seal(room: RoomView, posts: readonly PlainPost[]): Promise<(PostBody | Fault)[]> {
    await this.#catchUp(room);
    await this.#holdLease();
    // The room is usually ready, so a single transaction suffices.
    const sealed = await this.#states.run(room.id, async (tx) =>
      (await this.#isReady(tx)) ? this.#encryptAll(tx, room, posts) : undefined,
    );
    if (sealed !== undefined) return sealed;
    await this.syncRoom(room);
    await this.#removeDeparted(room);
    return this.#states.run(room.id, (tx) => this.#encryptAll(tx, room, posts));
  }

  async postsSettled(room: RoomId, posts: readonly SettledPost[]): Promise<void> {
    await this.#states.run(room, async (tx) => {
      for (const { id, seq } of posts) await this.#postSettled(tx, id, seq);
    });
  }

  async #postSettled(tx: RoomTransaction, id: string, seq: number | undefined): Promise<void> {
    const { room } = tx;
    // The device has not read the record yet, so check later that the server returns it. A record
    // with a seq that is not higher has been read, possibly by an earlier run.
    if (seq !== undefined && seq > (tx.row?.seq ?? 0)) {
      const confirmed = this.#confirmed.get(room) ?? new Map<number, string>();
      if (confirmed.size < CONFIRMED_POSTS_MAX) confirmed.set(seq, id);
      this.#confirmed.set(room, confirmed);
      return;
    }
    const sent = await tx.vault.find<SentRow>(sentKey(room, id));
    if (sent === undefined) return;
    // The server refused the post, or its log already holds an earlier encryption of the post. In
    // either case the reserved count is unused.
    await tx.vault.delete(sentKey(room, id));
    if (tx.row?.since === sent.since) tx.change(freeCount(tx.row, sent.count));
  }

  async create(room: RoomView): Promise<void> {
    const { device, entropy } = this.#options;
    const gid = new Uint8Array(entropy(ID_BYTES));
    const policy = {
      room: room.id,
      admins: [device.account],
      adders: room.kind === "person" ? ("members" as const) : ("admins" as const),
      web: true,
      history: false,
    };
    const { group, groupInfo } = await device.engine.create(policy, gid);
    await this.#holdLease();
    const pending = await this.#states.run(room.id, async (tx) => {
      if (tx.row !== undefined) throw new Fault("name-taken", msg`this room is already encrypted`);
      await requireNoPending(tx); // A background task may be joining a different device's group.
      const { members, self: by } = group;
      const added = members.map(changedDevice);
      const change = { change: "create", by: by.user, added, removed: [] } as const;
      return this.#storePending(tx, { group, groupInfo }, { ...this.#newPending(gid), change });
    });
    await this.#sendCommit(room, pending);
    await this.#catchUp(room);
  }

  /**
   * @throws {Fault} seal-refused if this user may not invite, not-found if no device can be added,
   * and the server's refusals
   */
  async invite(
    room: RoomView,
    user: string,
  ): Promise<{ readonly added: number; readonly missing: number }> {
    await this.#catchUp(room);
    // A returning user's old devices may still be in the group.
    await this.#removeDeparted(room);
    return this.#addDevices(room, user, await this.#options.request("key-package", { user }));
  }

  /**
   * Seals a conversation permanently.
   * @throws {Fault} not-found if no device of the other user can join, seal-refused, and the
   * server's refusals
   */
  async sealConversation(room: RoomView, user: string): Promise<void> {
    await this.#catchUp(room);
    const known = await this.#states.run(room.id, (tx) => tx.row);
    const keyPackages = await this.#options.request("key-package", { user });
    if (known === undefined) {
      if (keyPackages.packages.length === 0) throw noDevice(user);
      await this.create(room);
    }
    await this.#addDevices(room, user, keyPackages);
  }

  async #addDevices(
    room: RoomView,
    user: string,
    { packages, missing }: Answer<"key-package">,
  ): Promise<{ readonly added: number; readonly missing: number }> {
    const { device } = this.#options;
    let [added, foreign] = [0, 0];
    let other: RoomTransaction["other"];
    const plan = async (tx: RoomTransaction): Promise<Plan | undefined> => {
      const keyPackages: Uint8Array[] = [];
      const devices: { readonly user: string; readonly device: string }[] = [];
      foreign = 0;
      for (const { keyPackage } of packages) {
        const verdict = await device.engine.inspect(keyPackage, this.#reader.accountChecks(tx));
        if (verdict.kind === "rejected") {
          other = tx.other;
          if (other !== undefined) throw keyChangedFault(other.user);
          const now = formatUtc(this.#options.clock.unixMs());
          throw new Fault("seal-refused", msg`cannot add ${user}: ${REFUSALS[verdict.reason]}`, {
            remedy:
              verdict.reason === "clock"
                ? msg`check both clocks; this machine's time is ${now}`
                : msg`ask them to update chat`,
          });
        }
        const { user: name, device: id } = verdict.device;
        if (!isSameName(name, user)) {
          foreign++; // The server must not be able to substitute another user's devices.
          continue;
        }
        if (tx.group?.members.some((member) => member.device === id) === true) continue;
        keyPackages.push(keyPackage);
        devices.push({ user: name, device: id });
      }
      added = keyPackages.length;
      if (added === 0) return undefined;
      return { intent: { kind: "add", keyPackages }, added: devices, removed: [] };
    };
    try {
      await this.#removeFormerKey(room, user);
      await this.#commit(room, plan);
    } catch (error) {
      // The failed transaction was rolled back, so store and report the user's other key now.
      if (other !== undefined) await this.#recordOtherKey(room.id, other);
      throw error;
    }
    if (added === 0 && foreign > 0) {
      throw new Fault("seal-refused", msg`the server sent another user's keys for ${user}`, {
        remedy: msg`ask the server's owner`,
      });
    }
    if (added === 0 && missing > 0) throw noDevice(user);
    return { added, missing };
  }

  #recordOtherKey(room: RoomId, other: NonNullable<RoomTransaction["other"]>): Promise<void> {
    return this.#run(room, async (tx) => {
      if (await storeOtherKey(tx.vault, other)) tx.changed.push(other.user);
    });
  }

  async #removeFormerKey(room: RoomView, user: string): Promise<void> {
    const formerDevices = async ({ group, vault }: RoomTransaction) => {
      const pin = await identityOf(vault, user);
      return (group?.members ?? [])
        .filter(
          (member) =>
            isSameName(member.user, user) && pin !== undefined && member.account !== pin.account,
        )
        .map(({ device }) => device);
    };
    if ((await this.#states.run(room.id, formerDevices)).length === 0) return;
    await this.#commit(room, async (tx) => removalPlan(await formerDevices(tx)));
  }

  kick(room: RoomView, user: string): Promise<void> {
    return this.#commit(room, (tx) => {
      const devices = devicesOf(tx, user);
      if (devices.length === 0) {
        throw new Fault("not-member", msg`${user} has no device in '${room.name}'`);
      }
      return { ...newPlan({ kind: "remove", devices }, devices), kick: user };
    });
  }

  /**
   * @throws {Fault} seal-refused if this device's user may not change roles, not-member if the user
   * is not a member, not-allowed for the last admin
   */
  setAdmin(room: RoomView, user: string, on: boolean): Promise<void> {
    return this.#commit(room, (tx) => {
      const { group } = tx;
      const accounts = (group?.members ?? [])
        .filter((member) => isSameName(member.user, user))
        .map(({ account }) => account);
      if (group === undefined || accounts.length === 0) {
        throw new Fault("not-member", msg`${user} has no device in '${room.name}'`, {
          remedy: msg`add them first: /invite ${user}`,
        });
      }
      const { policy } = group;
      const others = policy.admins.filter((account) => !accounts.includes(account));
      const admins = on ? [...others, ...new Set(accounts)] : others;
      if (admins.length === 0) {
        throw new Fault("not-allowed", msg`'${room.name}' needs at least one admin`, {
          remedy: msg`make someone else an admin first: /grant NAME`,
        });
      }
      const isUnchanged = accounts.every((account) => policy.admins.includes(account) === on);
      return isUnchanged ? undefined : newPlan({ kind: "policy", policy: { ...policy, admins } });
    });
  }

  async removeRevoked(room: RoomView): Promise<void> {
    const others = await this.#states.run(room.id, ({ group }) => otherOwnDevices(group));
    if (others.length === 0) return;
    const { devices } = await this.#options.request("devices", {});
    const live = new Set(devices.map(({ device }) => device));
    const isRevoked = (id: string) => !live.has(deviceIdOf(fromBase64Url(id)));
    if (!others.some(isRevoked)) return;
    await this.#commit(room, ({ group }) => removalPlan(otherOwnDevices(group).filter(isRevoked)));
  }

  /**
   * Returns `undefined` if there is no group. A device that has lost its state can also sign,
   * because its leaf is still in the group.
   */
  async leaveNotice(
    room: RoomView,
  ): Promise<{ readonly epoch: number; readonly signature: Uint8Array } | undefined> {
    const { request, device } = this.#options;
    const { row, group } = await this.#states.run(room.id, (tx) => tx);
    if (group !== undefined) {
      return { epoch: group.epoch, signature: await device.engine.signLeave(group) };
    }
    const { made } =
      (await request("group", { target: formatTarget(room) }).catch(ignoreNotFound)) ?? {};
    if (made === undefined || (row !== undefined && row.group !== toBase64Url(made.group))) {
      return undefined;
    }
    const { epoch, group: gid } = made;
    const groupRef = { gid, epoch, policy: { room: room.id } };
    return { epoch, signature: await device.engine.signLeave(groupRef) };
  }

  async sealStatus(room: RoomView): Promise<RoomSealStatus> {
    return this.#states.run(room.id, async ({ row, group, vault }) => {
      if (row === undefined) return { status: "waiting", members: [] };
      const members: SealedMember[] = [];
      const groupMembers = group?.members ?? [];
      for (const [user, devices] of Map.groupBy(groupMembers, (member) => member.user)) {
        const isOwn = isSameName(user, this.#options.user);
        const isChanged = (await otherKeyOf(vault, user)) !== undefined;
        members.push({
          user,
          devices: devices.map(({ device, kind }) => ({ device, kind })),
          isVerified: isOwn || (await identityOf(vault, user))?.isVerified === true,
          isAdmin:
            group !== undefined &&
            devices.some((device) => hasAdminRights(group.policy, groupMembers, device)),
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
   * Accepts the room's state on behalf of the user and continues as far as possible.
   * @throws {Fault} usage if there is nothing to accept
   */
  async acceptState(room: RoomView): Promise<void> {
    await this.#states.run(room.id, async (tx) => {
      const { row, group } = tx;
      if (row?.status !== "suspect" && row?.remarks === undefined) {
        throw new Fault("usage", msg`nothing to accept`);
      }
      for (const { key, value } of await tx.vault.list<ClaimRow>(
        allOf("claim", CLAIMS_KNOWN_MAX),
      )) {
        if (isForkIn(value, room.id)) await tx.vault.put(key, { ...value, state: "accepted" });
      }
      const { reason: _, remarks: __, refused: ___, other: ____, strayed, ...retained } = row;
      const isBehind = group === undefined || strayed === true;
      if (isBehind) tx.advance(undefined, []);
      const status = isBehind ? ("lost" as const) : ("in" as const);
      tx.row = { ...retained, ...(retained.status === "suspect" ? { status } : {}) };
    });
    await this.syncRoom(room);
  }

  async safetyNumber(user: string): Promise<SafetyDigits> {
    const { pin, other } = await this.#keysOf(user);
    const digits = await this.#digitsOf(pin);
    if (other === undefined) return { digits, isVerified: pin.isVerified };
    return { digits: await this.#digitsOf(other), isVerified: false, former: digits };
  }

  /** @throws {Fault} user-unknown if there is no such user, or if the user's key is unknown */
  async #keysOf(user: string): ReturnType<typeof keysOf> {
    try {
      return await this.#states.transact((vault) => keysOf(vault, user));
    } catch (error) {
      const isUnknown = error instanceof Fault && error.code === "user-unknown";
      if (isUnknown) await this.#options.request("whois", { user });
      throw error;
    }
  }

  #digitsOf({
    user,
    account,
  }: {
    readonly user: string;
    readonly account: string;
  }): Promise<string> {
    const own = { user: this.#options.user as Name, account: this.#options.device.account };
    return safetyNumber(own, { user: user as Name, account });
  }

  /**
   * After a key change, either the former or the new key can be confirmed.
   * @throws {Fault} usage if the digits are incomplete, mistyped or wrong; user-unknown if no key
   * is known
   */
  async confirmDigits(user: string, digits: string): Promise<void> {
    const { pin, other } = await this.#keysOf(user);
    const owners = other === undefined ? [pin] : [other, pin];
    const numbers = await Promise.all(owners.map((owner) => this.#digitsOf(owner)));
    const owner = owners[numbers.indexOf(matchSafetyNumber(digits, numbers))];
    assert(owner !== undefined, "the number belongs to a known user");
    await this.#states.transact((vault) => confirmKey(vault, owner));
    if (other !== undefined) await this.#resumeRooms();
  }

  async acceptIdentity(user: string): Promise<void> {
    await this.#states.transact((vault) => acceptKey(vault, user));
    await this.#resumeRooms();
  }

  async #resumeRooms(): Promise<void> {
    for (const room of this.#rooms.values()) await this.syncRoom(room).catch(asFault);
  }

  /**
   * Merges the server's records with this device's archive. Sealed rooms are searched locally, so
   * that the server does not learn the search text.
   */
  async history(
    rooms: readonly RoomView[],
    query: RequestFields<"history">,
    fetchPage: FetchPage,
  ): Promise<HistoryPage> {
    const fetchOpened: FetchPage = async (pageQuery) => {
      const { records, more } = await fetchPage(pageQuery);
      return { records: await this.#openPage(records), more };
    };
    if (!needsArchive(query)) return fetchOpened(query);
    const page = new PageBuilder(query);
    const { target, grep = "" } = query;
    if (target === undefined || grep === "") page.addAll(await fetchOpened(query));
    const recordOf = matcherOf(query);
    for (const room of rooms) {
      // If the server refuses to send missed records, search the archive as it is.
      await this.#catchUp(room).catch(ignoreRefusal);
      await this.#searchRoom(room, query, (seq, row) => {
        const record = page.isBeyond(seq) ? undefined : recordOf(room, seq, row);
        return record === undefined ? !page.isBeyond(seq) : page.add(record);
      });
    }
    return page.page();
  }

  async #searchRoom(
    room: RoomView,
    { after, before }: RequestFields<"history">,
    visit: (seq: number, row: ArchivedRow) => boolean,
  ): Promise<void> {
    for (let [from, to] = [after, before]; ; ) {
      const range = contentRange(room.id, { after: from, before: to }, SEALED_PAGE_RECORDS);
      const { vault, rows } = await this.#states.transact(async (tables) => {
        return { vault: tables, rows: await tables.rows(range) };
      });
      for (const { key, value } of await vault.openRows<ArchivedRow>(rows)) {
        if (!visit(seqOf(key), value)) return;
      }
      const last = rows.at(-1);
      if (last === undefined || rows.length < SEALED_PAGE_RECORDS) return;
      if (after === undefined) to = seqOf(last.key);
      else from = seqOf(last.key);
    }
  }

  async stockKeyPackages(): Promise<void> {
    const { request, device, clock } = this.#options;
    const { left, lastResort } = await request("key-packages", { packages: [] });
    const created =
      left < KEY_PACKAGES_LOW ? await device.engine.makeKeyPackages(KEY_PACKAGES_MAX - left) : [];
    const [newLastResort] = lastResort === false ? await device.engine.makeKeyPackages(1) : [];
    if (created.length === 0 && newLastResort === undefined) return;
    await this.#states.transact(async (vault) => {
      const now = clock.unixMs();
      const rows = await vault.list<PackageRow>(allOf("package", 1_000));
      const lastResorts = rows.filter(({ value }) => value.isLastResort === true);
      const replacedUnixMs = Math.max(...lastResorts.map(({ value }) => value.madeUnixMs));
      for (const { key, value } of rows) {
        const { madeUnixMs, isLastResort } = value;
        const isReplaced = isLastResort === true && madeUnixMs < replacedUnixMs;
        const isExpired = isReplaced && now - replacedUnixMs > LAST_RESORT_RETENTION_MS;
        if (isExpired || now - madeUnixMs > KEY_PACKAGE_MS) await vault.delete(key);
      }
      const rowOf = (secret: Uint8Array) => ({ secret: toBase64Url(secret), madeUnixMs: now });
      for (const { ref, secret } of created) await vault.put(packageKey(ref), rowOf(secret));
      if (newLastResort === undefined) return;
      await vault.put(packageKey(newLastResort.ref), {
        ...rowOf(newLastResort.secret),
        isLastResort: true,
      });
    });
    await request("key-packages", {
      packages: created.map(({ keyPackage }) => keyPackage),
      ...(newLastResort === undefined ? {} : { lastResort: newLastResort.keyPackage }),
    });
  }

  /**
   * Reads a room up to its newest record, adds this device if another device of the account is a
   * member, and finishes pending commits.
   */
  async syncRoom(room: RoomView): Promise<void> {
    await this.#catchUp(room);
    await this.#holdLease();
    await this.#exclusively(room, async () => {
      await this.#resumePending(room);
      await this.#rejoinIfNeeded(room);
    });
    await this.#replaceRefused(room);
    await this.#removeDeparted(room, (tx) => canRemoveDeparted(tx) && needsAdmin(tx));
    const isDue = await this.#states.run(room.id, (tx) => this.#renewal.isDue(tx));
    if (isDue) await this.#renewal.run(room.id, () => this.#renew(room));
  }

  async #checkRoom(room: RoomView): Promise<void> {
    await this.syncRoom(room);
    await this.removeRevoked(room);
  }

  async syncAll(rooms: readonly RoomView[]): Promise<void> {
    const sealed = rooms.filter(({ isSealed }) => isSealed === true);
    const syncs = sealed.map((room) =>
      this.#checkRoom(room).catch((error: unknown) => {
        asFault(error);
        const { code } = error as Fault;
        if (code.startsWith("store-")) this.#emit({ kind: "sealed-fault", fault: error as Fault });
      }),
    );
    await Promise.all(syncs);
  }

  #scheduleCheck(room: RoomView): void {
    this.#rooms.set(room.id, room);
    if (!this.#isLinked) return;
    this.#cancelCheck ??= this.#options.clock.after(RENEW_CHECK_INTERVAL_MS, () => {
      this.#cancelCheck = undefined;
      this.#renewal.connected();
      void this.syncAll([...this.#rooms.values()]);
    });
  }

  lost(): void {
    this.#isLinked = false;
    this.#claims.lost();
    this.#cancelCheck?.();
    this.#cancelCheck = undefined;
  }

  async #holdLease(): Promise<void> {
    await this.#lease.hold().catch((error: unknown) => this.#reportLeaseFault(error));
  }

  #reportLeaseFault(error: unknown): never {
    if (error instanceof Fault && error.code === "seal-refused") {
      this.#emit({ kind: "sealed-fault", fault: error });
    }
    throw error;
  }

  #emit(event: SealedEvent): void {
    const { reason, fault, sentence, remark } = { ...NO_DETAILS, ...event };
    const key = reason ?? sentence ?? remark?.text ?? fault?.message ?? "";
    if (this.#emittedKeys.has(key)) return;
    this.#emittedKeys.add(key);
    this.#options.emit(event);
  }

  async #isReady(tx: RoomTransaction): Promise<boolean> {
    const { row, group, vault, room } = tx;
    if (group === undefined || row?.departed.length !== 0 || tx.isStale) return false;
    if (row.refused !== undefined) return false;
    return !this.#renewal.isDue(tx) && (await vault.find(pendingKey(room))) === undefined;
  }

  async #rejoinIfNeeded(room: RoomView): Promise<void> {
    const found = await this.#states.run(room.id, async (tx) => {
      await applyKeyDecision(tx);
      return { needs: needsRejoin(tx), isCopy: tx.row?.isCopy === true };
    });
    if (!found.needs) return;
    // Another machine uses a copy of this device's state, and that copy has claimed the lease.
    if (found.isCopy)
      await this.#lease.check().catch((error: unknown) => this.#reportLeaseFault(error));
    await this.#rejoin(room);
  }

  #renew(room: RoomView): Promise<void> {
    return this.#commit(room, (tx) =>
      tx.row?.status === "in" && this.#renewal.isDue(tx) ? newPlan({ kind: "update" }) : undefined,
    );
  }

  async missedWelcome(record: ChatRecord): Promise<boolean> {
    const { kind, body, room } = record;
    const { id } = this.#options.device;
    if (kind !== "group" || !namesDevice(body?.["added"], id)) return false;
    return this.#states.run(room.id, (tx) => tx.group === undefined);
  }

  async #encryptAll(
    tx: RoomTransaction,
    room: RoomView,
    posts: readonly PlainPost[],
  ): Promise<(PostBody | Fault)[]> {
    const bodies: (PostBody | Fault)[] = [];
    const checkpoint = await this.#acceptedCheckpoint();
    await checkKeys(tx.vault, this.#checkWritable(tx, room).group.members);
    for (const post of posts) bodies.push(await this.#encrypt(tx, room, post, checkpoint));
    return bodies;
  }

  async #bodyOf(tx: RoomTransaction, { id, body }: PlainPost): Promise<SealedBody | Fault> {
    const file = fileOfPost(body);
    if (file === undefined) return sealedBodyOf(body);
    try {
      return (await this.files.claimDescription(tx, id, file)) as SealedBody;
    } catch (error) {
      if (error instanceof Fault && error.code === "seal-refused") return error;
      throw error;
    }
  }

  async checkMayWrite(room: RoomView): Promise<void> {
    await this.syncRoom(room);
    await this.#states.run(room.id, async (tx) => {
      const { group } = tx;
      if (group === undefined || tx.row?.status !== "in" || tx.isStale) throw cannotWrite(room, tx);
      await checkKeys(tx.vault, group.members);
    });
  }

  #checkWritable(
    tx: RoomTransaction,
    room: RoomView,
  ): { readonly row: RoomRow; readonly group: SealedGroup } {
    const { row, group } = tx;
    if (row === undefined || group === undefined || row.status !== "in" || tx.isStale) {
      throw cannotWrite(room, tx);
    }
    if (row.departed.length > 0) {
      const names = row.departed.map(({ user }) => user).join(", ");
      throw new Fault(
        "seal-refused",
        msg`the devices of ${names} have not been removed from '${room.name}' yet`,
        {
          remedy: msg`wait for an admin of the room to connect`,
        },
      );
    }
    return { row, group };
  }

  async #encrypt(
    tx: RoomTransaction,
    room: RoomView,
    post: PlainPost,
    checkpoint: SignedCheckpoint | undefined,
  ): Promise<PostBody | Fault> {
    const { row, group } = this.#checkWritable(tx, room);
    const { clock, device, sha256 } = this.#options;
    const { id } = post;
    const key = sentKey(room.id, id);
    const earlier = await tx.vault.get<SentRow>(key);
    const body = earlier?.body ?? (await this.#bodyOf(tx, post));
    if (body instanceof Fault) return body;
    const isCounted = earlier?.since === row.since;
    const { count, own: counts } = isCounted
      ? { count: earlier.count, own: row }
      : assignCount(row);
    if (!isCounted) tx.change(counts);
    const sent: SentRow = {
      ...{ body, count, since: row.since },
      sentAtUnixMs: earlier?.sentAtUnixMs ?? clock.unixMs(),
      hashes: earlier?.hashes ?? [],
    };
    const { sentAtUnixMs } = sent;
    const unconfirmed = excusedBy(counts, count);
    const content = {
      ...{ body: packBody(sent.body as SealedBody), count, sentAtUnixMs },
      ...(unconfirmed === undefined ? {} : { unconfirmed }),
      ...(checkpoint === undefined ? {} : { checkpoint }),
    };
    if (earlier === undefined) {
      const { sentSince = 0, renewedUnixMs = clock.unixMs() } = row;
      tx.change({ sentSince: sentSince + 1, renewedUnixMs });
    }
    const bound = utf8Encode(id);
    const {
      message,
      group: next,
      consumed,
    } = await device.engine.encrypt(group, content, {
      bound,
    });
    tx.advance(next, consumed);
    const hashes = [...sent.hashes, toBase64Url(sha256(message))].slice(-SEALED_TRIES_MAX);
    await tx.vault.put(key, { ...sent, hashes });
    return { text: "", sealed: { epoch: next.epoch, ciphertext: message } };
  }

  async #acceptedCheckpoint(): Promise<SignedCheckpoint | undefined> {
    const { pin, keys, verifier } = this.#options.history() ?? {};
    const [key] = keys ?? [];
    const known = await pin?.();
    if (known === undefined || key === undefined || verifier === undefined) return undefined;
    try {
      const { signature } = findSigned(known.note, key, verifier.sha256);
      const { origin, size, root } = known;
      return { origin, size, root, signature };
    } catch (error) {
      if (error instanceof Fault) return undefined;
      throw error;
    }
  }

  async #catchUp(room: RoomView): Promise<void> {
    this.#scheduleCheck(room);
    if (this.#lastRead.has(room.id)) return;
    const { request, sha256 } = this.#options;
    for (;;) {
      const after = await this.#states.run(room.id, (tx) => tx.row?.seq ?? 0);
      const page = await queryHistory(request, sha256, {
        target: formatTarget(room),
        kinds: FOLLOWED_KINDS,
        after: Math.max(after, this.#lastSeqOutside.get(room.id) ?? 0),
        limit: SEALED_PAGE_RECORDS,
      });
      await this.#readRecords(room.id, page.records);
      const last = page.records.at(-1);
      if (last !== undefined) this.#lastSeqOutside.set(room.id, last.seq);
      if (!page.more) return;
    }
  }

  readonly #roomsToRepair = new Set<RoomId>();
  readonly #lastSeqOutside = new Map<RoomId, number>();

  readonly #confirmed = new Map<RoomId, Map<number, string>>();

  async #checkConfirmed(tx: RoomTransaction, seq: number): Promise<void> {
    const confirmed = this.#confirmed.get(tx.room) ?? new Map<number, string>();
    for (const [expected, id] of confirmed) {
      if (expected > seq) continue;
      confirmed.delete(expected);
      if ((await tx.vault.find(sentKey(tx.room, id))) === undefined) continue;
      markSuspect(tx, "the server confirmed a message from this device but does not return it");
    }
  }

  /**
   * Splits long batches of records, because a transaction blocks other processes of this CHAT_HOME.
   */
  async #readRecords(room: RoomId, records: readonly ChatRecord[]): Promise<void> {
    const { clock } = this.#options;
    for (let next = 0; next < records.length; ) {
      next = await this.#run(room, async (tx) => {
        const startedAt = clock.now();
        let done = next;
        while (done < records.length && clock.now() - startedAt < SEALED_TRANSACTION_MS) {
          const record = records[done++];
          if (record === undefined) continue;
          await this.#reader.read(tx, record);
          await this.#checkConfirmed(tx, record.seq);
        }
        const needsRepair =
          tx.row?.isCopy === true || tx.row?.signers !== undefined || canReplaceRefused(tx);
        const needsSync = needsRepair || (canRemoveDeparted(tx) && needsAdmin(tx));
        if (needsSync && tx.row?.status !== "out") this.#roomsToRepair.add(room);
        return done;
      });
      this.#claims.schedule();
    }
  }

  async #openStored(room: RoomId, records: readonly ChatRecord[]): Promise<ChatRecord[]> {
    const erased = records.filter(({ state }) => state === "erased");
    if (erased.length > 0) await this.#deleteErased(room, erased);
    const carriers = await this.#carriersOf(records);
    const openable = new Set(
      records.filter(
        ({ kind, state }) => state === "whole" && (kind === "sealed" || kind === "group"),
      ),
    );
    if (openable.size + carriers.size === 0) return [...records];
    const contents = await this.#states.transact(async (vault) => {
      const find = async ({ seq }: ChatRecord) =>
        [seq, await vault.find<ContentRow>(contentKey(room, seq))] as const;
      return new Map(await Promise.all([...openable].map(find)));
    });
    return records.map((record) => {
      if (carriers.has(record)) return carrierRecord(record);
      if (!openable.has(record)) return record;
      const row = contents.get(record.seq);
      if (row !== undefined) return openedRecord(record, row);
      return record.kind === "sealed" ? closedRecord(record) : record;
    });
  }

  async #carriersOf(records: readonly ChatRecord[]): Promise<ReadonlySet<ChatRecord>> {
    const files = records.filter(({ kind }) => kind === "file");
    const carriers = new Set<ChatRecord>();
    if (files.length === 0) return carriers;
    await this.#states.transact(async (vault) => {
      for (const file of files) if (await this.files.isCarrier(vault, file)) carriers.add(file);
    });
    return carriers;
  }

  async #deleteErased(room: RoomId, records: readonly ChatRecord[]): Promise<void> {
    await this.#states.transact(async (vault) => {
      for (const { seq } of records) await vault.delete(contentKey(room, seq));
    });
  }

  async #removeDeparted(room: RoomView, condition = canRemoveDeparted): Promise<void> {
    if (!(await this.#states.run(room.id, condition))) return;
    await this.#commit(room, (tx) => {
      const users = condition(tx) ? (tx.row?.departed ?? []) : [];
      return removalPlan(users.flatMap(({ user }) => devicesOf(tx, user)));
    });
  }

  /**
   * The server accepts one of several concurrent commits. All other devices plan their commits
   * again, based on the new state.
   */
  #commit(room: RoomView, plan: Planner): Promise<void> {
    return this.#exclusively(room, () => this.#commitWithRetries(room, plan));
  }

  #exclusively<Result>(room: RoomView, task: () => Promise<Result>): Promise<Result> {
    const mutex = this.#changeMutexes.get(room.id) ?? new Mutex();
    this.#changeMutexes.set(room.id, mutex);
    return mutex.run(task);
  }

  async #commitWithRetries(room: RoomView, plan: Planner): Promise<void> {
    const { clock, entropy } = this.#options;
    for (let attempt = 1; ; attempt++) {
      this.#lastRead.delete(room.id);
      await this.#catchUp(room);
      await this.#holdLease();
      await this.#resumePending(room);
      await this.#rejoinIfNeeded(room);
      try {
        const pending = await this.#states.run(room.id, (tx) => this.#prepare(tx, room, plan));
        if (pending === undefined) return;
        await this.#sendCommit(room, pending);
        return await this.#catchUp(room);
      } catch (error) {
        if (!(error instanceof Fault) || error.code !== "stale-epoch") throw error;
        if (attempt >= COMMIT_ATTEMPTS_MAX) throw error;
      }
      const [random = 0] = entropy(1);
      const delayMs = Math.round(COMMIT_RETRY_MS * attempt * (0.5 + random / 256));
      await delay(clock, delayMs);
    }
  }

  async #prepare(
    tx: RoomTransaction,
    room: RoomView,
    plan: Planner,
  ): Promise<PendingRow | undefined> {
    const { row, group } = tx;
    const canCommit = (row?.status === "in" || canReplaceRefused(tx)) && !tx.isStale;
    if (row === undefined || group === undefined || !canCommit) throw cannotWrite(room, tx);
    await requireNoPending(tx);
    const planned = await plan(tx);
    if (planned === undefined) return undefined;
    const { intent, ...details } = planned;
    const fresh = this.#newPending(fromBase64Url(row.group));
    const bound = utf8Encode(fresh.commitId);
    const commit = await this.#options.device.engine.commit(group, intent, {
      bound,
      ...this.#reader.accountChecks(tx),
    });
    return this.#storePending(tx, commit, {
      ...{ ...fresh, ...details, epoch: group.epoch, change: changeRow(commit.change) },
      ...(row.refused === undefined ? {} : { instead: row.refused }),
    });
  }

  #newPending(group: Uint8Array): Pick<PendingRow, "commitId" | "group" | "added" | "removed"> {
    const commitId = toBase64Url(this.#options.entropy(ID_BYTES));
    return { commitId, group: toBase64Url(group), added: [], removed: [] };
  }

  async #storePending(
    tx: RoomTransaction,
    commit: Pick<SealCommit, "group" | "groupInfo"> & Partial<SealCommit>,
    fields: Omit<PendingRow, "commit" | "welcome" | "info" | "instance">,
  ): Promise<PendingRow> {
    const { instance } = tx;
    const pending: PendingRow = {
      ...fields,
      instance,
      ...(commit.commit === undefined ? {} : { commit: toBase64Url(commit.commit) }),
      ...(commit.welcome === undefined ? {} : { welcome: toBase64Url(commit.welcome) }),
      info: toBase64Url(commit.groupInfo),
    };
    await tx.vault.put(pendingKey(tx.room), pending);
    const bytes = await this.#states.save(commit.group, instance);
    await tx.vault.putRaw(pendingStateKey(tx.room), bytes);
    return pending;
  }

  /** @throws {Fault} stale-epoch if the commit was dropped and the room must be read again */
  async #sendCommit(room: RoomView, pending: PendingRow): Promise<void> {
    const { request } = this.#options;
    const { commitId, epoch, commit, welcome, added, removed, kick } = pending;
    const shared = {
      target: formatTarget(room),
      group: fromBase64Url(pending.group),
      commitId,
      info: fromBase64Url(pending.info),
    };
    try {
      this.#lastRead.delete(room.id);
      if (epoch === undefined || commit === undefined) {
        await request("group-create", shared);
        return;
      }
      await request("group-commit", {
        ...shared,
        epoch,
        commit: fromBase64Url(commit),
        ...(welcome === undefined ? {} : { welcome: fromBase64Url(welcome) }),
        added: added.map((device) => ({ user: device.user, device: fromBase64Url(device.device) })),
        removed: removed.map(fromBase64Url),
        ...(kick === undefined ? {} : { kick }),
        ...(pending.instead === undefined ? {} : { instead: pending.instead }),
      });
    } catch (error) {
      if (error instanceof Fault && this.#isRefused(error))
        await this.#dropRefused(room.id, commitId);
      throw error;
    }
  }

  /**
   * If the link was lost or the server failed, the outcome is unknown, because the commit may have
   * been stored before the failure.
   */
  #isRefused({ code }: Fault): boolean {
    if (!this.#options.isLinked()) return false;
    return code === "stale-epoch" || FAULTS[code].blame !== "host";
  }

  async #dropRefused(room: RoomId, commitId: string): Promise<void> {
    await this.#states.run(room, async (tx) => {
      const pending = await tx.vault.find<PendingRow>(pendingKey(room));
      if (pending?.commitId === commitId) await dropPending(tx);
    });
  }

  /** The server answers a repeated commit as it did the first time. */
  async #resumePending(room: RoomView): Promise<void> {
    const pending = await this.#states.run(room.id, (tx) =>
      tx.vault.find<PendingRow>(pendingKey(room.id)),
    );
    if (pending === undefined) return;
    try {
      await this.#sendCommit(room, pending);
    } catch (error) {
      if (!(error instanceof Fault) || error.code === "link-closed") throw error;
    }
    this.#lastRead.delete(room.id);
    await this.#catchUp(room);
  }

  async #replaceRefused(room: RoomView): Promise<void> {
    if (!(await this.#states.run(room.id, canReplaceRefused))) return;
    await this.#commit(room, (tx) =>
      canReplaceRefused(tx) ? newPlan({ kind: "update" }) : undefined,
    );
  }

  /**
   * Joins by an external commit, either after a loss of state or as an additional device of a
   * member.
   */
  async #rejoin(room: RoomView): Promise<void> {
    const { request, device } = this.#options;
    for (let attempt = 1; attempt <= COMMIT_ATTEMPTS_MAX; attempt++) {
      const { made: found } =
        (await request("group", { target: formatTarget(room) }).catch(ignoreNotFound)) ?? {};
      if (found === undefined) return;
      const fresh = this.#newPending(found.group);
      let reason: "copy" | "damaged" | undefined;
      const pending = await this.#run(room.id, async (tx) => {
        const isOld = tx.isStale;
        if (!needsRejoin(tx)) return undefined;
        await requireNoPending(tx);
        const gid = tx.row === undefined ? {} : { gid: fromBase64Url(tx.row.group) };
        const bound = utf8Encode(fresh.commitId);
        const commit = await device.engine
          .rejoin(found.info, {
            ...{ room: room.id, ...gid, bound, ...this.#reader.accountChecks(tx) },
            signers: tx.row?.signers,
          })
          .catch(asFault);
        // No device of this account is in the group, so a member must add this device.
        if (commit instanceof Fault) {
          if (tx.other !== undefined) tx.change({ other: tx.other });
          return undefined;
        }
        const { change } = commit;
        if (change.kind === "resync") reason = isOld ? "copy" : "damaged";
        // A server that once sent a seq that was too high must not lock this device out
        // permanently.
        if (tx.group === undefined && found.seq < (tx.row?.seq ?? 0)) {
          tx.change({ seq: found.seq, n: undefined });
        }
        this.#lastSeqOutside.delete(room.id);
        return this.#storePending(tx, commit, {
          ...{ ...fresh, epoch: found.epoch, change: changeRow(change) },
          added: change.added.map(({ user, device: id }) => ({ user, device: id })),
          removed: change.removed.map(({ device: id }) => id),
        });
      });
      if (pending === undefined) return;
      try {
        await this.#sendCommit(room, pending);
        await this.#catchUp(room);
        if (reason !== undefined) this.#emit({ kind: "came-anew", reason });
        return;
      } catch (error) {
        if (!(error instanceof Fault) || error.code !== "stale-epoch") throw error;
      }
    }
    throw new Fault("stale-epoch", msg`too many concurrent changes in '${formatTarget(room)}'`, {
      retryAfterMs: 1_000,
    });
  }
}

interface Newcomer {
  readonly user: string;
  readonly sentence: string;
}

function findNewcomers(
  { row, group }: RoomTransaction,
  groupBefore: SealedGroup | undefined,
): Newcomer[] {
  const found = new Map<string, Newcomer>();
  if (groupBefore === undefined || group === undefined || row === undefined) return [];
  if (groupBefore.epoch === group.epoch) return [];
  const { members } = groupBefore;
  const known = new Set(members.map(({ device }) => device));
  for (const { user, device } of group.members) {
    if (known.has(device) || device === group.self.device) continue;
    const wasMember = members.some((member) => isSameName(member.user, user));
    const subject = wasMember ? `another device of ${user}` : user;
    found.set(user, { user, sentence: `${subject} joined the encrypted room '${row.target}'` });
  }
  return [...found.values()];
}

function canReplaceRefused({ row, group }: RoomTransaction): boolean {
  if (row?.refused === undefined || row.other !== undefined || group === undefined) return false;
  return group.policy.admins.includes(group.self.account);
}

async function applyKeyDecision(tx: RoomTransaction): Promise<void> {
  const { other, ...row } = tx.row ?? {};
  if (tx.row === undefined || other === undefined) return;
  if ((await otherKeyOf(tx.vault, other.user)) !== undefined) return;
  const { account = other.account } = (await identityOf(tx.vault, other.user)) ?? {};
  tx.row = row as RoomRow;
  if (tx.row.status !== "suspect") return;
  if (account !== other.account) {
    return tx.change({ reason: `a change was rejected: ${REFUSALS["identity-changed"]}` });
  }
  const { reason: _, refused: __, strayed: ___, ...retained } = tx.row;
  tx.advance(undefined, []);
  tx.row = { ...retained, status: "lost" };
}

async function keysOf(vault: Vault, user: string) {
  const pin = await identityOf(vault, user);
  if (pin === undefined) {
    throw new Fault("user-unknown", msg`this device has not received ${user}'s identity key yet`, {
      remedy: msg`add them first: /invite ${user}`,
    });
  }
  return { pin, other: await otherKeyOf(vault, user) };
}

function addRemark(tx: RoomTransaction, sentence: string): void {
  const { remarks = [] } = tx.row ?? {};
  const isKnown = remarks.includes(sentence) || remarks.length >= REMARKS_MAX;
  if (!isKnown) tx.change({ remarks: [...remarks, sentence] });
}

interface Plan {
  readonly intent: SealIntent;
  readonly added: readonly { readonly user: string; readonly device: string }[];
  readonly removed: readonly string[];
  readonly kick?: string;
}

type Planner = (tx: RoomTransaction) => Awaitable<Plan | undefined>;

function newPlan(intent: SealIntent, removed: readonly string[] = []): Plan {
  return { intent, added: [], removed };
}

function removalPlan(devices: readonly string[]): Plan | undefined {
  return devices.length === 0 ? undefined : newPlan({ kind: "remove", devices }, devices);
}

function devicesOf({ group }: RoomTransaction, user: string): string[] {
  const members = group?.members ?? [];
  return members.filter((member) => isSameName(member.user, user)).map(({ device }) => device);
}

function needsRejoin({ row, group, isStale }: RoomTransaction): boolean {
  const mayRead = row?.status !== "out" && row?.status !== "suspect";
  return (row?.status !== "out" && group === undefined) || (mayRead && isStale);
}

function otherOwnDevices(group: SealedGroup | undefined): string[] {
  const { members = [], self } = group ?? {};
  return members
    .filter(({ account, device }) => account === self?.account && device !== self.device)
    .map(({ device }) => device);
}

function canRemoveDeparted({ row, group }: RoomTransaction): boolean {
  if (row === undefined || group === undefined || row.departed.length === 0) return false;
  const isAdmin = hasAdminRights(group.policy, group.members, group.self);
  return isAdmin || row.departed.every((departed) => isRemovable({ row, group }, departed));
}

/** @throws {Fault} stale-epoch if a commit of this device is unanswered */
async function requireNoPending(tx: RoomTransaction): Promise<void> {
  const pending = await tx.vault.find<PendingRow>(pendingKey(tx.room));
  if (pending === undefined) return;
  const message = msg`another window is changing this room`;
  throw new Fault("stale-epoch", message, { retryAfterMs: 100 });
}

/** Reports whether a departed user's devices can be removed only by an admin's device. */
function needsAdmin({ row, group }: RoomTransaction): boolean {
  if (row?.status !== "in") return false;
  return row.departed.some((departed) => !isRemovable({ row, group }, departed));
}

function noDevice(user: string): Fault {
  return new Fault("not-found", msg`${user} has no device that can be added`, {
    remedy: msg`ask ${user} to run chat join once, then try again`,
  });
}

function cannotWrite(room: RoomView, { row, isStale }: RoomTransaction): Fault {
  const name = formatTarget(room);
  if (row?.other !== undefined) return keyChangedFault(row.other.user);
  switch (row?.status) {
    case "in":
    case "lost":
      if (!isStale && row.status === "in") break;
      return new Fault("seal-refused", msg`this device could not rejoin '${name}'`, {
        remedy: msg`try again later, or ask a member to /kick and /invite you`,
      });
    case "suspect":
      return new Fault("seal-refused", msg`'${name}' cannot be trusted: ${row.reason ?? "?"}`, {
        remedy:
          row.refused === undefined
            ? msg`ask the other members, then run /sealed accept or create another room`
            : msg`wait for an admin of the room to connect`,
      });
    case "out":
      return new Fault("seal-refused", msg`this device was removed from '${name}'`, {
        remedy: msg`ask to be added again`,
      });
    default:
      break;
  }
  return new Fault("seal-refused", msg`this device has not been added to '${name}' yet`, {
    remedy: msg`ask a member to add you: /invite NAME`,
  });
}

function ignoreRefusal(error: unknown): void {
  if (!(error instanceof Fault) || error.code === "link-closed") throw error;
}

function ignoreNotFound(error: unknown): undefined {
  if (error instanceof Fault && error.code === "not-found") return undefined;
  throw error;
}
