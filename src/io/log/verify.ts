/** Offline verification of a whole log, for `chat verify`. */

import { equalBytes } from "../../base/bytes.ts";
import { Fault, msg } from "../../base/fault.ts";
import type { Sha256 } from "../../base/ids.ts";
import { counted } from "../../base/sizes.ts";
import { Erasures } from "../../core/log/erasures.ts";
import type { MerkleTree } from "../../core/log/merkle.ts";
import { type Checkpoint, parseCheckpoint, parseNote } from "../../wire/checkpoint.ts";
import { hasTrait, type RecordKind } from "../../wire/kinds.ts";
import { bodyOf, type FoldedRecord, type LogRecord } from "../../wire/record.ts";
import { type Disk, diskFault } from "../disk/disk.ts";
import { checkpointPath, readCheckpointFile, type StoredCheckpoint } from "./checkpoints.ts";
import { LogProofs, type ProvableLog } from "./proofs.ts";
import { intactRecords, readHeads, type ScannedLine } from "./scan.ts";
import { listSegments } from "./segment.ts";
import { type Flaw, type LinePosition, LogCheck, type Tail } from "./walk.ts";

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

export interface LogVerdict {
  readonly ok: boolean;
  readonly findings: readonly Flaw[];
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
 * @throws {Fault} version-unsupported if a newer version wrote records, and nothing else is wrong
 */
export async function verifyLog(options: VerifyOptions): Promise<LogVerdict> {
  try {
    return await new Verifier(options).run();
  } catch (error) {
    throw diskFault(error, options.folder);
  }
}

class Verifier implements ProvableLog {
  readonly #options: VerifyOptions;
  readonly #check: LogCheck;
  readonly #proofs: LogProofs;
  readonly #findings: Flaw[] = [];
  #findingCount = 0;
  #isBroken = false;
  #isLast = false;
  #lastMatch = { size: 0, position: { file: "", offset: 0 } };
  #mismatch: Flaw | undefined;
  #unsignedFork: Flaw | undefined;
  readonly #erasures = new Erasures();
  readonly #blankLines = new Map<number, Flaw>();
  readonly #newerKinds = new Set<string>();
  #newerCount = 0;
  #firstNewer: Flaw | undefined;
  #hasRecordedCheckpoint = false;
  #stored: StoredCheckpoint | undefined;
  #storedPosition: LinePosition = { file: "", offset: 0 };

