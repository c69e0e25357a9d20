/** Recovers a log at the start: reads all records and repairs the end. */

import { basename, join } from "node:path";
import { equalBytes } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import type { Sha256 } from "../../base/ids.ts";
import { Erasures } from "../../core/log/erasures.ts";
import type { MerkleTree } from "../../core/log/merkle.ts";
import type { LogOrder } from "../../core/log/order.ts";
import type { SeqSet } from "../../core/log/seq-set.ts";
import type { RecordKind } from "../../wire/kinds.ts";
import {
  asDamaged,
  asErased,
  bodyOf,
  classifyLine,
  type FoldedRecord,
  type LogRecord,
} from "../../wire/record.ts";
import { type Disk, type DiskFile, moveFile, withReserve, writeSynced } from "../disk/disk.ts";
import type { StoredCheckpoint } from "./checkpoints.ts";
import { collectErasures, eraseLine, eraseRecord, syncPath } from "./erasure.ts";
import { intactRecords, type ScannedLine } from "./scan.ts";
import { listSegments, Segment, segmentName } from "./segment.ts";
import { type Covered, corruptFault, LogWalk, type Tail } from "./walk.ts";

const LOSS_REMEDY = "restore a backup, or accept the loss with chat serve --accept-loss";

export interface RecoveryOptions {
  readonly disk: Disk;
  readonly folder: string;
  readonly tornFolder: string;
  readonly reservePath: string;
  readonly sha256: Sha256;
  readonly onRecord?: (record: LogRecord) => void;
  readonly fold?: Fold;
  readonly stored?: StoredCheckpoint | undefined;
  readonly acceptsLoss?: boolean;
}

export interface Fold {
  /** @param lastByte of the body's last field; `undefined` if the record was erased */
  readonly needsBody: (kind: RecordKind, room: string, lastByte: number | undefined) => boolean;
  readonly apply: (record: FoldedRecord) => void;
  readonly load?: () => boolean;
}

export interface DroppedTail {
  readonly file: string;
  readonly offset: number;
  readonly droppedBytes: number;
  readonly tornPath: string;
}

export interface Recovered {
  readonly segments: Segment[];
  readonly order: LogOrder;
  readonly tree: MerkleTree;
  readonly origin: string | undefined;
  readonly dropped: readonly DroppedTail[];
  readonly damaged: readonly number[];
  readonly erased: SeqSet;
  readonly isLossAccepted: boolean;
  readonly covered?: Covered;
}

interface Flaw {
  readonly offset: number;
  readonly reason: string;
}

/**
 * Reads the whole log and repairs its end. Changes nothing if an invalid line was durable.
 * @throws {Fault} log-corrupt if acknowledged records are damaged, version-unsupported if the
 * format is newer
 */
export async function recoverLog(options: RecoveryOptions): Promise<Recovered> {
  return await new Recovery(options).run();
}

class Recovery {
  readonly #options: RecoveryOptions;
  readonly #walk: LogWalk;
  readonly #segments: Segment[] = [];
  readonly #dropped: DroppedTail[] = [];
  readonly #damaged: number[] = [];
  readonly #erasures = new Erasures();
  readonly #segmentsWithBlanks = new Set<Segment>();
  #laterErasures: Erasures | undefined;
  #laterDurable: number | undefined;

  #durable = 0;
  #provenDurable = 0;
  #lastDamaged = 0;
  #matchedCheckpoint: StoredCheckpoint | undefined;
  #forkedFrom: unknown;
  #isLossAccepted = false;

  constructor(options: RecoveryOptions) {
    this.#options = options;
    this.#walk = new LogWalk(options.sha256);
  }

