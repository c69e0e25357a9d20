/** Offline verification of a whole log, for `chat verify`. */

import { equalBytes } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import type { Sha256 } from "../../base/ids.ts";
import { Erasures } from "../../core/log/erasures.ts";
import type { MerkleTree } from "../../core/log/merkle.ts";
import { type Checkpoint, parseCheckpoint, parseNote } from "../../wire/checkpoint.ts";
import { hasTrait, type RecordKind } from "../../wire/kinds.ts";
import { bodyOf, classifyLine, type FoldedRecord, type LogRecord } from "../../wire/record.ts";
import { type Disk, type DiskFile, diskFault } from "../disk/disk.ts";
import { checkpointPath, readCheckpointFile, type StoredCheckpoint } from "./checkpoint-file.ts";
import { readHeads } from "./heads.ts";
import { LogProofs, type ProvableLog } from "./proofs.ts";
import { intactRecords, type ScannedLine } from "./scan.ts";
import { listSegments, Segment } from "./segment.ts";
import { LogWalk } from "./walk.ts";

const FINDINGS_MAX = 1_000;
/**
 * Maximum number of times that the end is read again, because a running server may append records
 * or erase a line during the read.
 */
const ROUNDS_MAX = 5;

export interface VerifyOptions {
  readonly disk: Disk;
  readonly folder: string;
  readonly sha256: Sha256;
  readonly isSigned: (note: string) => boolean;
  readonly kinds?: ReadonlySet<RecordKind>;
  readonly onRecord?: (record: FoldedRecord) => void;
}

export interface Finding {
  readonly seq: number;
  readonly file: string;
  readonly offset: number;
  readonly reason: string;
}

export interface LogVerdict {
  readonly ok: boolean;
  readonly findings: readonly Finding[];
  readonly findingCount: number;
  readonly size: number;
  readonly root: Uint8Array | undefined;
  readonly origin: string | undefined;
  readonly checkpoint: string | undefined;
}

