/** Verifies a whole log offline, for `chat verify`. */

import { equalBytes } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import type { Sha256 } from "../../base/ids.ts";
import { Erasures } from "../../core/log/erasures.ts";
import type { MerkleTree } from "../../core/log/merkle.ts";
import { type Checkpoint, parseCheckpoint, parseNote } from "../../wire/checkpoint.ts";
import { hasTrait, type RecordKind } from "../../wire/kinds.ts";
import {
  bodyFits,
  bodyOf,
  type FoldedRecord,
  type LogRecord,
  leafHash,
  parseHead,
  parseLine,
} from "../../wire/record.ts";
import { type Disk, type DiskFile, diskFault } from "../disk/disk.ts";
import { checkpointPath, type KeptCheckpoint, readCheckpointFile } from "./checkpoint-file.ts";
import { readHeads } from "./heads.ts";
import { LogProofs, type ProvenLog } from "./proofs.ts";
import { linesOf, type ScannedLine, scanBlocks } from "./scan.ts";
import { listSegments, Segment } from "./segment.ts";
import { LogWalk } from "./walk.ts";

/** Findings listed; beyond it a log is damaged throughout, and the rest is only counted. */
const FINDINGS_MAX = 1_000;
/** A running server may erase a line, and record the order, during the read. */
const ROUNDS_MAX = 5;

export interface VerifyOptions {
  readonly disk: Disk;
  /** Folder of the log, e.g. `data/history`. */
  readonly folder: string;
  readonly sha256: Sha256;
  /** Reports whether the server, or one of its former keys, has signed this note. */
  readonly isSigned: (note: string) => boolean;
  /** Kinds of records to call back for, in order; damaged ones are omitted. */
  readonly kinds?: ReadonlySet<RecordKind>;
  readonly onRecord?: (record: FoldedRecord) => void;
}

/** Something that no honest server leaves behind. */
export interface Finding {
  /** The record concerned, or the one that is missing. */
  readonly seq: number;
  readonly file: string;
  /** Offset of its line in the file. */
  readonly offset: number;
  /** A clause, e.g. `seq 7 follows 5`. */
  readonly reason: string;
}

export interface LogVerdict {
  /** No findings. */
  readonly ok: boolean;
  readonly findings: readonly Finding[];
  /** Total, including those not listed. */
  readonly findingCount: number;
  /** Number of records read. */
  readonly size: number;
  /** `undefined` if no root can be computed because a line is unreadable. */
  readonly root: Uint8Array | undefined;
  /** `undefined` if the log is empty. */
  readonly origin: string | undefined;
  /**
   * The note in the file `checkpoint`; `undefined` if there is none, so that nothing covers the
   * end.
   */
  readonly checkpoint: string | undefined;
}

/**
 * Reads a whole log, or a copy of one, and changes nothing. It takes no lock: a server may be
 * running. It checks heads, order, counts, commitments, the order of each erasure, that no record
 * is missing which the checkpoint covers, and the root of each checkpoint. An unfinished write at
 * the end is no finding, unless something shows that it was acknowledged.
 * @throws Fault store-…
 */
export async function verifyLog(options: VerifyOptions): Promise<LogVerdict> {
  const verifier = new Verifier(options);
  try {
    return await verifier.run();
  } catch (error) {
    throw diskFault(error, options.folder);
  } finally {
    verifier.close();
  }
}

interface Place {
  readonly file: string;
  readonly offset: number;
}

interface Doubt extends Place {
  readonly seq: number;
  readonly reason: string;
}

