/** Reads a sealed room's records in log order. */

import {
  equalBytes,
  fromBase64Url,
  toBase64Url,
  toHex,
  uint64,
  utf8Encode,
} from "../../base/bytes.ts";
import { asFault, Fault } from "../../base/fault.ts";
import type { RoomId, Sha256 } from "../../base/ids.ts";
import { listOf } from "../../base/json-fields.ts";
import { GROUP_DEVICES_MAX } from "../../base/limits-sealed.ts";
import {
  type FoldedName,
  foldName,
  formatTarget,
  isGroupMention,
  type Name,
} from "../../base/names.ts";
import { defined, isCount } from "../../base/values.ts";
import type { ChatRecord } from "../../core/client/chat-record.ts";
import { isSameName } from "../../core/model/item.ts";
import { type FileBody, fileIn } from "../../core/rooms/files.ts";
import { type AccountChecks, REFUSALS, type SealChange } from "../../crypto/seal/commit-check.ts";
import type { SealEngine, SealedMessage } from "../../crypto/seal/engine.ts";
import { handsOverTo, mayHandOver } from "../../crypto/seal/handover-box.ts";
import type { SealDevice, SealMember } from "../../crypto/seal/members.ts";
import { readBody, readSealedFiles, type SealedBody, type SealedFileBody } from "./body.ts";
import type { KeyClaims } from "./claims.ts";
import {
  applyEarlyEdits,
  eraseContent,
  erasedOf,
  eraseEdits,
  eraseFiles,
  isEditOfUnread,
  isTargetErased,
  storeEdit,
  withoutFiles,
} from "./edits.ts";
import type { FileIndex } from "./file-index.ts";
import { storeGroupInfo } from "./group-infos.ts";
import { holdChange, skipHeld } from "./held-change.ts";
import { accountOf, pinNewcomers, storeOtherKey } from "./identities.ts";
import type { RoomStates, RoomTransaction } from "./room-state.ts";
import {
  type ArchivedRow,
  type ChangedDevice,
  type ChangeRow,
  type ClosedReason,
  type ContentRow,
  contentKey,
  type Departed,
  type HandoverRow,
  handoverKey,
  NO_COUNTS,
  type PendingRow,
  packageKey,
  pendingKey,
  pendingStateKey,
  pinKey,
  postKey,
  type RoomRow,
  receiveCount,
  type SaidContent,
  type SentRow,
  sentKey,
  settleCount,
} from "./rows.ts";

export interface RoomReaderOptions {
  readonly engine: SealEngine;
  readonly sha256: Sha256;
  readonly states: RoomStates;
  readonly unixMs: () => number;
  readonly claims: Pick<KeyClaims, "add">;
  readonly user: string;
  readonly files: FileIndex;
  /** Called when this device joins, or one that may read what this device can read. */
  readonly onHandover: () => void;
}

interface GroupBody {
  readonly group: string;
  readonly epoch: number;
  readonly commitId: string;
  readonly commit?: string;
  readonly welcome?: string;
  /** Claimed by the server and not verified. */
  readonly added: readonly unknown[];
  readonly removed?: unknown;
  readonly instead?: number;
}

/** Reads each record once and never sends requests. */
export class RoomReader {
  /**
   * Users who left a room before this device joined it, and whose devices may still be in the
   * group. At most GROUP_DEVICES_MAX in each room.
   */
  readonly #leavers = new Map<RoomId, readonly Departed[]>();

  constructor(private readonly options: RoomReaderOptions) {}

  async read(tx: RoomTransaction, record: ChatRecord): Promise<void> {
    const { row } = tx;
    if (row !== undefined && record.seq <= row.seq) return;
    // The record belongs to a history that the user has not accepted.
    if (row?.history === "contradicted") return;
    if (row?.held !== undefined) return this.#readHeld(tx, record, row.held.seq);
    try {
      await this.#read(tx, record);
    } catch (error) {
      // A record that violates the protocol must not block the records after it.
      const { blame, code, message } = asFault(error);
      if (blame !== "peer" && code !== "internal") throw error;
      if (code === "internal" && record.kind === "sealed")
        await storeContent(tx, record, { kind: "closed", reason: "broken" });
      else if (tx.group !== undefined) markDiverged(tx, record, message);
    }
    if (tx.row?.held !== undefined) return;
    tx.change({ seq: record.seq, n: record.n, commit: record.commit });
  }

