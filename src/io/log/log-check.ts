/** Checks every line of a log without changing it. */

import { equalBytes } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import type { Sha256 } from "../../base/ids.ts";
import type { SeqSet } from "../../core/log/seq-set.ts";
import { asDamaged, classifyLine, type FoldedRecord, type Line } from "../../wire/record.ts";
import type { Disk } from "../disk/disk.ts";
import type { ScannedLine } from "./scan.ts";
import { Segment, type SegmentValue } from "./segment.ts";
import { LogWalk, type Tail } from "./walk.ts";

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
  readonly onBreak: (flaw: Flaw, line?: Line) => boolean;
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
    const { sha256, needs, onBreak, onRecord } = this.#options;
    const { order } = this.walk;
    const position = { file: segment.path, offset };
    const line = classifyLine(bytes, sha256);
    const { kind, record, reason } = line;
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

export function corruptFault({ seq, file, offset, reason }: Flaw): Fault {
  const message = `${file} is damaged at byte ${offset}, where seq ${seq} was acknowledged`;
  return new Fault("log-corrupt", `${message}: ${reason}`);
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