  constructor(options: VerifyOptions) {
    this.#options = options;
    const { kinds } = options;
    this.#check = new LogCheck({
      ...options,
      isEnd: (line, tail) => this.#isLast && this.#isUnfinished(line, tail),
      onBreak: (flaw) => this.#reportBreak(flaw),
      onNewer: (kind, flaw) => {
        this.#newerKinds.add(kind);
        this.#newerCount++;
        this.#firstNewer ??= flaw;
        return flaw.seq === this.#stored?.checkpoint.size ? this.#compareStored() : undefined;
      },
      needs: ({ seq, kind, erased }) =>
        kinds?.has(kind) === true ||
        kind === "fork" ||
        kind === "checkpoint" ||
        hasTrait(kind, "erasing") ||
        erased > 0 ||
        seq === this.#stored?.checkpoint.size,
      onRecord: (record, position) => {
        if (record.damaged === true) return undefined;
        this.#add(record, position);
        const { kind, seq } = record.head;
        const needsComparison = kind === "checkpoint" || seq === this.#stored?.checkpoint.size;
        return needsComparison ? this.#compare(record, position) : undefined;
      },
    });
    this.#proofs = new LogProofs(this, options.sha256);
  }

  get tree(): MerkleTree {
    return this.#check.walk.tree;
  }

  get #seq(): number {
    return this.#check.walk.order.seq;
  }

  head(): number {
    return this.tree.size;
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
    this.#checkNewer();
    return {
      ok: this.#findingCount === 0,
      findings: this.#findings,
      findingCount: this.#findingCount,
      size: this.#seq,
      root: this.#isBroken ? undefined : this.tree.root(),
      origin: this.#check.walk.origin,
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
      return this.#report({ seq: 0, ...this.#storedPosition, reason: "not a signed checkpoint" });
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
    const { segments } = this.#check;
    const firstSeqs = listSegments(disk, folder);
    for (const [index, firstSeq] of firstSeqs.entries()) {
      const known = segments.findIndex((segment) => segment.firstSeq === firstSeq);
      if (known >= 0 && known < segments.length - 1) continue;
      const segment = segments[known] ?? this.#check.begin(firstSeq);
      if (index === 0 && known < 0) this.#lastMatch.position = { file: segment.path, offset: 0 };
      this.#isLast = index === firstSeqs.length - 1;
      await this.#check.read(segment);
    }
  }

  async #compare(record: FoldedRecord, position: LinePosition): Promise<void> {
    const { seq, kind } = record.head;
    if (kind === "checkpoint") await this.#compareRecorded(record, position);
    if (seq === this.#stored?.checkpoint.size) await this.#compareStored();
  }

  #add(record: FoldedRecord, { file, offset }: LinePosition): void {
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

  async #isUnfinished({ offset }: ScannedLine, { file, sizeBytes }: Tail): Promise<boolean> {
    const seq = this.#seq + 1;
    const signedSize = Math.max(this.#stored?.checkpoint.size ?? 0, this.#check.durable);
    if (signedSize >= seq) return false;
    const { sha256 } = this.#options;
    for await (const { durable } of intactRecords(file, offset, sizeBytes, sha256)) {
      if (durable >= seq) return false;
    }
    return true;
  }

  async #compareStored(): Promise<void> {
    if (this.#stored === undefined || this.#isBroken || this.#unsignedFork !== undefined) return;
    await this.#compareRoot(this.#stored.checkpoint);
  }

  async #compareRecorded(record: FoldedRecord, position: LinePosition): Promise<void> {
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
    if (origin !== this.#check.walk.origin)
      return `the checkpoint of size ${size} belongs to another log`;
    if (equalBytes(await this.#proofs.root(size), root)) return undefined;
    const from = this.#lastMatch.size + 1;
    return `records ${from} to ${size} do not match what the server signed`;
  }

  heads(from: number, to: number): AsyncGenerator<LogRecord> {
    return readHeads(this.#options.disk, this.#check.segments, from, to);
  }

  #hasSuspects(): boolean {
    const isOrdered = (seq: number) => this.#erasures.ordered.has(seq);
    return (
      ![...this.#check.suspects.keys()].every(isOrdered) || this.#erasures.unordered().length > 0
    );
  }

  /** A signed checkpoint proves that a later version wrote a kind; otherwise, it may be damage. */
  #checkNewer(): void {
    if (this.#firstNewer === undefined || this.#findingCount > 0) return;
    if (this.#lastMatch.size < this.#firstNewer.seq) return this.#report(this.#firstNewer);
    const kinds = [...this.#newerKinds].map((kind) => `'${kind}'`).join(", ");
    const records = counted(this.#newerCount, "record");
    const { folder } = this.#options;
    const found = `${records} of unknown kinds (${kinds})`;
    const message = msg`${folder} was written by a newer version: ${found}`;
    throw new Fault("version-unsupported", message, { remedy: "verify it with a newer chat" });
  }

  #reportSuspects(): void {
    for (const suspect of this.#check.suspects.values()) {
      if (!this.#erasures.ordered.has(suspect.seq)) this.#report(suspect);
    }
    // Only a later version knows which records its kinds erase.
    if (this.#newerCount > 0) return;
    for (const seq of this.#erasures.unordered()) {
      const blank = this.#blankLines.get(seq);
      if (blank !== undefined) this.#report(blank);
    }
  }

  #checkEnd(): void {
    for (const finding of [this.#mismatch, this.#unsignedFork]) {
      if (finding !== undefined) this.#report(finding);
    }
    const last = this.#check.segments.at(-1);
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

  #reportBreak(flaw: Flaw): true {
    this.#isBroken = true;
    this.#report(flaw);
    return true;
  }

  #report({ seq, file, offset, reason }: Flaw): void {
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
