/** Records, messages and status of one sealed room on this device. */

import { toBase64Url, utf8Encode } from "../../base/bytes.ts";
import { asFault, Fault, ignoreFault, msg, unlessFault } from "../../base/fault.ts";
import type { Sha256 } from "../../base/ids.ts";
import { EDITS_PER_RECORD_MAX } from "../../base/limits.ts";
import {
  CLAIMS_KNOWN_MAX,
  SEALED_TRANSACTION_MS,
  SEALED_TRIES_MAX,
} from "../../base/limits-sealed.ts";
import { formatTarget } from "../../base/names.ts";
import { defined } from "../../base/values.ts";
import type { ChatRecord, RoomView } from "../../core/client/chat-record.ts";
import type { PersonPin } from "../../core/client/person-keys.ts";
import { setNewest } from "../../core/evict.ts";
import { isSameName } from "../../core/model/item.ts";
import { hasAdminRights } from "../../crypto/seal/commit-check.ts";
import type { CheckpointReport } from "../../crypto/seal/content.ts";
import type { SealedGroup } from "../../crypto/seal/group.ts";
import type { StateKey } from "../../crypto/seal/state-box.ts";
import type { Clock } from "../../io/clock.ts";
import type { Entropy } from "../../io/entropy.ts";
import type { TaskQueue } from "../../io/task-queue.ts";
import { findSigned } from "../../wire/checkpoint.ts";
import { MESSAGE_KINDS } from "../../wire/kinds.ts";
import type { PostBody, RequestFields } from "../../wire/messages.ts";
import type { OwnUploads } from "../files/transfers.ts";
import { type HistoryPage, queryHistory, type SendRequest } from "../link/queries.ts";
import {
  closedRecord,
  editedByPost,
  openedRecord,
  packBody,
  type SealedBody,
  sealedBodyOf,
} from "./body.ts";
import { type HistoryView, isForkIn, type KeyClaims } from "./claims.ts";
import type { SealedDevice } from "./device.ts";
import {
  editRefusal,
  eraseContent,
  erasedOf,
  eraseFiles,
  isErasedEdit,
  type RemainingEdit,
} from "./edits.ts";
import type { FileIndex } from "./file-index.ts";
import { GroupChanges, pendingOf } from "./group-changes.ts";
import { adminPending, cannotWrite, needsRepair } from "./group-plans.ts";
import { applyKeyDecision } from "./held-change.ts";
import {
  checkKeys,
  identityOf,
  keyChangedFault,
  keyChangedText,
  otherKeyOf,
} from "./identities.ts";
import type { DeviceLease } from "./lease.ts";
import { adoptHistory } from "./replaced-history.ts";
import { markSuspect, namesDevice, type RoomReader, withoutSuspicion } from "./room-reader.ts";
import { peopleOf, type RoomStates, type RoomTransaction, type SealedEvent } from "./room-state.ts";
import {
  type ArchivedRow,
  allOf,
  assignCount,
  type ClaimRow,
  contentKey,
  contentRange,
  excusedBy,
  freeCount,
  isContentOf,
  type RoomRow,
  roomKey,
  type SaidContent,
  type SentRow,
  sentKey,
  seqOf,
} from "./rows.ts";
import type { Awaitable, SealedStore } from "./store.ts";
import { isPlainRoot, isThreadRoot, threadRootOf } from "./threads.ts";
import type { Vault } from "./vault.ts";

const SEALED_PAGE_RECORDS = 500;
const CONFIRMED_POSTS_MAX = 256;
const REMAINING_EDITS_MAX = 500;
/** First messages of threads, requested from the server for one page of records. */
const ROOTS_REQUESTED_MAX = 8;
const ROOTS_KNOWN_MAX = 256;
/** After this time, a server that lacks a record has lost it. */
const LAG_MS_MAX = 10_000;
const LAG_RETRY_MS = 1_000;
/** Minimum and half the maximum delay, because several devices may erase the same edits. */
const ERASURE_DELAY_MS = 1_000;
/** Interval at which a program looks for a decision that was made in another one. */
const DECISION_CHECK_MS = 5_000;
/** The server sends `erase` records only if the kind `all` is requested. */
const FOLLOWED_KINDS = ["all"];

/** Account keys of other users, as the server has proved them. */
export interface ProvedPeople {
  check(user: string, isFresh?: boolean): Promise<PersonPin | undefined>;
  accepted(user: string, key: string | undefined): Promise<void>;
}

