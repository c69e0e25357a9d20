/** Overwrites erased lines in place. */

import { assert } from "../../base/assert.ts";
import type { Sha256 } from "../../base/ids.ts";
import { BATCH_SYNC_BYTES_MAX } from "../../base/limits.ts";
import type { Erasures } from "../../core/log/erasures.ts";
import { bodyFits, erasedTail, parseLine } from "../../wire/record.ts";
import { type Disk, writeWhole } from "../disk/disk.ts";
import { withReserve } from "./folder.ts";
import { linesOf, scanBlocks } from "./scan.ts";
import type { Segment } from "./segment.ts";

/** Position of one line of a log, and its bytes without the newline. */
export interface LinePlace {
  readonly path: string;
  readonly offset: number;
  readonly bytes: Uint8Array;
}

export interface ErasingDisk {
  readonly disk: Disk;
  /** Reserve file, removed when the disk is full. */
  readonly reservePath: string;
}

/**
 * Durably overwrites salt and body with spaces, never the head. A power loss may leave a mix: a
 * reader looks for the record that ordered the erasure.
 */
export async function eraseLine(
  { disk, reservePath }: ErasingDisk,
  { path, offset, bytes: line }: LinePlace,
  eraseSeq: number,
): Promise<void> {
  const { at, bytes } = erasedTail(line, eraseSeq);
  using file = disk.open(path, "write");
  // Nothing grows, but a copy-on-write disk needs space even so.
  await withReserve(disk, reservePath, () =>
    writeWhole(file, bytes, offset + at, BATCH_SYNC_BYTES_MAX),
  );
  await file.sync();
}

/** Blanks a durable record wherever it is; one that is blank already is made durable. */
export async function eraseRecord(
  where: ErasingDisk,
  segments: readonly Segment[],
  { seq, eraseSeq }: { readonly seq: number; readonly eraseSeq: number },
): Promise<void> {
  const place = await lineOf(where.disk, segments, seq);
  const parsed = parseLine(place.bytes);
  if (parsed.kind === "record" && parsed.record.erased === eraseSeq) {
    await syncPath(where.disk, place.path);
  } else await eraseLine(where, place, eraseSeq);
}

/** Finds the line of a durable record. */
export async function lineOf(
  disk: Disk,
  segments: readonly Segment[],
  seq: number,
): Promise<LinePlace> {
  const segment = segments.findLast(({ firstSeq }) => firstSeq <= seq);
  assert(segment !== undefined, "what is durable was recorded");
  const place = await findLine(disk, segment, seq);
  assert(place !== undefined, "what is durable stands in its segment");
  return place;
}

/** Makes durable what a killed process wrote without a sync. */
export async function syncPath(disk: Disk, path: string): Promise<void> {
  using file = disk.open(path, "write");
  await file.sync();
}

/** Scans from the last mark, since lines in between may be torn. */
async function findLine(disk: Disk, segment: Segment, seq: number): Promise<LinePlace | undefined> {
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

/** Collects the valid records of a file from an offset on. */
export async function collectErasures(
  disk: Disk,
  path: string,
  { from, sha256, erasures }: { from: number; sha256: Sha256; erasures: Erasures },
): Promise<void> {
  using file = disk.open(path, "read");
  for await (const block of scanBlocks(file, from, file.sizeBytes())) {
    for (const line of linesOf(block)) {
      const parsed = parseLine(line.bytes);
      if (parsed.kind !== "record" || !line.whole || !bodyFits(parsed.record, sha256)) continue;
      erasures.take(parsed.record);
    }
  }
}
