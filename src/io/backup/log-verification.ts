/** Read-only verification of every line of a log, which also determines the log's end. */

import { join } from "node:path";
import { toHex } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import type { Sha256 } from "../../base/ids.ts";
import { Erasures } from "../../core/log/erasures.ts";
import { hasTrait } from "../../wire/kinds.ts";
import { classifyLine, type FoldedRecord } from "../../wire/record.ts";
import { type Disk, diskFault } from "../disk/disk.ts";
import { lastRecord, type ScannedLine } from "../log/scan.ts";
import { listSegments, segmentName } from "../log/segment.ts";
import { LogWalk } from "../log/walk.ts";
import type { LogExtent } from "./manifest.ts";

export interface VerifyLogOptions {
  readonly disk: Disk;
  readonly folder: string;
  readonly sha256: Sha256;
  /** Number of records known to be durable. The first invalid line after them ends the log. */
  readonly atLeast: number;
  /** Last record to read. Later records are read only if they erase earlier ones. */
  readonly upTo?: number | undefined;
  readonly sizes: readonly number[];
  readonly onRecord?: (record: FoldedRecord) => void;
}

export interface VerifiedLog {
  readonly extent: LogExtent;
  readonly roots: ReadonlyMap<number, string>;
  readonly first: string;
  readonly damaged: readonly number[];
  readonly due: ReadonlyMap<number, number>;
}

export async function verifyLogCopy(options: VerifyLogOptions): Promise<VerifiedLog> {
  const { disk, folder } = options;
  try {
    const walk = new LogVerifier(options);
    for (const firstSeq of listSegments(disk, folder)) {
      if (walk.isDone) break;
      await walk.segment(firstSeq);
    }
    return walk.end();
  } catch (error) {
    throw diskFault(error, folder);
  }
}

class LogVerifier {
  readonly #options: VerifyLogOptions;
  readonly #walk: LogWalk;
  readonly #segments: Record<string, number> = {};
  readonly #roots = new Map<number, string>();
  readonly #sizes: ReadonlySet<number>;
  readonly #damaged: number[] = [];
  readonly #erasures = new Erasures();
  readonly #torn = new Map<number, Fault>();
  #erasedBy = 0;
  #first = "";

  constructor(options: VerifyLogOptions) {
    this.#options = options;
    this.#walk = new LogWalk(options.sha256);
    this.#sizes = new Set(options.sizes);
    this.#walk.lastSeq = options.upTo ?? Number.POSITIVE_INFINITY;
  }

  get isDone(): boolean {
    return this.#walk.order.seq >= this.#walk.lastSeq;
  }

  async segment(firstSeq: number): Promise<void> {
    const { disk, folder } = this.#options;
    const path = join(folder, segmentName(firstSeq));
    if (firstSeq !== this.#walk.order.seq + 1) {
      throw corrupt(path, 0, `the file with seq ${this.#walk.order.seq + 1} is missing`);
    }
    using file = disk.open(path, "read");
    let endBytes = 0;
    const events = {
      onValid: (_: number, finish: number) => {
        endBytes = finish;
        return this.#addValid();
      },
      onInvalid: (line: ScannedLine) => {
        const isAccepted = line.isComplete && this.#handleInvalid(path, line.bytes, line.offset);
        if (isAccepted) endBytes = line.offset + line.bytes.length + 1;
        return isAccepted;
      },
    };
    await this.#walk.read({ file, from: 0, to: file.sizeBytes() }, events);
    if (endBytes > 0) this.#segments[firstSeq] = endBytes;
  }

  end(): VerifiedLog {
    const { folder, atLeast } = this.#options;
    const { seq } = this.#walk.order;
    const expected = Math.max(atLeast, this.#erasedBy);
    if (seq < expected) {
      throw new Fault("log-corrupt", `${folder} ends at seq ${seq} instead of ${expected}`);
    }
    const due = new Map(this.#erasures.pending);
    for (const [of, fault] of this.#torn) if (!due.has(of)) throw fault;
    const damaged = this.#damaged.filter((seq) => !due.has(seq));
    damaged.push(...this.#erasures.unordered());
    return {
      extent: { size: seq, root: toHex(this.#walk.tree.root()), segments: this.#segments },
      roots: this.#roots,
      first: this.#first,
      damaged: damaged.sort((a, b) => a - b),
      due,
    };
  }

  #addValid(): undefined {
    const { line } = this.#walk;
    const withBody = this.#options.onRecord !== undefined || hasTrait(line.kind, "erasing");
    this.#add(line.record(withBody));
  }

  #handleInvalid(path: string, bytes: Uint8Array, offset: number): boolean {
    const { sha256, atLeast } = this.#options;
    const found = classifyLine(bytes, sha256);
    if (found.kind === "newer") {
      const message = `${path} has records of unknown kind '${found.recordKind}'`;
      throw new Fault("version-unsupported", message, { remedy: "upgrade chat" });
    }
    const { record, reason } = found;
    const objection = record === undefined ? reason : this.#walk.order.violation(record.head);
    if (record === undefined || objection !== undefined) {
      if (this.#walk.order.seq >= Math.max(atLeast, this.#erasedBy)) return false;
      throw corrupt(path, offset, objection ?? reason);
    }
    const { seq } = record.head;
    if (found.kind === "torn") this.#torn.set(seq, corrupt(path, offset, reason));
    else if (found.kind === "damaged") this.#damaged.push(seq);
    this.#walk.accept(record);
    this.#add(record);
    return true;
  }

  #add(record: FoldedRecord): void {
    const { seq } = record.head;
    const { tree } = this.#walk;
    if (record.erased !== undefined) {
      // The `erase` record belongs to the log, because it was on disk before this one was blanked.
      this.#erasedBy = Math.max(this.#erasedBy, record.erased);
      this.#walk.lastSeq = Math.max(this.#walk.lastSeq, this.#erasedBy);
    }
    if (seq === 1) this.#first = toHex(tree.root());
    if (this.#sizes.has(seq)) this.#roots.set(seq, toHex(tree.root()));
    this.#erasures.add(record);
    this.#options.onRecord?.(record);
  }
}

function corrupt(path: string, offset: number, reason: string): Fault {
  return new Fault("log-corrupt", `${path} is damaged at byte ${offset}: ${reason}`);
}

export async function firstLeaf(
  disk: Disk,
  folder: string,
  sha256: Sha256,
): Promise<string | undefined> {
  const walked = await verifyLogCopy({ disk, folder, sha256, atLeast: 0, upTo: 1, sizes: [] });
  return walked.first === "" ? undefined : walked.first;
}

export function endOf(
  disk: Disk,
  folder: string,
): { readonly durable: number; readonly seq: number } {
  try {
    const firstSeq = listSegments(disk, folder).at(-1);
    if (firstSeq === undefined) return { durable: 0, seq: 0 };
    using file = disk.open(join(folder, segmentName(firstSeq)), "read");
    const before = firstSeq - 1;
    const { record, durable = 0 } = lastRecord(file, 0, file.sizeBytes()) ?? {};
    return { durable: Math.max(before, durable), seq: record?.head.seq ?? before };
  } catch (error) {
    throw diskFault(error, folder);
  }
}
