/** Log writer that queues, writes and syncs records in batches and notifies followers. */

import { join } from "node:path";
import { assert } from "../../base/assert.ts";
import { asFault, Fault } from "../../base/fault.ts";
import type { Sha256 } from "../../base/ids.ts";
import {
  APPEND_QUEUE_BYTES_MAX,
  BATCH_SYNC_BYTES_MAX,
  LINE_BYTES_MAX,
  RESERVE_BYTES,
} from "../../base/limits.ts";
import { erasuresOf } from "../../core/log/erasures.ts";
import type { MerkleTree } from "../../core/log/merkle.ts";
import type { LogOrder, TimeFall } from "../../core/log/order.ts";
import type { SeqSet } from "../../core/log/seq-set.ts";
import { accountsIn, originOf, parseNote } from "../../wire/checkpoint.ts";
import {
  asDamaged,
  asErased,
  beginsLog,
  type CopiedLine,
  classifyLine,
  type Draft,
  type LogRecord,
  leafHash,
  parseLine,
  SALT_BYTES,
  type SealedDraft,
  sealDraft,
} from "../../wire/record.ts";
import { type Clock, delay } from "../clock.ts";
import { removedFault } from "../disk/data-folder.ts";
import {
  type Disk,
  type DiskFile,
  diskFault,
  ensureReserve,
  isFull,
  removeFile,
  syncWithParents,
  writeWhole,
} from "../disk/disk.ts";
import type { Entropy } from "../entropy.ts";
import { settled } from "../promises.ts";
import {
  type AssignedPosition,
  appendBytes,
  type Batch,
  batchLength,
  buildBatch,
  LineWriter,
  leavesOfBatch,
  type PendingAppend,
  recordsOf,
} from "./batch.ts";
import { LOG_ROOM, readCheckpointFile, type StoredCheckpoint } from "./checkpoints.ts";
import { eraseRecord, lineOf } from "./erasure.ts";
import { type AppendAllOptions, type Log, type Settle, settledAppend } from "./log.ts";
import { type DroppedTail, type Fold, type Recovered, recoverLog } from "./recovery.ts";
import { resumeLog } from "./resume.ts";
import { linesOf, readHeads, scanBlocks, segmentsBetween } from "./scan.ts";
import { Segment } from "./segment.ts";
import type { LogValue } from "./snapshot.ts";
import { type Covered, checkCovered } from "./walk.ts";

/** Large segments mean fewer files; small ones are faster to copy, verify and remove. */
const SEGMENT_BYTES_MAX = 64 * 1024 * 1024;

export interface LogOptions {
  readonly folder: string;
  readonly disk: Disk;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly sha256: Sha256;
  readonly onRecord?: (record: LogRecord) => void;
  readonly fold?: Fold;
  readonly snapshot?: LogValue;
  /** Folder of another log, whose checkpoint also commits to this one. */
  readonly committedIn?: string;
  readonly tornFolder?: string;
  readonly reservePath?: string;
  readonly reserveBytes?: number;
  readonly segmentBytes?: number;
  /**
   * Opens the log even if acknowledged records were lost. A `fork` record then begins a new log
   * with the remaining records.
   */
  readonly acceptsLoss?: boolean;
  /**
   * Reports whether the path of the data folder still leads to it. Asked after each sync, before
   * records are acknowledged.
   */
  readonly isPresent?: () => boolean;
  /**
   * Called before records are written.
   * @throws {Fault} if the disk refuses; the log then refuses the records
   */
  readonly admit?: (records: Iterable<LogRecord>) => void;
}

/**
 * Number of microtask turns before a batch is closed, so that writers of the previous batch can
 * join it. The turns take less than a microsecond.
 */
const GATHER_TURNS = 8;
/**
 * Minimum time between the starts of two batches while several writers append, so that they share
 * syncs and the writes to readers. A batch with as many records as recent batches starts earlier:
 * each writer may be waiting for its answer.
 */
