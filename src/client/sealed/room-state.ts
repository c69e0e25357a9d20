/** Transactions on the group states of sealed rooms. */

import { equalBytes, fromBase64Url, toBase64Url } from "../../base/bytes.ts";
import { type Fault, ignoreFault, msg, type Translatable } from "../../base/fault.ts";
import type { RoomId } from "../../base/ids.ts";
import type { RoomView } from "../../core/client/chat-record.ts";
import { isSameName } from "../../core/model/item.ts";
import type { SealEngine } from "../../crypto/seal/engine.ts";
import type { SealedGroup } from "../../crypto/seal/group.ts";
import { type Consumed, wipe } from "../../crypto/seal/secrets.ts";
import type { StateKey } from "../../crypto/seal/state-box.ts";
import { TaskQueue } from "../../io/task-queue.ts";
import type { RemainingEdit } from "./edits.ts";
import { keyChangedNotice } from "./identities.ts";
import {
  LEASE_KEY,
  type LeaseRow,
  memberCertKey,
  type RoomRow,
  roomKey,
  stateKey,
} from "./rows.ts";
import type { Awaitable, SealedStore } from "./store.ts";
import { Vault } from "./vault.ts";

export interface RoomStatesOptions {
  readonly store: SealedStore;
  readonly engine: SealEngine;
  readonly key: StateKey;
  readonly emit: (event: SealedEvent) => void;
}

export type RejoinReason = "copy" | "damaged" | "replaced";

export type SealedEvent =
  /**
   * The device has rejoined its rooms, because its state was an old copy or unreadable, or belonged
   * to a history that the server has replaced.
   */
  | { readonly kind: "rejoined"; readonly reason: RejoinReason }
  | { readonly kind: "sealed-fault"; readonly fault: Fault }
  | { readonly kind: "sealed-remark"; readonly remark: Translatable }
  | HandoverEvent
  | { readonly kind: "member-added"; readonly user: string; readonly sentence: string }
  /** This device sends the user no messages until its owner has compared keys. */
  | { readonly kind: "identity-changed"; readonly user: string; readonly sentence: string };

/** Earlier messages of a room are handed to a device that joined later. */
export interface HandoverEvent {
  readonly kind: "handover";
  readonly room: RoomId;
  readonly name: string;
  /** The others in a conversation or group, whose `name` is no name of a room. */
  readonly people?: readonly string[] | undefined;
  /**
   * On the device that has the messages: `sending` before the first part, `sent` after the last.
   * On the other one: `receiving` before the first part, `part` after each but the last, `read`
   * after the last, and `hidden` for messages that it does not show. `resumed` concerns no other
   * device: the messages waited for a decision about the key of a member.
   */
  readonly step: "sending" | "sent" | "receiving" | "part" | "read" | "hidden" | "resumed";
  readonly messages: number;
  readonly total: number;
  readonly sizeBytes: number;
  /** Id of the other device; `undefined` on the one that receives. */
  readonly device?: string | undefined;
  /** Admin whose device hands the messages over, if that is another account. */
  readonly user?: string | undefined;
}

/** Returns the others in a conversation or group; `undefined` for a room. */
export function peopleOf({ kind, name, people }: RoomView): readonly string[] | undefined {
  return kind === "person" ? [name] : people;
}

type StateBinding = Pick<RoomRow, "group" | "instance">;

/** Changes are written when the transaction's task has finished. */
export class RoomTransaction {
  readonly room: RoomId;
  readonly vault: Vault;
  readonly instance: string;
  readonly consumed: Uint8Array[] = [];
  other: RoomRow["other"];
  readonly changed: string[] = [];
  /** Certificates of devices that are no longer in the group. */
  readonly formerCerts = new Map<string, Uint8Array>();
  /** Edits of erased messages, by `seq`; `undefined` for records that the server has erased. */
  readonly remainingEdits = new Map<number, RemainingEdit | undefined>();

  constructor(
    { room, vault, instance }: Pick<RoomTransaction, "room" | "vault" | "instance">,
    public row: RoomRow | undefined,
    public group: SealedGroup | undefined,
  ) {
    this.room = room;
    this.vault = vault;
    this.instance = instance;
  }

  /** Secrets that the new state no longer needs are wiped after the state is written to disk. */
  advance(group: SealedGroup | undefined, consumed: Consumed): void {
    const { group: before } = this;
    this.group = group;
    this.consumed.push(...consumed);
    if (before === undefined || before.epoch === group?.epoch) return;
    for (const { device, cert } of before.members) this.formerCerts.set(device, cert);
    for (const { device } of group?.members ?? []) this.formerCerts.delete(device);
  }

  change(fields: Partial<RoomRow>): void {
    if (this.row !== undefined) this.row = { ...this.row, ...fields };
  }

  /** True if the stored state may predate messages that this device has sent. */
  get isStale(): boolean {
    const { row } = this;
    return row !== undefined && (row.isCopy === true || instanceOf(row) !== this.instance);
  }
}

/**
 * Runs one transaction per room at a time. Each reads the state again, because another process of
 * the same CHAT_HOME may have changed it.
 */
export class RoomStates {
  readonly #transactions = new TaskQueue();
  /** State that was last read or written. Parsing a state takes up to 0.2 s. */
  readonly #cached = new Map<RoomId, { readonly bytes: Uint8Array; readonly group: SealedGroup }>();

  constructor(private readonly options: RoomStatesOptions) {}

