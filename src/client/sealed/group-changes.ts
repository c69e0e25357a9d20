/** Changes of a sealed room's group: members, admins and keys. */

import { fromBase64Url, toBase64Url, utf8Encode } from "../../base/bytes.ts";
import { asFault, FAULTS, Fault, msg } from "../../base/fault.ts";
import { RENEW_JITTER_MS } from "../../base/limits-sealed.ts";
import { formatTarget } from "../../base/names.ts";
import { formatUtc } from "../../base/time.ts";
import { defined } from "../../base/values.ts";
import { hasNewKey } from "../../core/client/person-keys.ts";
import { isSameName } from "../../core/model/item.ts";
import { deviceIdOf } from "../../crypto/device-id.ts";
import { REFUSALS, refusedFault } from "../../crypto/seal/commit-check.ts";
import type { SealCommit } from "../../crypto/seal/engine.ts";
import { delay } from "../../io/clock.ts";
import { TaskQueue } from "../../io/task-queue.ts";
import type { Answer } from "../../wire/messages.ts";
import { storedGroup, storeJoined } from "./group-infos.ts";
import {
  adminDepartedPlan,
  adminPlan,
  canCommit,
  cannotWrite,
  departedPlan,
  devicesToAddTo,
  isAdmin,
  isRenewalDue,
  kickPlan,
  needsRejoin,
  newPlan,
  otherOwnDevices,
  type Plan,
  removalPlan,
  replacementPlan,
  revokedPlan,
} from "./group-plans.ts";
import { identityOf, keyChangedFault, storeOtherKey, storeProvedKeys } from "./identities.ts";
import type { SealedRoom } from "./room.ts";
import { changedDevice, changeRow, dropPending } from "./room-reader.ts";
import type { RejoinReason, RoomTransaction } from "./room-state.ts";
import { type PendingRow, pendingKey, pendingStateKey } from "./rows.ts";
import type { Awaitable } from "./store.ts";

const COMMIT_ATTEMPTS_MAX = 8;
const COMMIT_RETRY_MS = 150;
const CHANGE_ID_BYTES = 16;
/** Maximum random delay before one of several devices publishes a lost GroupInfo. */
const PUBLISH_JITTER_MS = 2_000;

type Planner = (tx: RoomTransaction) => Awaitable<Plan | undefined>;

/** Stores each commit before sending it, so that a lost answer is not mistaken for a refusal. */
export class GroupChanges {
  /** Runs one change at a time. */
  readonly #queue = new TaskQueue();
  #hasRenewalFailed = false;
  /** True until this device has the state with which it can join, which another may publish. */
  isGroupInfoLost = false;

  constructor(private readonly room: SealedRoom) {}

  /** Permits another attempt to renew keys. */
  connected(): void {
    this.#hasRenewalFailed = false;
  }

  /** @param history true if new members can read earlier messages */
  async create(history = false): Promise<void> {
    const { device, entropy, lease } = this.room.parts;
    const { id, kind, people } = this.room.view;
    const gid = new Uint8Array(entropy(CHANGE_ID_BYTES));
    const policy = {
      room: id,
      admins: [device.account],
      adders:
        kind === "person" || people !== undefined ? ("members" as const) : ("admins" as const),
      web: true,
      history,
    };
    const { group, groupInfo } = await device.engine.create(policy, gid);
    await lease.hold();
    const pending = await this.room.run(async (tx) => {
      if (tx.row !== undefined) throw new Fault("name-taken", msg`this room is already encrypted`);
      await requireNoPending(tx); // A background task may be joining a different device's group.
      const { members, self: by } = group;
      const added = members.map(changedDevice);
      const change = { change: "create", by: by.user, added, removed: [] } as const;
      return this.#storePending(tx, { group, groupInfo }, { ...this.#newPending(gid), change });
    });
    await this.#sendCommit(pending);
    await this.room.catchUp();
  }

  /**
   * @throws {Fault} seal-refused if this user may not invite, not-found if no device can be added,
   * and the server's refusals
   */
  async invite(user: string): Promise<{ readonly added: number; readonly missing: number }> {
    await this.room.catchUp();
    await this.room.parts.lease.hold();
    await this.#queue.run(() => this.#rejoinIfNeeded());
    // A returning user's old devices may still be in the group.
    await this.removeDeparted();
    return this.#addDevices(user);
  }