const GATHER_MS = 4;
/** Factor by which the expected number of records decreases with each smaller batch. */
const EXPECTED_DECREASE = 0.95;

const VERIFY_PAUSE_MS = 5;

/**
 * Reads the log and repairs its end. The caller must hold the lock.
 * @throws {Fault} log-corrupt if acknowledged records are damaged, version-unsupported if the
 * format is newer, store-… if the disk refuses
 */
export async function openLog(options: LogOptions): Promise<LogFile> {
  const { disk, folder } = options;
  const parentFolder = join(folder, "..");
  const reservePath = options.reservePath ?? join(parentFolder, "reserve");
  const { acceptsLoss = false } = options;
  try {
    disk.makeFolder(folder);
    const checkpoint = readStoredCheckpoint(disk, folder, acceptsLoss);
    const tornFolder = options.tornFolder ?? join(parentFolder, "torn");
    const own = checkpoint === "unreadable" ? undefined : checkpoint;
    const known = newerOf(own, readCommitment(options, acceptsLoss));
    const recovery = { ...options, tornFolder, reservePath, stored: known };
    // Read the whole log, because a snapshot would hide lost records.
    const snapshot = acceptsLoss ? undefined : options.snapshot;
    const resumed = snapshot === undefined ? undefined : await resumeLog(recovery, snapshot);
    const recovered = resumed ?? (await recoverLog(recovery));
    if (recovered.segments.length === 0) recovered.segments.push(new Segment(folder, 1));
    const segment = recovered.segments.at(-1);
    assert(segment !== undefined, "an open log has a segment");
    const file = disk.open(segment.path, "write");
    await syncWithParents(disk, folder);
    await ensureReserve(disk, reservePath, options.reserveBytes ?? RESERVE_BYTES);
    const log = new LogFile({ ...options, reservePath }, recovered, file, known?.note);
    if (recovered.isLossAccepted || checkpoint === "unreadable") await log.fork(options);
    return log;
  } catch (error) {
    throw diskFault(error, folder);
  }
}

function readStoredCheckpoint(
  disk: Disk,
  folder: string,
  acceptsLoss: boolean,
): StoredCheckpoint | "unreadable" | undefined {
  try {
    return readCheckpointFile(disk, folder);
  } catch (error) {
    const isUnreadable = error instanceof Fault && error.code === "log-corrupt";
    if (!acceptsLoss || !isUnreadable) throw error;
    return "unreadable";
  }
}

function readCommitment(
  { disk, committedIn }: LogOptions,
  acceptsLoss: boolean,
): StoredCheckpoint | undefined {
  if (committedIn === undefined) return undefined;
  const stored = readStoredCheckpoint(disk, committedIn, acceptsLoss);
  if (stored === undefined || stored === "unreadable") return undefined;
  const checkpoint = accountsIn(parseNote(stored.note))?.checkpoint;
  return checkpoint && { note: stored.note, checkpoint };
}

function newerOf(
  own: StoredCheckpoint | undefined,
  committed: StoredCheckpoint | undefined,
): StoredCheckpoint | undefined {
  const ownSize = own?.checkpoint.size ?? -1;
  return committed !== undefined && committed.checkpoint.size > ownSize ? committed : own;
}

interface QueuedErasure {
  readonly seq: number;
  readonly eraseSeq: number;
  readonly resolve: () => void;
  readonly reject: (fault: Fault) => void;
}

interface Follower {
  readonly onRecord: (record: LogRecord) => void;
  next: number;
}

