/** Reads a log in blocks and lines. */

import type { DiskFile } from "../disk/disk.ts";

/** Large enough that system calls cost nothing, small enough for the processor's cache. */
const SCAN_BLOCK_BYTES = 1 << 20;
const NEWLINE = 0x0a;
/** Far beyond any line of ours: a file without lines, or zeros after a crash. */
const BLOCK_BYTES_MAX = 64 << 20;

/** Whole lines from one range of a file. */
export interface Block {
  /** Ends with a newline, except perhaps at the end; valid until the next block is requested. */
  readonly bytes: Buffer;
  readonly offset: number;
}

export interface ScannedLine {
  /** Without its newline; valid as long as its block. */
  readonly bytes: Buffer;
  readonly offset: number;
  /** False only for bytes after the last newline. */
  readonly whole: boolean;
}

/**
 * Reads a file from one offset to another, cut at line ends. The next block is read while one is
 * processed; each wait yields to the event loop.
 * @throws EFBIG for a line that cannot be ours
 */
export async function* scanBlocks(
  file: DiskFile,
  from: number,
  to: number,
  blockBytes = SCAN_BLOCK_BYTES,
): AsyncGenerator<Block> {
  const buffers = new BufferPair(Math.min(blockBytes, Math.max(to - from, 1)));
  let pending = readAt(file, buffers.next(), from, to);
  try {
    for (let at = from; at < to; ) {
      const { buffer, sizeBytes, isEnd } = await pending;
      const newline = buffer.subarray(0, sizeBytes).lastIndexOf(NEWLINE);
      const usedBytes = isEnd ? sizeBytes : newline + 1;
      // A line longer than the buffer: read it again into one twice as large.
      if (usedBytes === 0) buffers.grow();
      const next = at + usedBytes;
      if (!isEnd) pending = readAt(file, buffers.next(), next, to);
      if (usedBytes > 0) yield { bytes: buffer.subarray(0, usedBytes), offset: at };
      if (isEnd) return;
      at = next;
    }
  } finally {
    // Do not close the file while a read is in flight.
    await pending.catch(() => undefined);
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
    const given = this.#idle.length === this.#sizeBytes ? this.#idle : this.#fresh();
    this.#idle = this.#busy;
    this.#busy = given;
    return given;
  }

  grow(): void {
    this.#sizeBytes *= 2;
    if (this.#sizeBytes <= BLOCK_BYTES_MAX) return;
    throw Object.assign(new Error("a line is too long"), { code: "EFBIG" });
  }

  #fresh(): Buffer {
    return Buffer.allocUnsafeSlow(this.#sizeBytes);
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
  const wanted = Math.min(buffer.length, to - offset);
  const sizeBytes = await file.readLater(buffer.subarray(0, wanted), offset);
  return { buffer, sizeBytes, isEnd: sizeBytes < wanted || offset + sizeBytes >= to };
}

export function* linesOf(block: Block): Generator<ScannedLine> {
  for (let start = 0; start < block.bytes.length; ) {
    const line = lineAt(block, start);
    yield line;
    start += line.bytes.length + 1;
  }
}

/** Returns the line at `start`. */
export function lineAt({ bytes, offset }: Block, start: number): ScannedLine {
  const end = bytes.indexOf(NEWLINE, start);
  const whole = end !== -1;
  return { bytes: bytes.subarray(start, whole ? end : undefined), offset: offset + start, whole };
}