  /**
   * Seals a conversation permanently. A repetition adds the users whom an interrupted call omitted.
   * @throws {Fault} not-found if no device of another user can join, seal-refused, and the server's
   * refusals
   */
  async sealConversation(users: readonly string[]): Promise<void> {
    await this.room.catchUp();
    const known = await this.room.run((tx) => tx.row);
    // Claims all key packages before the conversation is sealed, which cannot be undone.
    const claimed: (readonly [string, Answer<"key-package">])[] = [];
    const now = () => this.room.parts.clock.unixMs();
    for (const user of known === undefined ? users : []) {
      const keyPackages = await this.room.parts.request("key-package", { user, time: now() });
      if (keyPackages.packages.length === 0) throw noDevice(user);
      claimed.push([user, keyPackages]);
    }
    if (known === undefined) await this.create();
    for (const [user, keyPackages] of claimed) await this.#addDevices(user, keyPackages);
    for (const user of known === undefined ? [] : users) await this.#addDevices(user);
  }

  /**
   * Claims key packages for the user's devices that are not in the group.
   * @throws {Fault} seal-refused if this device may not add devices
   */
  async #claimMissing(user: string, proved: readonly string[]): Promise<Answer<"key-package">> {
    const { request, clock } = this.room.parts;
    const present = await this.room.run((tx) => {
      if (!canCommit(tx)) throw cannotWrite(this.room.view, tx);
      return devicesToAddTo(tx, user);
    });
    const isComplete = proved.length > 0 && proved.every((id) => present.includes(id));
    if (isComplete) return { packages: [], missing: 0 };
    const except = present.map(fromBase64Url);
    return request("key-package", { user, except, time: clock.unixMs() });
  }

  async #addDevices(
    user: string,
    claimed?: Answer<"key-package">,
  ): Promise<{ readonly added: number; readonly missing: number }> {
    const { device, reader, clock, people, states } = this.room.parts;
    // A device may have been linked in the last second.
    const proved = await people.check(user, true);
    if (proved !== undefined) {
      await states.transact((vault) => storeProvedKeys(vault, proved));
      if (hasNewKey(proved)) throw keyChangedFault(user);
    }
    await this.#commitIfNeeded((tx) => formerKeyPlan(tx, user));
    const { packages, missing } =
      claimed ?? (await this.#claimMissing(user, proved?.devices ?? []));
    let [present, added, foreign, untimely] = [0, 0, 0, 0];
    let other: RoomTransaction["other"];
    const plan = async (tx: RoomTransaction): Promise<Plan | undefined> => {
      const keyPackages: Uint8Array[] = [];
      const devices: { readonly user: string; readonly device: string }[] = [];
      foreign = 0;
      untimely = 0;
      present = devicesToAddTo(tx, user).length;
      for (const { keyPackage } of packages) {
        const verdict = await device.engine.inspect(keyPackage, reader.accountChecks(tx));
        if (verdict.kind === "rejected") {
          other = tx.other;
          if (other !== undefined) throw keyChangedFault(other.user);
          if (verdict.reason === "clock") {
            untimely++; // Other devices of the user can be added.
            continue;
          }
          throw new Fault("seal-refused", msg`cannot add ${user}: ${REFUSALS[verdict.reason]}`, {
            remedy: msg`ask them to update chat`,
          });
        }
        const { user: name, device: id } = verdict.device;
        if (!isSameName(name, user)) {
          foreign++; // The server must not be able to substitute another user's devices.
          continue;
        }
        if (tx.group?.members.some((member) => member.device === id) === true) continue;
        if (proved?.devices.includes(id) === false) throw unprovedDevice(user);
        keyPackages.push(keyPackage);
        devices.push({ user: name, device: id });
      }
      added = keyPackages.length;
      if (added === 0) return undefined;
      return { intent: { kind: "add", keyPackages }, added: devices, removed: [] };
    };
    try {
      await this.#commit(plan);
    } catch (error) {
      // The failed transaction was rolled back, so store and report the user's other key now.
      const found = other;
      if (found !== undefined) {
        await this.room.runAndEmit(async (tx) => {
          if (await storeOtherKey(tx.vault, found)) tx.changed.push(found.user);
        });
      }
      throw error;
    }
    if (added === 0 && foreign > 0) {
      throw new Fault("seal-refused", msg`the server sent another user's keys for ${user}`, {
        remedy: msg`ask the server's owner`,
      });
    }
    if (added + present > 0) return { added, missing: missing + untimely };
    if (untimely > 0) throw untimelyFault(user, formatUtc(clock.unixMs()));
    throw missing > 0 ? noDevice(user) : noAccountKey(user);
  }

  /**
   * Removes a user with all devices.
   * @returns false if this device cannot do so; the server may then remove the user from the room,
   * and an admin's device removes the user's devices before the next message
   */
  async kick(user: string): Promise<boolean> {
    await this.room.catchUp();
    await this.#queue.run(() => this.#rejoinIfNeeded());
    if ((await this.room.run((tx) => kickPlan(tx, user))) === undefined) return false;
    let isPlanned = false;
    const plan = (tx: RoomTransaction) => {
      const planned = kickPlan(tx, user);
      isPlanned = planned !== undefined;
      return planned;
    };
    await this.#commit(plan);
    return isPlanned;
  }

  /**
   * @throws {Fault} seal-refused if this device's user may not change roles, not-member if the user
   * is not a member, not-allowed for the last admin
   */
  setAdmin(user: string, on: boolean): Promise<void> {
    return this.#commit((tx) => adminPlan(tx, { user, on, room: this.room.view.name }));
  }

  /** Throws what `setAdmin` would throw, without making the change. */
  async checkAdmin(user: string, on: boolean): Promise<void> {
    await this.sync();
    await this.room.run((tx) => {
      if (!canCommit(tx)) throw cannotWrite(this.room.view, tx);
      const plan = adminPlan(tx, { user, on, room: this.room.view.name });
      if (plan !== undefined && !isAdmin(tx)) throw refusedFault("not-allowed");
    });
  }

  removeDeparted(): Promise<void> {
    return this.#commitIfNeeded(departedPlan);
  }

  /**
   * Removes revoked devices of the account, or of another user whose own devices cannot do so,
   * because that user has not entered the room. Only an admin's device removes those.
   */
  async removeRevoked(user = this.room.parts.user): Promise<void> {
    if (isSameName(user, this.room.parts.user)) return this.#removeOwnRevoked();
    const { people } = this.room.parts;
    await this.room.catchUp();
    if ((await this.room.run((tx) => kickPlan(tx, user))) === undefined) return;
    const proved = await people.check(user, true);
    if (proved === undefined || hasNewKey(proved)) return;
    await this.#commitIfNeeded((tx) => revokedPlan(tx, user, proved.devices));
  }

  async #removeOwnRevoked(): Promise<void> {
    const others = await this.room.run(otherOwnDevices);
    if (others.length === 0) return;
    const { request, sha256 } = this.room.parts;
    const { devices } = await request("devices", {});
    const live = new Set(devices.map(({ device }) => device));
    const isRevoked = (id: string) => !live.has(deviceIdOf(fromBase64Url(id), sha256));
    if (!others.some(isRevoked)) return;
    await this.#commit((tx) => removalPlan(otherOwnDevices(tx).filter(isRevoked)));
  }

  /**
   * Reads a room up to its newest record, adds this device if another device of the account is a
   * member, and finishes pending commits.
   */
  async sync(): Promise<void> {
    await this.room.catchUp();
    await this.room.parts.lease.hold();
    await this.#queue.run(() => this.#rejoinIfNeeded());
    await this.#commitIfNeeded(replacementPlan);
    await this.#commitIfNeeded(adminDepartedPlan);
    if (await this.room.run((tx) => this.isRenewalDue(tx))) await this.#renew();
  }

  /**
   * Renews the keys, because the server has lost the state with which devices join. The first of
   * several devices to do so suffices.
   */
  async publishGroupInfo(): Promise<void> {
    const { clock, entropy } = this.room.parts;
    await this.room.catchUp();
    const epoch = await this.room.run(({ group }) => group?.epoch);
    const [random = 0] = entropy(1);
    await delay(clock, (random * PUBLISH_JITTER_MS) / 256);
    await this.#commit(({ group }) =>
      group?.epoch === epoch ? newPlan({ kind: "update" }) : undefined,
    );
  }

  /** Renewal locks out attackers who have stolen keys. It never delays posts. */
  #renew(): Promise<void> {
    return this.room.parts.renewals.run(async () => {
      try {
        await this.#commit((tx) =>
          this.isRenewalDue(tx) ? newPlan({ kind: "update" }) : undefined,
        );
      } catch (error) {
        const { code } = asFault(error);
        if (code === "link-closed" || code === "interrupted") throw error;
        this.#hasRenewalFailed = true;
      }
    });
  }

  isRenewalDue({ row, group }: RoomTransaction): boolean {
    if (row === undefined || group === undefined || this.#hasRenewalFailed) return false;
    const jitterOf = (renewedUnixMs: number) => this.#jitterMs(renewedUnixMs);
    return isRenewalDue(row, this.room.parts.clock.unixMs(), jitterOf);
  }

  /**
   * Returns a delay that is the same for all processes of a folder, but differs between devices and
   * renewals.
   */
  #jitterMs(renewedUnixMs: number): number {
    const { sha256, device } = this.room.parts;
    const hash = sha256(utf8Encode(`${device.id} ${this.room.view.id} ${renewedUnixMs}`));
    const fraction = new DataView(hash.buffer, hash.byteOffset).getUint32(0) / 2 ** 32;
    return Math.floor(fraction * RENEW_JITTER_MS);
  }

  async #commitIfNeeded(plan: Planner): Promise<void> {
    if ((await this.room.run(plan)) !== undefined) await this.#commit(plan);
  }

  /**
   * The server accepts one of several concurrent commits. All other devices plan their commits
   * again, based on the new state.
   */
  #commit(plan: Planner): Promise<void> {
    return this.#queue.run(() => this.#commitWithRetries(plan));
  }

  async #commitWithRetries(plan: Planner): Promise<void> {
    const { clock, entropy, lease } = this.room.parts;
    for (let attempt = 1; ; attempt++) {
      await this.room.reread();
      await lease.hold();
      await this.#rejoinIfNeeded();
      try {
        await this.room.checkContinued();
        const pending = await this.room.run((tx) => this.#prepare(tx, plan));
        if (pending === undefined) return;
        await this.#sendCommit(pending);
        return await this.room.catchUp();
      } catch (error) {
        if (!isStaleEpoch(error) || attempt >= COMMIT_ATTEMPTS_MAX) throw error;
      }
      const [random = 0] = entropy(1);
      const delayMs = Math.round(COMMIT_RETRY_MS * attempt * (0.5 + random / 256));
      await delay(clock, delayMs);
    }
  }

  async #prepare(tx: RoomTransaction, plan: Planner): Promise<PendingRow | undefined> {
    const { device, reader } = this.room.parts;
    const { row, group } = tx;
    if (row === undefined || group === undefined || !canCommit(tx)) {
      throw cannotWrite(this.room.view, tx);
    }
    await requireNoPending(tx);
    const planned = await plan(tx);
    if (planned === undefined) return undefined;
    const { intent, ...details } = planned;
    const fresh = this.#newPending(fromBase64Url(row.group));
    const bound = utf8Encode(fresh.commitId);
    const checks = reader.accountChecks(tx);
    const commit = await device.engine.commit(group, intent, { bound, ...checks });
    return this.#storePending(tx, commit, {
      ...fresh,
      ...details,
      epoch: group.epoch,
      change: changeRow(commit.change),
      instead: row.refused,
    });
  }

  #newPending(group: Uint8Array): Pick<PendingRow, "commitId" | "group" | "added" | "removed"> {
    const commitId = toBase64Url(this.room.parts.entropy(CHANGE_ID_BYTES));
    return { commitId, group: toBase64Url(group), added: [], removed: [] };
  }

  async #storePending(
    tx: RoomTransaction,
    {
      commit,
      welcome,
      groupInfo,
      group,
    }: Pick<SealCommit, "group" | "groupInfo"> & Partial<SealCommit>,
    fields: Omit<PendingRow, "commit" | "welcome" | "info" | "instance">,
  ): Promise<PendingRow> {
    const { instance } = tx;
    const pending: PendingRow = {
      ...fields,
      instance,
      info: toBase64Url(groupInfo),
      ...defined({
        commit: commit && toBase64Url(commit),
        welcome: welcome && toBase64Url(welcome),
      }),
    };
    await tx.vault.put(pendingKey(tx.room), pending);
    const bytes = await this.room.parts.states.save(group, instance);
    await tx.vault.putRaw(pendingStateKey(tx.room), bytes);
    return pending;
  }

  /** @throws {Fault} stale-epoch if the commit was dropped and the room must be read again */
  async #sendCommit(pending: PendingRow): Promise<void> {
    const { request } = this.room.parts;
    const { commitId, epoch, commit, welcome, added, removed, kick, instead } = pending;
    const shared = {
      target: formatTarget(this.room.view),
      group: fromBase64Url(pending.group),
      commitId,
      info: fromBase64Url(pending.info),
    };
    try {
      this.room.invalidate();
      if (epoch === undefined || commit === undefined) {
        await request("group-create", shared);
        return;
      }
      await request("group-commit", {
        ...shared,
        epoch,
        commit: fromBase64Url(commit),
        welcome: welcome === undefined ? undefined : fromBase64Url(welcome),
        added: added.map((device) => ({ user: device.user, device: fromBase64Url(device.device) })),
        removed: removed.map(fromBase64Url),
        ...defined({ kick, instead }),
      });
    } catch (error) {
      if (error instanceof Fault && this.#isRefused(error)) await this.#dropRefused(commitId);
      throw error;
    }
  }

  /**
   * If the link was lost or the server failed, the outcome is unknown, because the commit may have
   * been stored before the failure.
   */
  #isRefused({ code }: Fault): boolean {
    if (!this.room.parts.isLinked()) return false;
    return code === "stale-epoch" || FAULTS[code].blame !== "host";
  }

  #dropRefused(commitId: string): Promise<void> {
    return this.room.run(async (tx) => {
      if ((await pendingOf(tx))?.commitId === commitId) await dropPending(tx);
    });
  }

  /** The server answers a repeated commit as it did the first time. */
  async #resumePending(): Promise<void> {
    const pending = await this.room.run(pendingOf);
    if (pending === undefined) return;
    const { commitId, isFormer = false } = pending;
    try {
      if (!isFormer) await this.#sendCommit(pending);
    } catch (error) {
      if (!(error instanceof Fault) || error.code === "link-closed") throw error;
    }
    await this.room.reread();
    // The server's history may contain the commit nevertheless, and then it was read just now.
    if (isFormer) await this.#dropRefused(commitId);
  }

  async #rejoinIfNeeded(): Promise<void> {
    await this.#resumePending();
    await this.room.resumeHeld();
    const found = await this.room.run((tx) => {
      return { needs: needsRejoin(tx), isCopy: tx.row?.isCopy === true };
    });
    if (!found.needs) return;
    // Another machine uses a copy of this device's state, and that copy has claimed the lease.
    if (found.isCopy) await this.room.parts.lease.check();
    await this.#rejoin();
  }

  /**
   * Joins by an external commit, either after a loss of state or as an additional device of a
   * member.
   */
  async #rejoin(): Promise<void> {
    const { device, reader, emit } = this.room.parts;
    for (let attempt = 1; attempt <= COMMIT_ATTEMPTS_MAX; attempt++) {
      const found = await this.findGroup();
      if (found === undefined) return this.#checkCreated();
      let reason: RejoinReason | undefined;
      const fresh = this.#newPending(found.group);
      const pending = await this.room.runAndEmit(async (tx) => {
        if (!needsRejoin(tx)) return undefined;
        await requireNoPending(tx);
        const gid = tx.row === undefined ? {} : { gid: fromBase64Url(tx.row.group) };
        const bound = utf8Encode(fresh.commitId);
        const commit = await device.engine
          .rejoin(found.info, {
            room: tx.room,
            ...gid,
            bound,
            ...reader.accountChecks(tx),
            signers: tx.row?.signers,
          })
          .catch(asFault);
        // No device of this account is in the group, so a member must add this device.
        if (commit instanceof Fault) {
          if (tx.other !== undefined) tx.change({ other: tx.other });
          return undefined;
        }
        const { change } = commit;
        if (change.kind === "resync") reason = rejoinReason(tx);
        // A server that once sent a seq that was too high must not lock this device out
        // permanently.
        if (tx.group === undefined && found.seq < (tx.row?.seq ?? 0)) {
          tx.change({ seq: found.seq, n: undefined, commit: undefined });
        }
        this.room.forgetOutside();
        return this.#storePending(tx, commit, {
          ...fresh,
          epoch: found.epoch,
          change: changeRow(change),
          added: change.added.map(({ user, device: id }) => ({ user, device: id })),
          removed: change.removed.map(({ device: id }) => id),
        });
      });
      if (pending === undefined) return;
      try {
        await this.#sendCommit(pending);
        await this.room.catchUp();
        if (reason !== undefined) emit({ kind: "rejoined", reason });
        return await storeJoined(this.room, found);
      } catch (error) {
        if (!isStaleEpoch(error)) throw error;
      }
    }
    const target = formatTarget(this.room.view);
    throw new Fault("stale-epoch", msg`too many concurrent changes in '${target}'`, {
      retryAfterMs: 1_000,
    });
  }

  /** @throws {Fault} seal-refused if the creator's program ended before it created the group */
  async #checkCreated(): Promise<void> {
    const { isSealed, name } = this.room.view;
    const wasMember = await this.room.run(({ row }) => row !== undefined);
    if (wasMember || isSealed !== true) return;
    throw new Fault("seal-refused", msg`the creation of '${name}' was interrupted`, {
      remedy: msg`its creator can complete it: ${`/join ${name} --sealed`}`,
    });
  }

  /**
   * Returns `undefined` if the room has no group.
   * @throws {Fault} not-found if the server and this device have lost the group's current state
   */
  async findGroup(): Promise<Answer<"group">["made"]> {
    // Set before the answer, because the device may read the record that publishes the state first.
    this.isGroupInfoLost = true;
    const made = await this.#requestGroup();
    this.isGroupInfoLost = false;
    return made;
  }

  async #requestGroup(): Promise<Answer<"group">["made"]> {
    try {
      const target = formatTarget(this.room.view);
      return (await this.room.parts.request("group", { target })).made;
    } catch (error) {
      if (!(error instanceof Fault) || error.code !== "not-found") throw error;
      const stored = await storedGroup(this.room);
      if (stored === undefined) throw error;
      return stored;
    }
  }
}