  /**
   * Reads no record after a held change, except erasures. If an admin has replaced the change, the
   * caller reads on from it.
   */
  async #readHeld(tx: RoomTransaction, record: ChatRecord, held: number): Promise<void> {
    if (record.kind === "erase") return deleteErased(tx, record);
    const body = record.kind === "group" ? groupBodyOf(record) : undefined;
    if (body === undefined || !replaces(body, held)) return;
    const pending = await tx.vault.find<PendingRow>(pendingKey(tx.room));
    if (pending?.commitId === body.commitId || (await this.#isValid(tx, body))) skipHeld(tx);
  }

  /** Reports whether the device can apply the change in its present epoch. */
  async #isValid(tx: RoomTransaction, { commit, commitId }: GroupBody): Promise<boolean> {
    if (tx.group === undefined || commit === undefined) return false;
    const result = await this.options.engine
      .process(tx.group, fromBase64Url(commit), {
        bound: utf8Encode(commitId),
        ...this.accountChecks(tx),
      })
      .catch(asFault);
    return !(result instanceof Fault) && (result.kind === "applied" || result.kind === "removed");
  }

  async #read(tx: RoomTransaction, record: ChatRecord): Promise<void> {
    switch (record.kind) {
      case "group":
        await this.#handleGroup(tx, record);
        break;
      case "sealed":
        // Devices post only after the devices of departed users are removed from the group.
        if (tx.group === undefined) this.#updateLeavers(tx, () => []);
        await this.options.files.addRecord(tx, record);
        await this.#handleMessage(tx, record);
        break;
      case "leave":
      case "kick":
        await this.#handleLeave(tx, record);
        break;
      case "erase":
        await deleteErased(tx, record);
        break;
      default:
        break;
    }
  }

  /**
   * Checks for commits and welcomes, without the dates of key packages. Only the device that adds
   * another checks them: members whose clocks differ must not judge the same commit differently
   * (RFC 9420, section 7.3).
   */
  accountChecks(tx: RoomTransaction): AccountChecks {
    tx.other = undefined;
    return {
      accountOf: (user: FoldedName) => accountOf(tx.vault, user),
      onOtherAccount: (device) => this.#recordOtherKey(tx, device),
      hasLeft: (member) => hasLeft(tx, member),
    };
  }

  async #recordOtherKey(tx: RoomTransaction, { user, account }: SealDevice): Promise<void> {
    if (isSameName(user, this.options.user)) return;
    tx.other = { user, account };
    if (await storeOtherKey(tx.vault, tx.other)) tx.changed.push(user);
  }

  async #handleGroup(tx: RoomTransaction, record: ChatRecord): Promise<void> {
    const body = groupBodyOf(record);
    if (body === undefined) {
      if (tx.group !== undefined) markDiverged(tx, record, "a group change cannot be read");
      return;
    }
    const pending = await tx.vault.find<PendingRow>(pendingKey(tx.room));
    if (pending?.commitId === body.commitId) return this.#applyOwnCommit(tx, record, pending);
    if (tx.group === undefined || tx.row === undefined)
      return this.#joinByWelcome(tx, record, body);
    if (body.group !== tx.row.group)
      return markDiverged(tx, record, "the server returned a different group");
    if (body.epoch === tx.group.epoch && replaces(body, tx.row.epochSeq))
      return leaveReplacedEpoch(tx);
    if (body.epoch !== tx.group.epoch + 1 || body.commit === undefined) {
      return markDiverged(tx, record, "an epoch is missing or repeated");
    }
    // The reader has gone back to a change that the owner has not accepted.
    if (tx.row.refused === record.seq)
      return refuseCommit(tx, record, `a change was rejected: ${REFUSALS["identity-changed"]}`);
    const result = await this.options.engine
      .process(tx.group, fromBase64Url(body.commit), {
        bound: utf8Encode(body.commitId),
        ...this.accountChecks(tx),
      })
      .catch(asFault);
    // The new epoch invalidates this device's pending change, except for an external join based on
    // a group state that includes this record.
    if (pending !== undefined && (pending.epoch ?? 0) < body.epoch) await dropPending(tx);
    if (result instanceof Fault)
      return refuseCommit(tx, record, `a change of the group cannot be read: ${result.message}`);
    switch (result.kind) {
      case "applied":
        await storeGroupInfo(this.options.engine, tx);
        tx.advance(result.group, result.consumed);
        if (replaces(body, tx.row.refused)) restoreRoom(tx);
        tx.change({ epochSeq: record.seq });
        return this.#applyChange(tx, record, result.change);
      case "removed":
        tx.advance(undefined, result.consumed);
        tx.change({ status: "out" });
        this.#updateLeavers(tx, (known) =>
          known.filter((departed) => !isRemovedBy(body, departed)),
        );
        return storeContent(tx, record, { kind: "change", ...changeRow(result.change) });
      case "own":
        // Another copy of this folder sent the commit, based on a state that this copy does not
        // have.
        tx.advance(undefined, []);
        return tx.change({ status: "lost", isCopy: true });
      default:
        if (result.reason === "identity-changed" && tx.other !== undefined)
          return holdChange(tx, record.seq);
        return refuseCommit(tx, record, `a change was rejected: ${REFUSALS[result.reason]}`);
    }
  }

  async #applyOwnCommit(
    tx: RoomTransaction,
    record: ChatRecord,
    pending: PendingRow,
  ): Promise<void> {
    const bytes = await tx.vault.raw(pendingStateKey(tx.room));
    await dropPending(tx);
    const kind = pending.change.change;
    const isRejoin = kind === "resync" || kind === "join";
    const wasMember = tx.group !== undefined;
    try {
      if (bytes === undefined) throw new Fault("seal-state", "a stored commit has no group state");
      await storeGroupInfo(this.options.engine, tx);
      tx.advance(await this.options.states.load(bytes, pending), []);
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      tx.advance(undefined, []);
      return tx.change({ status: "lost" });
    }
    const { row } = tx;
    if (pending.instead !== undefined && pending.instead === row?.refused) restoreRoom(tx);
    if (tx.row?.status !== "in" || isRejoin) await this.#startMembership(tx, record, pending);
    tx.change({ epochSeq: record.seq });
    // Until this record the device used its old state, so the message counts remain valid.
    if (isRejoin && wasMember)
      tx.change({ counts: row?.counts ?? {}, departed: row?.departed ?? [] });
    if (kind !== "add") tx.change({ renewedUnixMs: this.options.unixMs(), sentSince: 0 });
    const { change } = pending;
    await pinNewcomers(tx.vault, [...change.added, ...(tx.group?.members ?? [])]);
    settle(tx, change);
    await this.#noteHandovers(tx, record, change);
    return storeContent(tx, record, { kind: "change", ...change });
  }

  async #joinByWelcome(tx: RoomTransaction, record: ChatRecord, body: GroupBody): Promise<void> {
    const { group, welcome } = body;
    this.#updateLeavers(tx, (known) => known.filter((departed) => !isRemovedBy(body, departed)));
    if (welcome === undefined) return;
    if (tx.row !== undefined && tx.row.group !== group) {
      return markDiverged(tx, record, "the server returned a different group");
    }
    const refs: string[] = [];
    const joined = await this.options.engine
      .join(
        fromBase64Url(welcome),
        async (ref) => {
          const secret = await tx.vault.find<PackageRow>(packageKey(ref));
          // A last-resort key package serves several rooms, so a welcome does not consume it.
          if (secret !== undefined && secret.isLastResort !== true) refs.push(ref);
          return secret === undefined ? undefined : fromBase64Url(secret.secret);
        },
        { room: tx.room, gid: fromBase64Url(group), ...this.accountChecks(tx) },
      )
      .catch(asFault);
    if (joined instanceof Fault) {
      if (tx.other !== undefined && tx.row?.refused !== record.seq)
        return this.#holdWelcome(tx, record, group);
      // A welcome for this device consumes the key package even if the welcome cannot be opened.
      for (const ref of refs) await tx.vault.delete(packageKey(ref));
      // This device was added with a key package whose private keys were lost, so it rejoins by an
      // external commit.
      const isForThisDevice = namesDevice(body.added, this.options.engine.device);
      if (isForThisDevice && tx.row?.status === "out") tx.change({ status: "lost" });
      return;
    }
    for (const ref of refs) await tx.vault.delete(packageKey(ref));
    tx.advance(joined.group, joined.consumed);
    await this.#startMembership(tx, record, { group, instance: tx.instance });
    tx.change({ renewedUnixMs: this.options.unixMs() });
    await pinNewcomers(tx.vault, joined.group.members);
    const self = joined.group.self;
    await storeContent(tx, record, {
      kind: "change",
      change: "add",
      by: joined.by.user,
      added: [changedDevice(self)],
      removed: [],
    });
  }

  /** The device keeps its key package, with which it joins if its owner accepts the other key. */
  #holdWelcome(tx: RoomTransaction, record: ChatRecord, group: string): Promise<void> {
    const target = formatTarget(record.room);
    const departed = this.#leavers.get(tx.room) ?? [];
    const since = record.seq;
    const own = { count: 0, counts: {}, departed, instance: tx.instance };
    tx.row ??= { target, group, status: "out", seq: since - 1, since, ...own };
    return holdChange(tx, since);
  }

  async #applyChange(tx: RoomTransaction, record: ChatRecord, change: SealChange): Promise<void> {
    await pinNewcomers(tx.vault, change.added);
    const row = changeRow(change);
    settle(tx, row);
    await this.#noteHandovers(tx, record, row);
    await storeContent(tx, record, { kind: "change", ...row });
  }

  async #noteHandovers(
    { group, room, vault, row }: RoomTransaction,
    { seq }: ChatRecord,
    { added }: ChangeRow,
  ): Promise<void> {
    if (group === undefined || seq <= (row?.since ?? 0)) return;
    for (const { device, account, user } of added) {
      if (!handsOverTo(group, device)) continue;
      const owner = account === group.self.account ? undefined : user;
      const handover: HandoverRow = { before: seq, done: 0, user: owner };
      await vault.put(handoverKey(device, room), handover);
      this.options.onHandover();
    }
  }

  /**
   * Stores a message that another device of the account has handed over.
   * @returns the reason if this device must not show the message
   */
  async addHanded(
    tx: RoomTransaction,
    record: ChatRecord,
    { user, ...content }: SaidContent & { readonly user: string },
  ): Promise<ClosedReason | undefined> {
    const { vault, room } = tx;
    const { seq } = record;
    const known = await vault.find<ArchivedRow>(contentKey(room, seq));
    if (known !== undefined && known.kind !== "closed") return undefined;
    if (known?.kind === "closed" && known.edit === undefined) return known.reason;
    const body = content.body as SealedBody;
    const reason = await this.#refusal(tx, record, body, user);
    if (reason !== undefined) return reason;
    if (!(await isFirstPost(tx, record, content.device))) return "sender";
    const said = { ...content, body: withMentionsOfMembers(tx, body) };
    await storeContent(tx, record, { kind: "said", user, ...said });
    await this.options.files.addRecord(tx, record);
    await storeEdit(vault, room, seq, body);
    await applyEarlyEdits(tx, seq, user);
    return undefined;
  }

  async #handleMessage(tx: RoomTransaction, record: ChatRecord): Promise<void> {
    const sent = await tx.vault.find<SentRow>(sentKey(tx.room, record.id));
    const ciphertext = ciphertextOf(record);
    if (sent !== undefined) return this.#handleOwn(tx, record, sent, ciphertext);
    if (record.state !== "whole") countUnreadable(tx, record);
    if (tx.group === undefined || ciphertext === undefined) return;
    const bound = utf8Encode(record.id);
    const result = await this.options.engine
      .decrypt(tx.group, ciphertext, { bound })
      .catch(asFault);
    if (result instanceof Fault) {
      countUnreadable(tx, record);
      const isElsewhere = tx.row?.strayed === true && result.code === "stale-epoch";
      const reason = isElsewhere ? "refused" : "broken";
      return storeContent(tx, record, { kind: "closed", reason });
    }
    tx.advance(result.group, result.consumed);
    const key = toBase64Url(result.key);
    const { sender, count, sentAtUnixMs } = result.message;
    const isOwn = sender.device === this.options.engine.device;
    // Another copy of this folder sent the message, so two copies are using the same keys.
    if (isOwn) tx.change({ isCopy: true, count: Math.max(tx.row?.count ?? 0, count) });
    if (!isOwn) await this.options.claims.add(tx, record.seq, result.message);
    const missed = isOwn ? 0 : updateCounts(tx, result.message);
    const { user, device } = sender;
    const body = readBody(result.message.body);
    const isFirst = await isFirstPost(tx, record, device);
    const refusal = body === undefined ? "broken" : await this.#refusal(tx, record, body, user);
    const reason = isFirst ? refusal : "sender";
    const content: SaidContent = { device, body, sentAtUnixMs, key };
    const withheld = missed > 0 ? missed : undefined;
    if (body === undefined || reason !== undefined) {
      const isEarly = isFirst && reason === "sender" && (await isEditOfUnread(tx, body));
      const edit = isEarly ? content : undefined;
      if (edit !== undefined) await storeEdit(tx.vault, tx.room, record.seq, body);
      const closed = { kind: "closed", reason: reason ?? "broken", user } as const;
      return storeContent(tx, record, { ...closed, ...defined({ edit }), missed: withheld });
    }
    const said = { ...content, body: withMentionsOfMembers(tx, body) };
    await storeContent(tx, record, { kind: "said", user, ...said, missed: withheld });
    await storeEdit(tx.vault, tx.room, record.seq, body);
  }

  async #handleOwn(
    tx: RoomTransaction,
    record: ChatRecord,
    sent: SentRow,
    ciphertext: Uint8Array | undefined,
  ): Promise<void> {
    await tx.vault.delete(sentKey(tx.room, record.id));
    if (tx.row !== undefined && sent.since === tx.row.since) {
      tx.change(settleCount(tx.row, sent.count));
    }
    const { body, sentAtUnixMs, count, hashes, keys = [] } = sent;
    if (record.state === "erased")
      return storeContent(tx, record, { kind: "closed", reason: "deleted" }, count);
    if (record.state !== "whole") return;
    const hash = ciphertext === undefined ? "" : toBase64Url(this.options.sha256(ciphertext));
    const at = hashes.indexOf(hash);
    if (at < 0 || filesRefusal(record, body as SealedBody) !== undefined) {
      markSuspect(tx, record.seq, "the server altered a message from this device");
      return storeContent(tx, record, { kind: "closed", reason: "sender" });
    }
    const { self } = tx.group ?? {};
    if (await isTargetErased(tx, record.seq, body)) {
      tx.remainingEdits.set(record.seq, { seq: record.seq, user: this.options.user });
      return storeContent(tx, record, { kind: "closed", reason: "erased" }, count);
    }
    const user = self?.user ?? record.from ?? "";
    const { device } = this.options.engine;
    await isFirstPost(tx, record, device);
    const key = keys[at - hashes.length + keys.length];
    const said = { device, body: withMentionsOfMembers(tx, body as SealedBody), sentAtUnixMs, key };
    await storeContent(tx, record, { kind: "said", user, ...said }, count);
    await storeEdit(tx.vault, tx.room, record.seq, body);
  }

  async #refusal(
    tx: RoomTransaction,
    record: ChatRecord,
    body: SealedBody,
    user: string,
  ): Promise<ClosedReason | undefined> {
    const { seq } = record;
    const refusal = filesRefusal(record, body);
    if (refusal !== undefined || body.kind !== "edit") return refusal;
    const target = body["seq"];
    if (typeof target !== "number") return "broken";
    if (await isTargetErased(tx, seq, body)) {
      tx.remainingEdits.set(seq, { seq, user });
      return "erased";
    }
    const content = await tx.vault.find<ContentRow>(contentKey(tx.room, target));
    return content?.kind === "said" && isSameName(content.user, user) ? undefined : "sender";
  }

  async #handleLeave(
    tx: RoomTransaction,
    { seq, body = {}, kind, from }: ChatRecord,
  ): Promise<void> {
    const user = kind === "kick" ? body["name"] : from;
    if (typeof user !== "string") return;
    const leave = leaveOf(body);
    const id = kind === "kick" && typeof body["user"] === "string" ? body["user"] : undefined;
    const departed: Departed = defined({ user, seq, leave, id });
    const checked = tx.group === undefined ? departed : await this.#checkLeave(tx, departed);
    if (checked === undefined) return;
    this.#updateLeavers(tx, (known) => {
      const earlier = known.find((other) => isSameName(other.user, user));
      // If somebody who has left is also kicked, the signed notice remains valid.
      const isSigned = earlier?.leave !== undefined && checked.leave === undefined;
      const latest = isSigned ? { ...checked, ...earlier } : checked;
      return [...known.filter((other) => other !== earlier), latest];
    });
  }

  async #checkLeave(
    { group }: RoomTransaction,
    { leave, ...departed }: Departed,
  ): Promise<Departed | undefined> {
    const devices = group?.members.filter((member) => isSameName(member.user, departed.user)) ?? [];
    if (group === undefined || devices.length === 0) return undefined;
    const member = devices.find(({ device }) => device === leave?.device);
    const isSigned =
      leave !== undefined &&
      member !== undefined &&
      (await this.options.engine.hasSignedLeave(group, {
        member,
        epoch: leave.epoch,
        signature: fromBase64Url(leave.signature),
      }));
    return { ...departed, leave: isSigned ? leave : undefined };
  }

  forgetLeavers(room: RoomId): void {
    this.#leavers.delete(room);
  }

  #updateLeavers(
    tx: RoomTransaction,
    next: (known: readonly Departed[]) => readonly Departed[],
  ): void {
    const known = tx.row?.departed ?? this.#leavers.get(tx.room) ?? [];
    const departed = next(known).slice(-GROUP_DEVICES_MAX);
    if (tx.row !== undefined) tx.change({ departed });
    else if (departed.length > 0) this.#leavers.set(tx.room, departed);
    else this.#leavers.delete(tx.room);
  }

  async #startMembership(
    tx: RoomTransaction,
    record: ChatRecord,
    { group, instance }: Pick<PendingRow, "group" | "instance">,
  ): Promise<void> {
    const target = formatTarget(record.room);
    const departed: Departed[] = [];
    for (const entry of tx.row?.departed ?? this.#leavers.get(tx.room) ?? []) {
      const checked = await this.#checkLeave(tx, entry);
      if (checked !== undefined) departed.push(checked);
    }
    this.#leavers.delete(tx.room);
    const { group: joined } = tx;
    const hasOthers =
      joined?.members.some((member) => mayHandOver(joined, member, joined.self)) === true;
    if (hasOthers) this.options.onHandover();
    tx.row = {
      target,
      group,
      status: "in",
      seq: record.seq,
      since: record.seq,
      count: 0,
      counts: {},
      departed,
      instance,
      awaitsSinceUnixMs: hasOthers ? this.options.unixMs() : undefined,
    };
    await tx.vault.putRaw(pinKey(target), utf8Encode(tx.room));
  }
}

