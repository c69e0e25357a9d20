/** Cache file for a log's index. */

import { dirname, join } from "node:path";
import { equalBytes } from "../../base/bytes.ts";
import type { Sha256 } from "../../base/ids.ts";
import { BATCH_SYNC_BYTES_MAX } from "../../base/limits.ts";
import { parseLine } from "../../wire/record.ts";
import type { Disk } from "../disk/disk.ts";
import { readWholeFile } from "../disk/whole-file.ts";
import { matchSizes, segmentName } from "../log/segment.ts";
import { BlockIndex } from "./block-index.ts";

/**
 * Format: SHA-256 of the remaining bytes, a line of JSON, the blocks as five float64 arrays, and
 * the room index. The cache is valid only if the digest and the segment files match.
 */

export interface CacheLocation {
  readonly disk: Disk;
  readonly cachePath: string;
  readonly folder: string;
  readonly sha256: Sha256;
}

const FORMAT = 2;
const DIGEST_BYTES = 32;
const NEWLINE = 0x0a;
const BLOCK_ARRAYS = 5;
const INDEX_BYTES_MAX = 1 << 30;

interface CacheHeader {
  readonly format: number;
  readonly segments: readonly { firstSeq: number; firstBlock: number; coveredBytes: number }[];
  readonly blocks: number;
  readonly odd: readonly number[];
  readonly lastLineAt: number;
  readonly lastSeq: number;
  readonly lastHead: string;
  readonly rooms: readonly string[];
  readonly lasts: readonly number[];
  readonly sizes: readonly number[];
}

export function saveIndex(location: CacheLocation, index: BlockIndex): void {
  const { disk, cachePath, sha256 } = location;
  const lastHead = headAt(location, index);
  if (lastHead === undefined) return;
  const rooms = index.rooms.dump();
  const header: CacheHeader = {
    format: FORMAT,
    segments: index.segments,
    blocks: index.blockCount,
    odd: [...index.unparsable],
    lastLineAt: index.lastLineAt,
    lastSeq: index.lastSeq,
    lastHead,
    rooms: rooms.names,
    lasts: rooms.lasts,
    sizes: rooms.sizes,
  };
  const payload = Buffer.concat([
    Buffer.from(`${JSON.stringify(header)}\n`),
    ...arraysOf(index).map((values) => new Uint8Array(Float64Array.from(values).buffer)),
    ...rooms.bytes,
  ]);
  const temporary = `${cachePath}.${process.pid}.tmp`;
  try {
    disk.makeFolder(dirname(cachePath));
    disk.remove(temporary);
    writeAll(disk, temporary, Buffer.concat([sha256(payload), payload]));
    disk.rename(temporary, cachePath);
  } catch {
    // Ignore a full or read-only disk, because the cache is optional.
  }
}

function arraysOf({ segmentOf, offsets, firstSeqs, minTimes, maxTimes }: BlockIndex): number[][] {
  return [segmentOf, offsets, firstSeqs, minTimes, maxTimes];
}

function writeAll(disk: Disk, path: string, bytes: Uint8Array): void {
  using file = disk.open(path, "write");
  for (let done = 0; done < bytes.length; ) {
    const wrote = file.write(bytes.subarray(done, done + BATCH_SYNC_BYTES_MAX), done);
    if (wrote === 0) throw new Error("the disk takes nothing");
    done += wrote;
  }
}

export function loadIndex(location: CacheLocation): BlockIndex | undefined {
  try {
    const bytes = readCache(location);
    if (bytes === undefined) return undefined;
    const payload = bytes.subarray(DIGEST_BYTES);
    if (!equalBytes(location.sha256(payload), bytes.subarray(0, DIGEST_BYTES))) return undefined;
    const end = payload.indexOf(NEWLINE);
    const header = JSON.parse(payload.subarray(0, end).toString()) as CacheHeader;
    if (header.format !== FORMAT) return undefined;
    const index = restore(header, payload.subarray(end + 1));
    return matchesFiles(location, index, header.lastHead) ? index : undefined;
  } catch {
    return undefined;
  }
}

function readCache({ disk, cachePath }: CacheLocation): Buffer | undefined {
  const bytes = readWholeFile(disk, cachePath, INDEX_BYTES_MAX);
  return bytes && Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}

function restore(header: CacheHeader, bytes: Buffer): BlockIndex {
  const index = new BlockIndex();
  index.segments.push(...header.segments);
  // Copy the bytes, because a Float64Array must be aligned to eight bytes.
  const numbers = new Float64Array(
    Uint8Array.from(bytes.subarray(0, header.blocks * 8 * BLOCK_ARRAYS)).buffer,
  );
  for (const [number, values] of arraysOf(index).entries()) {
    const start = number * header.blocks;
    for (let i = 0; i < header.blocks; i++) values.push(numbers[start + i] ?? 0);
  }
  for (const block of header.odd) index.unparsable.add(block);
  index.lastLineAt = header.lastLineAt;
  index.lastSeq = header.lastSeq;
  let at = header.blocks * 8 * BLOCK_ARRAYS;
  for (const [number, room] of header.rooms.entries()) {
    const sizeBytes = header.sizes[number] ?? 0;
    index.rooms.load(room, header.lasts[number] ?? -1, bytes.subarray(at, at + sizeBytes));
    at += sizeBytes;
  }
  return index;
}

function matchesFiles(location: CacheLocation, index: BlockIndex, lastHead: string): boolean {
  const segments = index.segments.map(({ firstSeq, coveredBytes: sizeBytes }) => {
    return { firstSeq, sizeBytes };
  });
  return (
    matchSizes(location.disk, location.folder, segments) && headAt(location, index) === lastHead
  );
}

function headAt(location: CacheLocation, index: BlockIndex): string | undefined {
  const segment = index.segments.at(-1);
  if (segment === undefined || segment.coveredBytes <= index.lastLineAt) return undefined;
  using file = location.disk.open(join(location.folder, segmentName(segment.firstSeq)), "read");
  const line = Buffer.alloc(segment.coveredBytes - 1 - index.lastLineAt);
  file.read(line, index.lastLineAt);
  const parsed = parseLine(line);
  return parsed.kind === "record" ? Buffer.from(parsed.record.headBytes).toString() : undefined;
}