/**
 * Reads a log without changing or locking it. Checks heads, order, counts, commitments, erasures,
 * checkpoint roots, and the presence of all records in the latest checkpoint. Reports an unfinished
 * write at the end only if it was acknowledged.
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

interface FilePosition {
  readonly file: string;
  readonly offset: number;
}

interface SuspectLine extends FilePosition {
  readonly seq: number;
  readonly reason: string;
}

class Verifier implements ProvableLog {
  readonly #options: VerifyOptions;
  readonly #walk: LogWalk;
  readonly #proofs: LogProofs;
  readonly #findings: Finding[] = [];
  #findingCount = 0;
  readonly #segments: Segment[] = [];
  #file: DiskFile | undefined;
  #durable = 0;
  #isBroken = false;
  #lastMatch = { size: 0, position: { file: "", offset: 0 } };
  #mismatch: Finding | undefined;
  #unsignedFork: Finding | undefined;
  readonly #suspects = new Map<number, SuspectLine>();
  readonly #erasures = new Erasures();
  readonly #blankLines = new Map<number, SuspectLine>();
  #hasRecordedCheckpoint = false;
  #stored: StoredCheckpoint | undefined;
  #storedPosition: FilePosition = { file: "", offset: 0 };

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
    // Read the checkpoint before the log, so that the log contains all records it covers.
    this.#readCheckpoint();
    for (let round = 0; round < ROUNDS_MAX; round++) {
      const before = this.#seq;
      await this.#readNewLines();
      if (!this.#hasSuspects() || this.#seq === before) break;
    }
    this.#reportSuspects();
    this.#checkEnd();
    return {
      ok: this.#findingCount === 0,
      findings: this.#findings,
      findingCount: this.#findingCount,
      size: this.#seq,
      root: this.#isBroken ? undefined : this.tree.root(),
      origin: this.#walk.origin,
      checkpoint: this.#stored?.note,
    };
  }

  #readCheckpoint(): void {
    const { disk, folder, isSigned } = this.#options;
    this.#storedPosition = { file: checkpointPath(folder), offset: 0 };
    try {
      this.#stored = readCheckpointFile(disk, folder);
    } catch (error) {
      if (!(error instanceof Fault) || error.code !== "log-corrupt") throw error;
      return this.#report({
        seq: 0,
        ...this.#storedPosition,
        reason: "not a signed checkpoint",
      });
    }
    if (this.#stored === undefined || isSigned(this.#stored.note)) return;
    const { size } = this.#stored.checkpoint;
    this.#report({
      seq: size,
      ...this.#storedPosition,
      reason: "the checkpoint is not signed by the server",
    });
  }

  async #readNewLines(): Promise<void> {
    const { disk, folder } = this.#options;
    const firstSeqs = listSegments(disk, folder);
    for (const [index, firstSeq] of firstSeqs.entries()) {
      const known = this.#segments.findIndex((segment) => segment.firstSeq === firstSeq);
      if (known >= 0 && known < this.#segments.length - 1) continue;
      const segment = this.#segments[known] ?? new Segment(folder, firstSeq);
      const isLast = index === firstSeqs.length - 1;
      if (known < 0) {
        this.#segments.push(segment);
        if (index === 0) this.#lastMatch.position = { file: segment.path, offset: 0 };
        if (firstSeq !== this.#seq + 1) {
          const reason = `the file with seq ${this.#seq + 1} is missing`;
          this.#reportBreak({ seq: this.#seq + 1, file: segment.path, offset: 0, reason });
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
        onValid: (start, end) => this.#addValid(segment, start, end),
        onInvalid: async (line) => {
          if (isLast && (await this.#isUnfinished(line, sizeBytes))) return false;
          this.#handleInvalid(segment, line);
          segment.sizeBytes = line.offset + line.bytes.length + 1;
          return true;
        },
      },
    );
  }

  #addValid(segment: Segment, start: number, end: number): Promise<void> | undefined {
    const { line } = this.#walk;
    const { seq, kind, erased } = line;
    this.#durable = Math.max(this.#durable, line.durable);
    segment.mark(seq, start);
    segment.sizeBytes = end;
    const needsComparison = kind === "checkpoint" || seq === this.#stored?.checkpoint.size;
    if (!needsComparison && erased === 0 && !this.#isNeeded(kind)) return undefined;
    const position = { file: segment.path, offset: start };
    const record = line.record(true);
    this.#add(record, position);
    return needsComparison ? this.#compare(record, position) : undefined;
  }

  async #compare(record: FoldedRecord, position: FilePosition): Promise<void> {
    const { seq, kind } = record.head;
    if (kind === "checkpoint") await this.#compareRecorded(record, position);
    if (seq === this.#stored?.checkpoint.size) await this.#compareStored();
  }

  #isNeeded(kind: RecordKind): boolean {
    return this.#options.kinds?.has(kind) === true || kind === "fork" || hasTrait(kind, "erasing");
  }

  #add(record: FoldedRecord, { file, offset }: FilePosition): void {
    const { seq, kind } = record.head;
    this.#erasures.add(record);
    if (record.erased !== undefined) {
      this.#blankLines.set(seq, { seq, file, offset, reason: "erased without an erase record" });
    }
    if (kind === "fork") {
      // The `fork` record accepts the loss, so ignore mismatches before it.
      this.#mismatch = undefined;
      const isLast = bodyOf(record, "fork")?.from === this.#stored?.note;
      const reason = "no checkpoint was signed after the loss accepted here";
      this.#unsignedFork = isLast ? { seq, file, offset, reason } : undefined;
    }
    if (this.#options.kinds?.has(kind) === true) this.#options.onRecord?.(record);
  }

  #handleInvalid(segment: Segment, line: ScannedLine): void {
    const { sha256 } = this.#options;
    const position = { file: segment.path, offset: line.offset };
    const { kind, record, reason } = classifyLine(line.bytes, sha256);
    if (record === undefined) {
      this.#reportBreak({ seq: this.#seq + 1, ...position, reason });
      this.#walk.order.skipTo(this.#seq + 1);
      return;
    }
    const { head } = record;
    const objection = this.#walk.order.violation(head);
    if (objection !== undefined) {
      this.#reportBreak({ seq: this.#seq + 1, ...position, reason: objection });
      this.#walk.order.skipBefore(head);
    }
    segment.mark(head.seq, line.offset);
    this.#walk.accept(record);
    if (kind === "intact") this.#add(record, position);
    else this.#suspects.set(head.seq, { seq: head.seq, ...position, reason });
  }

  async #isUnfinished(line: ScannedLine, sizeBytes: number): Promise<boolean> {
    const seq = this.#seq + 1;
    const signedSize = Math.max(this.#stored?.checkpoint.size ?? 0, this.#durable);
    if (signedSize >= seq || this.#file === undefined) return false;
    const { sha256 } = this.#options;
    for await (const { durable } of intactRecords(this.#file, line.offset, sizeBytes, sha256)) {
      if (durable >= seq) return false;
    }
    return true;
  }

  async #compareStored(): Promise<void> {
    if (this.#stored === undefined || this.#isBroken || this.#unsignedFork !== undefined) return;
    await this.#compareRoot(this.#stored.checkpoint);
  }

  async #compareRecorded(record: FoldedRecord, position: FilePosition): Promise<void> {
    this.#hasRecordedCheckpoint = true;
    const { seq } = record.head;
    const note = bodyOf(record, "checkpoint")?.note ?? "";
    const checkpoint = checkpointIn(note);
    if (checkpoint === undefined || checkpoint.size >= seq) {
      return this.#report({
        seq,
        ...position,
        reason: "not a checkpoint of the records before it",
      });
    }
    if (!this.#options.isSigned(note)) {
      this.#report({ seq, ...position, reason: "its checkpoint is not signed by the server" });
    }
    if (this.#isBroken) return;
    await this.#compareRoot(checkpoint, position);
  }

  async #compareRoot(checkpoint: Checkpoint, position = this.#lastMatch.position): Promise<void> {
    const { size } = checkpoint;
    const flaw = await this.#checkpointFlaw(checkpoint);
    const lastMatch = this.#lastMatch;
    if (flaw !== undefined) {
      this.#mismatch ??= { seq: lastMatch.size + 1, ...lastMatch.position, reason: flaw };
    } else if (size >= lastMatch.size && this.#mismatch === undefined)
      this.#lastMatch = { size, position };
  }

  async #checkpointFlaw({ size, root, origin }: Checkpoint): Promise<string | undefined> {
    if (origin !== this.#walk.origin)
      return `the checkpoint of size ${size} belongs to another log`;
    if (equalBytes(await this.#proofs.root(size), root)) return undefined;
    const from = this.#lastMatch.size + 1;
    return `records ${from} to ${size} do not match what the server signed`;
  }

  heads(from: number, to: number): AsyncGenerator<LogRecord> {
    return readHeads(this.#options.disk, this.#segments, from, to);
  }

  #hasSuspects(): boolean {
    const isOrdered = (seq: number) => this.#erasures.ordered.has(seq);
    return ![...this.#suspects.keys()].every(isOrdered) || this.#erasures.unordered().length > 0;
  }

  #reportSuspects(): void {
    for (const suspect of this.#suspects.values()) {
      if (!this.#erasures.ordered.has(suspect.seq)) this.#report(suspect);
    }
    for (const seq of this.#erasures.unordered()) {
      const blank = this.#blankLines.get(seq);
      if (blank !== undefined) this.#report(blank);
    }
  }

  #checkEnd(): void {
    for (const finding of [this.#mismatch, this.#unsignedFork]) {
      if (finding !== undefined) this.#report(finding);
    }
    const last = this.#segments.at(-1);
    const end = { file: last?.path ?? this.#options.folder, offset: last?.sizeBytes ?? 0 };
    const { size = 0 } = this.#stored?.checkpoint ?? {};
    if (this.#unsignedFork === undefined && size > this.#seq) {
      const reason = `the log ends here, but the server has signed ${size} records`;
      this.#reportBreak({ seq: this.#seq + 1, ...end, reason });
    }
    const isUncovered = this.#stored === undefined && this.#findingCount === 0;
    if (
      isUncovered &&
      this.#hasRecordedCheckpoint &&
      !this.#options.disk.exists(this.#storedPosition.file)
    ) {
      const reason = "the file checkpoint is missing, so records may be missing at the end";
      this.#report({ seq: this.#seq, ...this.#storedPosition, reason });
    }
  }

  #reportBreak(finding: Finding): void {
    this.#isBroken = true;
    this.#report(finding);
  }

  #report({ seq, file, offset, reason }: Finding): void {
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