export interface PackageRow {
  readonly secret: string;
  readonly generation: number;
  readonly isLastResort?: true;
}

/** As the server does in other rooms, which cannot read the names in this one. */
function withMentionsOfMembers({ group }: RoomTransaction, body: SealedBody): SealedBody {
  const { mentions } = body;
  if (group === undefined || !Array.isArray(mentions)) return body;
  const isNamed = (name: unknown) =>
    typeof name === "string" &&
    (isGroupMention(name) || group.members.some(({ user }) => isSameName(user, name)));
  const named = mentions.filter(isNamed);
  if (named.length === mentions.length) return body;
  return { ...body, mentions: named.length === 0 ? undefined : named };
}

function updateCounts(tx: RoomTransaction, { sender, count, unconfirmed }: SealedMessage): number {
  const { counts = {}, unread = {} } = tx.row ?? {};
  const { seen, missed } = receiveCount(counts[sender.device], count, unconfirmed);
  const user = foldName(sender.user);
  const excused = Math.min(missed, unread[user] ?? 0);
  tx.change({ counts: { ...counts, [sender.device]: seen } });
  if (excused > 0) tx.change({ unread: { ...unread, [user]: (unread[user] ?? 0) - excused } });
  return missed - excused;
}

/**
 * Attributes an unreadable message to the user named by the server, because its author cannot be
 * verified.
 */
