/** Reads a whole log read-only, checks every line, and reports how far the log goes. */

import { join } from "node:path";
import { toHex } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import type { Sha256 } from "../../base/ids.ts";
import { LINE_BYTES_MAX } from "../../base/limits.ts";
import { Erasures } from "../../core/log/erasures.ts";
import { hasTrait } from "../../wire/kinds.ts";
import {
  bodyMatches,
  type FoldedRecord,
  leafHash,
  parseHead,
  parseLine,
} from "../../wire/record.ts";
import { type Disk, diskFault } from "../disk/disk.ts";
import type { ScannedLine } from "../log/scan.ts";
import { listSegments, segmentName } from "../log/segment.ts";
import { LogWalk } from "../log/walk.ts";
import type { LogExtent } from "./manifest.ts";

const NEWLINE = 0x0a;

export interface WalkOptions {
  readonly disk: Disk;
  /** Folder of one log. */
  readonly folder: string;
  readonly sha256: Sha256;
  /** Records known to be durable: before that a bad line is damage, after it the end. */
  readonly atLeast: number;
  /**
   * Last record to read, with the records that erase earlier ones; `undefined` for all whole lines.
   */
  readonly upTo?: number | undefined;
  /** Sizes for which the root is also computed. */
  readonly sizes: readonly number[];
  readonly onRecord?: (record: FoldedRecord) => void;
}

export interface Walked {
  readonly extent: LogExtent;
  /** Hex, by size. */
  readonly roots: ReadonlyMap<number, string>;
  /** Hex leaf of the first record; empty if the log is empty. */
  readonly first: string;
  /** Records whose body does not match its record, or was erased without an order; ascending. */
  readonly damaged: readonly number[];
  /** Records ordered to be blank that are not, with the seq of the record that ordered it. */
  readonly due: ReadonlyMap<number, number>;
}

/** @throws Fault log-corrupt (names file, offset and reason), version-unsupported, store-… */
export async function walkLog(options: WalkOptions): Promise<Walked> {
  const { disk, folder } = options;
  try {
    const walk = new Walk(options);
    for (const firstSeq of listSegments(disk, folder)) {
      if (walk.isDone) break;
      await walk.segment(firstSeq);
    }
    return walk.end();
  } catch (error) {
    throw diskFault(error, folder);
  }
}

class Walk {
  readonly #options: WalkOptions;
  readonly #walk: LogWalk;
  readonly #segments: Record<string, number> = {};
  readonly #roots = new Map<number, string>();
  readonly #sizes: ReadonlySet<number>;
  readonly #damaged: number[] = [];
  readonly #erasures = new Erasures();
  /** Neither whole nor blank: a later record must order the erasure, or it is damage. */
  readonly #torn = new Map<number, Fault>();
  /** Highest seq that erases one of the records so far. */
  #erasedBy = 0;
  #first = "";