class Verifier implements ProvenLog {
  readonly #options: VerifyOptions;
  readonly #walk: LogWalk;
  readonly #proofs: LogProofs;
  readonly #findings: Finding[] = [];
  #findingCount = 0;
  readonly #segments: Segment[] = [];
  /** The segment being read. */
  #file: DiskFile | undefined;
  /** The highest `durable` of a valid line. */
  #durable = 0;
  /** A line was unreadable or did not match: no later root can be computed. */
  #isBroken = false;
  /** The root matched its signature up to here, */
  #sound = { size: 0, place: { file: "", offset: 0 } };
  /** and did not match at the next checkpoint. */
  #mismatch: Finding | undefined;
  /** A fork that no checkpoint covers. */
  #unsigned: Finding | undefined;
  /** Bodies that may be in the process of being erased, by seq. */
  readonly #doubts = new Map<number, Doubt>();
  readonly #erasures = new Erasures();
  /** Blank lines, by seq. */
  readonly #blank = new Map<number, Doubt>();
  #hasRecorded = false;
  #kept: KeptCheckpoint | undefined;
  #keptPlace: Place = { file: "", offset: 0 };

  constructor(options: VerifyOptions) {
    this.#options = options;
    this.#walk = new LogWalk(options.sha256);
    this.#proofs = new LogProofs(this, options.sha256);
  }

  get tree(): MerkleTree {
    return this.#walk.tree;
  }