function countUnreadable(tx: RoomTransaction, { from }: ChatRecord): void {
  const user = foldName((from ?? "") as Name);
  const isMember = tx.group?.members.some((member) => isSameName(member.user, user)) === true;
  if (!isMember) return;
  const { unread = {} } = tx.row ?? {};
  tx.change({ unread: { ...unread, [user]: (unread[user] ?? 0) + 1 } });
}

export function markSuspect(tx: RoomTransaction, seq: number, reason: string): void {
  tx.change({ status: "suspect", reason, suspectSeq: seq });
}

/** Every device refuses the same commit, so an admin can replace it and the room can continue. */
function refuseCommit(tx: RoomTransaction, record: ChatRecord, reason: string): void {
  markDiverged(tx, record, reason);
  tx.change({ refused: record.seq });
}

function replaces({ instead }: GroupBody, seq: number | undefined): boolean {
  return seq !== undefined && instead === seq;
}

export function restoreRoom(tx: RoomTransaction): void {
  if (tx.row === undefined) return;
  tx.row = { ...withoutSuspicion(tx.row), status: "in" };
}

export function withoutSuspicion(row: RoomRow): RoomRow {
  const { refused: _, strayed: __, reason: ___, suspectSeq: ____, ...rest } = row;
  const { other: _____, held: ______, ...trusted } = rest;
  return trusted;
}

