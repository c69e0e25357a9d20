/** Reads and hashes chunks while earlier chunks are sent. */

import { assert } from "../../base/assert.ts";
import type { Source } from "../../io/blob/interfaces.ts";
import { markHandled, settled } from "../../io/promises.ts";
import type { Hashing } from "./hashing.ts";

export interface ReadChunk {
  readonly bytes: Uint8Array;
  readonly sha256: Uint8Array;
}

/** Maximum number of chunks read ahead. More chunks do not increase the speed. */
const AHEAD_CHUNKS_MAX = 4;
/**
 * Chunks per call of `recordHashes`. A source that cannot be read twice has no journal and needs no
 * batches.
 */
const BATCH_CHUNKS = 4;

type RecordHashes = (first: number, hashes: readonly Uint8Array[]) => void;

export class ReadAhead {
  readonly #batchChunks: number;
  #queue: Promise<ReadChunk | undefined>[] = [];
  /** Settles when no read is in progress. A source allows one read at a time. */
  #tail: Promise<unknown> = Promise.resolve();
  #next = 0;
  #endsAt = Number.POSITIVE_INFINITY;
  #seeks = 0;

  /**
   * @param recordHashes called before `next` returns any of the chunks; `next` throws its faults
   */
  constructor(
    private readonly source: Source,
    private readonly hashChunk: Hashing["hashChunk"],
    private readonly recordHashes: RecordHashes,
  ) {
    this.#batchChunks = source.path === undefined ? 1 : BATCH_CHUNKS;
  }

  seek(index: number): void {
    this.stop();
    this.#next = index;
  }

  stop(): void {
    this.#seeks += 1;
    this.#queue = [];
  }

  next(index: number): Promise<ReadChunk | undefined> {
    while (this.#queue.length < AHEAD_CHUNKS_MAX) this.#queue.push(...this.#readBatch());
    assert(index === this.#next - this.#queue.length, "chunks are read in order");
    const chunk = this.#queue.shift();
    assert(chunk !== undefined, "one block is always read ahead");
    return chunk;
  }

  #readBatch(): Promise<ReadChunk | undefined>[] {
    const first = this.#next;
    const seeks = this.#seeks;
    this.#next += this.#batchChunks;
    // A seek discards the reads queued before it.
    const read = this.#tail.then(() => (seeks === this.#seeks ? this.#read(first) : []));
    this.#tail = settled(read);
    return Array.from({ length: this.#batchChunks }, (_, i) => {
      const chunk = read.then((chunks) => chunks[i]);
      markHandled(chunk);
      return chunk;
    });
  }

  async #read(first: number): Promise<ReadChunk[]> {
    const seeks = this.#seeks;
    const reads: Promise<ReadChunk>[] = [];
    for (let index = first; index < Math.min(first + this.#batchChunks, this.#endsAt); index++) {
      const bytes = await this.source.read(index);
      if (seeks !== this.#seeks) return [];
      if (bytes !== undefined) reads.push(this.#hash(bytes));
      else this.#endsAt = Math.min(this.#endsAt, index);
    }
    const chunks = await Promise.all(reads);
    if (seeks !== this.#seeks) return [];
    this.recordHashes(
      first,
      chunks.map(({ sha256 }) => sha256),
    );
    return chunks;
  }

  async #hash(bytes: Uint8Array): Promise<ReadChunk> {
    return { bytes, sha256: await this.hashChunk(bytes) };
  }
}
