/** The writer of a log: queue, batch, write, sync, notify. */

import { join } from "node:path";
import { assert } from "../../base/assert.ts";
import { Fault } from "../../base/fault.ts";
import type { Sha256 } from "../../base/ids.ts";
import {
  APPEND_QUEUE_BYTES_MAX,
  BATCH_SYNC_BYTES_MAX,
  LINE_BYTES_MAX,
  RESERVE_BYTES,
} from "../../base/limits.ts";
import { erasuresOf } from "../../core/log/erasures.ts";
import type { MerkleTree } from "../../core/log/merkle.ts";
import type { LogOrder } from "../../core/log/order.ts";
import { originOf } from "../../wire/checkpoint.ts";
import {
  asDamaged,
  asErased,
  beginsLog,
  bodyFits,
  type CopiedLine,
  type Draft,
  type LogRecord,
  leafHash,
  parseHead,
  parseLine,
  SALT_BYTES,
  type SealedDraft,
  sealDraft,
} from "../../wire/record.ts";
import { type Clock, delay } from "../clock.ts";
import { type Disk, type DiskFile, diskFault, isFull, writeWhole } from "../disk/disk.ts";
import type { Entropy } from "../entropy.ts";
import {
  type Batch,
  batchLength,
  buildBatch,
  type Decided,
  leavesOf,
  type Waiter,
  waiterBytes,
} from "./batch.ts";
import { type KeptCheckpoint, LOG_PLACE, readCheckpointFile } from "./checkpoint-file.ts";
import { eraseRecord, lineOf } from "./erasure.ts";
import { keepReserve, syncAbove } from "./folder.ts";
import { readHeads, segmentsOf } from "./heads.ts";
import { LineWriter } from "./line-writer.ts";
import { type AppendAllOptions, type Log, type Settle, settled } from "./log.ts";
import { type Dropped, type Fold, type Recovered, recoverLog } from "./recovery.ts";
import { resumeLog } from "./resume.ts";
import { linesOf, scanBlocks } from "./scan.ts";
import { Segment } from "./segment.ts";
import type { LogValue } from "./snapshot.ts";
import { type Covered, verifyCovered } from "./verification.ts";

/** Large enough to be few, small enough to copy, check and drop one by one. */
const SEGMENT_BYTES_MAX = 64 * 1024 * 1024;

export interface LogOptions {
  /** Folder of the segments, e.g. `data/history`; created if missing. */
  readonly folder: string;
  readonly disk: Disk;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly sha256: Sha256;
  /** Called with each existing record, in order, before `openLog` resolves. */
  readonly onRecord?: (record: LogRecord) => void;
  /** Faster alternative with less of each record. */
  readonly fold?: Fold;
  /**
   * Snapshot of this log and of what `fold` loads: it replaces reading the records that it covers.
   */
  readonly snapshot?: LogValue;
  /** Folder for cut tails. Default: `torn` beside the folder. */
  readonly tornFolder?: string;
  /** Space that is freed when the disk is full. Default: `reserve` beside the folder. */
  readonly reservePath?: string;
  readonly reserveBytes?: number;
  readonly segmentBytes?: number;
  /** Continue if acknowledged records are lost: what is left becomes another log, by a `fork`. */
  readonly acceptsLoss?: boolean;
}

/**
 * Turns after which a batch is closed: replies to the last batch, a few promises deep, still join
 * it. Turns, not time: a lone writer loses less than a microsecond.
 */
const GATHER_TURNS = 8;
/**
 * After a batch of this size, the next one waits until the sockets were polled once more: a write
 * and sync costs as much as some dozen records, and under load those have arrived by then.
 */
const BUSY_RECORDS = 8;

/** Pause between two verified blocks, for other work. */
const VERIFY_PAUSE_MS = 5;

/**
 * Reads the log, repairs its end, and opens it for appending. The caller holds the lock.
 * @throws Fault log-corrupt, version-unsupported, store-full, store-denied, store-failed
 */
