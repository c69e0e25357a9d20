/** Reader of a sealed room's records, in the order of the log. */

import { fromBase64Url, toBase64Url, utf8Encode } from "../../base/bytes.ts";
import { asFault, FAULTS, Fault } from "../../base/fault.ts";
import type { RoomId, Sha256 } from "../../base/ids.ts";
import { GROUP_DEVICES_MAX } from "../../base/limits-sealed.ts";
import { type FoldedName, foldName, formatTarget, type Name } from "../../base/names.ts";
import type { ChatRecord } from "../../core/client/chat-record.ts";
import { isSame } from "../../core/model/item.ts";
import { type Knowledge, REFUSALS, type SealChange } from "../../crypto/seal/commit-check.ts";
import type { SealEngine, SealedMessage } from "../../crypto/seal/engine.ts";
import type { SealDevice, SealMember } from "../../crypto/seal/members.ts";
import { readBody, type SealedBody } from "./body.ts";
import type { Claims } from "./claims.ts";
import { NOTHING_SEEN, seeCount, settleCount } from "./counts.ts";
import { readSealedFile } from "./file-body.ts";
import type { FileBook } from "./file-book.ts";
import { accountOf, changedKey, noteOtherKey, pinNewcomers } from "./identities.ts";
import type { RoomAt, RoomStates } from "./room-state.ts";
import {
  type ChangedDevice,
  type ChangeRow,
  type ClosedReason,
  type Departed,
  type KeptRow,
  type PendingRow,
  packageKey,
  pendingKey,
  pendingStateKey,
  pinKey,
  type SaidRow,
  type SentRow,
  saidKey,
  sentKey,
} from "./rows.ts";

export interface RoomReaderParts {
  readonly engine: SealEngine;
  readonly sha256: Sha256;
  readonly states: RoomStates;
  /** This machine's clock: the server's times decide nothing. */
  readonly unixMs: () => number;
  readonly claims: Pick<Claims, "note">;
  readonly user: string;
  readonly files: FileBook;
}

/** The fields of a `group` record that a reader needs. */
interface GroupBody {
  readonly group: string;
  readonly epoch: number;
  readonly commitId: string;
  readonly commit?: string;
  readonly welcome?: string;
  /** Device and user of each, as claimed by the server. */
  readonly added: readonly unknown[];
  readonly removed?: unknown;
  readonly instead?: number;
}

/**
 * Reads each record once: opens and stores messages, judges and applies changes of the group. Sends
 * no requests.
 */
export class RoomReader {
  readonly #engine: SealEngine;
  readonly #sha256: Sha256;
  readonly #states: RoomStates;
  readonly #unixMs: () => number;
  readonly #claims: RoomReaderParts["claims"];
  readonly #files: FileBook;
  readonly #user: string;
  /**
   * Users who left rooms of which this device has no group, for when it joins: their devices may
   * still be in the group. Bounded by the rooms of an account, and by GROUP_DEVICES_MAX in each.
   */
  readonly #leavers = new Map<RoomId, readonly Departed[]>();

  constructor({ engine, sha256, states, unixMs, claims, files, user }: RoomReaderParts) {
    this.#engine = engine;
    this.#sha256 = sha256;
    this.#claims = claims;
    this.#states = states;
    this.#unixMs = unixMs;
    this.#files = files;
    this.#user = user;
  }

  /** Reads the next record of the room. @throws {Fault} store-… */
  async read(at: RoomAt, record: ChatRecord): Promise<void> {
    const { row } = at;
    if (row !== undefined && record.seq <= row.seq) return;
    try {
      await this.#read(at, record);
    } catch (error) {
      // A record that violates the protocol must not block those after it.
      if (!(error instanceof Fault) || FAULTS[error.code].blame !== "peer") throw error;
      if (at.group !== undefined) strayed(at, error.message);
    }
    at.change({ seq: record.seq, n: record.n });
  }

