import { basename, join } from "node:path";
import { Fault } from "../../base/fault.ts";
import type { Sha256 } from "../../base/ids.ts";
import { BATCH_SYNC_BYTES_MAX } from "../../base/limits.ts";
import { MerkleEdge } from "../../core/log/merkle.ts";
import { LogOrder } from "../../core/log/order.ts";
import { erasuresOf } from "../../core/rooms/erasures.ts";
import {
  asDamaged,
  bodyFits,
  type LogRecord,
  leafHash,
  parseHead,
  parseLine,
} from "../../wire/record.ts";
import { type Disk, type DiskFile, isFull, writeWhole } from "../disk/disk.ts";
import { collectOrders, eraseLine, eraseRecord } from "./erasure.ts";
import { linesOf, type ScannedLine, scanBlocks } from "./scan.ts";
import { listSegments, Segment, segmentName } from "./segment.ts";

export interface RecoveryOptions {
  readonly disk: Disk;
  readonly folder: string;
  readonly tornFolder: string;
  readonly reservePath: string;
  readonly sha256: Sha256;
  /** Called with every record of the log, in order. */
  readonly onRecord: (record: LogRecord) => void;
}

/** A tail that no one was ever told about: it was moved to `tornPath`. */
export interface Dropped {
  readonly file: string;
  readonly offset: number;
  readonly droppedBytes: number;
  readonly tornPath: string;
}

export interface Recovered {
  readonly segments: Segment[];
  readonly order: LogOrder;
  readonly tree: MerkleEdge;
  readonly dropped: readonly Dropped[];
  /** Seq of records whose body does not fit its commitment, or was erased without an order. */
  readonly damaged: readonly number[];
  /** Erased records, each with the seq of the record that ordered it. */
  readonly erased: Map<number, number>;
}

interface Flaw {
  readonly offset: number;
  readonly reason: string;
}

/**
 * Reads the whole log and makes its end sound. What was acknowledged is never cut: where anything
 * later says that a bad line was durable, the log is refused and nothing is changed.
 * @throws Fault log-corrupt, version-unsupported
 */
export async function recoverLog(options: RecoveryOptions): Promise<Recovered> {
  return await new Recovery(options).run();
}

class Recovery {
  readonly #options: RecoveryOptions;
  readonly #order = new LogOrder();
  readonly #tree: MerkleEdge;
  readonly #segments: Segment[] = [];
  readonly #dropped: Dropped[] = [];
  readonly #damaged: number[] = [];
  /** What is to be erased, as the records so far say it, and what is blank on disk. */
  readonly #orders = new Map<number, number>();
  readonly #erase = new Map<number, number>();
  /** Passwords that are blank: what these had ordered is not to be read any more. */
  readonly #spent = new Map<number, string>();
  /** The same from the first doubtful line on: looked up when it is met. */
  #later: Map<number, number> | undefined;

  /** `durable` of the line read last, and the highest of all sound ones that stay. */
  #durable = 0;
  #vouched = 0;
  /** The last record of the newest segment whose body is damaged. */
  #doubted = 0;

  constructor(options: RecoveryOptions) {
    this.#options = options;
    this.#tree = new MerkleEdge(options.sha256);
  }