  run<Result>(room: RoomId, task: (tx: RoomTransaction) => Awaitable<Result>): Promise<Result> {
    return this.#transactions.runFor(room, () => this.#run(room, task));
  }

  /** Emits what the task has changed: remarks, new members and new keys. */
  async runAndEmit<Result>(
    room: RoomId,
    task: (tx: RoomTransaction) => Awaitable<Result>,
  ): Promise<Result> {
    let events: SealedEvent[] = [];
    const result = await this.run(room, async (tx) => {
      const { row: rowBefore, group: groupBefore } = tx;
      const outcome = await task(tx);
      events = findNewcomers(tx, groupBefore);
      const { target, status, reason, remarks = [], other } = tx.row ?? {};
      const emitRemark = (remark: Translatable) => events.push({ kind: "sealed-remark", remark });
      if (status === "suspect" && rowBefore?.status !== "suspect" && other === undefined) {
        emitRemark(msg`'${target}' is no longer trusted: ${reason}`);
      }
      for (const text of remarks) {
        if (rowBefore?.remarks?.includes(text) !== true) emitRemark(msg`'${target}': ${text}`);
      }
      for (const user of tx.changed) {
        events.push({ kind: "identity-changed", user, sentence: keyChangedNotice(user) });
      }
      return outcome;
    });
    for (const event of events) this.options.emit(event);
    return result;
  }

  transact<Result>(task: (vault: Vault) => Promise<Result>): Promise<Result> {
    const { store, key } = this.options;
    return store.transact((tables) => task(new Vault(tables, key)));
  }

  save(group: SealedGroup, lease: string): Promise<Uint8Array> {
    return this.options.engine.save(group, { key: this.options.key, lease });
  }

  async load(
    bytes: Uint8Array,
    { group, instance: lease = "" }: StateBinding,
  ): Promise<SealedGroup> {
    const binding = { key: this.options.key, lease, gid: fromBase64Url(group) };
    return this.options.engine.load(bytes, binding);
  }

  async #run<Result>(
    room: RoomId,
    task: (tx: RoomTransaction) => Awaitable<Result>,
  ): Promise<Result> {
    const { store, key } = this.options;
    let written:
      | { readonly at: RoomTransaction; readonly bytes: Uint8Array | undefined }
      | undefined;
    const result = await store.transact(async (tables) => {
      const vault = new Vault(tables, key);
      const { instance = "" } = (await vault.find<LeaseRow>(LEASE_KEY)) ?? {};
      const row = await vault.find<RoomRow>(roomKey(room));
      const group = row === undefined ? undefined : await this.#loadGroup(vault, room, row);
      const at = new RoomTransaction({ room, vault, instance }, row, group);
      const value = await task(at);
      const bytes = await this.#write(at, row, group);
      written = { at, bytes };
      return value;
    });
    if (written !== undefined) this.#committed(room, written.at, written.bytes);
    return result;
  }

  /** An unreadable state counts as absent, so that the device rejoins. */
  async #loadGroup(vault: Vault, room: RoomId, row: RoomRow): Promise<SealedGroup | undefined> {
    const bytes = await vault.raw(stateKey(room));
    if (bytes === undefined) return undefined;
    const cached = this.#cached.get(room);
    if (cached !== undefined && equalBytes(cached.bytes, bytes)) return cached.group;
    const group = await this.load(bytes, row).catch(ignoreFault);
    if (group !== undefined) this.#cached.set(room, { bytes, group });
    return group;
  }

  async #write(
    { room, vault, row, group, formerCerts }: RoomTransaction,
    rowBefore: RoomRow | undefined,
    groupBefore: SealedGroup | undefined,
  ): Promise<Uint8Array | undefined> {
    if (row === undefined && rowBefore !== undefined) await vault.delete(roomKey(room));
    if (row !== rowBefore && row !== undefined) await vault.put(roomKey(room), row);
    for (const [device, cert] of formerCerts)
      await vault.put(memberCertKey(device), toBase64Url(cert));
    if (group === groupBefore) return undefined;
    if (group === undefined) {
      await vault.delete(stateKey(room));
      return undefined;
    }
    const bytes = await this.save(group, instanceOf(row));
    await vault.putRaw(stateKey(room), bytes);
    return bytes;
  }

  #committed(
    room: RoomId,
    { group, consumed }: RoomTransaction,
    bytes: Uint8Array | undefined,
  ): void {
    if (group === undefined) this.#cached.delete(room);
    else if (bytes !== undefined) this.#cached.set(room, { bytes, group });
    wipe(consumed);
  }
}

function instanceOf({ instance = "" }: Partial<StateBinding> = {}): string {
  return instance;
}

function findNewcomers(
  { row, group }: RoomTransaction,
  groupBefore: SealedGroup | undefined,
): SealedEvent[] {
  const found = new Map<string, SealedEvent>();
  if (groupBefore === undefined || group === undefined || row === undefined) return [];
  if (groupBefore.epoch === group.epoch) return [];
  const { members } = groupBefore;
  const known = new Set(members.map(({ device }) => device));
  for (const { user, device } of group.members) {
    if (known.has(device) || device === group.self.device) continue;
    const wasMember = members.some((member) => isSameName(member.user, user));
    const subject = wasMember ? `another device of ${user}` : user;
    const sentence = `${subject} joined the encrypted room '${row.target}'`;
    found.set(user, { kind: "member-added", user, sentence });
  }
  return [...found.values()];
}
