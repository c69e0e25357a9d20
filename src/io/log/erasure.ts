/** Erases lines by overwriting them in place. */

import { assert } from "../../base/assert.ts";
import type { Sha256 } from "../../base/ids.ts";
import { BATCH_SYNC_BYTES_MAX } from "../../base/limits.ts";
import type { Erasures } from "../../core/log/erasures.ts";
import { erasedTail, parseLine } from "../../wire/record.ts";
import { type Disk, withReserve, writeWhole } from "../disk/disk.ts";
import { intactRecords, linesOf, scanBlocks } from "./scan.ts";
import type { Segment } from "./segment.ts";

export interface LineLocation {
  readonly path: string;
  readonly offset: number;
  readonly bytes: Uint8Array;
}

export interface DiskWithReserve {
  readonly disk: Disk;
  readonly reservePath: string;
}

/**
 * Overwrites a line's salt and body with spaces, never its head. A power loss may leave an
 * incomplete erasure, so readers check for the `erase` record.
 */
export async function eraseLine(
  { disk, reservePath }: DiskWithReserve,
  { path, offset, bytes: line }: LineLocation,
  eraseSeq: number,
): Promise<void> {
  const { at, bytes } = erasedTail(line, eraseSeq);
  using file = disk.open(path, "write");
  // A copy-on-write file system needs free space even to overwrite data.
  await withReserve(disk, reservePath, () =>
    writeWhole(file, bytes, offset + at, BATCH_SYNC_BYTES_MAX),
  );
  await file.sync();
}

export async function eraseRecord(
  storage: DiskWithReserve,
  segments: readonly Segment[],
  { seq, eraseSeq }: { readonly seq: number; readonly eraseSeq: number },
): Promise<void> {
  const location = await lineOf(storage.disk, segments, seq);
  const parsed = parseLine(location.bytes);
  if (parsed.kind === "record" && parsed.record.erased === eraseSeq) {
    await syncPath(storage.disk, location.path);
  } else await eraseLine(storage, location, eraseSeq);
}

export async function lineOf(
  disk: Disk,
  segments: readonly Segment[],
  seq: number,
): Promise<LineLocation> {
  const segment = segments.findLast(({ firstSeq }) => firstSeq <= seq);
  assert(segment !== undefined, "a durable record is in a segment");
  const location = await findLine(disk, segment, seq);
  assert(location !== undefined, "the segment contains the line");
  return location;
}

export async function syncPath(disk: Disk, path: string): Promise<void> {
  using file = disk.open(path, "write");
  await file.sync();
}

async function findLine(
  disk: Disk,
  segment: Segment,
  seq: number,
): Promise<LineLocation | undefined> {
  const { path } = segment;
  using file = disk.open(path, "read");
  let next = segment.markBefore(seq);
  for await (const block of scanBlocks(file, segment.seek(seq), segment.sizeBytes)) {
    for (const line of linesOf(block)) {
      if (next === seq) return { path, offset: line.offset, bytes: Uint8Array.from(line.bytes) };
      next += 1;
    }
  }
  return undefined;
}

export async function collectErasures(
  disk: Disk,
  path: string,
  { from, sha256, erasures }: { from: number; sha256: Sha256; erasures: Erasures },
): Promise<void> {
  using file = disk.open(path, "read");
  for await (const { record } of intactRecords(file, from, file.sizeBytes(), sha256)) {
    erasures.add(record);
  }
}