export async function openLog(options: LogOptions): Promise<LogFile> {
  const { disk, folder } = options;
  const beside = join(folder, "..");
  const reservePath = options.reservePath ?? join(beside, "reserve");
  const { acceptsLoss = false } = options;
  try {
    disk.makeFolder(folder);
    const kept = keptIn(disk, folder, acceptsLoss);
    const tornFolder = options.tornFolder ?? join(beside, "torn");
    const known = kept === "unreadable" ? undefined : kept;
    const recovery = { ...options, tornFolder, reservePath, kept: known };
    // If loss is accepted, the whole log is read to see what is left.
    const snapshot = acceptsLoss ? undefined : options.snapshot;
    const resumed = snapshot === undefined ? undefined : await resumeLog(recovery, snapshot);
    const recovered = resumed ?? (await recoverLog(recovery));
    if (recovered.segments.length === 0) recovered.segments.push(new Segment(folder, 1));
    const segment = recovered.segments.at(-1);
    assert(segment !== undefined, "an open log has a segment");
    const file = disk.open(segment.path, "write");
    await syncAbove(disk, folder);
    await keepReserve(disk, reservePath, options.reserveBytes ?? RESERVE_BYTES);
    const log = new LogFile({ ...options, reservePath }, recovered, file, known?.note);
    if (recovered.isLossAccepted || kept === "unreadable") await log.fork(options);
    return log;
  } catch (error) {
    throw diskFault(error, folder);
  }
}

/** @throws Fault log-corrupt, store-… */
function keptIn(
  disk: Disk,
  folder: string,
  acceptsLoss: boolean,
): KeptCheckpoint | "unreadable" | undefined {
  try {
    return readCheckpointFile(disk, folder);
  } catch (error) {
    const isUnreadable = error instanceof Fault && error.code === "log-corrupt";
    if (!acceptsLoss || !isUnreadable) throw error;
    return "unreadable";
  }
}

interface Erase {
  readonly seq: number;
  readonly eraseSeq: number;
  readonly resolve: () => void;
  readonly reject: (fault: Fault) => void;
}

interface Follower {
  readonly onRecord: (record: LogRecord) => void;
  next: number;
}

/** A log on this machine's disk: group commit, one writer, acknowledged only after the sync. */
export class LogFile implements Log {
  /** Tails cut by the recovery; they were never acknowledged. */
  readonly recovered: readonly Dropped[];
  /** Seqs of records whose body did not match its commitment at the start. */
  readonly damaged: readonly number[];
  /** Content of the file `checkpoint` when the log was opened. */
  readonly keptNote: string | undefined;
  /** Number of records kept, if the loss of others was accepted at this start. */
  keptSize: number | undefined;
  /** The Merkle tree over all durable heads. */
  readonly tree: MerkleTree;
  readonly #options: LogOptions & { readonly reservePath: string };
  readonly #order: LogOrder;
  readonly #segments: Segment[];
  readonly #followers = new Set<Follower>();
  readonly #lines = new LineWriter();
  #file: DiskFile;
  #segment: Segment;
  /** Bounded by APPEND_QUEUE_BYTES_MAX. */
  #queue: Waiter[] = [];
  #queueBytes = 0;
  #draining: Promise<void> | undefined;
  /** Erasures done between batches, since there is one writer. Bounded by their callers. */
  #blanks: Erase[] = [];
  /** Records erased or about to be, with the seq of the order. */
  readonly #erased: Map<number, number>;
  /** Records whose erasure this run ordered and which is not durable yet. */
  readonly #unfinished = new Map<number, number>();
  #origin: string | undefined;
  readonly #covered: Covered | undefined;
  /** Damaged records found by `verify`. */
  readonly #damagedLater: number[] = [];
  #verifying: Promise<unknown> | undefined;
  #failure: Fault | undefined;
  #isClosed = false;

  constructor(
    options: LogOptions & { readonly reservePath: string },
    recovered: Recovered,
    file: DiskFile,
    keptNote: string | undefined,
  ) {
    const segment = recovered.segments.at(-1);
    assert(segment !== undefined, "an open log has a segment");
    this.#options = options;
    this.recovered = recovered.dropped;
    this.damaged = recovered.damaged;
    this.tree = recovered.tree;
    this.#order = recovered.order;
    this.#origin = recovered.origin;
    this.keptNote = keptNote;
    this.#covered = recovered.covered;
    this.#erased = recovered.erased;
    this.#segments = recovered.segments;
    this.#segment = segment;
    this.#file = file;
  }