  async run(): Promise<Recovered> {
    const { disk, folder } = this.#options;
    const firstSeqs = listSegments(disk, folder);
    for (const [index, firstSeq] of firstSeqs.entries()) {
      const segment = new Segment(folder, firstSeq);
      const expected = this.#walk.order.seq + 1;
      if (firstSeq !== expected) {
        const reason = `the file with seq ${expected} is missing`;
        await this.#moveRemaining(segment, { offset: 0, reason }, firstSeqs.slice(index));
        break;
      }
      this.#segments.push(segment);
      const lost = await this.#readSegment(segment, index === firstSeqs.length - 1);
      if (lost === undefined) continue;
      await this.#moveRemaining(segment, lost, firstSeqs.slice(index + 1));
      break;
    }
    if (firstSeqs.length === 0) this.#checkCheckpoint(undefined);
    await this.#finishErasures();
    return {
      segments: this.#segments,
      order: this.#walk.order,
      tree: this.#walk.tree,
      origin: this.#walk.origin,
      dropped: this.#dropped,
      damaged: this.#damaged,
      erased: this.#erasures.ordered,
      isLossAccepted: this.#isLossAccepted,
    };
  }

  async #finishErasures(): Promise<void> {
    for (const [seq, eraseSeq] of this.#erasures.pending) {
      await eraseRecord(this.#options, this.#segments, { seq, eraseSeq });
    }
    await this.#syncErased();
    this.#damaged.push(...this.#erasures.unordered());
  }

  /** A snapshot will record the erased lines as blank, so they must be durable. */
  async #syncErased(): Promise<void> {
    for (const segment of this.#segments.slice(0, -1)) {
      if (this.#segmentsWithBlanks.has(segment)) await syncPath(this.#options.disk, segment.path);
    }
  }