/**
 * Rejoins, because other devices refused a commit that this device applied, and the previous epoch
 * is no longer available. The required admin signature keeps the server and other members from
 * reverting a valid change.
 */
function leaveReplacedEpoch(tx: RoomTransaction): void {
  const signers = tx.group?.policy.admins ?? [];
  tx.advance(undefined, []);
  tx.change({ status: "lost", signers });
}

/**
 * The group is ahead of this device. If the owner accepts the group's state, the device rejoins.
 */
function markDiverged(tx: RoomTransaction, { seq }: ChatRecord, reason: string): void {
  markSuspect(tx, seq, reason);
  tx.change({ strayed: true });
}

export async function dropPending(tx: RoomTransaction): Promise<void> {
  await tx.vault.delete(pendingKey(tx.room));
  await tx.vault.delete(pendingStateKey(tx.room));
}

/** @param count of a message from this device */
async function storeContent(
  tx: RoomTransaction,
  record: ChatRecord,
  row: ContentRow,
  count?: number,
): Promise<void> {
  const { n, timeUnixMs, id: post, commit, seq } = record;
  const content = withoutFiles(row, erasedOf(record));
  const stored: ArchivedRow = { ...content, n, timeUnixMs, post, commit, ...defined({ count }) };
  await tx.vault.put(contentKey(tx.room, seq), stored);
}