  async #read(at: RoomAt, record: ChatRecord): Promise<void> {
    switch (record.kind) {
      case "group":
        await this.#group(at, record);
        break;
      case "sealed":
        // No device sends before the devices of departed users are removed.
        if (at.group === undefined) this.#noteLeavers(at, () => []);
        await this.#said(at, record);
        break;
      case "file":
        if (record.state === "whole") await this.#files.recorded(at, record);
        break;
      case "leave":
      case "kick":
        await this.#departed(at, record);
        break;
      case "erase":
        await forget(at, record);
        break;
      default:
        break;
    }
  }

  /** Returns what the engine has to know of other users. */
  knowledge(at: RoomAt, atUnixMs?: number): Knowledge {
    at.other = undefined;
    return {
      accountOf: (user: FoldedName) => accountOf(at.vault, user),
      sawOther: (device) => this.#sawOther(at, device),
      hasLeft: (member) => hasLeft(at, member),
      ...(atUnixMs === undefined ? {} : { atUnixMs }),
    };
  }

  /** Notes another account key of a user. This account itself has nobody to compare with. */
  async #sawOther(at: RoomAt, { user, account }: SealDevice): Promise<void> {
    if (isSame(user, this.#user)) return;
    at.other = { user, account };
    if (await noteOtherKey(at.vault, at.other)) at.changed.push(user);
  }

  async #group(at: RoomAt, record: ChatRecord): Promise<void> {
    const body = groupBodyOf(record);
    if (body === undefined) {
      if (at.group !== undefined) strayed(at, "a change of the group cannot be read");
      return;
    }
    const pending = await at.vault.find<PendingRow>(pendingKey(at.room));
    if (pending?.commitId === body.commitId) return this.#adopt(at, record, pending);
    if (at.group === undefined || at.row === undefined) return this.#enter(at, record, body);
    if (body.group !== at.row.group) return strayed(at, "the server shows another group");
    if (body.epoch === at.group.epoch && isInstead(body, at.row.epochSeq)) return unmade(at);
    if (body.epoch !== at.group.epoch + 1 || body.commit === undefined) {
      return strayed(at, "an epoch is missing or comes twice");
    }
    const done = await this.#engine
      .process(at.group, fromBase64Url(body.commit), {
        bound: utf8Encode(body.commitId),
        ...this.knowledge(at, record.timeUnixMs),
      })
      .catch(asFault);
    // This device's pending change was meant for the epoch before; unless it is an external join,
    // made with the server's group state while this record was in flight.
    if (pending !== undefined && (pending.epoch ?? 0) < body.epoch) await dropPending(at);
    if (done instanceof Fault)
      return refused(at, record, `a change cannot be read: ${done.message}`);
    switch (done.kind) {
      case "applied":
        at.advance(done.group, done.consumed);
        if (isInstead(body, at.row.refused)) mended(at);
        at.change({ epochSeq: record.seq });
        return this.#changed(at, record, done.change);
      case "removed":
        at.advance(undefined, done.consumed);
        at.change({ status: "out" });
        this.#noteLeavers(at, (known) => known.filter((one) => !isRemovedBy(body, one)));
        return keep(at, record, { kind: "change", ...changeRow(done.change) });
      case "own":
        // Made with a state that this folder does not have: another copy of it has.
        at.advance(undefined, []);
        return at.change({ status: "lost", isCopy: true });
      default:
        if (done.reason === "identity-changed" && isForOwner(at)) return undecided(at, record);
        return refused(at, record, `a change was refused: ${REFUSALS[done.reason]}`);
    }
  }

  /** Applies the commit of this device. */
  async #adopt(at: RoomAt, record: ChatRecord, pending: PendingRow): Promise<void> {
    const bytes = await at.vault.raw(pendingStateKey(at.room));
    await dropPending(at);
    const kind = pending.change.change;
    const isBack = kind === "resync" || kind === "join";
    const wasIn = at.group !== undefined;
    try {
      if (bytes === undefined) throw new Fault("seal-state", "a commit was kept without its state");
      at.advance(await this.#states.load(bytes, pending), []);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      at.advance(undefined, []);
      return at.change({ status: "lost" });
    }
    const { row } = at;
    if (pending.instead !== undefined && pending.instead === row?.refused) mended(at);
    if (at.row?.status !== "in" || isBack) await this.#begin(at, record, pending);
    at.change({ epochSeq: record.seq });
    // Until this record it has continued with its old state.
    if (isBack && wasIn) at.change({ counts: row?.counts ?? {}, departed: row?.departed ?? [] });
    if (kind !== "add") at.change({ renewedUnixMs: this.#unixMs(), sentSince: 0 });
    const { change } = pending;
    await pinNewcomers(at.vault, [...change.added, ...(at.group?.members ?? [])]);
    settle(at, change);
    return keep(at, record, { kind: "change", ...change });
  }

  /** Joins if the record's welcome is for this device. */
  async #enter(at: RoomAt, record: ChatRecord, body: GroupBody): Promise<void> {
    const { group, welcome } = body;
    this.#noteLeavers(at, (known) => known.filter((one) => !isRemovedBy(body, one)));
    if (welcome === undefined) return;
    if (at.row !== undefined && at.row.group !== group) {
      return strayed(at, "the server shows another group");
    }
    const refs: string[] = [];
    const joined = await this.#engine
      .join(
        fromBase64Url(welcome),
        async (ref) => {
          const secret = await at.vault.find<PackageRow>(packageKey(ref));
          // A last resort serves several rooms, and no invitation consumes it.
          if (secret !== undefined && secret.isLastResort !== true) refs.push(ref);
          return secret === undefined ? undefined : fromBase64Url(secret.secret);
        },
        { room: at.room, gid: fromBase64Url(group), ...this.knowledge(at, record.timeUnixMs) },
      )
      .catch(asFault);
    if (joined instanceof Fault) {
      // Most welcomes are for others. One for this device that cannot be opened is consumed anyway.
      for (const ref of refs) await at.vault.delete(packageKey(ref));
      // Added by a key package whose private half was lost: rejoin by an external commit.
      const isMeant = namesDevice(body.added, this.#engine.device);
      if (isMeant && at.row?.status === "out") at.change({ status: "lost" });
      return;
    }
    for (const ref of refs) await at.vault.delete(packageKey(ref));
    at.advance(joined.group, joined.consumed);
    await this.#begin(at, record, { group, instance: at.instance });
    at.change({ renewedUnixMs: this.#unixMs() });
    await pinNewcomers(at.vault, joined.group.members);
    const self = joined.group.self;
    await keep(at, record, {
      kind: "change",
      change: "add",
      by: joined.by.user,
      added: [changedDevice(self)],
      removed: [],
    });
  }

  async #changed(at: RoomAt, record: ChatRecord, change: SealChange): Promise<void> {
    await pinNewcomers(at.vault, change.added);
    const row = changeRow(change);
    settle(at, row);
    await keep(at, record, { kind: "change", ...row });
  }

  async #said(at: RoomAt, record: ChatRecord): Promise<void> {
    const sent = await at.vault.find<SentRow>(sentKey(at.room, record.id));
    const ciphertext = ciphertextOf(record);
    if (sent !== undefined) return this.#own(at, record, sent, ciphertext);
    if (record.state !== "whole") noteUnread(at, record);
    if (at.group === undefined || ciphertext === undefined) return;
    const bound = utf8Encode(record.id);
    const done = await this.#engine.decrypt(at.group, ciphertext, { bound }).catch(asFault);
    if (done instanceof Fault) {
      noteUnread(at, record);
      return keep(at, record, { kind: "closed", reason: "broken" });
    }
    at.advance(done.group, done.consumed);
    const { sender, count, sentAtUnixMs } = done.message;
    const isOwn = sender.device === this.#engine.device;
    // Another copy of this folder has sent it: both would use the same keys.
    if (isOwn) at.change({ isCopy: true, count: Math.max(at.row?.count ?? 0, count) });
    if (!isOwn) await this.#claims.note(at, record.seq, done.message);
    const missed = isOwn ? 0 : noteCount(at, done.message);
    const body = readBody(done.message.body);
    const reason = body === undefined ? "broken" : await this.#refusal(at, body, sender);
    if (body === undefined || reason !== undefined) {
      const closed = { kind: "closed", reason: reason ?? "broken", user: sender.user } as const;
      return keep(at, record, { ...closed, ...(missed > 0 ? { missed } : {}) });
    }
    await keep(at, record, {
      kind: "said",
      user: sender.user,
      device: sender.device,
      body,
      sentAtUnixMs,
      ...(missed > 0 ? { missed } : {}),
    });
    await this.#noteFile(at, record, body);
  }

  /** Handles a message of this device, which cannot decrypt it and has stored its plaintext. */
  async #own(
    at: RoomAt,
    record: ChatRecord,
    sent: SentRow,
    ciphertext: Uint8Array | undefined,
  ): Promise<void> {
    await at.vault.delete(sentKey(at.room, record.id));
    if (at.row !== undefined && sent.since === at.row.since) {
      at.change(settleCount(at.row, sent.count));
    }
    if (record.state !== "whole") return; // Erased before it returned: there is nothing to store.
    const hash = ciphertext === undefined ? "" : toBase64Url(this.#sha256(ciphertext));
    if (!sent.hashes.includes(hash)) {
      suspect(at, "the server changed a message of this device");
      return keep(at, record, { kind: "closed", reason: "sender" });
    }
    const { self } = at.group ?? {};
    const { body, sentAtUnixMs } = sent;
    await keep(at, record, {
      kind: "said",
      user: self?.user ?? record.from ?? "",
      device: this.#engine.device,
      body,
      sentAtUnixMs,
    });
    await this.#noteFile(at, record, body as SealedBody);
  }

  async #noteFile(at: RoomAt, { seq }: ChatRecord, body: SealedBody): Promise<void> {
    const about = body.kind === "file" ? readSealedFile(body) : undefined;
    if (about !== undefined) await this.#files.said(at, seq, about.file);
  }

  /**
   * Reports why a body is refused: only authors edit their messages, and a file must match its
   * record.
   */
  async #refusal(
    at: RoomAt,
    body: SealedBody,
    sender: SealMember,
  ): Promise<ClosedReason | undefined> {
    if (body.kind === "file") {
      const about = readSealedFile(body);
      if (about === undefined) return "broken";
      return (await this.#files.mayBe(at, about, sender.user)) ? undefined : "sender";
    }
    if (body.kind !== "edit") return undefined;
    const of = body["seq"];
    if (typeof of !== "number") return "broken";
    const said = await at.vault.find<SaidRow>(saidKey(at.room, of));
    return said?.kind === "said" && isSame(said.user, sender.user) ? undefined : "sender";
  }

  /** Notes a user who has left while their devices are still in the group. */
  async #departed(at: RoomAt, { body = {}, kind, from }: ChatRecord): Promise<void> {
    const user = kind === "kick" ? body["name"] : from;
    if (typeof user !== "string") return;
    const leave = leaveOf(body);
    const id = kind === "kick" && typeof body["user"] === "string" ? body["user"] : undefined;
    const why = { ...(leave === undefined ? {} : { leave }), ...(id === undefined ? {} : { id }) };
    const one: Departed = { user, ...why };
    const known = (list: readonly Departed[]) => list.filter((other) => !isSame(other.user, user));
    if (at.group === undefined) return this.#noteLeavers(at, (list) => [...known(list), one]);
    const checked = await this.#checked(at, one);
    if (at.row === undefined || checked === undefined) return;
    at.change({ departed: [...known(at.row.departed), checked] });
  }

  /**
   * Drops an invalid signature of leaving; `undefined` if none of the user's devices is in the
   * group.
   */
  async #checked({ group }: RoomAt, { leave, ...one }: Departed): Promise<Departed | undefined> {
    const devices = group?.members.filter((member) => isSame(member.user, one.user)) ?? [];
    if (group === undefined || devices.length === 0) return undefined;
    const member = devices.find(({ device }) => device === leave?.device);
    const isSigned =
      leave !== undefined &&
      member !== undefined &&
      (await this.#engine.hasSignedLeave(group, {
        member,
        epoch: leave.epoch,
        signature: fromBase64Url(leave.signature),
      }));
    return { ...one, ...(isSigned ? { leave } : {}) };
  }

  /** Notes departed users while this device is not in the group; they are checked when it joins. */
  #noteLeavers(at: RoomAt, next: (known: readonly Departed[]) => readonly Departed[]): void {
    const known = at.row?.departed ?? this.#leavers.get(at.room) ?? [];
    const departed = next(known).slice(-GROUP_DEVICES_MAX);
    if (at.row !== undefined) at.change({ departed });
    else if (departed.length > 0) this.#leavers.set(at.room, departed);
    else this.#leavers.delete(at.room);
  }

  /** Starts the room's row: the device is in the group from this record on. */
  async #begin(
    at: RoomAt,
    record: ChatRecord,
    { group, instance }: Pick<PendingRow, "group" | "instance">,
  ): Promise<void> {
    const target = formatTarget(record.room);
    const departed: Departed[] = [];
    for (const one of at.row?.departed ?? this.#leavers.get(at.room) ?? []) {
      const checked = await this.#checked(at, one);
      if (checked !== undefined) departed.push(checked);
    }
    this.#leavers.delete(at.room);
    at.row = {
      target,
      group,
      status: "in",
      seq: record.seq,
      since: record.seq,
      count: 0,
      counts: {},
      departed,
      ...(instance === undefined ? {} : { instance }),
    };
    await at.vault.putRaw(pinKey(target), utf8Encode(at.room));
  }
}