function rejoinReason({ row, isStale }: RoomTransaction): RejoinReason {
  if (row?.history === "replaced") return "replaced";
  return isStale ? "copy" : "damaged";
}

async function formerKeyPlan(
  { group, vault }: RoomTransaction,
  user: string,
): Promise<Plan | undefined> {
  const pin = await identityOf(vault, user);
  const members = (group?.members ?? []).filter((member) => isSameName(member.user, user));
  const former = members.filter(({ account }) => pin !== undefined && account !== pin.account);
  return removalPlan(former.map(({ device }) => device));
}

export function pendingOf(tx: RoomTransaction): Promise<PendingRow | undefined> {
  return tx.vault.find<PendingRow>(pendingKey(tx.room));
}

/** @throws {Fault} stale-epoch if a commit of this device is unanswered */
async function requireNoPending(tx: RoomTransaction): Promise<void> {
  if ((await pendingOf(tx)) === undefined) return;
  const message = msg`another window is changing this room`;
  throw new Fault("stale-epoch", message, { retryAfterMs: 100 });
}

function isStaleEpoch(error: unknown): boolean {
  return error instanceof Fault && error.code === "stale-epoch";
}

/** The device replaces its key packages when it next connects with a correct clock. */
function untimelyFault(user: string, now: string): Fault {
  return new Fault("seal-refused", msg`cannot add ${user}: ${REFUSALS.clock}`, {
    remedy: msg`check both clocks (here it is ${now}), then start the program on ${user}'s device`,
  });
}

function unprovedDevice(user: string): Fault {
  const message = msg`the server does not prove that a device belongs to ${user}`;
  return new Fault("seal-refused", message, { remedy: msg`ask the server's owner` });
}

/** For example because the user has lost the only device with the account's key. */
function noAccountKey(user: string): Fault {
  return new Fault("not-found", msg`no device of ${user} has the key for encrypted rooms`, {
    remedy: msg`they signed in with a password: link one, or invite a new account of theirs`,
  });
}

export function noDevice(user: string): Fault {
  return new Fault("not-found", msg`${user} has no device that can be added`, {
    remedy: msg`ask ${user} to log in once, then try again`,
  });
}