  constructor(options: WalkOptions) {
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
      onValid: (_: number, end: number) => {
        endBytes = end;
        return this.#takeSound();
      },
      onInvalid: (line: ScannedLine) => {
        const isTaken = line.isComplete && this.#takeDoubtful(path, line.bytes, line.offset);
        if (isTaken) endBytes = line.offset + line.bytes.length + 1;
        return isTaken;
      },
    };
    await this.#walk.read({ file, from: 0, to: file.sizeBytes() }, events);
    if (endBytes > 0) this.#segments[firstSeq] = endBytes;
  }

  end(): Walked {
    const { folder, atLeast } = this.#options;
    const { seq } = this.#walk.order;
    const wanted = Math.max(atLeast, this.#erasedBy);
    if (seq < wanted) {
      throw new Fault("log-corrupt", `${folder} ends at seq ${seq}, and had ${wanted}`);
    }
    const due = new Map(this.#erasures.pending());
    for (const [of, fault] of this.#torn) if (!due.has(of)) throw fault;
    const damaged = this.#damaged.filter((one) => !due.has(one));
    damaged.push(...this.#erasures.unordered());
    return {
      extent: { size: seq, root: toHex(this.#walk.tree.root()), segments: this.#segments },
      roots: this.#roots,
      first: this.#first,
      damaged: damaged.sort((one, other) => one - other),
      due,
    };
  }

  #takeSound(): undefined {
    const { line } = this.#walk;
    const withBody = this.#options.onRecord !== undefined || hasTrait(line.kind, "erasing");
    this.#take(line.record(withBody));
  }

  /** @returns false if it is the unfinished end */
  #takeDoubtful(path: string, bytes: Uint8Array, offset: number): boolean {
    const { sha256, atLeast } = this.#options;
    const parsed = parseLine(bytes);
    if (parsed.kind === "newer") {
      const sentence = `${path} has records of the kind '${parsed.recordKind}'`;
      throw new Fault("version-unsupported", sentence, { remedy: "use a newer version of chat" });
    }
    const read = parsed.kind === "record" ? parsed : parseHead(bytes);
    const reason = parsed.kind === "bad" ? parsed.reason : undefined;
    const objection = read === undefined ? reason : this.#walk.order.objection(read.record.head);
    if (read === undefined || objection !== undefined) {
      if (this.#walk.order.seq >= Math.max(atLeast, this.#erasedBy)) return false;
      throw corrupt(path, offset, objection ?? "it is no record");
    }
    const { record } = read;
    const { seq } = record.head;
    if (parsed.kind === "bad") this.#torn.set(seq, corrupt(path, offset, parsed.reason));
    else if (record.erased === undefined && !bodyMatches(record, sha256)) this.#damaged.push(seq);
    this.#walk.advance(record.head, leafHash(record.headBytes, sha256));
    this.#take(record);
    return true;
  }

  /** Adds a record that is valid in order and tree. */
  #take(record: FoldedRecord): void {
    const { seq } = record.head;
    const { tree } = this.#walk;
    if (record.erased !== undefined) {
      // That record was on disk before this one was blanked: it belongs to the log.
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

/** Returns the hex leaf of the first record, which identifies a log; `undefined` if it is empty. */
export async function firstLeaf(
  disk: Disk,
  folder: string,
  sha256: Sha256,
): Promise<string | undefined> {
  const walked = await walkLog({ disk, folder, sha256, atLeast: 0, upTo: 1, sizes: [] });
  return walked.first === "" ? undefined : walked.first;
}

/** Long enough to contain a whole line wherever it starts. */
const TAIL_BYTES = 3 * LINE_BYTES_MAX;

/**
 * Returns how many records were durable when the end of the log was written, and its last one.
 * @throws Fault store-…
 */
export function endOf(
  disk: Disk,
  folder: string,
): { readonly durable: number; readonly seq: number } {
  try {
    const last = listSegments(disk, folder).at(-1);
    return last === undefined ? { durable: 0, seq: 0 } : endOfSegment(disk, folder, last);
  } catch (error) {
    throw diskFault(error, folder);
  }
}

function endOfSegment(
  disk: Disk,
  folder: string,
  last: number,
): { readonly durable: number; readonly seq: number } {
  using file = disk.open(join(folder, segmentName(last)), "read");
  const sizeBytes = file.sizeBytes();
  const bytes = new Uint8Array(Math.min(sizeBytes, TAIL_BYTES));
  file.read(bytes, sizeBytes - bytes.length);
  const before = last - 1; // A segment is begun only when the one before it is durable.
  let end = bytes.lastIndexOf(NEWLINE);
  while (end >= 0) {
    const start = bytes.lastIndexOf(NEWLINE, end - 1);
    const isWhole = end > 0 && (start >= 0 || bytes.length === sizeBytes);
    const parsed = isWhole ? parseLine(bytes.subarray(start + 1, end)) : undefined;
    if (parsed?.kind === "record") {
      return { durable: Math.max(before, parsed.durable), seq: parsed.record.head.seq };
    }
    end = end === 0 ? -1 : start;
  }
  return { durable: before, seq: before };
}
