/** Reads a log at the start and repairs its end. */

import { basename, join } from "node:path";
import { equalBytes } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import type { Sha256 } from "../../base/ids.ts";
import { Erasures } from "../../core/log/erasures.ts";
import type { MerkleTree } from "../../core/log/merkle.ts";
import type { LogOrder } from "../../core/log/order.ts";
import type { RecordKind } from "../../wire/kinds.ts";
import {
  asDamaged,
  bodyFits,
  bodyOf,
  type FoldedRecord,
  type LogRecord,
  leafHash,
  parseHead,
  parseLine,
} from "../../wire/record.ts";
import type { Disk, DiskFile } from "../disk/disk.ts";
import { writeSynced } from "../disk/whole-file.ts";
import type { KeptCheckpoint } from "./checkpoint-file.ts";
import { collectErasures, eraseLine, eraseRecord, syncPath } from "./erasure.ts";
import { withReserve } from "./folder.ts";
import { linesOf, type ScannedLine, scanBlocks } from "./scan.ts";
import { listSegments, Segment, segmentName } from "./segment.ts";
import type { Covered } from "./verification.ts";
import { LogWalk } from "./walk.ts";

export interface RecoveryOptions {
  readonly disk: Disk;
  readonly folder: string;
  readonly tornFolder: string;
  readonly reservePath: string;
  readonly sha256: Sha256;
  /** Called with every record of the log, in order. */
  readonly onRecord?: (record: LogRecord) => void;
  readonly fold?: Fold;
  /** Proof of what the log held; `undefined` if there is none. */
  readonly kept?: KeptCheckpoint | undefined;
  /** Continue without damaged records if acknowledged records are lost. */
  readonly acceptsLoss?: boolean;
}

/** Consumes the records at the start. */
export interface Fold {
  /** Kinds of which `apply` needs only the head: their bodies are checked and omitted. */
  readonly byHead: ReadonlySet<RecordKind>;
  readonly apply: (record: FoldedRecord) => void;
  /**
   * Loads the state of the snapshot first.
   * @returns false if it cannot; the fold is then in its initial state
   */
  readonly load?: () => boolean;
}

/** A tail that was never acknowledged; it was moved to `tornPath`. */
export interface Dropped {
  readonly file: string;
  readonly offset: number;
  readonly droppedBytes: number;
  readonly tornPath: string;
}

export interface Recovered {
  readonly segments: Segment[];
  readonly order: LogOrder;
  readonly tree: MerkleTree;
  /** Identifies the log, see `originOf`; `undefined` if it is empty. */
  readonly origin: string | undefined;
  readonly dropped: readonly Dropped[];
  /** Seqs of records whose body does not match its commitment, or was erased without an order. */
  readonly damaged: readonly number[];
  /** Erased records, each with the seq of the record that ordered it. */
  readonly erased: Map<number, number>;
  /** Acknowledged records were lost, and the loss was accepted. */
  readonly isLossAccepted: boolean;
  /** The part taken from a snapshot that is still to be verified. */
  readonly covered?: Covered;
}

interface Flaw {
  readonly offset: number;
  readonly reason: string;
}

/**
 * Reads the whole log and repairs its end. Acknowledged records are never cut: if anything later
 * shows that a bad line was durable, the log is refused and nothing is changed.
 * @throws Fault log-corrupt, version-unsupported
 */
export async function recoverLog(options: RecoveryOptions): Promise<Recovered> {
  return await new Recovery(options).run();
}

class Recovery {
  readonly #options: RecoveryOptions;
  readonly #walk: LogWalk;
  readonly #segments: Segment[] = [];
  readonly #dropped: Dropped[] = [];
  readonly #damaged: number[] = [];
  readonly #erasures = new Erasures();
  /** Erasures after the first doubtful line, read when that line is met. */
  #later: Erasures | undefined;