export interface PackageRow {
  readonly secret: string;
  readonly madeUnixMs: number;
  readonly isLastResort?: true;
}

/** @returns how many earlier messages of that device are missing */
function noteCount(at: RoomAt, { sender, count, unsettled }: SealedMessage): number {
  const { counts = {}, unread = {} } = at.row ?? {};
  const { seen, missed } = seeCount(counts[sender.device], count, unsettled);
  const user = foldName(sender.user);
  const excused = Math.min(missed, unread[user] ?? 0);
  at.change({ counts: { ...counts, [sender.device]: seen } });
  if (excused > 0) at.change({ unread: { ...unread, [user]: (unread[user] ?? 0) - excused } });
  return missed - excused;
}

/** Counts a message that arrived unreadable. Its author is known only from the server. */
function noteUnread(at: RoomAt, { from }: ChatRecord): void {
  const user = foldName((from ?? "") as Name);
  const isMember = at.group?.members.some((member) => isSame(member.user, user)) === true;
  if (!isMember) return; // Bounded by the devices of the group.
  const { unread = {} } = at.row ?? {};
  at.change({ unread: { ...unread, [user]: (unread[user] ?? 0) + 1 } });
}

/** Marks the room as not trusted: nothing is sent until the owner has accepted it. */
export function suspect(at: RoomAt, reason: string): void {
  at.change({ status: "suspect", reason });
}