export interface SealedRoomsOptions {
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly sha256: Sha256;
  readonly store: SealedStore;
  readonly stateKey: StateKey;
  readonly device: SealedDevice;
  readonly user: string;
  readonly people: ProvedPeople;
  readonly request: SendRequest;
  readonly isLinked: () => boolean;
  readonly emit: (event: SealedEvent) => void;
  readonly history: () => HistoryView | undefined;
  readonly rooms: () => readonly RoomView[];
  /** Reports whether the server has listed all rooms on this link. */
  readonly isListed: () => boolean;
  readonly uploads: () => OwnUploads;
  /** False for a command, which hands nothing over by itself. */
  readonly followsRooms: boolean;
}

/** Parts that all sealed rooms of an account share. */
export interface SealedAccountParts extends SealedRoomsOptions {
  readonly states: RoomStates;
  readonly reader: RoomReader;
  readonly claims: KeyClaims;
  readonly files: FileIndex;
  readonly lease: DeviceLease;
  readonly renewals: TaskQueue;
  readonly onUse: (room: RoomView) => void;
  /** Applies what the user has accepted since the last link. */
  readonly applyAccepted: () => Promise<void>;
}

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
  /** True if new members can read earlier messages. */
  readonly history?: true;
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

/**
 * Processes records in log order, each in one store transaction, and sends a message only after the
 * transaction that produced it is durable.
 */
export class SealedRoom {
  readonly changes: GroupChanges;
  #lastRead: number | undefined;
  #lastDelivered: number | undefined;
  #lastSeqOutside = 0;
  /** Number of links so far. Another link may lead to a history that was replaced meanwhile. */
  #links = 0;
  /** Whether the server has returned the record that was read last, or a later one. */
  #isContinued = false;
  #missedSince: number | undefined;
  /** Record before which the reader of this process has stopped. */
  #heldSeq: number | undefined;
  #cancelWatch: (() => void) | undefined;
  /** Held record from which the reader has gone on, until the room is read to its end. */
  #resumedSeq: number | undefined;
  /** True if records have invalidated this device's state, so that it must rejoin immediately. */
  #needsRepair = false;
  readonly #confirmed = new Map<number, string>();
  /** Edits of erased messages that the server may still have. */
  readonly #remainingEdits = new Map<number, RemainingEdit>();
  #cancelErasure: (() => void) | undefined;
  /** Whether records that this device has not stored may be the first message of a thread. */
  readonly #roots = new Map<number, boolean>();

  constructor(
    readonly parts: SealedAccountParts,
    public view: RoomView,
  ) {
    this.changes = new GroupChanges(this);
  }

