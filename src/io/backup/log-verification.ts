/** Read-only verification of every line of a log, which also determines the log's end. */

import { join } from "node:path";
import { toHex } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import type { Sha256 } from "../../base/ids.ts";
import { Erasures } from "../../core/log/erasures.ts";
import { hasTrait } from "../../wire/kinds.ts";
import type { FoldedRecord } from "../../wire/record.ts";
import { type Disk, onDisk } from "../disk/disk.ts";
import { lastRecord } from "../log/scan.ts";
import { listSegments, segmentName } from "../log/segment.ts";
import { corruptFault, LogCheck } from "../log/walk.ts";
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
  readonly damaged: readonly number[];
  readonly due: ReadonlyMap<number, number>;
}

export async function verifyLogCopy(options: VerifyLogOptions): Promise<VerifiedLog> {
  const { disk, folder, sha256, atLeast, upTo = Number.POSITIVE_INFINITY, onRecord } = options;
  const sizes = new Set(options.sizes);
  const roots = new Map<number, string>();
  const erasures = new Erasures();
  let erasedBy = 0;
  const check = new LogCheck({
    disk,
    folder,
    sha256,
    isEnd: ({ isComplete }) => !isComplete,
    needs: ({ seq, kind, erased }) =>
      onRecord !== undefined || erased > 0 || hasTrait(kind, "erasing") || sizes.has(seq),
    onRecord: (record) => {
      const { seq } = record.head;
      // The `erase` record belongs to the log, because it was on disk before this one was blanked.
      erasedBy = Math.max(erasedBy, record.erased ?? 0);
      walk.lastSeq = Math.max(walk.lastSeq, erasedBy);
      if (sizes.has(seq)) roots.set(seq, toHex(walk.tree.root()));
      erasures.add(record);
      onRecord?.(record);
      return undefined;
    },
    onBreak: (flaw, line) => {
      if (line?.kind === "newer") {
        const message = `${flaw.file} has records of unknown kind '${line.recordKind}'`;
        throw new Fault("version-unsupported", message, { remedy: "upgrade chat" });
      }
      if (line === undefined || walk.order.seq < Math.max(atLeast, erasedBy)) {
        throw corruptFault(flaw);
      }
      return false;
    },
  });
  const { walk } = check;
  walk.lastSeq = upTo;
  // A server without accounts has an empty log of them.
  if (sizes.has(0)) roots.set(0, toHex(walk.tree.root()));
  await onDisk(folder, async () => {
    for (const firstSeq of listSegments(disk, folder)) {
      if (walk.order.seq >= walk.lastSeq) break;
      await check.read(check.begin(firstSeq));
    }
  });
  const { seq } = walk.order;
  const expected = Math.max(atLeast, erasedBy);
  if (seq < expected) {
    throw new Fault("log-corrupt", `${folder} ends at seq ${seq} instead of ${expected}`);
  }
  const damaged = [...check.damagedExcept(erasures.pending), ...erasures.unordered()];
  const read = check.segments.filter(({ sizeBytes }) => sizeBytes > 0);
  const segments = Object.fromEntries(read.map(({ firstSeq, sizeBytes }) => [firstSeq, sizeBytes]));
  return {
    extent: { size: seq, root: toHex(walk.tree.root()), segments },
    roots,
    damaged: damaged.sort((a, b) => a - b),
    due: erasures.pending,
  };
}

/** Handles the rejection of a check whose log may be corrupt. */
export function ignoreCorrupt(error: unknown): undefined {
  if (!(error instanceof Fault) || error.code !== "log-corrupt") throw error;
}

export async function firstLeaf(
  disk: Disk,
  folder: string,
  sha256: Sha256,
): Promise<string | undefined> {
  const { roots } = await verifyLogCopy({ disk, folder, sha256, atLeast: 0, upTo: 1, sizes: [1] });
  return roots.get(1);
}

export function endOf(
  disk: Disk,
  folder: string,
): { readonly durable: number; readonly seq: number } {
  return onDisk(folder, () => {
    const firstSeq = listSegments(disk, folder).at(-1);
    if (firstSeq === undefined) return { durable: 0, seq: 0 };
    using file = disk.open(join(folder, segmentName(firstSeq)), "read");
    const before = firstSeq - 1;
    const { record, durable = 0 } = lastRecord(file, 0, file.sizeBytes()) ?? {};
    return { durable: Math.max(before, durable), seq: record?.head.seq ?? before };
  });
}