/**
 * Reports whether no other record contains the post that the device has signed. A server has all
 * ciphertexts of a post that was encrypted again for a later epoch, and could record several. The
 * record that was read first remains the only one, also after its erasure.
 */
async function isFirstPost(
  { vault, room }: RoomTransaction,
  { id, seq }: ChatRecord,
  device: string,
): Promise<boolean> {
  const key = postKey(room, device, id);
  const earlier = await vault.raw(key);
  if (earlier !== undefined) return equalBytes(earlier, uint64(seq));
  await vault.putRaw(key, uint64(seq));
  return true;
}

async function deleteErased(tx: RoomTransaction, { body = {} }: ChatRecord): Promise<void> {
  const { seq, of, also, retention, files } = body;
  if (seq === undefined && isCount(of)) {
    const erased = listOf(files).filter((file) => typeof file === "string");
    return eraseFiles(tx.vault, tx.room, of, erased);
  }
  const erasedSeqs = [seq, ...(Array.isArray(also) ? also : [])];
  for (const erased of erasedSeqs) {
    if (!Number.isSafeInteger(erased) || erased <= 0) continue;
    const edits = await eraseEdits(tx.vault, tx.room, erased);
    await eraseContent(tx.vault, tx.room, erased);
    // Retention erases edits when they are old enough.
    if (retention !== true) for (const edit of edits) tx.remainingEdits.set(edit.seq, edit);
  }
  for (const erased of erasedSeqs) tx.remainingEdits.set(Number(erased), undefined);
}

