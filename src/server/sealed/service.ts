/** Service for sealed rooms: order of commits, key packages, GroupInfos and invites. */

import { equalBytes, fromBase64Url, toBase64Url, utf8Encode } from "../../base/bytes.ts";
import { Component } from "../../base/component.ts";
import { Fault } from "../../base/fault.ts";
import type { RoomId, UserId } from "../../base/ids.ts";
import {
  KEY_PACKAGE_WAIT_MS,
  KEY_PACKAGES_LOW,
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
import { TaskQueue } from "../../io/task-queue.ts";
import type { RecordKind } from "../../wire/kinds.ts";
import type { Answer, RequestOf } from "../../wire/messages.ts";
import { type LogRecord, parseBody } from "../../wire/record.ts";
import type { ServerContext } from "../kernel/context.ts";
import type { Sender, SomeHandlers } from "../kernel/service.ts";
import type { ClientConnection } from "../session/client-connection.ts";
import type { Member } from "../session/connection-state.ts";
import type { SealedBuckets } from "./buckets.ts";
import { GroupInfoStore } from "./group-info.ts";
import { InvitedUsers } from "./invited.ts";
import { KeyPackageStore } from "./key-packages.ts";
import { LeaseStore } from "./leases.ts";

interface SealedOptions extends ServerContext {
  readonly buckets: SealedBuckets;
}

export class SealedService extends Component<SealedOptions> {
  readonly #infos = new GroupInfoStore(this.options.buckets.groups);
  readonly #packages = new KeyPackageStore(this.options.buckets.keys, this.options.clock);
  readonly #leases = new LeaseStore(this.options.buckets.leases);
  readonly #commits = new TaskQueue({ waiting: SEALED_CHANGES_QUEUED_MAX });
  readonly #invited = new InvitedUsers();

  readonly handlers = {
    "key-packages": ({ packages, lastResort }, { client, account }) =>
      this.#packages.add(certifiedDevice(client, account), packages, lastResort),
    "key-package": ({ user }, { client, account }) => this.#claimKeyPackages(client, account, user),
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
    const known = new Set<string>();
    for (const account of registry.all()) for (const key of account.devices.keys()) known.add(key);
    const isKnown = (device: string) => known.has(device);
    try {
      await this.#infos.sweep((room) => rooms.get(room)?.group?.info);
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
      if (room.group?.info === hash) throw lostInfo();
    }
  }

  onLogin(client: ClientConnection, { account: { id } }: Member): void {
    const { registry } = this.options;
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
    user: string,
  ): Promise<Answer<"key-package">> {
    const ownDevice = certifiedDevice(client, account);
    const of = requireUser(this.options.registry, checkName(user, "person's name"));
    this.#packages.checkRate(account.id, of.id);
    this.options.siblings.publish({ kind: "key-packages-taken", by: account.id, of: of.id });
    const packages = [];
    let missing = 0;
    const until = this.options.clock.now() + KEY_PACKAGE_WAIT_MS;
    for (const [device, { certified }] of of.devices) {
      if (!certified || device === ownDevice) continue;
      const claimed = await this.#claim(of.id, device, until);
      if (claimed === undefined) missing++;
      else packages.push({ device: fromBase64Url(device), keyPackage: claimed.keyPackage });
      if ((claimed?.left ?? 0) < KEY_PACKAGES_LOW)
        this.#requestMore(of.id, device, claimed?.left ?? 0);
    }
    return { packages, missing };
  }

  /** Waits for packages that a new device may still be sending. */
  async #claim(user: UserId, device: string, until: number) {
    const { clock, sequencer, peers } = this.options;
    const claimed = await this.#packages.claim(device);
    if (claimed !== undefined) return claimed;
    const isHere = peers.of(user).some(({ member }) => member?.device === device);
    const leftMs = until - clock.now();
    if (leftMs > 0 && (isHere || sequencer.isShared)) {
      this.#requestMore(user, device, 0);
      await this.#packages.waitForPackages(device, leftMs);
    }
    return this.#packages.claim(device, true);
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
    const { target, info } = request;
    const { id, room } = this.options.targets.resolve(account.id, target);
    if (room !== undefined) requireMember(room, account.id);
    return await this.#commits.runFor(id, async () => {
      const hash = await this.#infos.propose(id, info);
      try {
        const change = this.#changeOf(request, { account, device, hash, room });
        const command = { kind: "group", to: target, isOperator, device, change } as const;
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
const INVITATION_ENDS: ReadonlySet<RecordKind> = new Set(["join", "kick", "remove", "group"]);

/** After a fault of the log, the outcome of a commit is unknown until the server restarts. */
function isDefinitive({ code }: Fault): boolean {
  const isOpen = code === "no-majority" || code === "shutting-down" || code === "cluster-diverged";
  return !isOpen && !code.startsWith("store-");
}

function lostInfo(): Fault {
  return new Fault("not-found", "the server has lost the data that devices need to join the room", {
    remedy: "ask a member to send a message first",
  });
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
    "this device signed in with a password and cannot use encrypted rooms",
    { remedy: "link it to a device that can: chat link-device" },
  );
}
