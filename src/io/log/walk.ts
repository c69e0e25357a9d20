/** Iterates over the lines of a log and checks them without changing it. */

import { equalBytes } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import type { Sha256 } from "../../base/ids.ts";
import { MerkleTree } from "../../core/log/merkle.ts";
import { LogOrder } from "../../core/log/order.ts";
import type { SeqSet } from "../../core/log/seq-set.ts";
import { originOf } from "../../wire/checkpoint.ts";
import {
  asDamaged,
  beginsLog,
  classifyLine,
  type FoldedRecord,
  type Head,
  type LogRecord,
  leafHash,
  type StoredLine,
} from "../../wire/record.ts";
import type { Disk, DiskFile } from "../disk/disk.ts";
import { LineReader } from "./line-reader.ts";
import { lineAt, type ScannedBlock, type ScannedLine, scanBlocks } from "./scan.ts";
import { Segment, type SegmentValue } from "./segment.ts";

export interface FileRange {
  readonly file: DiskFile;
  readonly from: number;
  readonly to: number;
  readonly blockBytes?: number | undefined;
}

export interface Tail {
  readonly file: DiskFile;
  readonly sizeBytes: number;
}

export interface WalkEvents {
  /**
   * `walk.line` describes the line until the handler returns; `end` is the offset after its
   * newline. The walk awaits a returned promise before the next line.
   */
  onValid(start: number, end: number): Promise<void> | undefined;
  /**
   * To continue after an invalid line, the handler must call `accept` with the line's record.
   * Returns false to stop the walk.
   */
  onInvalid(line: ScannedLine): Promise<boolean> | boolean;
  readonly onBlock?: (() => Promise<boolean>) | undefined;
}

export class LogWalk {
  readonly order = new LogOrder();
  readonly tree: MerkleTree;
  readonly line: LineReader;
  readonly #sha256: Sha256;
  origin: string | undefined;
  lastSeq = Number.POSITIVE_INFINITY;

  #nextAt = 0;

  constructor(sha256: Sha256) {
    this.#sha256 = sha256;
    this.tree = new MerkleTree(sha256);
    this.line = new LineReader(sha256);
  }

  async read({ file, from, to, blockBytes }: FileRange, events: WalkEvents): Promise<boolean> {
    for await (const block of scanBlocks(file, from, to, blockBytes)) {
      const sizeBytes = block.bytes.length;
      for (let at = 0; at < sizeBytes; ) {
        const pending = this.#addValidLines(block, at, events);
        at = this.#nextAt;
        if (pending !== undefined) await pending;
        else if (this.order.seq >= this.lastSeq) return true;
        else if (at < sizeBytes) {
          const line = lineAt(block, at);
          if (!(await events.onInvalid(line))) return false;
          at += line.bytes.length + 1;
        }
      }
      if ((await events.onBlock?.()) === false) return false;
    }
    return true;
  }

  #addValidLines(
    { bytes, offset }: ScannedBlock,
    from: number,
    events: WalkEvents,
  ): Promise<void> | undefined {
    const { line, order, tree } = this;
    this.#nextAt = from;
    for (let start = from; start < bytes.length && order.seq < this.lastSeq; ) {
      if (!line.readVerified(bytes, start) || order.violation(line) !== undefined) return undefined;
      this.#advance(line, line.leaf(tree.nextLeaf()));
      const { end } = line;
      const pending = events.onValid(offset + start, offset + end + 1);
      start = end + 1;
      this.#nextAt = start;
      if (pending !== undefined) return pending;
    }
    return undefined;
  }

  accept({ head, headBytes }: LogRecord): void {
    this.#advance(head, leafHash(headBytes, this.#sha256));
  }

  #advance(head: Pick<Head, "seq" | "time" | "n" | "kind"> & { room: string }, leaf: Uint8Array) {
    this.order.advance(head);
    this.tree.append(leaf);
    if (beginsLog(head)) this.origin = originOf(leaf);
  }
}

export interface LinePosition {
  readonly file: string;
  readonly offset: number;
}

export interface Flaw extends LinePosition {
  readonly seq: number;
  readonly reason: string;
}

export interface Suspect extends Flaw {
  readonly isTorn: boolean;
}

type RecordSummary = Pick<LogWalk["line"], "seq" | "kind" | "erased">;

export interface LogCheckOptions {
  readonly disk: Disk;
  readonly folder: string;
  readonly sha256: Sha256;
  readonly blockBytes?: number;
  /** Reports whether an invalid line is the end of the log. */
  readonly isEnd?: (line: ScannedLine, tail: Tail) => Promise<boolean> | boolean;
  /**
   * Called if a line is not the next record, or without a line if a file is missing. Returns false
   * to stop, true to skip what is invalid.
   */
  readonly onBreak: (flaw: Flaw, line?: StoredLine) => boolean;
  /**
   * Called for the next record if only later versions know its kind. Without this handler, the
   * record is a break.
   */
  readonly onNewer?: (recordKind: string, flaw: Flaw) => Promise<void> | undefined;
  readonly needs: (record: RecordSummary) => boolean;
  readonly onRecord: (record: FoldedRecord, position: LinePosition) => Promise<void> | undefined;
  readonly onBlock?: () => Promise<boolean>;
}

export class LogCheck {
  readonly walk: LogWalk;
  readonly segments: Segment[] = [];
  /** Records with an invalid body, unless an erasure explains it. */
  readonly suspects = new Map<number, Suspect>();
  readonly #options: LogCheckOptions;
  durable = 0;

  constructor(options: LogCheckOptions) {
    this.#options = options;
    this.walk = new LogWalk(options.sha256);
  }

