/** Service for sealed rooms: order of commits, key packages, leases, GroupInfos and invites. */

import * as v from "valibot";
import { equalBytes, fromBase64Url, toBase64Url, utf8Encode } from "../../base/bytes.ts";
import { Fault, msg } from "../../base/fault.ts";
import type { RoomId, UserId } from "../../base/ids.ts";
import { CONFLICT_TRIES_MAX } from "../../base/limits-cluster.ts";
import {
  KEY_PACKAGE_WAIT_MS,
  KEY_PACKAGES_LOW,
  KEY_PACKAGES_PER_HOUR,
  LEASE_COUNT_MAX,
  SEALED_CHANGES_QUEUED_MAX,
} from "../../base/limits-sealed.ts";
import { checkName } from "../../base/names.ts";
import { defined } from "../../base/values.ts";
import type { Account } from "../../core/rooms/accounts.ts";
import type { GroupChange } from "../../core/rooms/group.ts";
import { groupBodyOf, type OwnedDevice } from "../../core/rooms/group-state.ts";
import type { KickTarget } from "../../core/rooms/moderation.ts";
import type { Room } from "../../core/rooms/rooms.ts";
import { requireMember, requireUser } from "../../core/rooms/targets.ts";
import { readSealHeader } from "../../crypto/seal/header.ts";
import { sha256 } from "../../crypto/sha256.ts";
import type { Bucket } from "../../io/bucket/bucket.ts";
import { TaskQueue } from "../../io/task-queue.ts";
import { parseJson, positive } from "../../wire/field.ts";
import { kindsWith } from "../../wire/kinds.ts";
import type { Answer, RequestOf } from "../../wire/messages.ts";
import { type LogRecord, parseBody } from "../../wire/record.ts";
import type { ServerContext } from "../kernel/context.ts";
import type { Sender, SomeHandlers } from "../kernel/service.ts";
import type { ClientConnection } from "../session/client-connection.ts";
import type { MemberState } from "../session/connection-state.ts";
import type { SealedBuckets } from "./buckets.ts";
import { KeyPackageStore, tooManyClaims } from "./key-packages.ts";

interface SealedOptions extends ServerContext {
  readonly buckets: SealedBuckets;
}

export class SealedService {
  readonly #infos;
  readonly #packages;
  readonly #leases;
  readonly #commits = new TaskQueue({ waiting: SEALED_CHANGES_QUEUED_MAX });
  readonly #invited = new InvitedUsers();
  /** Rooms whose GroupInfo was lost, until a member's device publishes another. */
  readonly #incomplete = new Set<RoomId>();
  /** Rooms whose group contains revoked devices, until a commit has removed them. */
  readonly #outdated = new Set<RoomId>();

  constructor(private readonly options: SealedOptions) {
    this.#infos = new GroupInfoStore(options.buckets.groups);
    this.#packages = new KeyPackageStore(options.buckets.keys, options.clock);
    this.#leases = new LeaseStore(options.buckets.leases);
  }