/**
 * Refuses a commit. A commit that every device refuses does not end the room: an admin replaces it.
 */
function refused(at: RoomAt, { seq }: ChatRecord, reason: string): void {
  strayed(at, reason);
  at.change({ refused: seq });
}

/** A room that was suspect before stays suspect if its owner accepts a key. */
function isForOwner({ row, other }: RoomAt): boolean {
  return other !== undefined && row?.status !== "suspect";
}

/** Leaves the change undecided until the owner has compared the key. */
function undecided(at: RoomAt, record: ChatRecord): void {
  const { other } = at;
  if (other === undefined) return;
  refused(at, record, changedKey(other.user));
  at.change({ other });
}

function isInstead({ instead }: GroupBody, seq: number | undefined): boolean {
  return seq !== undefined && instead === seq;
}

/** Restores the room: a valid commit has replaced the refused one. */
function mended(at: RoomAt): void {
  if (at.row === undefined) return;
  const { refused: _, strayed: __, reason: ___, other: ____, ...row } = at.row;
  at.row = { ...row, status: "in" };
}

/**
 * Handles the replacement of a commit that this device has applied and others refused. The epoch
 * before is gone: this device rejoins with a state that an admin has signed, so that neither the
 * server nor a member can revert a valid change.
 */
function unmade(at: RoomAt): void {
  const signers = at.group?.policy.admins ?? [];
  at.advance(undefined, []);
  at.change({ status: "lost", signers });
}