export class LogFile implements Log {
  readonly recovered: readonly DroppedTail[];
  readonly damaged: readonly number[];
  readonly storedNote: string | undefined;
  keptSize: number | undefined;
  readonly tree: MerkleTree;
  readonly #options: LogOptions & { readonly reservePath: string };
  readonly #order: LogOrder;
  readonly #segments: Segment[];
  readonly #followers = new Set<Follower>();
  readonly #lines = new LineWriter();
  #file: DiskFile;
  #segment: Segment;
  #queue: PendingAppend[] = [];
  #queueBytes = 0;
  #expectedRecords = 1;
  #batchStartedAt = Number.NEGATIVE_INFINITY;
  #onExpected = () => {};
  #draining: Promise<void> | undefined;
  #erasureQueue: QueuedErasure[] = [];
  readonly #erased: SeqSet;
  /** Orders of erasures in progress, by the seq to be blanked. */
  readonly #unfinished = new Map<number, number>();
  #origin: string | undefined;
  readonly #covered: Covered | undefined;
  readonly #damagedSinceOpen: number[] = [];
  #verifying: Promise<unknown> | undefined;
  #failure: Fault | undefined;
  #isClosed = false;

  constructor(
    options: LogOptions & { readonly reservePath: string },
    recovered: Recovered,
    file: DiskFile,
    storedNote: string | undefined,
  ) {
    const segment = recovered.segments.at(-1);
    assert(segment !== undefined, "an open log has a segment");
    this.#options = options;
    this.recovered = recovered.dropped;
    this.damaged = recovered.damaged;
    this.tree = recovered.tree;
    this.#order = recovered.order;
    this.#origin = recovered.origin;
    this.storedNote = storedNote;
    this.#covered = recovered.covered;
    this.#erased = recovered.erased;
    this.#segments = recovered.segments;
    this.#segment = segment;
    this.#file = file;
  }

  /** Reports whether the paths of the folder and of the segment that is written lead to them. */
  isPresent(): boolean {
    return this.#options.isPresent?.() !== false && this.#file.isPresent();
  }

  head(): number {
    return this.#order.seq;
  }

  get time(): number {
    return this.#order.time;
  }

  get falls(): readonly TimeFall[] {
    return this.#order.falls;
  }