  readonly handlers = {
    "key-packages": ({ packages, lastResort, time }, { client, account }) =>
      this.#packages.add(certifiedDevice(client, account), packages, lastResort, time),
    "key-package": (request, { client, account }) =>
      this.#claimKeyPackages(client, account, request),
    "seal-lease": (request, { client, account }) =>
      this.#leases.renew(certifiedDevice(client, account), request),
    "group-create": (request, from) => this.#commit(request, from),
    "group-commit": (request, from) => this.#commit(request, from),
    group: async ({ target }, { account }) => {
      const { id: room, room: found } = this.options.targets.resolve(account.id, target);
      if (found !== undefined) requireMember(found, account.id);
      if (found?.group === undefined) return { room };
      return { room, made: await this.#groupState(found, account) };
    },
  } satisfies SomeHandlers;

  async start(): Promise<void> {
    const { rooms, registry } = this.options;
    for (const room of rooms.named()) {
      for (const user of room.group?.devices.values() ?? []) this.#invited.update(room, user);
    }
    for (const room of rooms.sealed())
      if (this.#revokedOwners(room).size > 0) this.#outdated.add(room.id);
    const known = new Set<string>();
    for (const account of registry.all()) for (const key of account.devices.keys()) known.add(key);
    const isKnown = (device: string) => known.has(device);
    try {
      await this.#infos.sweep((room) => rooms.get(room)?.group?.info);
      for (const { id } of rooms.sealed()) if (!this.#infos.has(id)) this.#incomplete.add(id);
      await this.#packages.sweep(isKnown);
      await this.#leases.sweep(isKnown);
    } catch (error) {
      if (!(error instanceof Fault) || error.code !== "no-majority") throw error;
    }
  }

  /** @throws {Fault} not-found if the GroupInfo was lost, no-majority if this server is outdated */
  async #groupState(room: Room, account: Account): Promise<Answer<"group">["made"]> {
    for (;;) {
      const { group } = room;
      if (group === undefined) return undefined;
      const { id, epoch, seq, info: hash } = group;
      const info = await this.#infos.read(room.id, hash);
      if (info !== undefined) return { group: fromBase64Url(id), epoch, info, seq };
      await this.options.sequencer.waitUntilCurrent();
      requireMember(room, account.id);
      if (room.group?.info !== hash) continue;
      this.#requestGroupInfo(room);
      throw lostInfo();
    }
  }

  /** Any device that has the group's current keys can publish its state. */
  #requestGroupInfo(room: Room): void {
    this.#incomplete.add(room.id);
    for (const user of new Set(room.group?.devices.values()))
      for (const client of this.options.peers.of(user)) this.#notifyIncomplete(client, room.id);
  }

  #notifyIncomplete(client: ClientConnection, id: RoomId): void {
    const { group } = this.options.rooms.get(id) ?? {};
    const device = client.member?.device ?? "";
    if (group?.devices.has(device) === true) client.notify({ kind: "group-info-lost", room: id });
  }

  onAccountRecord({ head: { kind, room: user } }: LogRecord): void {
    if (kind !== "device-gone") return;
    const { rooms, peers } = this.options;
    for (const room of rooms.sealed()) {
      if (!this.#revokedOwners(room).has(user as UserId)) continue;
      this.#outdated.add(room.id);
      for (const member of room.members)
        for (const client of peers.of(member)) this.#notifyOutdated(client, room);
    }
  }

  /** Users who own devices in the group that their account has revoked. */
  #revokedOwners({ group }: Room): Set<UserId> {
    const owners = new Set<UserId>();
    for (const [device, owner] of group?.devices ?? []) {
      const account = this.options.registry.get(owner);
      const isRevoked = account?.devices.get(device)?.certified !== true;
      // Devices of a removed account are those of a departed member.
      if (account?.isRemoved === false && isRevoked) owners.add(owner);
    }
    return owners;
  }

