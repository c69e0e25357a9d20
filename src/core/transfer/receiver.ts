/** Receiving side of a chunked transfer. */

import { assert } from "../../base/assert.ts";
import { Fault } from "../../base/fault.ts";
import { CHUNK_BYTES, FILE_BYTES_MAX } from "../../base/limits.ts";
import { chunkCount, chunkSize } from "../../wire/chunks.ts";

export interface ChunkReceiverOptions {
  readonly storedChunks: number;
  readonly windowBytes: number;
  readonly sizeBytes?: number;
  readonly sizeBytesMax?: number;
}

/** `again`: the chunk is already stored; the driver compares the checksums and acknowledges it. */
export type ChunkAction = "store" | "again";

/**
 * Tracks the next expected chunk and the unacknowledged data of one file. The driver handles
 * checksums, disk and messages: it calls `chunk` for each received chunk and `acked` after it has
 * stored the chunk.
 */
export class ChunkReceiver {
  readonly #windowBytes: number;
  readonly #sizeBytesMax: number;
  #next: number;
  #sizeBytes: number | undefined;
  readonly #unacked: { readonly index: number; readonly sizeBytes: number }[] = [];
  #unackedBytes = 0;

  constructor(options: ChunkReceiverOptions) {
    assert(options.windowBytes >= CHUNK_BYTES, "a window holds one chunk");
    this.#windowBytes = options.windowBytes;
    this.#sizeBytesMax = options.sizeBytesMax ?? FILE_BYTES_MAX;
    this.#next = options.storedChunks;
    this.#sizeBytes = options.sizeBytes;
    const chunksMax = chunkCount(options.sizeBytes ?? Number.POSITIVE_INFINITY);
    assert(this.#next <= chunksMax, "stored chunks do not exceed the file");
  }

  get next(): number {
    return this.#next;
  }

  get sizeBytes(): number | undefined {
    return this.#sizeBytes;
  }

  get unackedBytes(): number {
    return this.#unackedBytes;
  }

  get isComplete(): boolean {
    return (
      this.#sizeBytes !== undefined &&
      this.#next === chunkCount(this.#sizeBytes) &&
      this.#unacked.length === 0
    );
  }

  /**
   * A fault changes nothing, but the driver must close the data channel.
   * @throws {Fault} out-of-order, frame-malformed or too-large; the message contains the chunk's
   * index
   */
  chunk(index: number, sizeBytes: number): ChunkAction {
    this.#checkIndex(index);
    this.#checkSize(index, sizeBytes);
    this.#reserve(index, sizeBytes);
    if (index < this.#next) return "again";
    this.#next += 1;
    if (sizeBytes < CHUNK_BYTES) this.#sizeBytes = index * CHUNK_BYTES + sizeBytes;
    return "store";
  }

  acked(index: number): void {
    const oldest = this.#unacked.shift();
    assert(oldest?.index === index, "chunks are acknowledged in order");
    this.#unackedBytes -= oldest.sizeBytes;
  }

  end(total: { readonly sizeBytes: number; readonly chunks: number }): void {
    const { sizeBytes, chunks } = total;
    if (sizeBytes > this.#sizeBytesMax) throw this.#tooLarge(`${sizeBytes} bytes`);
    if (chunks !== chunkCount(sizeBytes)) {
      const message = `a file of ${sizeBytes} bytes cannot have ${chunks} chunks`;
      throw new Fault("frame-malformed", message);
    }
    if (this.#sizeBytes !== undefined && this.#sizeBytes !== sizeBytes) {
      const message = `the file ends with ${sizeBytes} bytes instead of ${this.#sizeBytes}`;
      throw new Fault("out-of-order", message);
    }
    if (chunks !== this.#next) {
      throw new Fault("out-of-order", `the file ends before chunk ${this.#next} of ${chunks}`);
    }
    this.#sizeBytes = sizeBytes;
  }

  #checkIndex(index: number): void {
    if (index > this.#next) {
      throw new Fault("out-of-order", `chunk ${index} arrived before chunk ${this.#next}`);
    }
    if (this.#sizeBytes !== undefined && index >= chunkCount(this.#sizeBytes)) {
      throw new Fault("out-of-order", `chunk ${index} is after the end of the file`);
    }
  }

  #checkSize(index: number, sizeBytes: number): void {
    const expected = this.#sizeBytes === undefined ? undefined : chunkSize(index, this.#sizeBytes);
    if (expected !== undefined && sizeBytes !== expected) {
      const message = `chunk ${index} has ${sizeBytes} bytes instead of ${expected}`;
      throw new Fault("frame-malformed", message);
    }
    if (sizeBytes < 1 || sizeBytes > CHUNK_BYTES) {
      throw new Fault("frame-malformed", `chunk ${index} has ${sizeBytes} bytes`);
    }
    if (index < this.#next && expected === undefined && sizeBytes !== CHUNK_BYTES) {
      // Only the last chunk may be short, and it is not yet known which chunk is the last.
      throw new Fault("frame-malformed", `chunk ${index} was repeated with ${sizeBytes} bytes`);
    }
    if (index * CHUNK_BYTES + sizeBytes > this.#sizeBytesMax)
      throw this.#tooLarge(`chunk ${index}`);
  }

  #reserve(index: number, sizeBytes: number): void {
    const chunksMax = Math.floor(this.#windowBytes / CHUNK_BYTES) + 1;
    const waitingBytes = this.#unackedBytes + sizeBytes;
    if (waitingBytes > this.#windowBytes || this.#unacked.length >= chunksMax) {
      const message = `chunk ${index} is beyond the window of ${this.#windowBytes} bytes`;
      throw new Fault("out-of-order", message);
    }
    this.#unacked.push({ index, sizeBytes });
    this.#unackedBytes = waitingBytes;
  }

  #tooLarge(reason: string): Fault {
    const limit = `the file size limit of ${this.#sizeBytesMax} bytes`;
    return new Fault("too-large", `${reason} exceeds ${limit}`);
  }
}

export function wrongChecksum(index: number): Fault {
  return new Fault("checksum-wrong", `the checksum of chunk ${index} is wrong`);
}

export function foreignChunk(index: number): Fault {
  return new Fault("out-of-order", `chunk ${index} does not belong to this file`);
}