  get coveredBytes(): number {
    return (this.#covered?.segments ?? []).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  }

  /**
   * Reads the records that a snapshot replaced at the start. Runs at most once.
   * @returns seqs of records with damaged bodies
   * @throws {Fault} log-corrupt if a line is damaged, store-… if a segment cannot be read
   */
  async verify(): Promise<readonly number[]> {
    const covered = this.#covered;
    if (covered === undefined || this.#verifying !== undefined) return [];
    const { clock } = this.#options;
    const pause = async () => {
      await delay(clock, VERIFY_PAUSE_MS);
      return !this.#isClosed;
    };
    const verifying = checkCovered({ ...this.#options, covered, erased: this.#erased, pause });
    this.#verifying = verifying;
    const known = new Set(this.damaged);
    const found = ((await verifying) ?? []).filter((seq) => !known.has(seq));
    this.#damagedSinceOpen.push(...found);
    return found;
  }

  value(): LogValue | undefined {
    const { size, groups, open } = this.tree.value();
    if (this.#failure !== undefined || size !== this.head() || this.#segment.sizeBytes === 0) {
      return undefined;
    }
    return {
      order: this.#order.value(),
      tree: { size, groups: groups.toBase64(), open: open.toBase64() },
      origin: this.#origin,
      segments: this.#segments.map((segment) => segment.value()),
      erased: this.#erased.value(),
      unfinished: [...this.#unfinished],
      damaged: [...this.damaged, ...this.#damagedSinceOpen],
    };
  }

  sizeBytes(): number {
    return this.#segments.reduce((sum, segment) => sum + segment.sizeBytes, 0);
  }

  append(draft: Draft): Promise<LogRecord> {
    return settledAppend((settle) => this.#enqueue(draft, settle));
  }

  appendThen(drafts: readonly Draft[], _options: AppendAllOptions, settle: Settle): void {
    let remaining = drafts.length;
    let fault: Fault | undefined;
    for (const draft of drafts) {
      this.#enqueue(draft, (outcome) => {
        if (outcome instanceof Fault) fault ??= outcome;
        if (--remaining === 0) settle(fault ?? outcome);
      });
    }
  }

  appendAssigned(sealed: SealedDraft, assigned: AssignedPosition): Promise<LogRecord> {
    return settledAppend((settle) => this.#submit({ content: sealed, assigned, settle }));
  }

  /**
   * Appends a copied record with its seq and time. The targets of an `erase` record must already be
   * blank.
   * @throws {Fault} log-conflict if `content` is not the next record, and the faults of `append`
   */
  appendCopied(content: CopiedLine): Promise<LogRecord> {
    return settledAppend((settle) => this.#submit({ content, settle }));
  }

  #enqueue(draft: Draft, settle: Settle): void {
    const { entropy, sha256 } = this.#options;
    const fault = this.#refusal();
    if (fault !== undefined) return settleInMicrotask(settle, fault);
    this.#push({ content: sealDraft(draft, entropy(SALT_BYTES), sha256), settle });
  }

  #submit(append: PendingAppend): void {
    const fault = this.#refusal();
    if (fault === undefined) this.#push(append);
    else settleInMicrotask(append.settle, fault);
  }

  #push(append: PendingAppend): void {
    const { content, settle } = append;
    const sizeBytes = appendBytes(content);
    if (sizeBytes > LINE_BYTES_MAX) {
      const message = `record too large: ${sizeBytes} bytes`;
      return settleInMicrotask(settle, new Fault("too-large", message));
    }
    if (this.#queueBytes + sizeBytes > APPEND_QUEUE_BYTES_MAX) {
      const message = `disk is too slow: ${this.#queueBytes} bytes queued`;
      return settleInMicrotask(settle, new Fault("too-many", message, { retryAfterMs: 1_000 }));
    }
    this.#queueBytes += sizeBytes;
    this.#queue.push(append);
    if (this.#queue.length >= this.#expectedRecords) this.#onExpected();
    this.#draining ??= this.#drain();
  }

  erase(seq: number, eraseSeq: number): Promise<void> {
    assert(seq >= 1 && seq < eraseSeq && eraseSeq <= this.head(), "a durable record orders it");
    const fault = this.#refusal();
    if (fault !== undefined) return Promise.reject(fault);
    this.#erased.add(seq);
    this.#unfinished.set(seq, eraseSeq);
    return new Promise((resolve, reject) => {
      this.#erasureQueue.push({ seq, eraseSeq, resolve, reject });
      this.#draining ??= this.#drain();
    });
  }

  #refusal(): Fault | undefined {
    return this.#isClosed ? new Fault("shutting-down", "the log is closed") : this.#failure;
  }

  async *read(from: number, to = this.head()): AsyncGenerator<LogRecord> {
    const last = Math.min(to, this.head());
    for (const segment of segmentsBetween(this.#segments, from, last)) {
      yield* this.#readSegment(segment, from, last);
    }
  }

  heads(from: number, to: number): AsyncGenerator<LogRecord> {
    return readHeads(this.#options.disk, this.#segments, from, Math.min(to, this.head()));
  }

  async line(seq: number): Promise<Uint8Array> {
    const { disk } = this.#options;
    try {
      return (await lineOf(disk, this.#segments, seq)).bytes;
    } catch (error) {
      throw diskFault(error, this.#segment.path);
    }
  }

  lastSeq(room: Draft["room"]): number {
    return this.#order.lastSeq(room);
  }

  get origin(): string | undefined {
    return this.#origin;
  }

  /** Begins a new log with the records that remain after a loss. Clients detect the new origin. */
  async fork({ fold, onRecord }: Pick<LogOptions, "fold" | "onRecord"> = {}): Promise<void> {
    const keptSize = this.head();
    const body = { from: this.storedNote, keptSize };
    const room = LOG_ROOM;
    const record = await this.append({ kind: "fork", room, by: "server", id: "", body });
    this.keptSize = keptSize;
    fold?.apply(record);
    onRecord?.(record);
  }

  async follow(from: number, onRecord: (record: LogRecord) => void): Promise<() => void> {
    const follower: Follower = { onRecord, next: from };
    while (follower.next <= this.head()) {
      for await (const record of this.read(follower.next)) {
        follower.next = record.head.seq + 1;
        onRecord(record);
      }
    }
    this.#followers.add(follower);
    return () => {
      this.#followers.delete(follower);
    };
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#draining;
    await settled(this.#verifying);
    this.#followers.clear();
    this.#file.close();
  }

  async *#readSegment(segment: Segment, from: number, last: number): AsyncGenerator<LogRecord> {
    const { disk, sha256 } = this.#options;
    try {
      using file = disk.open(segment.path, "read");
      for await (const block of scanBlocks(file, segment.seek(from), segment.sizeBytes)) {
        for (const line of linesOf(block)) {
          const { kind, record } = classifyLine(line.bytes, sha256);
          const seq = record?.head.seq ?? 0;
          const isErased = this.#erased.has(seq);
          if (record === undefined || (kind === "torn" && !isErased)) {
            throw new Fault("log-corrupt", `${segment.path} is damaged at byte ${line.offset}`);
          }
          if (seq < from) continue;
          if (seq > last) return;
          // Ignore the body, which an erasure may be overwriting.
          if (isErased) yield await this.#asErased(record);
          else yield kind === "intact" ? record : asDamaged(record);
        }
      }
    } catch (error) {
      throw diskFault(error, segment.path);
    }
  }

  async #asErased(record: LogRecord): Promise<LogRecord> {
    if (record.erased !== undefined) return record;
    const { seq } = record.head;
    const order = this.#unfinished.get(seq);
    if (order !== undefined) return asErased(record, order);
    // The block was read before the erasure.
    const parsed = parseLine(await this.line(seq));
    return parsed.kind === "record" && parsed.record.erased !== undefined
      ? parsed.record
      : asDamaged(record);
  }

  async #drain(): Promise<void> {
    await this.#gatherAppends();
    while (this.#queue.length + this.#erasureQueue.length > 0) {
      await this.#runErasures();
      const appends = this.#queue.splice(0, batchLength(this.#queue));
      for (const append of appends) this.#queueBytes -= appendBytes(append.content);
      const { clock } = this.#options;
      this.#expectedRecords = Math.max(appends.length, EXPECTED_DECREASE * this.#expectedRecords);
      this.#batchStartedAt = clock.now();
      const unixMs = clock.unixMs();
      const batch = buildBatch(appends, this.#order, unixMs, this.#lines);
      const leaves = await this.#commit(batch);
      if (leaves instanceof Fault) for (const append of appends) append.settle(leaves);
      else this.#settle(batch, leaves);
      if (this.#failure !== undefined) this.#refuseQueued(this.#failure);
      else await this.#gatherAppends();
    }
    this.#draining = undefined;
  }

  async #gatherAppends(): Promise<void> {
    for (let turn = 0; turn < GATHER_TURNS; turn++) await undefined;
    if (this.#expectedRecords <= 1) return;
    const { clock } = this.#options;
    const remainingMs = Math.ceil(this.#batchStartedAt + GATHER_MS - clock.now());
    const isComplete = this.#queue.length >= this.#expectedRecords;
    // Without a delay, the batch waits for one poll of the sockets.
    if (remainingMs <= 0 || isComplete) return delay(clock, 0);
    await new Promise<void>((resolve) => {
      const cancel = clock.after(remainingMs, resolve);
      this.#onExpected = () => {
        cancel();
        resolve();
      };
    });
    this.#onExpected = () => {};
  }

  async #runErasures(): Promise<void> {
    for (const { seq, eraseSeq, resolve, reject } of this.#erasureQueue.splice(0)) {
      try {
        if (this.#failure !== undefined) throw this.#failure;
        await eraseRecord(this.#options, this.#segments, { seq, eraseSeq });
        this.#unfinished.delete(seq);
        resolve();
      } catch (error) {
        const isPassing = error instanceof Fault || isFull(error);
        reject(isPassing ? diskFault(error, this.#segment.path) : this.#fail(error));
      }
    }
  }

  async #commit(batch: Batch): Promise<Fault | readonly Uint8Array[]> {
    if (batch.bytes.length === 0) return [];
    const refusal = this.#admit(batch);
    if (refusal !== undefined) return refusal;
    const { segmentBytes = SEGMENT_BYTES_MAX, sha256 } = this.#options;
    try {
      if (this.#segment.sizeBytes >= segmentBytes) await this.#beginSegment();
      await writeWhole(this.#file, batch.bytes, this.#segment.sizeBytes, BATCH_SYNC_BYTES_MAX);
    } catch (error) {
      return isFull(error) ? await this.#rollBack(error) : this.#fail(error);
    }
    try {
      const syncing = this.#file.sync();
      const leaves = leavesOfBatch(batch, sha256);
      await syncing;
      if (!this.isPresent()) throw removedFault(this.#options.folder);
      return leaves;
    } catch (error) {
      return this.#fail(error);
    }
  }

  #admit(batch: Batch): Fault | undefined {
    try {
      this.#options.admit?.(recordsOf(batch));
    } catch (error) {
      return asFault(error);
    }
    return undefined;
  }

  async #rollBack(cause: unknown): Promise<Fault> {
    const { disk, reservePath } = this.#options;
    try {
      await removeFile(disk, reservePath);
      this.#file.truncate(this.#segment.sizeBytes);
      await this.#file.sync();
    } catch (error) {
      return this.#fail(error);
    }
    return diskFault(cause, this.#segment.path);
  }

  #fail(error: unknown): Fault {
    const { message, remedy } = diskFault(error, this.#segment.path);
    this.#failure =
      error instanceof Fault ? error : new Fault("store-failed", message, { remedy, cause: error });
    return this.#failure;
  }

  #refuseQueued(fault: Fault): void {
    for (const append of this.#queue.splice(0)) append.settle(fault);
    this.#queueBytes = 0;
  }

  async #beginSegment(): Promise<void> {
    const { disk, folder } = this.#options;
    const segment = new Segment(folder, this.#order.seq + 1);
    const file = disk.open(segment.path, "write");
    try {
      await disk.syncFolder(folder);
    } catch (error) {
      file.close();
      throw error;
    }
    this.#file.close();
    this.#file = file;
    this.#segment = segment;
    this.#segments.push(segment);
  }

  /** Extends order and tree in one step, so that the order has all records of a closed group. */
  #settle(batch: Batch, leaves: readonly Uint8Array[]): void {
    const { sha256 } = this.#options;
    for (const leaf of leaves) this.tree.append(leaf);
    const records: LogRecord[] = [];
    const start = this.#segment.sizeBytes;
    for (const { append, outcome } of batch.entries) {
      if (outcome instanceof Fault) continue;
      this.#order.advance(outcome.head);
      if (beginsLog(outcome.head)) this.#origin = originOf(leafHash(outcome.headBytes, sha256));
      this.#segment.mark(outcome.head.seq, start + (batch.offsets[records.length] ?? 0));
      for (const target of erasuresOf(outcome)) {
        this.#erased.add(target);
        if (!("bytes" in append.content)) this.#unfinished.set(target, outcome.head.seq);
      }
      records.push(outcome);
    }
    this.#segment.sizeBytes += batch.bytes.length;
    for (const record of records) this.#notify(record);
    for (const { append, outcome } of batch.entries) append.settle(outcome);
  }

  #notify(record: LogRecord): void {
    for (const follower of this.#followers) {
      if (record.head.seq < follower.next) continue;
      follower.next = record.head.seq + 1;
      follower.onRecord(record);
    }
  }
}

function settleInMicrotask(settle: Settle, fault: Fault): void {
  queueMicrotask(() => settle(fault));
}