  async run(): Promise<Recovered> {
    const { disk, folder } = this.#options;
    const firstSeqs = listSegments(disk, folder);
    for (const [index, firstSeq] of firstSeqs.entries()) {
      const segment = new Segment(folder, firstSeq);
      const expected = this.#order.seq + 1;
      if (firstSeq !== expected) {
        throw this.#corrupt(segment, {
          offset: 0,
          reason: `the file with seq ${expected} is missing`,
        });
      }
      await this.#readSegment(segment, index === firstSeqs.length - 1);
      this.#segments.push(segment);
    }
    await this.#finishErasing();
    return {
      segments: this.#segments,
      order: this.#order,
      tree: this.#tree,
      dropped: this.#dropped,
      damaged: this.#damaged,
      erased: this.#orders,
    };
  }

  /** What was ordered before a crash and not done; and what was done without an order. */
  async #finishErasing(): Promise<void> {
    for (const [seq, eraseSeq] of this.#orders) {
      if (this.#erase.has(seq)) continue;
      await eraseRecord(this.#options, this.#segments, { seq, eraseSeq });
    }
    for (const [seq, eraseSeq] of this.#erase) {
      const isOrdered = this.#orders.get(seq) === eraseSeq || this.#wasSpent(seq, eraseSeq);
      if (!isOrdered) this.#damaged.push(seq);
    }
  }

  /** A password that was replaced by one that was replaced itself: its order went with it. */
  #wasSpent(seq: number, eraseSeq: number): boolean {
    const account = this.#spent.get(seq);
    return account !== undefined && account === this.#spent.get(eraseSeq);
  }

  /**
   * A doubtful line that a later record orders to be erased: its blanking was torn, or never begun.
   * @returns undefined if no record ordered it
   */
  async #eraseAgain(segment: Segment, line: ScannedLine): Promise<LogRecord | undefined> {
    const parsed = line.whole ? parseHead(line.bytes) : undefined;
    if (parsed === undefined || this.#order.objection(parsed.record.head) !== undefined) {
      return undefined;
    }
    this.#later ??= await this.#ordersFrom(segment, line.offset);
    const erased = this.#later.get(parsed.record.head.seq);
    if (erased === undefined) return undefined;
    const place = { path: segment.path, offset: line.offset, bytes: Uint8Array.from(line.bytes) };
    await eraseLine(this.#options, place, erased);
    return { ...parsed.record, erased };
  }

  async #ordersFrom(segment: Segment, offset: number): Promise<Map<number, number>> {
    const { disk, folder, sha256 } = this.#options;
    const orders = new Map<number, number>();
    for (const firstSeq of listSegments(disk, folder)) {
      if (firstSeq < segment.firstSeq) continue;
      const from = firstSeq === segment.firstSeq ? offset : 0;
      await collectOrders(disk, join(folder, segmentName(firstSeq)), { from, sha256, orders });
    }
    return orders;
  }

  async #readSegment(segment: Segment, isLast: boolean): Promise<void> {
    const file = this.#options.disk.open(segment.path, isLast ? "write" : "read");
    try {
      const sizeBytes = file.sizeBytes();
      const witness = isLast ? new Witness(file, sizeBytes, this.#options.sha256) : undefined;
      const flaw = await this.#readLines(segment, file, sizeBytes, witness);
      segment.sizeBytes = flaw?.offset ?? sizeBytes;
      if (flaw !== undefined) {
        if (witness === undefined || (await witness.durableAfter(flaw.offset)) > this.#order.seq) {
          throw this.#corrupt(segment, flaw);
        }
        if (this.#doubted > this.#vouched) {
          // Only the tail says that a damaged record was acknowledged: without it, the next start
          // would take that record for torn.
          throw this.#corrupt(segment, flaw);
        }
        await this.#dropTail(segment, file, sizeBytes);
      }
      // What a killed process wrote may still wait in memory: from here on it counts as durable.
      if (isLast) await file.sync();
    } finally {
      file.close();
    }
  }

  /** @param witness absent where all lines are durable, because a later segment was begun */
  async #readLines(
    segment: Segment,
    file: DiskFile,
    sizeBytes: number,
    witness: Witness | undefined,
  ): Promise<Flaw | undefined> {
    for await (const block of scanBlocks(file, 0, sizeBytes)) {
      for (const line of linesOf(block)) {
        let record = this.#nextRecord(line);
        let fits = typeof record !== "string" && bodyFits(record, this.#options.sha256);
        if (!fits) {
          const erased = await this.#eraseAgain(segment, line);
          fits = erased !== undefined;
          record = erased ?? record;
        }
        if (typeof record === "string") return { offset: line.offset, reason: record };
        if (fits) this.#vouched = Math.max(this.#vouched, this.#durable);
        if (!fits && witness !== undefined) {
          const durable = await witness.durableAfter(line.offset);
          if (durable < record.head.seq) return { offset: line.offset, reason: "its body is torn" };
          this.#doubted = record.head.seq;
        }
        segment.mark(record.head.seq, line.offset);
        this.#take(record, fits);
      }
    }
    return undefined;
  }

  /** The record that comes next, or what is wrong with this line. */
  #nextRecord(line: ScannedLine): LogRecord | string {
    if (!line.whole) return "it has no end";
    const parsed = parseLine(line.bytes);
    if (parsed.kind === "bad") return parsed.reason;
    if (parsed.kind === "newer") {
      if (parsed.seq !== this.#order.seq + 1) return `seq ${parsed.seq} follows ${this.#order.seq}`;
      throw new Fault(
        "version-unsupported",
        `seq ${parsed.seq} is a '${parsed.recordKind}': a newer chat wrote this log`,
        { remedy: "use that version" },
      );
    }
    this.#durable = parsed.durable;
    return this.#order.objection(parsed.record.head) ?? parsed.record;
  }

  #take(record: LogRecord, fits: boolean): void {
    this.#order.advance(record.head);
    this.#tree.append(leafHash(record.headBytes, this.#options.sha256));
    const { seq } = record.head;
    if (!fits) this.#damaged.push(seq);
    if (record.erased !== undefined) this.#erase.set(seq, record.erased);
    if (record.erased !== undefined && record.head.kind === "password") {
      this.#spent.set(seq, record.head.room);
    }
    for (const target of fits ? erasuresOf(record) : []) {
      if (!this.#orders.has(target)) this.#orders.set(target, seq);
    }
    this.#options.onRecord(fits ? record : asDamaged(record));
  }

  async #dropTail(segment: Segment, file: DiskFile, sizeBytes: number): Promise<void> {
    const { disk, folder, reservePath } = this.#options;
    const tail = new Uint8Array(sizeBytes - segment.sizeBytes);
    file.read(tail, segment.sizeBytes);
    let tornPath: string;
    try {
      tornPath = await this.#saveTorn(segment, tail);
    } catch (error) {
      if (!isFull(error)) throw error;
      disk.remove(reservePath);
      tornPath = await this.#saveTorn(segment, tail);
    }
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
    const name = `${basename(segment.path)}.${segment.sizeBytes}`;
    const taken = new Set(disk.list(tornFolder));
    let number = 1;
    while (taken.has(`${name}.${number}`)) number += 1;
    const path = join(tornFolder, `${name}.${number}`);
    const file = disk.open(path, "write");
    try {
      await writeWhole(file, tail, 0, BATCH_SYNC_BYTES_MAX);
      await file.sync();
    } finally {
      file.close();
    }
    await disk.syncFolder(tornFolder);
    await disk.syncFolder(join(tornFolder, ".."));
    return path;
  }

  #corrupt(segment: Segment, flaw: Flaw): Fault {
    const seq = this.#order.seq + 1;
    return new Fault(
      "log-corrupt",
      `${segment.path} is damaged at byte ${flaw.offset}, where seq ${seq} was acknowledged: ` +
        flaw.reason,
    );
  }
}

/** What later lines of the last segment say was durable when they were written. */
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
   * The highest `durable` of any sound line from this offset on, 0 = none. Found once, at the first
   * doubt: it never falls in a log, so it answers for every later doubt as well.
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