/**
 * Marks the room as suspect, and the group as ahead of this device: accepting it means rejoining.
 */
function strayed(at: RoomAt, reason: string): void {
  suspect(at, reason);
  at.change({ strayed: true });
}

export async function dropPending(at: RoomAt): Promise<void> {
  await at.vault.delete(pendingKey(at.room));
  await at.vault.delete(pendingStateKey(at.room));
}

async function keep(at: RoomAt, record: ChatRecord, row: SaidRow): Promise<void> {
  const { n, timeUnixMs, id: post, seq } = record;
  const kept: KeptRow = { ...row, n, timeUnixMs, post };
  await at.vault.put(saidKey(at.room, seq), kept);
}

/** Deletes the stored content of messages that their author or a moderator has erased. */
async function forget(at: RoomAt, { body = {} }: ChatRecord): Promise<void> {
  const { seq, also } = body;
  for (const one of [seq, ...(Array.isArray(also) ? also : [])]) {
    if (Number.isSafeInteger(one) && one > 0) await at.vault.delete(saidKey(at.room, one));
  }
}

/**
 * Reports whether, according to the server, this record removed the departed device, or added the
 * user again.
 */
function isRemovedBy({ added, removed }: GroupBody, { leave, id }: Departed): boolean {
  if (leave !== undefined) return namesDevice(removed, leave.device);
  if (id !== undefined) return namesAccount(removed, id) || namesAccount(added, id);
  return Array.isArray(removed) && removed.length > 0; // There is no account id to compare.
}