  /** Requests the missed records when the room is next used. */
  connected(): void {
    this.#links += 1;
    this.#lastRead = undefined;
    this.#lastDelivered = undefined;
    this.#isContinued = false;
    this.#missedSince = undefined;
    this.#roots.clear();
    if (this.#heldSeq !== undefined) this.forgetOutside();
    this.changes.connected();
    if (this.#remainingEdits.size > 0) this.#scheduleErasure();
  }

  lost(): void {
    this.#cancelErasure?.();
    this.#cancelErasure = undefined;
    this.#cancelWatch?.();
    this.#cancelWatch = undefined;
  }

  run<Result>(task: (tx: RoomTransaction) => Awaitable<Result>): Promise<Result> {
    return this.parts.states.run(this.view.id, task);
  }

  runAndEmit<Result>(task: (tx: RoomTransaction) => Awaitable<Result>): Promise<Result> {
    return this.parts.states.runAndEmit(this.view.id, task);
  }

  /**
   * Decrypts records, in order, as far as this device can.
   * @throws {Fault} store-… if the store fails, link-closed if the link is lost, and the server's
   * refusals
   */
  async openRecords(records: readonly ChatRecord[]): Promise<readonly ChatRecord[]> {
    const [first] = records;
    const last = records.at(-1);
    if (first === undefined || last === undefined) return [];
    const follows = (before?: number) => records.every(({ n }, at) => before === n - 1 - at);
    const link = this.#links;
    if (!follows(this.#lastRead) || !this.#isContinued) await this.reread();
    // The server sends a removed member no history, but the member may read records delivered in
    // order.
    const isNext = follows(this.#lastDelivered) || (await this.#isNext(first));
    const before = { n: first.n - 1 };
    if (isNext && !(await this.#read(records, before))) await this.reread();
    if (this.#resumedSeq !== undefined) await this.reread();
    if (link === this.#links) {
      this.#lastDelivered = last.n;
      this.#lastRead = last.n;
    }
    if (this.#needsRepair) {
      this.#needsRepair = false;
      void this.changes.sync().catch(asFault);
    }
    return this.openStored(records);
  }

  /** Reports whether the first record on a new link follows the last record read without a gap. */
  #isNext({ n }: ChatRecord): Promise<boolean> {
    return this.run(({ row }) => row?.n !== undefined && n <= row.n + 1);
  }

  /** Call before the room changes. The next use of the room reads the new records. */
  invalidate(): void {
    this.#lastRead = undefined;
  }

  reread(): Promise<void> {
    this.invalidate();
    return this.catchUp();
  }

  /** Permits the server to assign a lower seq than it did before this device lost its state. */
  forgetOutside(): void {
    this.#lastSeqOutside = 0;
  }

  async catchUp(): Promise<void> {
    const { onUse, applyAccepted } = this.parts;
    onUse(this.view);
    const isRead = this.#lastRead !== undefined && this.#isContinued;
    if (isRead && this.#heldSeq === undefined) return;
    await applyAccepted();
    if (await this.run(({ row }) => row?.history === "accepted")) await this.#adoptHistory();
    const held = await this.run(decideHeld);
    this.#noteHeld(held);
    const link = this.#links;
    for (let isFirst = true; ; isFirst = false) {
      const last = await this.run((tx) => tx.row?.seq ?? 0);
      // The first page begins with the record read last, to check that the server's history
      // continues it.
      const previous = isFirst && last > 0 ? last - 1 : last;
      const after = Math.max(previous, this.#lastSeqOutside);
      const page = await this.queryPage({ after });
      if (link !== this.#links) return this.reread();
      const records = ascending(page.records);
      if (isFirst) await this.#checkContinues(records, after);
      if (!(await this.#read(records, { seq: after }))) return this.reread();
      this.#lastSeqOutside = page.records.at(-1)?.seq ?? this.#lastSeqOutside;
      if (!page.more) break;
    }
    if (this.#resumedSeq !== undefined) await this.#emitResumed(this.#resumedSeq);
  }

  #noteHeld({ before, after }: HeldChange): void {
    const known = this.#heldSeq ?? before;
    this.#heldSeq = after;
    if (after !== undefined) this.#watchDecision();
    if (known === undefined || after !== undefined) return;
    this.#resumedSeq ??= known;
    this.forgetOutside();
  }

  /** The owner may decide in another program, such as a command. */
  #watchDecision(): void {
    const { clock, isLinked } = this.parts;
    this.#cancelWatch ??= clock.after(DECISION_CHECK_MS, () => {
      this.#cancelWatch = undefined;
      if (isLinked()) void this.#checkDecision().catch(asFault);
    });
  }

  async #checkDecision(): Promise<void> {
    const { after } = await this.run(decideHeld);
    if (after === undefined) return this.reread();
    this.#watchDecision();
  }

  async #emitResumed(after: number): Promise<void> {
    this.#resumedSeq = undefined;
    let messages = 0;
    await this.search({ after: after - 1, limit: SEALED_PAGE_RECORDS }, (_, { kind, ...row }) => {
      const { body } = row as Partial<SaidContent>;
      if (kind === "said" && MESSAGE_KINDS.has(Object(body)["kind"])) messages++;
      return true;
    });
    const { id: room, name } = this.view;
    const about = { room, name, people: peopleOf(this.view), step: "resumed" } as const;
    this.parts.emit({ kind: "handover", ...about, messages, total: messages, sizeBytes: 0 });
  }

  /** Reads on from a held change if the owner has decided, perhaps in another process. */
  async resumeHeld(): Promise<void> {
    const isHeld = await this.run(({ row }) => (row?.held ?? row?.other) !== undefined);
    if (isHeld || this.#heldSeq !== undefined) await this.reread();
  }

  async recordAt(seq: number): Promise<ChatRecord | undefined> {
    const { records } = await this.queryPage({ after: seq - 1, before: seq + 1 });
    return records.find((record) => record.seq === seq);
  }

  queryPage(query: Partial<RequestFields<"history">>): Promise<HistoryPage> {
    const { request, sha256, clock } = this.parts;
    const target = formatTarget(this.view);
    const fields = { target, kinds: FOLLOWED_KINDS, limit: SEALED_PAGE_RECORDS, ...query };
    return queryHistory(request, sha256, fields, clock.unixMs());
  }

  /** Drops what the history lacks that the user has accepted. */
  async #adoptHistory(): Promise<void> {
    await adoptHistory(this);
    this.parts.reader.forgetLeavers(this.view.id);
    this.#confirmed.clear();
    this.#lastSeqOutside = 0;
  }

  /** Returns the reason why the server rejects each message of this device as outdated. */
  async outdatedFault(): Promise<Fault> {
    const found = await this.changes.findGroup().catch(ignoreFault);
    return this.runAndEmit((tx) => {
      // The server's group cannot return to an earlier epoch within one history.
      if (tx.group !== undefined && found !== undefined && found.epoch < tx.group.epoch)
        markContradicted(tx);
      if (tx.row?.history === "contradicted") return cannotWrite(this.view, tx);
      return new Fault("seal-refused", msg`the server rejects messages to this room as outdated`, {
        remedy: msg`try again later, or ask the server's owner`,
      });
    });
  }

  /**
   * A server that was restored from a backup lacks records that this device has read.
   * @param records of the room that follow `after`
   */
  async #checkContinues(records: readonly ChatRecord[], after: number): Promise<void> {
    this.#isContinued = await this.runAndEmit((tx) => {
      const { row } = tx;
      if (row === undefined || row.history === "contradicted") return true;
      const last = records.find(({ seq }) => seq === row.seq);
      const next = records.find(({ seq }) => seq > row.seq);
      const isReplaced = [last?.commit, row.commit].every((commit) => commit !== undefined);
      const wasRead = row.commit !== undefined && after < row.seq;
      const isMissing = wasRead && last === undefined && next !== undefined;
      const isSame = !isMissing && (!isReplaced || last?.commit === row.commit);
      if (!isSame || (next !== undefined && row.n !== undefined && next.n <= row.n)) {
        markContradicted(tx);
        return true;
      }
      return last !== undefined || next !== undefined || !wasRead;
    });
  }

  /**
   * A server that was restored from a backup would accept what is encrypted with keys of the lost
   * history, which nobody else can read. A server of a cluster that lags lacks the record briefly.
   * @throws {Fault} stale-epoch if the server has not returned the record that was read last
   */
  async checkContinued(): Promise<void> {
    if (this.#isContinued) return;
    const now = this.parts.clock.now();
    this.#missedSince ??= now;
    if (now - this.#missedSince > LAG_MS_MAX) await this.runAndEmit(markContradicted);
    const message = msg`the server has not returned the newest message of '${this.view.name}' yet`;
    throw new Fault("stale-epoch", message, { retryAfterMs: LAG_RETRY_MS });
  }

  async #checkConfirmed(tx: RoomTransaction, seq: number): Promise<void> {
    for (const [expected, id] of this.#confirmed) {
      if (expected > seq) continue;
      this.#confirmed.delete(expected);
      if ((await tx.vault.find(sentKey(tx.room, id))) === undefined) continue;
      markSuspect(
        tx,
        seq,
        "the server confirmed a message from this device but does not return it",
      );
    }
  }

  /**
   * Splits long batches of records, because a transaction blocks other processes of this CHAT_HOME.
   * @param before record or `seq` that the records follow without a gap
   * @returns false if the room must be read again from the record read last, for example because
   * the device reads on from a held change, or must adopt another history
   */
  async #read(records: readonly ChatRecord[], before: Before): Promise<boolean> {
    const { clock, reader, claims } = this.parts;
    for (let next = 0; next < records.length; ) {
      const end = await this.runAndEmit(async (tx) => {
        // Records of that history do not continue those that the device has read.
        if (tx.row?.history === "accepted") return undefined;
        const held = await decideHeld(tx);
        const previous = next === 0 ? before : records[next - 1];
        if (!isNextIn(tx, previous)) return undefined;
        const startedAt = clock.now();
        let done = next;
        while (done < records.length && clock.now() - startedAt < SEALED_TRANSACTION_MS) {
          const record = records[done++];
          if (record === undefined) continue;
          const isHeld = heldIn(tx) !== undefined;
          await reader.read(tx, record);
          if (heldIn(tx) === undefined) await this.#checkConfirmed(tx, record.seq);
          // An admin has replaced the held change.
          if (isHeld && heldIn(tx) === undefined) return undefined;
        }
        for (const [seq, edit] of tx.remainingEdits) {
          this.#remainingEdits.delete(seq);
          const isOver = this.#remainingEdits.size >= REMAINING_EDITS_MAX;
          if (edit !== undefined && !isOver) this.#remainingEdits.set(seq, edit);
        }
        const isPublished = records.some(({ kind }) => kind === "group");
        if (needsRepair(tx) || (this.changes.isGroupInfoLost && isPublished))
          this.#needsRepair = true;
        return { done, held: { before: held.before, after: heldIn(tx) } };
      });
      if (end === undefined) {
        this.forgetOutside();
        return false;
      }
      this.#noteHeld(end.held);
      next = end.done;
      claims.schedule();
    }
    if (this.#remainingEdits.size > 0) this.#scheduleErasure();
    return true;
  }

  #scheduleErasure(): void {
    const { clock, entropy } = this.parts;
    const [random = 0] = entropy(1);
    const delayMs = ERASURE_DELAY_MS * (1 + random / 256);
    this.#cancelErasure ??= clock.after(delayMs, () => {
      this.#cancelErasure = undefined;
      void this.#eraseRemaining().catch(ignoreFault);
    });
  }

  /**
   * Erases the edits of erased messages on the server too, which does not know that they are edits.
   * Their author's devices and those of admins may do so.
   */
  async #eraseRemaining(): Promise<void> {
    const edits = [...this.#remainingEdits.values()];
    this.#remainingEdits.clear();
    const isOfAdmin = await this.run(
      ({ group }) => group !== undefined && hasAdminRights(group.policy, group.members, group.self),
    );
    const { user: self, request } = this.parts;
    const isAllowed = ({ user }: RemainingEdit) => isOfAdmin || isSameName(user, self);
    for (const own of Map.groupBy(edits.filter(isAllowed), ({ user }) => user).values()) {
      const seqs = own.map(({ seq }) => seq).sort((a, b) => a - b);
      for (let start = 0; start < seqs.length; start += EDITS_PER_RECORD_MAX) {
        const [seq, ...also] = seqs.slice(start, start + EDITS_PER_RECORD_MAX);
        if (seq !== undefined) await request("erase", defined({ seq, also })).catch(ignoreFault);
      }
    }
  }

  async missedWelcome({ kind, body }: ChatRecord): Promise<boolean> {
    if (kind !== "group" || !namesDevice(body?.["added"], this.parts.device.id)) return false;
    return this.run((tx) => tx.group === undefined);
  }

  async openStored(records: readonly ChatRecord[]): Promise<readonly ChatRecord[]> {
    const { id } = this.view;
    const { states } = this.parts;
    const find = async (vault: Vault, record: ChatRecord) => {
      const row = await vault.find<ArchivedRow>(contentKey(id, record.seq));
      return row !== undefined && isContentOf(row, record) ? row : undefined;
    };
    const erased = records.filter(({ state }) => state === "erased");
    const partly = records.filter((record) => erasedOf(record).length > 0);
    if (erased.length + partly.length > 0) {
      await states.transact(async (vault) => {
        for (const record of partly) await eraseFiles(vault, id, record.seq, erasedOf(record));
        for (const record of erased) {
          if ((await find(vault, record)) !== undefined) await eraseContent(vault, id, record.seq);
        }
      });
    }
    const openable = new Set(
      records.filter(({ kind, state }) =>
        kind === "group" ? state === "whole" : kind === "sealed" && state !== "damaged",
      ),
    );
    if (openable.size === 0) return records;
    const { contents, room } = await states.transact(async (vault) => {
      const entries = [...openable].map(
        async (record) => [record.seq, await find(vault, record)] as const,
      );
      const row = await vault.find<RoomRow>(roomKey(id));
      return { contents: new Map(await Promise.all(entries)), room: row };
    });
    const opened = records.map((record) => {
      if (!openable.has(record)) return record;
      const row = contents.get(record.seq);
      if (record.state === "erased")
        return row !== undefined && isErasedEdit(row) ? openedRecord(record, row) : record;
      if (row !== undefined) return openedRecord(record, row);
      return record.kind === "sealed" ? closedRecord(record, room) : record;
    });
    return this.#outOfFalseThreads(opened);
  }

  /**
   * Moves replies out of threads that nobody would open, because this device cannot read their
   * first message or there is none. In rooms that are not encrypted, the server refuses such posts.
   */
  async #outOfFalseThreads(records: readonly ChatRecord[]): Promise<readonly ChatRecord[]> {
    const roots = new Set(records.map(threadRootOf).filter((root) => root !== undefined));
    if (roots.size === 0) return records;
    const isRoot = new Map<number, boolean | undefined>();
    await this.parts.states.transact(async (vault) => {
      for (const seq of roots) {
        const row = await vault.find<ArchivedRow>(contentKey(this.view.id, seq));
        isRoot.set(seq, row === undefined ? this.#roots.get(seq) : isThreadRoot(row));
      }
    });
    let requests = 0;
    for (const [seq, known] of isRoot) {
      if (known !== undefined || requests++ >= ROOTS_REQUESTED_MAX) continue;
      const record = await this.recordAt(seq).catch(ignoreRefusal);
      const isReal = record !== undefined && isPlainRoot(record);
      isRoot.set(seq, isReal);
      setNewest(this.#roots, seq, isReal, ROOTS_KNOWN_MAX);
    }
    return records.map((record) => {
      const root = threadRootOf(record);
      if (root === undefined || isRoot.get(root) === true) return record;
      return { ...record, body: { ...record.body, thread: undefined } };
    });
  }

  /** Visits the archived contents, in the direction of the query, until `visit` returns false. */
  async search(
    { after, before }: RequestFields<"history">,
    visit: (seq: number, row: ArchivedRow) => boolean,
  ): Promise<void> {
    for (let [from, to] = [after, before]; ; ) {
      const range = contentRange(this.view.id, { after: from, before: to }, SEALED_PAGE_RECORDS);
      const { vault, rows } = await this.parts.states.transact(async (tables) => {
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

  /**
   * @throws {Fault} seal-refused if this device may not post in the room, stale-epoch if it may not
   * post yet, and the server's refusals
   */
  async seal(posts: readonly PlainPost[]): Promise<(PostBody | Fault)[]> {
    await this.catchUp();
    await this.checkContinued();
    await this.#readEdited(posts);
    await this.parts.lease.hold();
    // The room is usually ready, so a single transaction suffices.
    const sealed = await this.run(async (tx) =>
      (await this.#isReady(tx)) ? this.#encryptAll(tx, posts) : undefined,
    );
    if (sealed !== undefined) return sealed;
    await this.changes.sync();
    await this.changes.removeDeparted();
    return this.run((tx) => this.#encryptAll(tx, posts));
  }

  /** The server may confirm a post, which the user then edits, before it sends the record. */
  async #readEdited(posts: readonly PlainPost[]): Promise<void> {
    const newest = Math.max(0, ...posts.map(({ body }) => editedByPost(body) ?? 0));
    if (newest > 0 && (await this.run(({ row }) => newest > (row?.seq ?? 0)))) await this.reread();
  }

  async postsSettled(posts: readonly SettledPost[]): Promise<void> {
    await this.run(async (tx) => {
      for (const { id, seq } of posts) await this.#postSettled(tx, id, seq);
    });
  }

  async #postSettled(tx: RoomTransaction, id: string, seq: number | undefined): Promise<void> {
    // The device has not read the record yet, so check later that the server returns it. A record
    // with a seq that is not higher has been read, possibly by an earlier run.
    if (seq !== undefined && seq > (tx.row?.seq ?? 0)) {
      if (this.#confirmed.size < CONFIRMED_POSTS_MAX) this.#confirmed.set(seq, id);
      return;
    }
    const sent = await tx.vault.find<SentRow>(sentKey(tx.room, id));
    if (sent === undefined) return;
    // A server that was restored from a backup may record the post under a number that the device
    // has read otherwise. It will read the record once its user has accepted the server's history.
    if (seq !== undefined && !(await this.#hasRead(tx, seq, id))) return;
    // The server refused the post, or its log already holds an earlier encryption of the post. In
    // either case the reserved count is unused.
    await tx.vault.delete(sentKey(tx.room, id));
    if (tx.row?.since === sent.since) tx.change(freeCount(tx.row, sent.count));
  }

  async #hasRead({ vault, room }: RoomTransaction, seq: number, id: string): Promise<boolean> {
    return (await vault.find<ArchivedRow>(contentKey(room, seq)))?.post === id;
  }

  /**
   * Returns `undefined` if there is no group. A device that has lost its state can also sign,
   * because its leaf is still in the group.
   */
  async leaveNotice(): Promise<
    { readonly epoch: number; readonly signature: Uint8Array } | undefined
  > {
    const { engine } = this.parts.device;
    const { row, group } = await this.run((tx) => tx);
    if (group !== undefined) {
      return { epoch: group.epoch, signature: await engine.signLeave(group) };
    }
    const found = await this.changes.findGroup().catch(ignoreFault);
    if (found === undefined || (row !== undefined && row.group !== toBase64Url(found.group))) {
      return undefined;
    }
    const { epoch, group: gid } = found;
    const groupRef = { gid, epoch, policy: { room: this.view.id } };
    return { epoch, signature: await engine.signLeave(groupRef) };
  }

  status(): Promise<RoomSealStatus> {
    return this.run(async ({ row, group, vault }) => {
      if (row === undefined) return { status: "waiting", members: [] };
      const members: SealedMember[] = [];
      const groupMembers = group?.members ?? [];
      for (const [user, devices] of Map.groupBy(groupMembers, (member) => member.user)) {
        const isOwn = isSameName(user, this.parts.user);
        const isChanged = (await otherKeyOf(vault, user)) !== undefined;
        members.push({
          user,
          devices: devices.map(({ device, kind }) => ({ device, kind })),
          isVerified: isOwn || (await identityOf(vault, user))?.isVerified === true,
          isAdmin:
            group !== undefined &&
            devices.some((device) => hasAdminRights(group.policy, groupMembers, device)),
          isChanged: isChanged || undefined,
        });
      }
      const { status, reason, remarks } = row;
      const history = group?.policy.history === true || undefined;
      return { status, members, ...defined({ history, reason, remarks }) };
    });
  }

  /**
   * Accepts the room's state on behalf of the user and continues as far as possible.
   * @throws {Fault} usage if there is nothing to accept
   */
  async acceptState(): Promise<void> {
    await this.run(async (tx) => {
      const { row, group } = tx;
      const isContradicted = row?.history === "contradicted";
      const held = row?.held;
      const hasOther = isContradicted || row?.remarks !== undefined;
      if (held !== undefined && !hasOther && (row?.suspectSeq ?? held.seq) === held.seq)
        throw keyChangedFault(held.user);
      if (row?.status !== "suspect" && row?.remarks === undefined && !isContradicted) {
        throw new Fault("usage", msg`nothing to accept: this room has no warning`, {
          remedy: msg`see who can read here: ${"/sealed"}`,
        });
      }
      for (const { key, value } of await tx.vault.list<ClaimRow>(
        allOf("claim", CLAIMS_KNOWN_MAX),
      )) {
        if (isForkIn(value, tx.room)) await tx.vault.put(key, { ...value, state: "accepted" });
      }
      if (isContradicted) return tx.change({ history: "accepted" });
      const { strayed, other } = row;
      const { remarks: _, ...retained } = withoutSuspicion(row);
      if (held !== undefined) {
        tx.row = { ...retained, held, ...defined({ other }) };
        return markSuspect(tx, held.seq, keyChangedText(held.user));
      }
      const isBehind = group === undefined || strayed === true;
      if (isBehind) tx.advance(undefined, []);
      const status = isBehind ? ("lost" as const) : ("in" as const);
      tx.row = { ...retained, ...(retained.status === "suspect" ? { status } : {}) };
    });
    this.invalidate();
    await this.changes.sync();
  }

  async checkMayWrite(): Promise<void> {
    await this.changes.sync();
    await this.run((tx) => checkKeys(tx.vault, this.#membership(tx).group.members));
  }

  async #isReady(tx: RoomTransaction): Promise<boolean> {
    const { row, group } = tx;
    if (group === undefined || row?.departed.length !== 0 || tx.isStale) return false;
    if (row.refused !== undefined || row.held !== undefined) return false;
    return !this.changes.isRenewalDue(tx) && (await pendingOf(tx)) === undefined;
  }

  async #encryptAll(
    tx: RoomTransaction,
    posts: readonly PlainPost[],
  ): Promise<(PostBody | Fault)[]> {
    const bodies: (PostBody | Fault)[] = [];
    const checkpoint = await this.#acceptedCheckpoint();
    await checkKeys(tx.vault, this.#checkWritable(tx).group.members);
    for (const post of posts) bodies.push(await this.#encrypt(tx, post, checkpoint));
    return bodies;
  }

  async #bodyOf(tx: RoomTransaction, { body }: PlainPost): Promise<SealedBody | Fault> {
    const edited = editedByPost(body);
    const { user } = tx.group?.self ?? this.parts;
    const refusal = edited === undefined ? undefined : await editRefusal(tx, edited, user);
    if (refusal !== undefined) return refusal;
    const { files } = body;
    if (files === undefined) return sealedBodyOf(body);
    try {
      return sealedBodyOf(body, await this.parts.files.entriesOf(tx, files));
    } catch (error) {
      if (error instanceof Fault && error.code === "file-unknown") return error;
      throw error;
    }
  }

  #membership(tx: RoomTransaction): { readonly row: RoomRow; readonly group: SealedGroup } {
    const { row, group } = tx;
    if (row !== undefined && group !== undefined && row.status === "in" && !tx.isStale) {
      return { row, group };
    }
    throw cannotWrite(this.view, tx);
  }

  #checkWritable(tx: RoomTransaction): { readonly row: RoomRow; readonly group: SealedGroup } {
    const membership = this.#membership(tx);
    const names = membership.row.departed.map(({ user }) => user).join(", ");
    if (names === "") return membership;
    const room = this.view.name;
    const text = msg`the devices of ${names} have not been removed from '${room}' yet`;
    throw adminPending(text, tx);
  }

  async #encrypt(
    tx: RoomTransaction,
    post: PlainPost,
    checkpoint: CheckpointReport | undefined,
  ): Promise<PostBody | Fault> {
    const { row, group } = this.#checkWritable(tx);
    const { clock, device, sha256 } = this.parts;
    const { id } = post;
    const key = sentKey(tx.room, id);
    const earlier = await tx.vault.get<SentRow>(key);
    const body = earlier?.body ?? (await this.#bodyOf(tx, post));
    if (body instanceof Fault) return body;
    const isCounted = earlier?.since === row.since;
    const { count, own: counts } = isCounted
      ? { count: earlier.count, own: row }
      : assignCount(row);
    if (!isCounted) tx.change(counts);
    const sent: SentRow = {
      body,
      count,
      since: row.since,
      sentAtUnixMs: earlier?.sentAtUnixMs ?? clock.unixMs(),
      hashes: earlier?.hashes ?? [],
      keys: earlier?.keys ?? [],
    };
    const { sentAtUnixMs } = sent;
    const unconfirmed = excusedBy(counts, count);
    const content = {
      body: packBody(sent.body as SealedBody),
      count,
      sentAtUnixMs,
      unconfirmed,
      checkpoint,
    };
    if (earlier === undefined) {
      const { sentSince = 0, renewedUnixMs = clock.unixMs() } = row;
      tx.change({ sentSince: sentSince + 1, renewedUnixMs });
    }
    const bound = utf8Encode(id);
    const { message, ...encrypted } = await device.engine.encrypt(group, content, { bound });
    tx.advance(encrypted.group, encrypted.consumed);
    const hashes = [...sent.hashes, toBase64Url(sha256(message))].slice(-SEALED_TRIES_MAX);
    const keys = [...sent.keys, toBase64Url(encrypted.key)].slice(-SEALED_TRIES_MAX);
    await tx.vault.put(key, { ...sent, hashes, keys } satisfies SentRow);
    const sealed = { epoch: encrypted.group.epoch, ciphertext: message };
    return { text: "", sealed, ...defined({ files: post.body.files }) };
  }

  async #acceptedCheckpoint(): Promise<CheckpointReport | undefined> {
    const { pin, keys, verifier } = this.parts.history() ?? {};
    const [key] = keys ?? [];
    const known = await pin?.();
    if (known === undefined || key === undefined || verifier === undefined) return undefined;
    const signed = unlessFault(() => findSigned(known.note, key, verifier.sha256));
    if (signed === undefined) return undefined;
    const { origin, size, root } = known;
    return { origin, size, root, signature: signed.signature };
  }
}

/** `seq` of the held change before and after the owner's decision was applied. */
interface HeldChange {
  readonly before: number | undefined;
  readonly after: number | undefined;
}

async function decideHeld(tx: RoomTransaction): Promise<HeldChange> {
  const before = heldIn(tx);
  await applyKeyDecision(tx);
  return { before, after: heldIn(tx) };
}

type Before = Partial<Pick<ChatRecord, "seq" | "n">>;

/**
 * Reports whether the device has read all records before the next one. A change that was held may
 * have let another task or process go back meanwhile.
 */
function isNextIn({ row }: RoomTransaction, { seq = 0, n = 0 }: Before = {}): boolean {
  if (row === undefined || row.held !== undefined || row.history === "contradicted") return true;
  return row.seq >= seq && (row.n ?? n) >= n;
}

function heldIn({ row }: RoomTransaction): number | undefined {
  return row?.held?.seq;
}

function markContradicted(tx: RoomTransaction): void {
  const { row } = tx;
  if (row === undefined) return;
  const reason = "the server's history lacks messages that this device has read";
  if (row.status === "in") markSuspect(tx, row.seq + 1, reason);
  tx.change({ history: "contradicted" });
}

export function ignoreRefusal(error: unknown): undefined {
  if (!(error instanceof Fault) || error.code === "link-closed") throw error;
  return undefined;
}

/** Drops records out of order, so that a server cannot make the device skip those that follow. */
function ascending(records: readonly ChatRecord[]): ChatRecord[] {
  let next = Number.POSITIVE_INFINITY;
  return records
    .toReversed()
    .filter(({ seq }) => {
      if (seq >= next) return false;
      next = seq;
      return true;
    })
    .reverse();
}