  /**
   * A member's other devices remove a revoked one. An admin's device removes those of users who
   * have not entered.
   */
  #notifyOutdated(client: ClientConnection, room: Room): void {
    const { registry } = this.options;
    const { account: { id } = {}, device = "" } = client.member ?? {};
    if (id === undefined || !room.members.has(id) || room.group?.devices.has(device) !== true)
      return;
    for (const owner of this.#revokedOwners(room)) {
      if (room.members.has(owner) ? owner !== id : owner === id) continue;
      const user = registry.nameOf(owner);
      if (user !== undefined) client.notify({ kind: "group-device-revoked", room: room.id, user });
    }
  }

  onLogin(client: ClientConnection, { account: { id } }: MemberState): void {
    const { registry, rooms } = this.options;
    for (const room of this.#outdated) {
      const found = rooms.get(room);
      if (found !== undefined) this.#notifyOutdated(client, found);
    }
    for (const room of this.#incomplete) this.#notifyIncomplete(client, room);
    for (const [{ name }, inviter] of this.#invited.of(id)) {
      const by = inviter && registry.nameOf(inviter);
      if (name !== undefined) client.notify(defined({ kind: "invited", room: name, by }));
    }
  }

  onRecord(room: Room, record: LogRecord): void {
    const { kind } = record.head;
    if (room.isSealed === true && INVITATION_ENDS.has(kind)) this.#invited.updateAll(room);
    if (kind !== "group" || record.head.by === "server") return;
    const body = groupBodyOf(parseBody(record));
    if (body === undefined) return;
    this.#infos.accept(room.id, body.info);
    this.#incomplete.delete(room.id);
    if (this.#outdated.has(room.id) && this.#revokedOwners(room).size === 0)
      this.#outdated.delete(room.id);
    const by = this.options.registry.nameOf(record.head.by);
    for (const user of new Set(body.added.map(([, user]) => user))) {
      if (room.name === undefined || !this.#invited.update(room, user, record.head.by)) continue;
      const notice = defined({ kind: "invited", room: room.name, by });
      for (const client of this.options.peers.of(user)) client.notify(notice);
    }
  }

  async #claimKeyPackages(
    client: ClientConnection,
    account: Account,
    { user, except = [], time }: RequestOf<"key-package">,
  ): Promise<Answer<"key-package">> {
    const ownDevice = certifiedDevice(client, account);
    const of = requireUser(this.options.registry, checkName(user, "person's name"));
    const omitted = new Set([ownDevice, ...except.map(toBase64Url)]);
    const devices = [...of.devices].flatMap(([device, { certified }]) =>
      certified && !omitted.has(device) ? [device] : [],
    );
    if (devices.length === 0) return { packages: [], missing: 0 };
    const { onceAfterMs, withdraw } = this.#packages.countClaim(account.id, of.id);
    const isOnce = onceAfterMs === 0;
    // Before the claims, so that simultaneous requests to several servers count.
    if (isOnce)
      this.options.siblings.publish({ kind: "key-packages-taken", by: account.id, of: of.id });
    const packages = [];
    let [missing, withheld] = [0, 0];
    const until = this.options.clock.now() + KEY_PACKAGE_WAIT_MS;
    for (const device of devices) {
      const claimed = isOnce
        ? await this.#claim(of.id, device, { until, timeUnixMs: time })
        : await this.#packages.claim(device, { isOnce, isLast: true, timeUnixMs: time });
      if (claimed !== undefined)
        packages.push({ device: fromBase64Url(device), keyPackage: claimed.keyPackage });
      else missing++;
      if (claimed === undefined && !isOnce) withheld += (await this.#packages.add(device, [])).left;
      if ((claimed?.left ?? 0) < KEY_PACKAGES_LOW)
        this.#requestMore(of.id, device, claimed?.left ?? 0);
    }
    if (packages.length === 0) withdraw();
    // A new device may not have added its last-resort package yet.
    if (packages.length === 0 && withheld > 0)
      throw tooManyClaims(KEY_PACKAGES_PER_HOUR, onceAfterMs);
    return { packages, missing };
  }

  /**
   * Waits for packages that a new device may still be sending, or that replace those which it made
   * when its clock was wrong.
   */
  async #claim(
    user: UserId,
    device: string,
    { until, timeUnixMs }: { readonly until: number; readonly timeUnixMs: number | undefined },
  ) {
    const { clock, sequencer, peers } = this.options;
    const claimed = await this.#packages.claim(device, { isValidOnly: true, timeUnixMs });
    if (claimed !== undefined) return claimed;
    const isHere = peers.of(user).some(({ member }) => member?.device === device);
    const leftMs = until - clock.now();
    if (leftMs > 0 && (isHere || sequencer.isShared)) {
      this.#requestMore(user, device, 0);
      await this.#packages.waitForPackages(device, leftMs);
    }
    return this.#packages.claim(device, { isLast: true, timeUnixMs });
  }

  #requestMore(user: UserId, device: string, remaining: number): void {
    this.notifyFewKeyPackages(user, device, remaining);
    this.options.siblings.publish({ kind: "key-packages-low", user, device, left: remaining });
  }

  recordRemoteClaim(by: UserId, of: UserId): void {
    this.#packages.recordRemoteClaim(by, of);
  }

  notifyFewKeyPackages(user: UserId, device: string, remaining: number): void {
    for (const client of this.options.peers.of(user)) {
      if (client.member?.device === device)
        client.notify({ kind: "key-packages-low", left: remaining });
    }
  }

  async #commit(
    request: RequestOf<"group-create"> | RequestOf<"group-commit">,
    { client, account, actor: { isOperator } }: Sender,
  ): Promise<Answer<"group-commit">> {
    const { kernel } = this.options;
    const device = certifiedDevice(client, account);
    const { info } = request;
    const target = this.options.targets.resolve(account.id, request.target);
    const { id, room } = target;
    if (room !== undefined) requireMember(room, account.id);
    return await this.#commits.runFor(id, async () => {
      const hash = await this.#infos.propose(id, info);
      try {
        const change = this.#changeOf(request, { account, device, hash, room });
        const command = { kind: "group", target, isOperator, device, change } as const;
        const result = await kernel.request(account.id, command);
        await this.#storeInfo(id, hash, info);
        return result;
      } catch (error) {
        if (!(error instanceof Fault) || isDefinitive(error)) this.#infos.withdraw(id, hash);
        throw error;
      }
    });
  }

  /** Another server may have refused the same commit and withdrawn its GroupInfo. */
  async #storeInfo(room: RoomId, hash: string, info: Uint8Array): Promise<void> {
    const { rooms, sequencer } = this.options;
    if (rooms.get(room)?.group?.info !== hash) return this.#infos.withdraw(room, hash);
    if (sequencer.isShared) await this.#infos.propose(room, info);
  }

  #changeOf(
    request: RequestOf<"group-create"> | RequestOf<"group-commit">,
    result: {
      readonly account: Account;
      readonly device: string;
      readonly hash: string;
      readonly room: Room | undefined;
    },
  ): GroupChange {
    const { commitId } = request;
    const shared = { group: toBase64Url(request.group), commitId, info: result.hash };
    if (request.kind === "group-create") {
      return { ...shared, epoch: 0, added: [[result.device, result.account.id]], removed: [] };
    }
    const { commit, welcome, kick, instead } = request;
    checkHeader(request, result.device);
    return defined({
      ...shared,
      epoch: request.epoch + 1,
      commit: toBase64Url(commit),
      welcome: welcome && toBase64Url(welcome),
      added: request.added.map((member) => this.#ownedDevice(member)),
      removed: request.removed.map((key): OwnedDevice => {
        const device = toBase64Url(key);
        return [device, result.room?.group?.devices.get(device) ?? NOBODY];
      }),
      instead,
      kick: kick === undefined ? undefined : this.#kickTarget(kick),
    });
  }

  #ownedDevice({
    user,
    device,
  }: {
    readonly user: string;
    readonly device: Uint8Array;
  }): OwnedDevice {
    const account = requireUser(this.options.registry, checkName(user, "person's name"));
    const key = toBase64Url(device);
    if (account.devices.get(key)?.certified === true) return [key, account.id];
    throw new Fault("not-allowed", `this device is not signed by ${account.name}'s account key`);
  }

  #kickTarget(name: string): KickTarget {
    const { registry } = this.options;
    const { id: user, name: known } = requireUser(registry, checkName(name, "person's name"));
    return { user, name: known, isOperator: registry.policy.isOperator(user) };
  }
}