  get #seq(): number {
    return this.#walk.order.seq;
  }

  head(): number {
    return this.tree.size;
  }

  close(): void {
    this.#file?.close();
  }

  async run(): Promise<LogVerdict> {
    // Read before the log, so that the log contains what it covers.
    this.#readCheckpoint();
    for (let round = 0; round < ROUNDS_MAX; round++) {
      const before = this.#seq;
      await this.#readOn();
      if (!this.#isDoubtful() || this.#seq === before) break;
    }
    this.#judgeDoubts();
    this.#judgeEnd();
    return {
      ok: this.#findingCount === 0,
      findings: this.#findings,
      findingCount: this.#findingCount,
      size: this.#seq,
      root: this.#isBroken ? undefined : this.tree.root(),
      origin: this.#walk.origin,
      checkpoint: this.#kept?.note,
    };
  }

  #readCheckpoint(): void {
    const { disk, folder, isSigned } = this.#options;
    this.#keptPlace = { file: checkpointPath(folder), offset: 0 };
    try {
      this.#kept = readCheckpointFile(disk, folder);
    } catch (error) {
      if (!(error instanceof Fault) || error.code !== "log-corrupt") throw error;
      return this.#find({ seq: 0, ...this.#keptPlace, reason: "it is no signed checkpoint" });
    }
    if (this.#kept === undefined || isSigned(this.#kept.note)) return;
    const { size } = this.#kept.checkpoint;
    this.#find({
      seq: size,
      ...this.#keptPlace,
      reason: "the server has not signed this checkpoint",
    });
  }

  /** Reads from the end of the last round to the current end of the log. */
  async #readOn(): Promise<void> {
    const { disk, folder } = this.#options;
    const firstSeqs = listSegments(disk, folder);
    for (const [index, firstSeq] of firstSeqs.entries()) {
      const known = this.#segments.findIndex((segment) => segment.firstSeq === firstSeq);
      if (known >= 0 && known < this.#segments.length - 1) continue;
      const segment = this.#segments[known] ?? new Segment(folder, firstSeq);
      const isLast = index === firstSeqs.length - 1;
      if (known < 0) {
        this.#segments.push(segment);
        if (index === 0) this.#sound.place = { file: segment.path, offset: 0 };
        if (firstSeq !== this.#seq + 1) {
          const reason = `the file with seq ${this.#seq + 1} is missing`;
          this.#break({ seq: this.#seq + 1, file: segment.path, offset: 0, reason });
          this.#walk.order.skipTo(firstSeq - 1);
        }
      }
      await this.#readSegment(segment, isLast);
    }
  }

  async #readSegment(segment: Segment, isLast: boolean): Promise<void> {
    this.#file?.close();
    const file = this.#options.disk.open(segment.path, "read");
    this.#file = file;
    const sizeBytes = file.sizeBytes();
    await this.#walk.read(
      { file, from: segment.sizeBytes, to: sizeBytes },
      {
        onSound: (start, end) => this.#takeSound(segment, start, end),
        onDoubtful: async (line) => {
          if (isLast && (await this.#isUnfinished(line, sizeBytes))) return false;
          this.#takeDoubtful(segment, line);
          segment.sizeBytes = line.offset + line.bytes.length + 1;
          return true;
        },
      },
    );
  }

  #takeSound(segment: Segment, start: number, end: number): Promise<void> | undefined {
    const { line } = this.#walk;
    const { seq, kind, erased } = line;
    this.#durable = Math.max(this.#durable, line.durable);
    segment.mark(seq, start);
    segment.sizeBytes = end;
    const isToCompare = kind === "checkpoint" || seq === this.#kept?.checkpoint.size;
    if (!isToCompare && erased === 0 && !this.#isTold(kind)) return undefined;
    const place = { file: segment.path, offset: start };
    const record = line.record(true);
    this.#take(record, place);
    return isToCompare ? this.#compare(record, place) : undefined;
  }

  async #compare(record: FoldedRecord, place: Place): Promise<void> {
    const { seq, kind } = record.head;
    if (kind === "checkpoint") await this.#compareRecorded(record, place);
    if (seq === this.#kept?.checkpoint.size) await this.#compareKept();
  }

  #isTold(kind: RecordKind): boolean {
    return this.#options.kinds?.has(kind) === true || kind === "fork" || hasTrait(kind, "erasing");
  }

  #take(record: FoldedRecord, { file, offset }: Place): void {
    const { seq, kind } = record.head;
    this.#erasures.take(record);
    if (record.erased !== undefined) {
      this.#blank.set(seq, { seq, file, offset, reason: "no record has erased it" });
    }
    if (kind === "fork") {
      // A mismatch with earlier checkpoints was accepted if one was signed since.
      this.#mismatch = undefined;
      const isLast = bodyOf(record, "fork")?.from === this.#kept?.note;
      const reason = "nothing was signed since the loss that was accepted here";
      this.#unsigned = isLast ? { seq, file, offset, reason } : undefined;
    }
    if (this.#options.kinds?.has(kind) === true) this.#options.onRecord?.(record);
  }

  /**
   * Handles lines that the fast path rejects: a body that does not match, or a damaged head or
   * order.
   */
  #takeDoubtful(segment: Segment, line: ScannedLine): void {
    const { sha256 } = this.#options;
    const place = { file: segment.path, offset: line.offset };
    const parsed = parseLine(line.bytes);
    if (parsed.kind === "newer") {
      const reason = `it is a '${parsed.recordKind}': damage, or a newer chat wrote it`;
      this.#break({ seq: this.#seq + 1, ...place, reason });
      this.#walk.order.skipTo(this.#seq + 1);
      return;
    }
    const record = parsed.kind === "record" ? parsed.record : parseHead(line.bytes)?.record;
    const reason = parsed.kind === "bad" ? parsed.reason : "it has no end";
    if (record === undefined) {
      this.#break({ seq: this.#seq + 1, ...place, reason });
      this.#walk.order.skipTo(this.#seq + 1);
      return;
    }
    const { head } = record;
    const objection = this.#walk.order.objection(head);
    if (objection !== undefined) {
      this.#break({ seq: this.#seq + 1, ...place, reason: objection });
      this.#walk.order.skipBefore(head);
    }
    segment.mark(head.seq, line.offset);
    if (parsed.kind !== "record") this.#doubts.set(head.seq, { seq: head.seq, ...place, reason });
    else if (!bodyFits(record, sha256)) {
      const damage = "its body is not the one that its head commits to";
      this.#doubts.set(head.seq, { seq: head.seq, ...place, reason: damage });
    }
    this.#walk.advance(head, leafHash(record.headBytes, sha256));
    if (!this.#doubts.has(head.seq)) this.#take(record, place);
  }

  /**
   * Reports whether nothing shows that this line of the last segment, and later ones, were durable.
   */
  async #isUnfinished(line: ScannedLine, sizeBytes: number): Promise<boolean> {
    const seq = this.#seq + 1;
    const covered = Math.max(this.#kept?.checkpoint.size ?? 0, this.#durable);
    if (covered >= seq || this.#file === undefined) return false;
    for await (const block of scanBlocks(this.#file, line.offset, sizeBytes)) {
      for (const later of linesOf(block)) {
        const parsed = later.whole ? parseLine(later.bytes) : undefined;
        if (parsed?.kind !== "record" || parsed.durable < seq) continue;
        if (bodyFits(parsed.record, this.#options.sha256)) return false;
      }
    }
    return true;
  }

  async #compareKept(): Promise<void> {
    if (this.#kept === undefined || this.#isBroken || this.#unsigned !== undefined) return;
    await this.#compareRoot(this.#kept.checkpoint);
  }

  async #compareRecorded(record: FoldedRecord, place: Place): Promise<void> {
    this.#hasRecorded = true;
    const { seq } = record.head;
    const note = bodyOf(record, "checkpoint")?.note ?? "";
    const checkpoint = checkpointIn(note);
    if (checkpoint === undefined || checkpoint.size >= seq) {
      return this.#find({ seq, ...place, reason: "it is no checkpoint of what stands before it" });
    }
    if (!this.#options.isSigned(note)) {
      this.#find({ seq, ...place, reason: "the server has not signed the checkpoint in it" });
    }
    if (this.#isBroken) return;
    await this.#compareRoot(checkpoint, place);
  }

  async #compareRoot(checkpoint: Checkpoint, place = this.#sound.place): Promise<void> {
    const { size } = checkpoint;
    const flaw = await this.#flawOf(checkpoint);
    const sound = this.#sound;
    if (flaw !== undefined) {
      this.#mismatch ??= { seq: sound.size + 1, ...sound.place, reason: flaw };
    } else if (size >= sound.size && this.#mismatch === undefined) this.#sound = { size, place };
  }

  async #flawOf({ size, root, origin }: Checkpoint): Promise<string | undefined> {
    if (origin !== this.#walk.origin) return `the checkpoint of size ${size} is of another log`;
    if (equalBytes(await this.#proofs.root(size), root)) return undefined;
    const from = this.#sound.size + 1;
    return `a record between seq ${from} and ${size} is not the one that the server signed`;
  }

  heads(from: number, to: number): AsyncGenerator<LogRecord> {
    return readHeads(this.#options.disk, this.#segments, from, to);
  }

  #isDoubtful(): boolean {
    const isOrdered = (seq: number) => this.#erasures.orders.has(seq);
    return ![...this.#doubts.keys()].every(isOrdered) || this.#erasures.unordered().length > 0;
  }

  #judgeDoubts(): void {
    for (const doubt of this.#doubts.values()) {
      // A line to be erased may be half blank: the next start erases it again.
      if (!this.#erasures.orders.has(doubt.seq)) this.#find(doubt);
    }
    for (const seq of this.#erasures.unordered()) {
      const blank = this.#blank.get(seq);
      if (blank !== undefined) this.#find(blank);
    }
  }

  #judgeEnd(): void {
    for (const finding of [this.#mismatch, this.#unsigned]) {
      if (finding !== undefined) this.#find(finding);
    }
    const last = this.#segments.at(-1);
    const end = { file: last?.path ?? this.#options.folder, offset: last?.sizeBytes ?? 0 };
    const { size = 0 } = this.#kept?.checkpoint ?? {};
    if (this.#unsigned === undefined && size > this.#seq) {
      const reason = `the log ends here, but the server has signed ${size} records`;
      this.#break({ seq: this.#seq + 1, ...end, reason });
    }
    const isUncovered = this.#kept === undefined && this.#findingCount === 0;
    if (isUncovered && this.#hasRecorded && !this.#options.disk.exists(this.#keptPlace.file)) {
      const reason = "the file checkpoint is missing: nothing tells whether the end is";
      this.#find({ seq: this.#seq, ...this.#keptPlace, reason });
    }
  }

  #break(finding: Finding): void {
    this.#isBroken = true;
    this.#find(finding);
  }

  #find({ seq, file, offset, reason }: Finding): void {
    this.#findingCount += 1;
    if (this.#findings.length < FINDINGS_MAX) this.#findings.push({ seq, file, offset, reason });
  }
}

function checkpointIn(note: string): Checkpoint | undefined {
  try {
    return parseCheckpoint(parseNote(note).text);
  } catch {
    return undefined;
  }
}
