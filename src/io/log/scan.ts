/** Reads a log's files in blocks, lines and record heads. */

import { NEWLINE } from "../../base/ascii.ts";
import { Fault } from "../../base/fault.ts";
import type { Sha256 } from "../../base/ids.ts";
import { LINE_BYTES_MAX } from "../../base/limits.ts";
import { classifyLine, type LogRecord, parseHead, parseLine } from "../../wire/record.ts";
import { type Disk, type DiskFile, diskFault, OverlongLine } from "../disk/disk.ts";
import { settled } from "../promises.ts";
import type { Segment } from "./segment.ts";

const SCAN_BLOCK_BYTES = 1 << 20;
const TAIL_BYTES = 4 * LINE_BYTES_MAX;
const BLOCK_BYTES_MAX = 64 << 20;

export interface ScannedBlock {
  /**
   * Complete lines, valid until the next block is requested. The file's last block may lack the
   * final newline.
   */
  readonly bytes: Buffer;
  readonly offset: number;
}

export interface ScannedLine {
  readonly bytes: Buffer;
  readonly offset: number;
  readonly isComplete: boolean;
}

/**
 * Reads ahead while the caller processes a block.
 * @throws {OverlongLine}
 */
export async function* scanBlocks(
  file: DiskFile,
  from: number,
  to: number,
  blockBytes = SCAN_BLOCK_BYTES,
): AsyncGenerator<ScannedBlock> {
  const buffers = new BufferPair(Math.min(blockBytes, Math.max(to - from, 1)));
  let pending = readAt(file, buffers.next(), from, to);
  try {
    for (let at = from; at < to; ) {
      const { buffer, sizeBytes, isEnd } = await pending;
      const newline = buffer.subarray(0, sizeBytes).lastIndexOf(NEWLINE);
      const usedBytes = isEnd ? sizeBytes : newline + 1;
      if (usedBytes === 0) buffers.grow();
      const next = at + usedBytes;
      if (!isEnd) pending = readAt(file, buffers.next(), next, to);
      if (usedBytes > 0) yield { bytes: buffer.subarray(0, usedBytes), offset: at };
      if (isEnd) return;
      at = next;
    }
  } finally {
    await settled(pending);
  }
}

class BufferPair {
  #sizeBytes: number;
  #idle: Buffer;
  #busy: Buffer;

  constructor(sizeBytes: number) {
    this.#sizeBytes = sizeBytes;
    this.#idle = Buffer.allocUnsafeSlow(sizeBytes);
    this.#busy = Buffer.alloc(0);
  }

  next(): Buffer {
    const buffer =
      this.#idle.length === this.#sizeBytes ? this.#idle : Buffer.allocUnsafeSlow(this.#sizeBytes);
    this.#idle = this.#busy;
    this.#busy = buffer;
    return buffer;
  }

  grow(): void {
    this.#sizeBytes *= 2;
    if (this.#sizeBytes <= BLOCK_BYTES_MAX) return;
    throw new OverlongLine("a line is too long");
  }
}

interface ReadResult {
  readonly buffer: Buffer;
  readonly sizeBytes: number;
  readonly isEnd: boolean;
}

async function readAt(
  file: DiskFile,
  buffer: Buffer,
  offset: number,
  to: number,
): Promise<ReadResult> {
  const requestedBytes = Math.min(buffer.length, to - offset);
  const sizeBytes = await file.readLater(buffer.subarray(0, requestedBytes), offset);
  return { buffer, sizeBytes, isEnd: sizeBytes < requestedBytes || offset + sizeBytes >= to };
}

export function* linesOf(block: ScannedBlock): Generator<ScannedLine> {
  for (let start = 0; start < block.bytes.length; ) {
    const line = lineAt(block, start);
    yield line;
    start += line.bytes.length + 1;
  }
}

export interface ReadRecord {
  readonly record: LogRecord;
  readonly durable: number;
}

/** Yields the intact records of complete lines, in any order. Skips all other lines. */
export async function* intactRecords(
  file: DiskFile,
  from: number,
  to: number,
  sha256: Sha256,
): AsyncGenerator<ReadRecord> {
  for await (const block of scanBlocks(file, from, to)) {
    for (const { bytes, isComplete } of linesOf(block)) {
      const line = classifyLine(bytes, sha256);
      if (isComplete && line.kind === "intact") yield line;
    }
  }
}

/** Last complete line that is a record. Does not verify its body. */
export function lastRecord(file: DiskFile, from: number, to: number): ReadRecord | undefined {
  const offset = Math.max(from, to - TAIL_BYTES);
  const bytes = Buffer.alloc(to - offset);
  file.read(bytes, offset);
  for (let end = bytes.lastIndexOf(NEWLINE); end > 0; ) {
    const start = bytes.lastIndexOf(NEWLINE, end - 1) + 1;
    const parsed = parseLine(bytes.subarray(start, end));
    if (parsed.kind === "record" && (start > 0 || offset === from)) return parsed;
    end = start - 1;
  }
  return undefined;
}

export function lineAt({ bytes, offset }: ScannedBlock, start: number): ScannedLine {
  const end = bytes.indexOf(NEWLINE, start);
  const isComplete = end !== -1;
  return {
    bytes: bytes.subarray(start, isComplete ? end : undefined),
    offset: offset + start,
    isComplete,
  };
}

const BLOCK_BYTES = 128 << 10;

export function segmentsBetween(
  segments: readonly Segment[],
  from: number,
  last: number,
): Segment[] {
  return segments.filter(({ firstSeq }, index) => {
    const next = segments[index + 1];
    return firstSeq <= last && (next === undefined || next.firstSeq > from);
  });
}

export async function* readHeads(
  disk: Disk,
  segments: readonly Segment[],
  from: number,
  last: number,
): AsyncGenerator<LogRecord> {
  for (const segment of segmentsBetween(segments, from, last)) {
    const { path, sizeBytes } = segment;
    try {
      using file = disk.open(path, "read");
      for await (const block of scanBlocks(file, segment.seek(from), sizeBytes, BLOCK_BYTES)) {
        for (const line of linesOf(block)) {
          const record = parseHead(line.bytes)?.record;
          if (record === undefined) {
            throw new Fault("log-corrupt", `${path} is damaged at byte ${line.offset}`);
          }
          if (record.head.seq > last) return;
          if (record.head.seq >= from) yield record;
        }
      }
    } catch (error) {
      throw diskFault(error, path);
    }
  }
}