function isRemovedBy({ added, removed }: GroupBody, { leave, id }: Departed): boolean {
  if (leave !== undefined) return namesDevice(removed, leave.device);
  if (id !== undefined) return namesAccount(removed, id) || namesAccount(added, id);
  return Array.isArray(removed) && removed.length > 0;
}

export function namesDevice(list: unknown, device: string): boolean {
  return Array.isArray(list) && list.some((entry) => Array.isArray(entry) && entry[0] === device);
}

function namesAccount(list: unknown, id: string): boolean {
  return Array.isArray(list) && list.some((entry) => Array.isArray(entry) && entry[1] === id);
}

function leaveOf(body: Readonly<Record<string, unknown>>): Departed["leave"] {
  const { epoch, device, signature } = body;
  const isValid =
    typeof epoch === "number" && typeof device === "string" && typeof signature === "string";
  return isValid ? { epoch, device, signature } : undefined;
}

function settle(tx: RoomTransaction, { added, removed }: ChangeRow): void {
  if (tx.row === undefined) return;
  const counts = new Map(Object.entries(tx.row.counts));
  for (const { device } of removed) counts.delete(device);
  for (const { device } of added) counts.set(device, NO_COUNTS);
  tx.change({ counts: Object.fromEntries(counts) });
  if (removed.length === 0) return;
  const remaining = tx.row.departed.filter(({ user }) =>
    tx.group?.members.some((member) => isSameName(member.user, user)),
  );
  tx.change({ departed: remaining });
}