const NOBODY = "" as UserId;
const INVITATION_ENDS = kindsWith("ends-invitation");

/** After a fault of the log, the outcome of a commit is unknown until the server restarts. */
function isDefinitive({ code }: Fault): boolean {
  const isOpen = code === "no-majority" || code === "shutting-down" || code === "cluster-diverged";
  return !isOpen && !code.startsWith("store-");
}

function lostInfo(): Fault {
  return new Fault(
    "not-found",
    msg`the server has lost the data that devices need to join the room`,
    { remedy: msg`ask a member of the room to connect with an up-to-date version of chat` },
  );
}

/**
 * @throws {Fault} not-allowed for a different room, epoch or device, frame-malformed if the bytes
 * are not a commit
 */
function checkHeader(request: RequestOf<"group-commit">, device: string): void {
  const { commit, group, epoch, commitId, added, removed } = request;
  const header = readSealHeader(commit);
  const isForGroup = header.kind === "commit" && equalBytes(header.gid, group);
  const isExpected =
    isForGroup && header.epoch === epoch && equalBytes(header.bound, utf8Encode(commitId));
  const isOwn = (key: Uint8Array) => toBase64Url(key) === device;
  const isAlone =
    added.length === 1 && [...added.map((member) => member.device), ...removed].every(isOwn);
  if (isExpected && (!header.isNewcomer || isAlone)) return;
  throw new Fault("not-allowed", "the commit does not match its request");
}