  head(): number {
    return this.#order.seq;
  }

  /** Bytes that the start did not read because a snapshot covers them. */
  get coveredBytes(): number {
    return (this.#covered?.segments ?? []).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  }

  /**
   * Reads what the start took from a snapshot; once.
   * @returns seqs of records whose body is damaged
   * @throws Fault log-corrupt, store-…
   */
  async verify(): Promise<readonly number[]> {
    const covered = this.#covered;
    if (covered === undefined || this.#verifying !== undefined) return [];
    const { clock } = this.#options;
    const pause = async () => {
      await delay(clock, VERIFY_PAUSE_MS);
      return !this.#isClosed;
    };
    const verifying = verifyCovered({ ...this.#options, covered, erased: this.#erased, pause });
    this.#verifying = verifying;
    const known = new Set(this.damaged);
    const found = ((await verifying) ?? []).filter((seq) => !known.has(seq));
    this.#damagedLater.push(...found);
    return found;
  }

  /** Value for a snapshot; `undefined` unless followers were notified of everything durable. */
  value(): LogValue | undefined {
    const { size, groups, open } = this.tree.value();
    if (this.#failure !== undefined || size !== this.head() || this.#segment.sizeBytes === 0) {
      return undefined;
    }
    const erased = new Map([...this.#unfinished, ...this.#erased]);
    return {
      order: this.#order.value(),
      tree: { size, groups: groups.toBase64(), open: open.toBase64() },
      origin: this.#origin,
      segments: this.#segments.map((segment) => segment.value()),
      erased: [...erased],
      unfinished: [...this.#unfinished.keys()],
      damaged: [...this.damaged, ...this.#damagedLater],
    };
  }

  sizeBytes(): number {
    return this.#segments.reduce((sum, segment) => sum + segment.sizeBytes, 0);
  }

  append(draft: Draft): Promise<LogRecord> {
    return settled((settle) => this.#enqueue(draft, settle));
  }

  appendThen(drafts: readonly Draft[], _options: AppendAllOptions, settle: Settle): void {
    let left = drafts.length;
    let fault: Fault | undefined;
    for (const draft of drafts) {
      this.#enqueue(draft, (outcome) => {
        if (outcome instanceof Fault) fault ??= outcome;
        if (--left === 0) settle(fault ?? outcome);
      });
    }
  }

  /**
   * Appends a record whose position was decided elsewhere.
   * @throws Fault as `append`; log-conflict: it does not come next
   */
  appendDecided(sealed: SealedDraft, decided: Decided): Promise<LogRecord> {
    return settled((settle) => this.#admit({ content: sealed, decided, settle }));
  }

  /**
   * Appends a record of another log, with its numbers and time. Records that its `erase` records
   * name are blank in it already.
   * @throws Fault as `append`; log-conflict: it does not come next
   */
  appendCopied(content: CopiedLine): Promise<LogRecord> {
    return settled((settle) => this.#admit({ content, settle }));
  }

  #enqueue(draft: Draft, settle: Settle): void {
    const { entropy, sha256 } = this.#options;
    const fault = this.#refusal();
    if (fault !== undefined) return settleLater(settle, fault);
    this.#wait({ content: sealDraft(draft, entropy(SALT_BYTES), sha256), settle });
  }

  #admit(waiter: Waiter): void {
    const fault = this.#refusal();
    if (fault === undefined) this.#wait(waiter);
    else settleLater(waiter.settle, fault);
  }

  #wait(waiter: Waiter): void {
    const { content, settle } = waiter;
    const sizeBytes = waiterBytes(content);
    if (sizeBytes > LINE_BYTES_MAX) {
      const sentence = `a record of ${sizeBytes} bytes does not fit a line`;
      return settleLater(settle, new Fault("too-large", sentence));
    }
    if (this.#queueBytes + sizeBytes > APPEND_QUEUE_BYTES_MAX) {
      const sentence = `${this.#queueBytes} bytes wait for the disk already`;
      return settleLater(settle, new Fault("too-many", sentence, { retryAfterMs: 1_000 }));
    }
    this.#queueBytes += sizeBytes;
    this.#queue.push(waiter);
    this.#draining ??= this.#drain();
  }

  erase(seq: number, eraseSeq: number): Promise<void> {
    assert(seq >= 1 && seq < eraseSeq && eraseSeq <= this.head(), "a durable record orders it");
    const fault = this.#refusal();
    if (fault !== undefined) return Promise.reject(fault);
    if (!this.#erased.has(seq)) this.#erased.set(seq, eraseSeq);
    return new Promise((resolve, reject) => {
      this.#blanks.push({ seq, eraseSeq, resolve, reject });
      this.#draining ??= this.#drain();
    });
  }

  #refusal(): Fault | undefined {
    return this.#isClosed ? new Fault("shutting-down", "the log is closed") : this.#failure;
  }

  async *read(from: number, to = this.head()): AsyncGenerator<LogRecord> {
    const last = Math.min(to, this.head());
    for (const segment of segmentsOf(this.#segments, from, last)) {
      yield* this.#readSegment(segment, from, last);
    }
  }

  /** Durable records without their bodies: everything that the tree covers. */
  heads(from: number, to: number): AsyncGenerator<LogRecord> {
    return readHeads(this.#options.disk, this.#segments, from, Math.min(to, this.head()));
  }

  /**
   * Returns a durable record as it is on disk, without its newline.
   * @throws Fault store-…
   */
  async line(seq: number): Promise<Uint8Array> {
    const { disk } = this.#options;
    try {
      return (await lineOf(disk, this.#segments, seq)).bytes;
    } catch (error) {
      throw diskFault(error, this.#segment.path);
    }
  }

  /** Seq of the last durable record of this room, 0 = none. */
  lastSeq(room: Draft["room"]): number {
    return this.#order.lastSeq(room);
  }

  /** Identifies the log, see `originOf`; `undefined` while it is empty. */
  get origin(): string | undefined {
    return this.#origin;
  }

  /**
   * Begins another log with what is left of this one, after acknowledged records were lost: clients
   * of the old log notice the new origin.
   */
  async fork({ fold, onRecord }: Pick<LogOptions, "fold" | "onRecord"> = {}): Promise<void> {
    const keptSize = this.head();
    const body = { ...(this.keptNote === undefined ? {} : { from: this.keptNote }), keptSize };
    const room = LOG_PLACE;
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
    // In the tick of the last comparison: nothing can become durable in between.
    this.#followers.add(follower);
    return () => {
      this.#followers.delete(follower);
    };
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#draining;
    await this.#verifying?.catch(() => undefined);
    this.#followers.clear();
    this.#file.close();
  }

  async *#readSegment(segment: Segment, from: number, last: number): AsyncGenerator<LogRecord> {
    const { disk, sha256 } = this.#options;
    try {
      using file = disk.open(segment.path, "read");
      for await (const block of scanBlocks(file, segment.seek(from), segment.sizeBytes)) {
        for (const line of linesOf(block)) {
          const parsed = parseLine(line.bytes);
          const found = parsed.kind === "record" ? parsed.record : parseHead(line.bytes)?.record;
          const seq = found?.head.seq ?? 0;
          const erased = this.#erased.get(seq);
          if (found === undefined || (parsed.kind !== "record" && erased === undefined)) {
            throw new Fault("log-corrupt", `${segment.path} is damaged at byte ${line.offset}`);
          }
          if (seq < from) continue;
          if (seq > last) return;
          // A record that is being erased may be read in part.
          if (erased !== undefined) yield asErased(found, erased);
          else yield bodyFits(found, sha256) ? found : asDamaged(found);
        }
      }
    } catch (error) {
      throw diskFault(error, segment.path);
    }
  }

  async #drain(): Promise<void> {
    await this.#gathered(0);
    while (this.#queue.length + this.#blanks.length > 0) {
      await this.#eraseQueued();
      const waiters = this.#queue.splice(0, batchLength(this.#queue));
      for (const waiter of waiters) this.#queueBytes -= waiterBytes(waiter.content);
      const unixMs = this.#options.clock.unixMs();
      const batch = buildBatch(waiters, this.#order, unixMs, this.#lines);
      const leaves = await this.#commit(batch);
      if (leaves instanceof Fault) for (const waiter of waiters) waiter.settle(leaves);
      else this.#settle(batch, leaves);
      if (this.#failure !== undefined) this.#refuseQueued(this.#failure);
      else await this.#gathered(waiters.length);
    }
    this.#draining = undefined;
  }

  /** @param last size of the last batch */
  async #gathered(last: number): Promise<void> {
    for (let turn = 0; turn < GATHER_TURNS; turn++) await undefined;
    if (last < BUSY_RECORDS || this.#queue.length === 0) return;
    await delay(this.#options.clock, 0);
  }

  async #eraseQueued(): Promise<void> {
    for (const { seq, eraseSeq, resolve, reject } of this.#blanks.splice(0)) {
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

  /**
   * Makes the batch durable, or rolls the log back and returns the reason.
   * @returns its leaves
   */
  async #commit(batch: Batch): Promise<Fault | readonly Uint8Array[]> {
    if (batch.bytes.length === 0) return [];
    const { segmentBytes = SEGMENT_BYTES_MAX, sha256 } = this.#options;
    try {
      if (this.#segment.sizeBytes >= segmentBytes) await this.#beginSegment();
      await writeWhole(this.#file, batch.bytes, this.#segment.sizeBytes, BATCH_SYNC_BYTES_MAX);
    } catch (error) {
      return isFull(error) ? await this.#takeBack(error) : this.#fail(error);
    }
    try {
      const syncing = this.#file.sync();
      const leaves = leavesOf(batch, sha256);
      await syncing;
      return leaves;
    } catch (error) {
      return this.#fail(error);
    }
  }

  /** Rolls back durably: after a crash refused records must not be found. */
  async #takeBack(cause: unknown): Promise<Fault> {
    const { disk, reservePath } = this.#options;
    try {
      disk.remove(reservePath);
      this.#file.truncate(this.#segment.sizeBytes);
      await this.#file.sync();
    } catch (error) {
      return this.#fail(error);
    }
    return diskFault(cause, this.#segment.path);
  }

  /** After this the state of the file is unknown: only a restart, which reads it, can continue. */
  #fail(error: unknown): Fault {
    this.#failure = new Fault("store-failed", `the disk failed at ${this.#segment.path}`, {
      cause: error,
    });
    return this.#failure;
  }

  #refuseQueued(fault: Fault): void {
    for (const waiter of this.#queue.splice(0)) waiter.settle(fault);
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

  /** Order and tree grow in one step: no closed group is ever seen without its last records. */
  #settle(batch: Batch, leaves: readonly Uint8Array[]): void {
    const { sha256 } = this.#options;
    for (const leaf of leaves) this.tree.append(leaf);
    const records: LogRecord[] = [];
    const start = this.#segment.sizeBytes;
    for (const { waiter, outcome } of batch.placed) {
      if (outcome instanceof Fault) continue;
      this.#order.advance(outcome.head);
      if (beginsLog(outcome.head)) this.#origin = originOf(leafHash(outcome.headBytes, sha256));
      this.#segment.mark(outcome.head.seq, start + (batch.offsets[records.length] ?? 0));
      // The targets of a copied order are blank in the copy.
      const orders = "bytes" in waiter.content ? this.#erased : this.#unfinished;
      for (const target of erasuresOf(outcome)) {
        if (orders !== this.#erased || !orders.has(target)) orders.set(target, outcome.head.seq);
      }
      records.push(outcome);
    }
    this.#segment.sizeBytes += batch.bytes.length;
    for (const record of records) this.#tell(record);
    for (const { waiter, outcome } of batch.placed) waiter.settle(outcome);
  }

  #tell(record: LogRecord): void {
    for (const follower of this.#followers) {
      if (record.head.seq < follower.next) continue;
      follower.next = record.head.seq + 1;
      follower.onRecord(record);
    }
  }
}

/** Not from inside the call: its caller is in the middle of something. */
function settleLater(settle: Settle, fault: Fault): void {
  queueMicrotask(() => settle(fault));
}
