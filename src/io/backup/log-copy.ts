/** Copies a log incrementally. */

import { join } from "node:path";
import { type Disk, diskFault, writeWhole } from "../disk/disk.ts";
import { eraseLine } from "../log/erasure.ts";
import { linesOf, scanBlocks } from "../log/scan.ts";
import { listSegments, segmentName } from "../log/segment.ts";
import type { LogExtent } from "./manifest.ts";

const BLOCK_BYTES = 1 << 20;
const SYNC_BYTES_MAX = 0;

export interface CopyOptions {
  readonly disk: Disk;
  readonly from: string;
  readonly to: string;
  readonly trusted: LogExtent["segments"];
  readonly keepsComplete: boolean;
  readonly upTo?: LogExtent["segments"];
  readonly onBytes: (count: number) => void;
}

export async function copyLog(options: CopyOptions): Promise<void> {
  const { disk, from, to } = options;
  try {
    disk.makeFolder(to);
    const firstSeqs = listSegments(disk, from);
    for (const [index, firstSeq] of firstSeqs.entries()) {
      await copySegment(options, firstSeq, index === firstSeqs.length - 1);
    }
    // An interrupted run may have copied segments that the server has since truncated.
    for (const firstSeq of listSegments(disk, to)) {
      if (!firstSeqs.includes(firstSeq)) disk.remove(join(to, segmentName(firstSeq)));
    }
    await disk.syncFolder(to);
  } catch (error) {
    throw diskFault(error, to);
  }
}

async function copySegment(
  { disk, from, to, trusted, keepsComplete, upTo, onBytes }: CopyOptions,
  firstSeq: number,
  isLast: boolean,
): Promise<void> {
  const name = segmentName(firstSeq);
  using source = disk.open(join(from, name), "read");
  const sizeBytes = source.sizeBytes();
  const endBytes = upTo === undefined ? sizeBytes : Math.min(sizeBytes, upTo[firstSeq] ?? 0);
  using copy = disk.open(join(to, name), "write");
  const copiedBytes = copy.sizeBytes();
  const isComplete = keepsComplete && !isLast && copiedBytes === endBytes;
  let at = isComplete ? endBytes : Math.min(copiedBytes, trusted[firstSeq] ?? 0);
  if (copiedBytes > at) copy.truncate(at);
  if (at === endBytes) return;
  const buffer = new Uint8Array(Math.min(BLOCK_BYTES, endBytes - at));
  while (at < endBytes) {
    const target = buffer.subarray(0, Math.min(BLOCK_BYTES, endBytes - at));
    const bytesRead = await source.readLater(target, at);
    if (bytesRead === 0) break;
    await writeWhole(copy, target.subarray(0, bytesRead), at, SYNC_BYTES_MAX);
    at += bytesRead;
    onBytes(bytesRead);
  }
  await copy.sync();
  await disk.syncFolder(to); // A segment must be durable before a later segment exists.
}

export async function truncateLog(disk: Disk, folder: string, segments: LogExtent["segments"]) {
  try {
    for (const firstSeq of listSegments(disk, folder)) {
      const path = join(folder, segmentName(firstSeq));
      const endBytes = segments[firstSeq];
      if (endBytes === undefined) {
        disk.remove(path);
        continue;
      }
      using file = disk.open(path, "write");
      if (file.sizeBytes() > endBytes) file.truncate(endBytes);
      await file.sync();
    }
    await disk.syncFolder(folder);
  } catch (error) {
    throw diskFault(error, folder);
  }
}

export async function eraseDue(
  disk: Disk,
  folder: string,
  due: ReadonlyMap<number, number>,
): Promise<void> {
  if (due.size === 0) return;
  try {
    for (const firstSeq of listSegments(disk, folder)) {
      const path = join(folder, segmentName(firstSeq));
      using file = disk.open(path, "read");
      let seq = firstSeq;
      for await (const block of scanBlocks(file, 0, file.sizeBytes())) {
        for (const { bytes, offset } of linesOf(block)) {
          const eraseSeq = due.get(seq++);
          if (eraseSeq === undefined) continue;
          const line = { path, offset, bytes: Uint8Array.from(bytes) };
          const reservePath = join(folder, "..", "reserve");
          await eraseLine({ disk, reservePath }, line, eraseSeq);
        }
      }
    }
  } catch (error) {
    throw diskFault(error, folder);
  }
}