function hasLeft(tx: RoomTransaction, member: SealMember): boolean {
  return (
    tx.row?.departed.some(
      (entry) => isSameName(entry.user, member.user) && isRemovable(tx, entry),
    ) === true
  );
}

/**
 * Any member may remove a departed user's devices if the user signed a leave notice. Without a
 * notice, the server's claim suffices only if no admin remains, because otherwise no member could
 * ever post again.
 */
export function isRemovable(
  { group, row }: Pick<RoomTransaction, "group" | "row">,
  { leave }: Departed,
): boolean {
  if (leave !== undefined) return true;
  return group !== undefined && remainingAdmins({ group, row }).length === 0;
}

/** Devices of admins who have not left the room. */
export function remainingAdmins({
  group,
  row,
}: Pick<RoomTransaction, "group" | "row">): SealMember[] {
  const hasDeparted = (user: string) =>
    row?.departed.some((entry) => isSameName(entry.user, user)) === true;
  const { members = [], policy } = group ?? {};
  return members.filter(
    ({ user, account }) => policy?.admins.includes(account) === true && !hasDeparted(user),
  );
}

function groupBodyOf({ body, state }: ChatRecord): GroupBody | undefined {
  if (state !== "whole" || body === undefined) return undefined;
  const { group, epoch, commitId, commit, welcome, added } = body;
  const isValid =
    typeof group === "string" &&
    typeof epoch === "number" &&
    typeof commitId === "string" &&
    (commit === undefined || typeof commit === "string") &&
    (body["instead"] === undefined || typeof body["instead"] === "number") &&
    (welcome === undefined || typeof welcome === "string") &&
    Array.isArray(added);
  return isValid ? (body as unknown as GroupBody) : undefined;
}

export function ciphertextOf({ body, state }: ChatRecord): Uint8Array | undefined {
  const text = body?.["ciphertext"];
  if (state !== "whole" || typeof text !== "string") return undefined;
  try {
    return fromBase64Url(text);
  } catch {
    return undefined;
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

/** The server's record must list exactly the encrypted files that the message describes. */
function filesRefusal(record: ChatRecord, body: SealedBody): ClosedReason | undefined {
  const described = body.kind === "file" ? readSealedFiles(body) : [];
  if (described === undefined) return "broken";
  const listed = listOf(record.body?.["files"]);
  if (listed.length !== described.length) return "sender";
  return described.every((file, index) => isEntryOf(fileIn(listed[index]), file))
    ? undefined
    : "sender";
}

function isEntryOf(entry: FileBody | undefined, { file, root, preview }: SealedFileBody): boolean {
  if (entry?.file !== file || entry.digest !== toHex(root)) return false;
  const digest = preview && toHex(preview.root);
  return entry.preview?.file === preview?.file && entry.preview?.digest === digest;
}