  begin(firstSeq: number): Segment {
    const segment = new Segment(this.#options.folder, firstSeq);
    const { order } = this.walk;
    const seq = order.seq + 1;
    if (firstSeq !== seq) {
      const reason = `the file with seq ${seq} is missing`;
      this.#options.onBreak({ seq, file: segment.path, offset: 0, reason });
      order.skipTo(firstSeq - 1);
    }
    this.segments.push(segment);
    return segment;
  }

  /** Reads the lines that were not yet read. Returns false if stopped. */
  async read(segment: Segment, to?: number): Promise<boolean> {
    const { disk, blockBytes, isEnd, onBlock } = this.#options;
    using file = disk.open(segment.path, "read");
    const sizeBytes = to ?? file.sizeBytes();
    const range = { file, from: segment.sizeBytes, to: sizeBytes, blockBytes };
    return await this.walk.read(range, {
      onValid: (start, end) => this.#addValid(segment, start, end),
      onInvalid: async (line) => {
        if ((await isEnd?.(line, { file, sizeBytes })) === true) return false;
        if (!(await this.#handleInvalid(segment, line))) return false;
        segment.sizeBytes = line.offset + line.bytes.length + 1;
        return true;
      },
      onBlock,
    });
  }

  #addValid(segment: Segment, start: number, end: number): Promise<void> | undefined {
    const { line } = this.walk;
    this.durable = Math.max(this.durable, line.durable);
    segment.mark(line.seq, start);
    segment.sizeBytes = end;
    if (!this.#options.needs(line)) return undefined;
    return this.#options.onRecord(line.record(true), { file: segment.path, offset: start });
  }

  async #handleInvalid(segment: Segment, { bytes, offset }: ScannedLine): Promise<boolean> {
    const { sha256, needs, onBreak, onNewer, onRecord } = this.#options;
    const { order } = this.walk;
    const position = { file: segment.path, offset };
    const line = classifyLine(bytes, sha256);
    const { kind, record, reason } = line;
    if (kind === "newer" && onNewer !== undefined && order.violation(line.head) === undefined) {
      segment.mark(line.seq, offset);
      this.walk.accept(line);
      await onNewer(line.recordKind, { seq: line.seq, ...position, reason });
      return true;
    }
    const objection = record === undefined ? reason : order.violation(record.head);
    if (objection !== undefined) {
      const flaw = { seq: order.seq + 1, ...position, reason: objection };
      if (!onBreak(flaw, line)) return false;
      if (record === undefined) order.skipTo(flaw.seq);
      else order.skipBefore(record.head);
    }
    if (record === undefined) return true;
    const { head, erased = 0 } = record;
    const { seq } = head;
    segment.mark(seq, offset);
    if (kind !== "intact") {
      this.suspects.set(seq, { seq, ...position, reason, isTorn: kind === "torn" });
    }
    this.walk.accept(record);
    if (needs({ seq, kind: head.kind, erased })) {
      await onRecord(kind === "intact" ? record : asDamaged(record), position);
    }
    return true;
  }

  /**
   * Returns the records whose damage no erasure explains.
   * @throws {Fault} log-corrupt if a line is torn
   */
  damagedExcept(erased: Pick<SeqSet, "has">): number[] {
    const unexplained = [...this.suspects.values()].filter(({ seq }) => !erased.has(seq));
    const torn = unexplained.find(({ isTorn }) => isTorn);
    if (torn !== undefined) throw corruptFault(torn);
    return unexplained.map(({ seq }) => seq);
  }
}

export function corruptFault({ seq, file, offset, reason }: Flaw, remedy?: string): Fault {
  const message = `${file} is damaged at byte ${offset}, where seq ${seq} was acknowledged`;
  return new Fault("log-corrupt", `${message}: ${reason}`, remedy === undefined ? {} : { remedy });
}

/** Records that a snapshot replaced at the start. */
export interface Covered {
  readonly seq: number;
  readonly root: Uint8Array;
  readonly segments: readonly SegmentValue[];
}

export interface CoveredCheckOptions {
  readonly disk: Disk;
  readonly folder: string;
  readonly sha256: Sha256;
  readonly covered: Covered;
  readonly erased: Pick<SeqSet, "has">;
  readonly pause: () => Promise<boolean>;
}

const COVERED_BLOCK_BYTES = 256 << 10;

/**
 * Repeats, after the start, the checks of a start without a snapshot; `undefined` if stopped.
 * @returns seqs of records with damaged bodies
 * @throws {Fault} log-corrupt if a line is damaged, store-… if a segment cannot be read
 */
export async function checkCovered(options: CoveredCheckOptions): Promise<number[] | undefined> {
  const { disk, folder, sha256, covered, erased, pause } = options;
  const unordered: number[] = [];
  const check = new LogCheck({
    disk,
    folder,
    sha256,
    blockBytes: COVERED_BLOCK_BYTES,
    onBlock: pause,
    needs: (record) => record.erased > 0 && !erased.has(record.seq),
    onRecord: ({ head }) => void unordered.push(head.seq),
    onBreak: (flaw) => {
      check.damagedExcept(erased); // An earlier torn line is the better explanation.
      throw corruptFault(flaw);
    },
  });
  for (const { firstSeq, sizeBytes } of covered.segments) {
    if (!(await check.read(check.begin(firstSeq), sizeBytes))) return undefined;
  }
  const { order, tree } = check.walk;
  const damaged = check.damagedExcept(erased);
  if (order.seq !== covered.seq || !equalBytes(tree.root(), covered.root)) {
    throw new Fault("log-corrupt", `${folder} does not match the root in its snapshot`);
  }
  return [...damaged, ...unordered].sort((a, b) => a - b);
}