  async #retryErasure(
    { path, firstSeq }: Segment,
    line: ScannedLine,
    record: LogRecord,
  ): Promise<LogRecord | undefined> {
    const { offset } = line;
    this.#laterErasures ??= await this.#erasuresFrom(firstSeq, offset);
    const eraseSeq = this.#laterErasures.pending.get(record.head.seq);
    if (eraseSeq === undefined) return undefined;
    const bytes = Uint8Array.from(line.bytes);
    await eraseLine(this.#options, { path, offset, bytes }, eraseSeq);
    return asErased(record, eraseSeq);
  }

  async #erasuresFrom(start: number, offset: number): Promise<Erasures> {
    const { disk, folder, sha256 } = this.#options;
    const erasures = new Erasures();
    for (const firstSeq of listSegments(disk, folder)) {
      if (firstSeq < start) continue;
      const from = firstSeq === start ? offset : 0;
      await collectErasures(disk, join(folder, segmentName(firstSeq)), { from, sha256, erasures });
    }
    return erasures;
  }

  async #readSegment(segment: Segment, isLast: boolean): Promise<Flaw | undefined> {
    using file = this.#options.disk.open(segment.path, isLast ? "write" : "read");
    const sizeBytes = file.sizeBytes();
    const tail = isLast ? { file, sizeBytes } : undefined;
    const flaw = await this.#readLines(segment, file, sizeBytes, tail);
    segment.sizeBytes = flaw?.offset ?? sizeBytes;
    if (flaw !== undefined) {
      const durable = tail && (await this.#durableAfter(tail, flaw.offset));
      // The tail may hold the only evidence that a record was acknowledged. Without the tail, the
      // next start would treat that record as an unfinished write.
      const isLost =
        durable === undefined ||
        durable > this.#walk.order.seq ||
        this.#lastDamaged > Math.max(this.#provenDurable, this.#signedSize());
      if (isLost) {
        if (this.#options.acceptsLoss !== true) throw this.#corrupt(segment, flaw);
        await this.#dropTail(segment, file, sizeBytes);
        return flaw;
      }
    }
    if (isLast) this.#checkCheckpoint(segment);
    if (flaw !== undefined) await this.#dropTail(segment, file, sizeBytes);
    // Sync, because a killed process may have left unsynced writes.
    if (isLast) await file.sync();
    return undefined;
  }

  #signedSize(): number {
    const { stored } = this.#options;
    return stored === undefined || this.#forkedFrom === stored.note ? 0 : stored.checkpoint.size;
  }

  /**
   * Returns the number of records that are proven durable by the checkpoint or by any intact record
   * from this offset on. Cached, because the field `durable` never decreases within a log.
   */
  async #durableAfter({ file, sizeBytes }: Tail, offset: number): Promise<number> {
    if (this.#laterDurable === undefined) {
      this.#laterDurable = 0;
      const { sha256 } = this.#options;
      for await (const { durable } of intactRecords(file, offset, sizeBytes, sha256)) {
        this.#laterDurable = Math.max(this.#laterDurable, durable);
      }
    }
    return Math.max(this.#signedSize(), this.#laterDurable);
  }

  #checkCheckpoint(last: Segment | undefined): void {
    const { stored, folder, acceptsLoss } = this.#options;
    const covered = this.#signedSize();
    if (stored === undefined || covered === 0) return;
    const path = last?.path ?? folder;
    const { seq } = this.#walk.order;
    let message: string | undefined;
    if (seq < covered) {
      const offset = last?.sizeBytes ?? 0;
      message =
        `${path} ends at byte ${offset} before seq ${seq + 1}, ` +
        `but ${covered} records were signed as durable`;
    } else if (this.#matchedCheckpoint !== stored) {
      message = `records up to seq ${covered} in ${folder} do not match the signed checkpoint`;
    }
    if (message === undefined) return;
    if (acceptsLoss !== true) throw new Fault("log-corrupt", message, { remedy: LOSS_REMEDY });
    this.#isLossAccepted = true;
  }

  async #moveRemaining(
    segment: Segment,
    flaw: Flaw,
    laterFirstSeqs: readonly number[],
  ): Promise<void> {
    const { disk, folder, tornFolder, acceptsLoss } = this.#options;
    if (acceptsLoss !== true) throw this.#corrupt(segment, flaw);
    this.#isLossAccepted = true;
    disk.makeFolder(tornFolder);
    for (const firstSeq of laterFirstSeqs) {
      const path = join(folder, segmentName(firstSeq));
      const tornPath = this.#freeTornPath(`${segmentName(firstSeq)}.0`);
      const file = disk.open(path, "read");
      const droppedBytes = file.sizeBytes();
      file.close();
      await moveFile(disk, path, tornPath);
      this.#dropped.push({ file: path, offset: 0, droppedBytes, tornPath });
    }
    await disk.syncFolder(tornFolder);
    await disk.syncFolder(folder);
  }

  async #readLines(
    segment: Segment,
    file: DiskFile,
    sizeBytes: number,
    tail: Tail | undefined,
  ): Promise<Flaw | undefined> {
    let flaw: Flaw | undefined;
    await this.#walk.read(
      { file, from: 0, to: sizeBytes },
      {
        onValid: (start) => this.#addValid(segment, start),
        onInvalid: async (line) => {
          const reason = await this.#handleInvalid(segment, line, tail);
          if (reason !== undefined) flaw = { offset: line.offset, reason };
          return reason === undefined;
        },
      },
    );
    return flaw;
  }

  async #handleInvalid(
    segment: Segment,
    line: ScannedLine,
    tail: Tail | undefined,
  ): Promise<string | undefined> {
    if (!line.isComplete) return "the line is incomplete";
    const { order } = this.#walk;
    const found = classifyLine(line.bytes, this.#options.sha256);
    const isNext = found.kind === "newer" && found.seq === order.seq + 1;
    if (isNext && this.#options.acceptsLoss !== true) {
      throw new Fault("version-unsupported", `record ${found.seq}: ${found.reason}`, {
        remedy: `upgrade chat; if it is the newest version, ${LOSS_REMEDY}`,
      });
    }
    if (found.record === undefined) return found.reason;
    if (found.kind !== "torn") this.#durable = found.durable;
    const violation = order.violation(found.record.head);
    if (violation !== undefined) return violation;
    const erased =
      found.kind === "intact" ? undefined : await this.#retryErasure(segment, line, found.record);
    if (found.kind === "torn" && erased === undefined) return found.reason;
    const record = erased ?? found.record;
    const isIntact = found.kind === "intact" || erased !== undefined;
    if (isIntact) this.#provenDurable = Math.max(this.#provenDurable, this.#durable);
    else if (tail !== undefined) {
      const durable = await this.#durableAfter(tail, line.offset);
      if (durable < record.head.seq) return "its body is incomplete";
      this.#lastDamaged = record.head.seq;
    }
    segment.mark(record.head.seq, line.offset);
    this.#add(segment, record, isIntact);
    return undefined;
  }

  #addValid(segment: Segment, start: number): undefined {
    const { line } = this.#walk;
    const { fold, onRecord } = this.#options;
    this.#provenDurable = Math.max(this.#provenDurable, line.durable);
    segment.mark(line.seq, start);
    this.#compareCheckpoint(line.seq);
    this.#fold(segment, line.foldedRecord(fold?.needsBody));
    onRecord?.(line.logRecord());
  }

  #add(segment: Segment, record: LogRecord, isIntact: boolean): void {
    this.#walk.accept(record);
    this.#compareCheckpoint(record.head.seq);
    if (!isIntact) this.#damaged.push(record.head.seq);
    const readableRecord = isIntact ? record : asDamaged(record);
    this.#fold(segment, readableRecord);
    this.#options.onRecord?.(readableRecord);
  }

  #compareCheckpoint(seq: number): void {
    const { stored } = this.#options;
    if (stored === undefined || seq !== stored.checkpoint.size) return;
    const { origin, root } = stored.checkpoint;
    if (origin === this.#walk.origin && equalBytes(root, this.#walk.tree.root())) {
      this.#matchedCheckpoint = stored;
    }
  }

  #fold(segment: Segment, record: FoldedRecord): void {
    if (record.erased !== undefined) this.#segmentsWithBlanks.add(segment);
    if (record.head.kind === "fork") this.#forkedFrom = bodyOf(record, "fork")?.from;
    this.#erasures.add(record);
    this.#options.fold?.apply(record);
  }

  async #dropTail(segment: Segment, file: DiskFile, sizeBytes: number): Promise<void> {
    const { disk, folder, reservePath } = this.#options;
    const tail = new Uint8Array(sizeBytes - segment.sizeBytes);
    file.read(tail, segment.sizeBytes);
    const tornPath = await withReserve(disk, reservePath, () => this.#saveTorn(segment, tail));
    file.truncate(segment.sizeBytes);
    await file.sync();
    await disk.syncFolder(folder);
    this.#dropped.push({
      file: segment.path,
      offset: segment.sizeBytes,
      droppedBytes: tail.length,
      tornPath,
    });
  }

  async #saveTorn(segment: Segment, tail: Uint8Array): Promise<string> {
    const { disk, tornFolder } = this.#options;
    disk.makeFolder(tornFolder);
    const path = this.#freeTornPath(`${basename(segment.path)}.${segment.sizeBytes}`);
    await writeSynced(disk, path, tail);
    await disk.syncFolder(tornFolder);
    await disk.syncFolder(join(tornFolder, ".."));
    return path;
  }

  #freeTornPath(name: string): string {
    const { disk, tornFolder } = this.#options;
    const usedNames = new Set(disk.list(tornFolder));
    let number = 1;
    while (usedNames.has(`${name}.${number}`)) number += 1;
    return join(tornFolder, `${name}.${number}`);
  }

  #corrupt(segment: Segment, flaw: Flaw): Fault {
    const at = { ...flaw, file: segment.path, seq: this.#walk.order.seq + 1 };
    return corruptFault(at, LOSS_REMEDY);
  }
}