function certifiedDevice(client: ClientConnection, account: Account): string {
  const device = client.member?.device;
  if (device !== undefined && account.devices.get(device)?.certified === true) return device;
  throw new Fault(
    "not-allowed",
    msg`this device signed in with a password and cannot use encrypted rooms`,
    { remedy: msg`link it to a device that can: ${"chat link-device"}` },
  );
}

/** @internal */
export class InvitedUsers {
  readonly #rooms = new Map<UserId, Map<Room, UserId | undefined>>();

  get size(): number {
    return this.#rooms.size;
  }

  /** Inviters are unknown after a restart. */
  of(user: UserId): Iterable<readonly [room: Room, inviter: UserId | undefined]> {
    return this.#rooms.get(user) ?? [];
  }

  /**
   * Reports whether the user is invited now, and forgets an invitation that has ended.
   * @param inviter `undefined` if it does not change
   */
  update(room: Room, user: UserId, inviter = this.#rooms.get(user)?.get(room)): boolean {
    const rooms = this.#rooms.get(user) ?? new Map<Room, UserId | undefined>();
    const isInvited = room.isSealed === true && room.admitted.has(user) && !room.members.has(user);
    if (isInvited) rooms.set(room, inviter);
    else rooms.delete(room);
    if (rooms.size > 0) this.#rooms.set(user, rooms);
    else this.#rooms.delete(user);
    return isInvited;
  }

