/** Index of a growing log, and its cache file. */

import { dirname, join } from "node:path";
import { NEWLINE } from "../../base/ascii.ts";
import { equalBytes, SHA256_BYTES } from "../../base/bytes.ts";
import { decodeJson } from "../../base/decode.ts";
import type { Sha256 } from "../../base/ids.ts";
import { BATCH_SYNC_BYTES_MAX } from "../../base/limits.ts";
import { parseLine } from "../../wire/record.ts";
import { type Disk, type DiskFile, readWholeFile } from "../disk/disk.ts";
import { lastRecord, scanBlocks } from "../log/scan.ts";
import { listSegments, matchSizes, segmentName } from "../log/segment.ts";
import { TaskQueue } from "../task-queue.ts";
import { BlockIndex, type ByteRange } from "./block-index.ts";

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

function saveIndex(location: CacheLocation, index: BlockIndex): void {
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

function loadIndex(location: CacheLocation): BlockIndex | undefined {
  try {
    const bytes = readCache(location);
    if (bytes === undefined) return undefined;
    const payload = bytes.subarray(SHA256_BYTES);
    if (!equalBytes(location.sha256(payload), bytes.subarray(0, SHA256_BYTES))) return undefined;
    const end = payload.indexOf(NEWLINE);
    const header = decodeJson(payload.subarray(0, end).toString()) as CacheHeader;
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

export interface ArchiveOptions {
  readonly folder: string;
  readonly disk: Disk;
  readonly sha256: Sha256;
  readonly cachePath?: string;
  readonly head?: () => number;
}

export interface IndexView {
  readonly index: BlockIndex;
  readonly lastSeq: number;
  readonly unconfirmed: readonly ByteRange[];
}

/** The cache file is rewritten after this many new bytes, which take 50 ms to scan. */
const SAVE_INTERVAL_BYTES = 32 << 20;
const TAIL_BYTES = 4 << 20;

export class LogIndex {
  #index: BlockIndex | undefined;
  readonly #refreshes = new TaskQueue();
  #unsavedBytes = 0;

  constructor(private readonly options: ArchiveOptions) {}

  refresh<Plan>(plan: (view: IndexView) => Plan): Promise<Plan> {
    return this.#refreshes.run(async () => plan(await this.#refresh()));
  }

  save(): void {
    const { disk, cachePath, sha256, folder } = this.options;
    if (this.#index === undefined || cachePath === undefined || this.#unsavedBytes === 0) return;
    saveIndex({ disk, cachePath, sha256, folder }, this.#index);
    this.#unsavedBytes = 0;
  }

  async #refresh(): Promise<IndexView> {
    const { disk, folder, sha256, cachePath } = this.options;
    const firstSeqs = listSegments(disk, folder);
    if (this.#index === undefined && cachePath !== undefined) {
      this.#index = loadIndex({ disk, cachePath, sha256, folder });
    }
    if (this.#index !== undefined && !isPrefix(this.#index, firstSeqs)) this.#index = undefined;
    this.#index ??= new BlockIndex();
    const index = this.#index;
    let unindexed: ByteRange[] = [];
    for (const [number, firstSeq] of firstSeqs.entries()) {
      if (number < index.segments.length - 1) continue;
      const isLast = number === firstSeqs.length - 1;
      using file = disk.open(join(folder, segmentName(firstSeq)), "read");
      const sizeBytes = file.sizeBytes();
      // Rebuild the index, because a restore or repair has shortened the log.
      if (sizeBytes < (index.segments[number]?.coveredBytes ?? 0)) return await this.#rebuild();
      if (number === index.segments.length) index.beginSegment(firstSeq);
      unindexed = await this.#extend(index, { file, firstSeq, sizeBytes, isLast });
    }
    if (this.#unsavedBytes >= SAVE_INTERVAL_BYTES) this.save();
    return { index, lastSeq: index.lastSeq, unconfirmed: unindexed };
  }

  async #rebuild(): Promise<IndexView> {
    this.#index = new BlockIndex();
    return await this.#refresh();
  }

  async #extend(index: BlockIndex, tail: Tail): Promise<ByteRange[]> {
    const segment = index.segments.at(-1);
    const covered = segment?.coveredBytes ?? 0;
    if (tail.sizeBytes === covered) return [];
    const limitSeq = tail.isLast ? this.#durableSeq(tail, covered) : Number.MAX_SAFE_INTEGER;
    if (limitSeq > index.lastSeq) {
      for await (const block of scanBlocks(tail.file, covered, tail.sizeBytes)) {
        const addedBytes = index.addLines(block.bytes, limitSeq);
        this.#unsavedBytes += addedBytes;
        if (addedBytes < block.bytes.length) break;
      }
    }
    if (this.options.head !== undefined) return [];
    const from = segment?.coveredBytes ?? 0;
    const to = lastLineEnd(tail, from);
    return to > from ? [{ firstSeq: tail.firstSeq, from, to, isUnconfirmed: true }] : [];
  }

  #durableSeq(tail: Tail, covered: number): number {
    if (this.options.head !== undefined) return this.options.head();
    return lastRecord(tail.file, covered, tail.sizeBytes)?.durable ?? 0;
  }
}

interface Tail {
  readonly file: DiskFile;
  readonly firstSeq: number;
  readonly sizeBytes: number;
  readonly isLast: boolean;
}

function isPrefix(index: BlockIndex, firstSeqs: readonly number[]): boolean {
  return index.segments.every((segment, number) => segment.firstSeq === firstSeqs[number]);
}

function lastLineEnd({ file, sizeBytes }: Tail, from: number): number {
  const offset = Math.max(from, sizeBytes - TAIL_BYTES);
  const bytes = Buffer.alloc(sizeBytes - offset);
  return offset + bytes.subarray(0, file.read(bytes, offset)).lastIndexOf(NEWLINE) + 1;
}