  /** `durable` of the last line, and the highest of all valid lines that stay. */
  #durable = 0;
  #vouched = 0;
  /** The last record of the newest segment whose body is damaged. */
  #doubted = 0;
  /** The checkpoint, once the log was found to match it. */
  #reached: KeptCheckpoint | undefined;
  /** The checkpoint that the newest `fork` has abandoned. */
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
        await this.#lose(segment, { offset: 0, reason }, firstSeqs.slice(index));
        break;
      }
      this.#segments.push(segment);
      const lost = await this.#readSegment(segment, index === firstSeqs.length - 1);
      if (lost === undefined) continue;
      await this.#lose(segment, lost, firstSeqs.slice(index + 1));
      break;
    }
    if (firstSeqs.length === 0) this.#judgeCheckpoint(undefined);
    await this.#finishErasing();
    return {
      segments: this.#segments,
      order: this.#walk.order,
      tree: this.#walk.tree,
      origin: this.#walk.origin,
      dropped: this.#dropped,
      damaged: this.#damaged,
      erased: this.#erasures.orders,
      isLossAccepted: this.#isLossAccepted,
    };
  }

  /** Finishes erasures ordered before a crash, and reports those without an order. */
  async #finishErasing(): Promise<void> {
    for (const [seq, eraseSeq] of this.#erasures.due()) {
      await eraseRecord(this.#options, this.#segments, { seq, eraseSeq });
    }
    await this.#syncErased();
    this.#damaged.push(...this.#erasures.unordered());
  }

  /**
   * Syncs erased lines, since a snapshot will say that they are blank permanently. The last segment
   * is synced anyway.
   */
  async #syncErased(): Promise<void> {
    const seqs = [...this.#erasures.blank.keys()];
    for (const [index, { path, firstSeq }] of this.#segments.slice(0, -1).entries()) {
      const next = this.#segments[index + 1]?.firstSeq ?? 0;
      if (seqs.some((seq) => seq >= firstSeq && seq < next)) {
        await syncPath(this.#options.disk, path);
      }
    }
  }

  /**
   * Erases a doubtful line again if a later record orders it: the erasure was torn, or never begun.
   * @returns undefined if no record ordered it
   */
  async #eraseAgain(segment: Segment, line: ScannedLine): Promise<LogRecord | undefined> {
    const parsed = line.whole ? parseHead(line.bytes) : undefined;
    if (parsed === undefined || this.#walk.order.objection(parsed.record.head) !== undefined) {
      return undefined;
    }
    this.#later ??= await this.#erasuresFrom(segment, line.offset);
    const erased = this.#later.orders.get(parsed.record.head.seq);
    if (erased === undefined) return undefined;
    const place = { path: segment.path, offset: line.offset, bytes: Uint8Array.from(line.bytes) };
    await eraseLine(this.#options, place, erased);
    return { ...parsed.record, erased };
  }

  async #erasuresFrom(segment: Segment, offset: number): Promise<Erasures> {
    const { disk, folder, sha256 } = this.#options;
    const erasures = new Erasures();
    for (const firstSeq of listSegments(disk, folder)) {
      if (firstSeq < segment.firstSeq) continue;
      const from = firstSeq === segment.firstSeq ? offset : 0;
      await collectErasures(disk, join(folder, segmentName(firstSeq)), { from, sha256, erasures });
    }
    return erasures;
  }

  /** @returns where damage to acknowledged records begins; undefined if the segment is sound */
  async #readSegment(segment: Segment, isLast: boolean): Promise<Flaw | undefined> {
    using file = this.#options.disk.open(segment.path, isLast ? "write" : "read");
    const sizeBytes = file.sizeBytes();
    const witness = isLast ? new Witness(file, sizeBytes, this.#options.sha256) : undefined;
    const flaw = await this.#readLines(segment, file, sizeBytes, witness);
    segment.sizeBytes = flaw?.offset ?? sizeBytes;
    if (flaw !== undefined) {
      const durable = witness === undefined ? undefined : await this.#durableAfter(witness, flaw);
      // If only the tail proves that a damaged record was acknowledged, the next start would take
      // that record for torn without it.
      const isLost =
        durable === undefined ||
        durable > this.#walk.order.seq ||
        this.#doubted > Math.max(this.#vouched, this.#covered());
      if (isLost) {
        if (this.#options.acceptsLoss !== true) throw this.#corrupt(segment, flaw);
        await this.#dropTail(segment, file, sizeBytes);
        return flaw;
      }
    }
    if (isLast) this.#judgeCheckpoint(segment);
    if (flaw !== undefined) await this.#dropTail(segment, file, sizeBytes);
    // A killed process's writes may still be in memory: from here on they count as durable.
    if (isLast) await file.sync();
    return undefined;
  }

  /** Seq up to which the checkpoint proves durability; 0 = it proves nothing any more. */
  #covered(): number {
    const { kept } = this.#options;
    return kept === undefined || this.#forkedFrom === kept.note ? 0 : kept.checkpoint.size;
  }

  async #durableAfter(witness: Witness, { offset }: Pick<Flaw, "offset">): Promise<number> {
    return Math.max(this.#covered(), await witness.durableAfter(offset));
  }

  /**
   * Checks that the log is still what was signed. Changes nothing before that is known.
   * @param last undefined if there is no segment
   */
  #judgeCheckpoint(last: Segment | undefined): void {
    const { kept, folder, acceptsLoss } = this.#options;
    const covered = this.#covered();
    if (kept === undefined || covered === 0) return;
    const path = last?.path ?? folder;
    const { seq } = this.#walk.order;
    const remedy = "restore a backup, or give up what is lost with chat serve --accept-loss";
    let sentence: string | undefined;
    if (seq < covered) {
      const offset = last?.sizeBytes ?? 0;
      sentence =
        `${path} ends at byte ${offset} before seq ${seq + 1}, ` +
        `but ${covered} records were signed as durable`;
    } else if (this.#reached !== kept) {
      sentence = `a record up to seq ${covered} in ${folder} is not the one that was signed`;
    }
    if (sentence === undefined) return;
    if (acceptsLoss !== true) throw new Fault("log-corrupt", sentence, { remedy });
    this.#isLossAccepted = true;
  }

  /** Continues without the rest: damage is cut off already, and later files are moved away. */
  async #lose(segment: Segment, flaw: Flaw, rest: readonly number[]): Promise<void> {
    const { disk, folder, tornFolder, acceptsLoss } = this.#options;
    if (acceptsLoss !== true) throw this.#corrupt(segment, flaw);
    this.#isLossAccepted = true;
    disk.makeFolder(tornFolder);
    for (const firstSeq of rest) {
      const path = join(folder, segmentName(firstSeq));
      const tornPath = this.#freeTornPath(`${segmentName(firstSeq)}.0`);
      const file = disk.open(path, "read");
      const droppedBytes = file.sizeBytes();
      file.close();
      disk.rename(path, tornPath);
      this.#dropped.push({ file: path, offset: 0, droppedBytes, tornPath });
    }
    await disk.syncFolder(tornFolder);
    await disk.syncFolder(folder);
  }

  /** @param witness undefined if all lines are durable because a later segment was begun */
  async #readLines(
    segment: Segment,
    file: DiskFile,
    sizeBytes: number,
    witness: Witness | undefined,
  ): Promise<Flaw | undefined> {
    let flaw: Flaw | undefined;
    await this.#walk.read(
      { file, from: 0, to: sizeBytes },
      {
        onSound: (start) => this.#takeSound(segment, start),
        onDoubtful: async (line) => {
          const reason = await this.#takeDoubtful(segment, line, witness);
          if (reason !== undefined) flaw = { offset: line.offset, reason };
          return reason === undefined;
        },
      },
    );
    return flaw;
  }

  /** @returns the reason why it is not a record; undefined if it was accepted */
  async #takeDoubtful(
    segment: Segment,
    line: ScannedLine,
    witness: Witness | undefined,
  ): Promise<string | undefined> {
    let record = this.#nextRecord(line);
    let fits = typeof record !== "string" && bodyFits(record, this.#options.sha256);
    if (!fits) {
      const erased = await this.#eraseAgain(segment, line);
      fits = erased !== undefined;
      record = erased ?? record;
    }
    if (typeof record === "string") return record;
    if (fits) this.#vouched = Math.max(this.#vouched, this.#durable);
    if (!fits && witness !== undefined) {
      const durable = await this.#durableAfter(witness, line);
      if (durable < record.head.seq) return "its body is torn";
      this.#doubted = record.head.seq;
    }
    segment.mark(record.head.seq, line.offset);
    this.#take(record, fits);
    return undefined;
  }

  #takeSound(segment: Segment, start: number): undefined {
    const { line } = this.#walk;
    const { fold, onRecord } = this.#options;
    this.#vouched = Math.max(this.#vouched, line.durable);
    segment.mark(line.seq, start);
    this.#compareKept(line.seq);
    this.#fold(line.record(fold?.byHead.has(line.kind) !== true));
    onRecord?.(line.logRecord());
  }

  /** Returns the next record, or what is wrong with this line. */
  #nextRecord(line: ScannedLine): LogRecord | string {
    if (!line.whole) return "it has no end";
    const parsed = parseLine(line.bytes);
    if (parsed.kind === "bad") return parsed.reason;
    if (parsed.kind === "newer") {
      const { seq } = this.#walk.order;
      if (parsed.seq !== seq + 1) return `seq ${parsed.seq} follows ${seq}`;
      throw new Fault(
        "version-unsupported",
        `seq ${parsed.seq} is a '${parsed.recordKind}': a newer chat wrote this log`,
        { remedy: "use that version" },
      );
    }
    this.#durable = parsed.durable;
    return this.#walk.order.objection(parsed.record.head) ?? parsed.record;
  }

  #take(record: LogRecord, fits: boolean): void {
    this.#walk.advance(record.head, leafHash(record.headBytes, this.#options.sha256));
    this.#compareKept(record.head.seq);
    if (!fits) this.#damaged.push(record.head.seq);
    const told = fits ? record : asDamaged(record);
    this.#fold(told);
    this.#options.onRecord?.(told);
  }

  #compareKept(seq: number): void {
    const { kept } = this.#options;
    if (kept === undefined || seq !== kept.checkpoint.size) return;
    const { origin, root } = kept.checkpoint;
    if (origin === this.#walk.origin && equalBytes(root, this.#walk.tree.root())) {
      this.#reached = kept;
    }
  }

  #fold(record: FoldedRecord): void {
    if (record.head.kind === "fork") this.#forkedFrom = bodyOf(record, "fork")?.from;
    this.#erasures.take(record);
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
    const taken = new Set(disk.list(tornFolder));
    let number = 1;
    while (taken.has(`${name}.${number}`)) number += 1;
    return join(tornFolder, `${name}.${number}`);
  }

  #corrupt(segment: Segment, flaw: Flaw): Fault {
    const seq = this.#walk.order.seq + 1;
    return new Fault(
      "log-corrupt",
      `${segment.path} is damaged at byte ${flaw.offset}, where seq ${seq} was acknowledged: ` +
        flaw.reason,
    );
  }
}

/** Evidence in later lines of the last segment of what was durable when they were written. */
class Witness {
  readonly #file: DiskFile;
  readonly #sizeBytes: number;
  readonly #sha256: Sha256;
  #durable: number | undefined;

  constructor(file: DiskFile, sizeBytes: number, sha256: Sha256) {
    this.#file = file;
    this.#sizeBytes = sizeBytes;
    this.#sha256 = sha256;
  }

  /**
   * The highest `durable` of any valid line from this offset on, 0 = none. Computed once, at the
   * first doubt: it never decreases in a log, so it answers for every later doubt as well.
   */
  async durableAfter(offset: number): Promise<number> {
    if (this.#durable !== undefined) return this.#durable;
    let durable = 0;
    for await (const block of scanBlocks(this.#file, offset, this.#sizeBytes)) {
      for (const line of linesOf(block)) {
        const parsed = parseLine(line.bytes);
        if (parsed.kind !== "record" || !line.whole) continue;
        if (parsed.durable > durable && bodyFits(parsed.record, this.#sha256)) {
          durable = parsed.durable;
        }
      }
    }
    this.#durable = durable;
    return durable;
  }
}