  /** Call after each record that may end invitations. */
  updateAll(room: Room): void {
    for (const user of [...this.#rooms.keys()]) this.update(room, user);
  }
}

/** LEASE_BYTES bytes in canonical base64url. */
const LEASE = /^[\w-]{21}[AQgw]$/;
const lease = v.pipe(v.string(), v.regex(LEASE));
const LEASES = v.object({
  count: positive,
  lease,
  former: v.fallback(v.optional(lease), undefined),
});
type Leases = v.InferOutput<typeof LEASES>;

type LeaseRequest = Pick<RequestOf<"seal-lease">, "count" | "lease" | "next">;

/**
 * Detects copied or restored device folders, which present an outdated lease. The numbers of leases
 * increase, so a server that was restored from a backup still accepts a device's current folder.
 *
 * @internal
 */
export class LeaseStore {
  readonly #bucket: Bucket;
  readonly #changes = new TaskQueue({ waiting: SEALED_CHANGES_QUEUED_MAX });

  constructor(bucket: Bucket) {
    this.#bucket = bucket;
  }

  renew(device: string, request: LeaseRequest): Promise<Answer<"seal-lease">> {
    return this.#changes.runFor(device, async () => {
      for (let tries = 0; tries < CONFLICT_TRIES_MAX; tries++) {
        const before = await this.#bucket.read(device);
        // Ignores damaged leases, so that the next request of the device is trusted.
        const { answer, updated } = decide(before && parseJson(LEASES, before.bytes), request);
        if (updated === undefined) return answer;
        const bytes = utf8Encode(JSON.stringify(updated));
        if (await this.#bucket.write(device, bytes, before)) return answer;
      }
      throw new Fault("too-many", msg`too many requests from this device`, { retryAfterMs: 1_000 });
    });
  }

  sweep(isKnown: (device: string) => boolean): Promise<void> {
    return this.#bucket.sweep(isKnown);
  }
}

function decide(
  known: Leases | undefined,
  request: LeaseRequest,
): { readonly answer: Answer<"seal-lease">; readonly updated?: Leases } {
  const [next, lease] = [toBase64Url(request.next), request.lease && toBase64Url(request.lease)];
  const count = known?.count ?? 0;
  const deviceCount = Math.min(request.count, LEASE_COUNT_MAX);
  // Either the answer was lost, or another process that uses the folder repeats the request.
  const isRepeat = known?.lease === next && known.former === lease;
  if (isRepeat) return { answer: { count, isLatest: true } };
  const isLatest =
    known === undefined ||
    deviceCount > count ||
    (deviceCount === count && (lease === undefined || lease === known.lease));
  if (!isLatest) return { answer: { count, isLatest } };
  const updated: Leases = {
    count: Math.min(Math.max(count, deviceCount) + 1, LEASE_COUNT_MAX),
    lease: next,
    former: lease,
  };
  return { answer: { count: updated.count, isLatest }, updated };
}

/**
 * A device can join or rejoin with a GroupInfo without the help of other members. The log contains
 * only its hash. Files in use are never renamed, because a power failure could remove the old name
 * as well as the new one.
 *
 * @internal
 */
export class GroupInfoStore {
  readonly #bucket: Bucket;
  readonly #current = new Map<RoomId, string>();

  constructor(bucket: Bucket) {
    this.#bucket = bucket;
  }

  async propose(room: RoomId, info: Uint8Array): Promise<string> {
    const hash = toBase64Url(sha256(info));
    const name = nameOf(room, hash);
    if (await this.#bucket.write(name, info, undefined)) return hash;
    // Reuse an identical GroupInfo that is already stored, unless the stored copy is damaged.
    const stored = await this.#bucket.read(name);
    if (stored === undefined || !equalBytes(stored.bytes, info)) {
      await this.#bucket.write(name, info, stored);
    }
    return hash;
  }

  accept(room: RoomId, hash: string): void {
    const before = this.#current.get(room);
    this.#current.set(room, hash);
    if (before !== undefined && before !== hash) this.#remove(room, before);
  }

  withdraw(room: RoomId, hash: string): void {
    if (this.#current.get(room) !== hash) this.#remove(room, hash);
  }

  /** Reports whether the GroupInfo of the newest recorded commit is stored, as far as is known. */
  has(room: RoomId): boolean {
    return this.#current.has(room);
  }

  async read(room: RoomId, hash: string): Promise<Uint8Array | undefined> {
    const found = await this.#bucket.read(nameOf(room, hash));
    if (found === undefined || !equalBytes(sha256(found.bytes), fromBase64Url(hash))) {
      return undefined;
    }
    return found.bytes;
  }

  sweep(current: (room: RoomId) => string | undefined): Promise<void> {
    return this.#bucket.sweep((name) => {
      const [room = "", hash = ""] = name.split(".");
      if (current(room as RoomId) !== hash) return false;
      this.#current.set(room as RoomId, hash);
      return true;
    });
  }

  #remove(room: RoomId, hash: string): void {
    this.#bucket.remove(nameOf(room, hash)).catch((error: unknown) => {
      if (!(error instanceof Fault)) throw error;
    });
  }
}

function nameOf(room: RoomId, hash: string): string {
  return `${room}.${hash}`;
}