/**
 * Reports whether a list of a `group` record has the device; the server controls the list's
 * content.
 */
export function namesDevice(list: unknown, device: string): boolean {
  return Array.isArray(list) && list.some((one) => Array.isArray(one) && one[0] === device);
}

function namesAccount(list: unknown, id: string): boolean {
  return Array.isArray(list) && list.some((one) => Array.isArray(one) && one[1] === id);
}

function leaveOf(body: Readonly<Record<string, unknown>>): Departed["leave"] {
  const { epoch, device, signature } = body;
  const isOne =
    typeof epoch === "number" && typeof device === "string" && typeof signature === "string";
  return isOne ? { epoch, device, signature } : undefined;
}

/** Removes departed users without devices in the group, and starts the counts of added devices. */
function settle(at: RoomAt, { added, removed }: ChangeRow): void {
  if (at.row === undefined) return;
  const counts = new Map(Object.entries(at.row.counts));
  for (const { device } of removed) counts.delete(device);
  for (const { device } of added) counts.set(device, NOTHING_SEEN);
  at.change({ counts: Object.fromEntries(counts) });
  if (removed.length === 0) return;
  const left = at.row.departed.filter(({ user }) =>
    at.group?.members.some((member) => isSame(member.user, user)),
  );
  at.change({ departed: left });
}

/** Reports whether the member's user has left and any member may remove the device. */
function hasLeft(at: RoomAt, member: SealMember): boolean {
  return at.row?.departed.some((one) => isSame(one.user, member.user) && isFree(at, one)) === true;
}

/**
 * Reports whether any member may remove a departed user's devices. A user who leaves has signed it,
 * which was checked then. Otherwise the server's word is enough only if no admin stays: a room
 * where nobody could ever post again would be worse.
 */
export function isFree(
  { group, row }: Pick<RoomAt, "group" | "row">,
  { leave }: Departed,
): boolean {
  if (leave !== undefined) return true;
  if (group === undefined) return false;
  const isOut = (user: string) => row?.departed.some((one) => isSame(one.user, user)) === true;
  return !group.members.some(
    ({ user, account }) => group.policy.admins.includes(account) && !isOut(user),
  );
}

function groupBodyOf({ body, state }: ChatRecord): GroupBody | undefined {
  if (state !== "whole" || body === undefined) return undefined;
  const { group, epoch, commitId, commit, welcome, added } = body;
  const isOne =
    typeof group === "string" &&
    typeof epoch === "number" &&
    typeof commitId === "string" &&
    (commit === undefined || typeof commit === "string") &&
    (body["instead"] === undefined || typeof body["instead"] === "number") &&
    (welcome === undefined || typeof welcome === "string") &&
    Array.isArray(added);
  return isOne ? (body as unknown as GroupBody) : undefined;
}

function ciphertextOf({ body, state }: ChatRecord): Uint8Array | undefined {
  const text = body?.["ciphertext"];
  if (state !== "whole" || typeof text !== "string") return undefined;
  try {
    return fromBase64Url(text);
  } catch {
    return undefined; // Not base64url: none of our clients wrote it.
  }
}

export function changeRow({ kind, by, added, removed }: SealChange): ChangeRow {
  return {
    change: kind,
    by: by.user,
    added: added.map(changedDevice),
    removed: removed.map(changedDevice),
  };
}

export function changedDevice({ user, device, account }: SealDevice): ChangedDevice {
  return { user, device, account };
}
