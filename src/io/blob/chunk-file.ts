/** Content on disk as a sequence of chunks. */

import { assert } from "../../base/assert.ts";
import { equalBytes } from "../../base/bytes.ts";
import { asFault, Fault } from "../../base/fault.ts";
import type { Sha256 } from "../../base/ids.ts";
import { CHUNK_BYTES, TRANSFER_SYNC_BYTES, UNSYNCED_CHUNKS_MAX } from "../../base/limits.ts";
import { chunkSize, Digest } from "../../wire/chunks.ts";
import { acquireBuffer } from "../disk/buffer-pool.ts";
import { type DiskFile, diskFault, isFull, skipBytes } from "../disk/disk.ts";
import { settled } from "../promises.ts";
import { TaskQueue } from "../task-queue.ts";
import { ChecksumFile } from "./checksum-file.ts";

export interface Content {
  read(into: readonly Uint8Array[], offset: number): Promise<number>;
  write(parts: readonly Uint8Array[], offset: number): Promise<void>;
  sync(): Promise<void>;
  truncate(sizeBytes: number): Promise<void>;
  /** Space that the content uses on its disk. `undefined` if unknown. */
  diskBytes?(): number | undefined;
  /**
   * If other programs may have changed the content, returns a function that makes the fault for a
   * chunk with another checksum.
   */
  changed?(): (() => Fault) | undefined;
  close(): void;
}

export interface ChunkSequenceOptions {
  readonly content: Content;
  readonly lines: DiskFile;
  readonly headerBytes: number;
  readonly checksumPath: string;
  /** Path of the content that faults name. */
  readonly path: string;
  readonly isStrict: boolean;
  /** True if the checksums come from this program. Otherwise, `open` verifies all chunks. */
  readonly isProven: boolean;
  readonly sha256: Sha256;
  readonly syncs?: TaskQueue;
  readonly resumesSoon?: boolean;
}

interface CheckedChunks {
  readonly upTo: number;
  readonly lastBytes: number;
}

interface QueuedChunk {
  readonly sha256: Uint8Array;
  readonly bytes: Uint8Array;
  readonly done: () => void;
  readonly failed: (error: unknown) => void;
}

/**
 * Maximum number of chunks per write. Four chunks amortise the thread switch of a write, which
 * costs as much as one chunk.
 */
export const CHUNKS_PER_WRITE = 4;
const CHECKED_CHUNKS = TRANSFER_SYNC_BYTES / CHUNK_BYTES;
/** Twice the chunks between two syncs, because more arrive during a sync. */
const EARLY_CHECKSUMS_MAX = 2 * CHECKED_CHUNKS;

/**
 * Reopening drops all chunks without a checksum. A checksum is written only after its chunk is
 * durable, so that the chunk survives a crash. With `resumesSoon`, up to EARLY_CHECKSUMS_MAX are
 * written before that, for processes that are killed. Reopening checks their chunks.
 */
export class ChunkSequence {
  readonly #content: Content;
  readonly #lines: ChecksumFile;
  readonly #path: string;
  #unsynced: Uint8Array[] = [];
  #digest = newDigest();
  #sizeBytes = 0;
  #durable = 0;
  #queue: QueuedChunk[] = [];
  #queueBytes = 0;
  #isAppending = false;
  #needsTruncation = true;
  readonly #sha256: Sha256;
  readonly #syncs: TaskQueue;
  readonly #checksumWrites = new TaskQueue();
  readonly #resumesSoon: boolean;
  #syncing: Promise<unknown> = Promise.resolve();
  #failure: Fault | undefined;
  #busy = 0;
  #isClosed = false;
  #onIdle: (() => void)[] = [];

  constructor(lines: ChecksumFile, options: ChunkSequenceOptions) {
    const { content, path, sha256, syncs, resumesSoon = false } = options;
    this.#content = content;
    this.#sha256 = sha256;
    this.#lines = lines;
    this.#path = path;
    this.#syncs = syncs ?? new TaskQueue();
    this.#resumesSoon = resumesSoon;
  }

  static async open<Opened extends ChunkSequence>(
    options: ChunkSequenceOptions,
    make: (lines: ChecksumFile, options: ChunkSequenceOptions) => Opened,
  ): Promise<Opened> {
    const { content, lines: file, checksumPath, headerBytes, isStrict } = options;
    try {
      const tornLinesMax = isStrict ? UNSYNCED_CHUNKS_MAX : Number.POSITIVE_INFINITY;
      const lines = await ChecksumFile.open({
        file,
        path: checksumPath,
        headerBytes,
        tornLinesMax,
      });
      const sequence = make(lines, options);
      await (sequence as ChunkSequence).#recover(options);
      return sequence;
    } catch (error) {
      content.close();
      file.close();
      throw diskFault(error, options.path);
    }
  }

  get have(): number {
    return this.#durable + this.#unsynced.length;
  }

  get durable(): number {
    return this.#durable;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  get diskBytes(): number | undefined {
    return this.#content.diskBytes?.();
  }

  get hasFailed(): boolean {
    return this.#failure !== undefined;
  }

  digest(): Uint8Array {
    return this.#digest.value();
  }

  /**
   * Chunks appended in one tick share a write.
   * @throws {Fault} store-… if this or an earlier write failed
   */
  append(sha256: Uint8Array, bytes: Uint8Array): Promise<void> {
    assert(bytes.length > 0 && bytes.length <= CHUNK_BYTES, "the chunk has the announced size");
    const isAligned = (this.#sizeBytes + this.#queueBytes) % CHUNK_BYTES === 0;
    assert(isAligned, "a short chunk is the last one");
    return this.#use(async () => {
      const { promise, resolve: done, reject: failed } = Promise.withResolvers<void>();
      const hash = sha256.slice(); // Copy: a subarray would retain the whole message.
      this.#queue.push({ sha256: hash, bytes, done, failed });
      this.#queueBytes += bytes.length;
      if (!this.#isAppending) void this.#writeQueue();
      await promise;
    });
  }

  async #writeQueue(): Promise<void> {
    this.#isAppending = true;
    let checksums: Promise<unknown> | undefined;
    await undefined;
    while (this.#queue.length > 0) {
      const batch = this.#queue.splice(0, CHUNKS_PER_WRITE);
      try {
        await this.#write(batch.map(({ bytes }) => bytes));
      } catch (error) {
        this.#queueBytes = 0;
        for (const { failed } of [...batch, ...this.#queue.splice(0)]) failed(error);
        break;
      }
      await checksums; // Limits the loss of a killed process to two batches.
      for (const addition of batch) this.#finishAppend(addition);
      // The next sync reports a failure of the disk.
      if (this.#resumesSoon && !this.#isClosed)
        checksums = this.#use(() => this.#writeChecksums(EARLY_CHECKSUMS_MAX)).catch(asFault);
    }
    this.#isAppending = false;
  }

  async #write(parts: readonly Uint8Array[]): Promise<void> {
    try {
      if (this.#unsynced.length + parts.length > UNSYNCED_CHUNKS_MAX) await this.#enqueueSync();
      if (this.#needsTruncation) await this.#content.truncate(this.#sizeBytes);
      this.#needsTruncation = true;
      await this.#content.write(parts, this.#sizeBytes);
      this.#needsTruncation = false;
    } catch (error) {
      const isPassing = error instanceof Fault ? error.code !== "store-failed" : isFull(error);
      throw isPassing ? error : this.#fail(error);
    }
  }

  #finishAppend({ sha256, bytes, done }: QueuedChunk): void {
    this.#unsynced.push(sha256);
    this.#digest.add(sha256);
    this.#sizeBytes += bytes.length;
    this.#queueBytes -= bytes.length;
    done();
  }

  sync(): Promise<number> {
    return this.#use(() => this.#enqueueSync());
  }

  hash(index: number): Promise<Uint8Array> {
    assert(index >= 0 && index < this.have, "the chunk exists");
    const unsynced = this.#unsynced[index - this.#durable];
    if (unsynced !== undefined) return Promise.resolve(unsynced);
    return this.#use(() => this.#lines.hash(index));
  }

  async read(index: number): Promise<Uint8Array> {
    const [bytes] = await this.readSome(index, 1);
    assert(bytes !== undefined, "one chunk was requested");
    return bytes;
  }

  readSome(index: number, count: number): Promise<Uint8Array[]> {
    assert(index >= 0 && count > 0 && index + count <= this.have, "the chunks exist");
    const parts: Uint8Array[] = [];
    for (let at = index; at < index + count; at++) {
      parts.push(acquireBuffer(chunkSize(at, this.#sizeBytes)));
    }
    return this.#use(async () => {
      const bytesRead = await this.#content.read(parts, index * CHUNK_BYTES);
      const missing = skipBytes(parts, bytesRead).length;
      const changed = this.#content.changed?.();
      if (changed !== undefined && !(await this.#areSame(parts, index))) throw changed();
      if (missing === 0) return parts;
      const first = index + count - missing;
      throw new Fault("checksum-wrong", `chunk ${first} of ${this.#path} is missing on the disk`);
    });
  }

  async #areSame(parts: readonly Uint8Array[], first: number): Promise<boolean> {
    for (const [i, part] of parts.entries())
      if (!equalBytes(this.#sha256(part), await this.hash(first + i))) return false;
    return true;
  }

  clear(): Promise<void> {
    return this.#use(async () => {
      await settled(this.#syncing);
      await this.#cut(0, newDigest());
    });
  }

  /** Keeps the first `count` chunks. */
  truncate(count: number): Promise<void> {
    assert(count >= 0, "the number of chunks is not negative");
    return this.#use(async () => {
      await this.#enqueueSync();
      if (count >= this.#durable) return;
      await this.#cut(count, await this.#digestOf(count));
    });
  }

  /** Digest of the first chunks, which are durable. */
  digestOf(count: number): Promise<Uint8Array> {
    return this.#use(async () => (await this.#digestOf(count)).value());
  }

  async #digestOf(count: number): Promise<Digest> {
    const digest = newDigest();
    for (let index = 0; index < count; index++) digest.add(await this.#lines.hash(index));
    return digest;
  }

  async #cut(count: number, digest: Digest): Promise<void> {
    assert(!this.#isAppending, "no append is in progress");
    this.#unsynced = [];
    this.#durable = count;
    this.#sizeBytes = count * CHUNK_BYTES;
    this.#digest = digest;
    await this.#checksumWrites.run(async () => {
      this.#lines.truncate(count);
      await this.#lines.append([]);
      await this.#lines.sync();
    });
    await this.#content.truncate(this.#sizeBytes);
  }

  failWith(fault: Fault): void {
    this.#failure ??= fault;
  }

  closeWhenIdle(): Promise<void> {
    assert(!this.#isClosed, "close is called once");
    this.#isClosed = true;
    return new Promise((resolve) => {
      this.#onIdle.push(resolve);
      this.#settle();
    });
  }

  async #recover({ sha256, isProven }: ChunkSequenceOptions): Promise<void> {
    const lines = this.#lines;
    const checkedCount = this.#resumesSoon ? EARLY_CHECKSUMS_MAX : CHECKED_CHUNKS;
    let valid = { upTo: lines.count, lastBytes: 0 };
    // If all chunks in a round are invalid, the next round checks the chunks before them.
    for (let [first, end] = [0, lines.count]; end > 0; end = first) {
      first = isProven ? Math.max(0, end - checkedCount) : 0;
      valid = await this.#checkChunks(first, end, sha256);
      if (valid.upTo > first) break;
    }
    const validCount = valid.upTo;
    lines.truncate(validCount);
    this.#digest = await this.#digestOf(validCount);
    this.#durable = validCount;
    this.#sizeBytes = validCount === 0 ? 0 : (validCount - 1) * CHUNK_BYTES + valid.lastBytes;
    // Sync, because a killed process may have left unsynced checksums.
    await this.#content.sync();
    await lines.sync();
  }

  async #checkChunks(first: number, end: number, sha256: Sha256): Promise<CheckedChunks> {
    const bytes = new Uint8Array(CHUNK_BYTES);
    let valid = { upTo: first, lastBytes: 0 };
    for (let index = first; index < end; index++) {
      const bytesRead = await this.#content.read([bytes], index * CHUNK_BYTES);
      const hash = await this.#lines.hash(index);
      if (bytesRead === 0 || !equalBytes(sha256(bytes.subarray(0, bytesRead)), hash)) {
        const changed = this.#content.changed?.();
        if (changed !== undefined) throw changed();
        return valid;
      }
      valid = { upTo: index + 1, lastBytes: bytesRead };
      if (bytesRead < CHUNK_BYTES) return valid;
    }
    return valid;
  }

  #enqueueSync(): Promise<number> {
    const turn = this.#syncs.run(() => this.#syncOnce());
    this.#syncing = turn;
    return turn;
  }

  async #syncOnce(): Promise<number> {
    if (this.#failure !== undefined) throw this.#failure;
    const count = this.#unsynced.length;
    if (count === 0) return this.#durable;
    try {
      await this.#content.sync();
    } catch (error) {
      throw this.#fail(error);
    }
    try {
      await this.#writeChecksums(count);
      await this.#lines.sync();
    } catch (error) {
      throw isFull(error) ? error : this.#fail(error);
    }
    this.#unsynced.splice(0, count);
    this.#durable += count;
    return this.#durable;
  }

  /** Writes the missing checksums of the first `max` chunks that are not durable. */
  #writeChecksums(max: number): Promise<void> {
    return this.#checksumWrites.run(async () => {
      const hashes = this.#unsynced.slice(Math.max(0, this.#lines.count - this.#durable), max);
      if (hashes.length > 0) await this.#lines.append(hashes);
    });
  }

  #fail(error: unknown): Fault {
    if (error instanceof Fault) this.#failure ??= error;
    else this.#failure ??= diskFault(error, this.#path);
    return this.#failure;
  }

  async #use<Result>(task: () => Promise<Result>): Promise<Result> {
    if (this.#failure !== undefined) throw this.#failure;
    assert(!this.#isClosed, `${this.#path} is open`);
    this.#busy += 1;
    try {
      return await task();
    } catch (error) {
      throw diskFault(error, this.#path);
    } finally {
      this.#busy -= 1;
      this.#settle();
    }
  }

  #settle(): void {
    if (!this.#isClosed || this.#busy > 0) return;
    const callbacks = this.#onIdle.splice(0);
    if (callbacks.length === 0) return;
    this.#content.close();
    this.#lines.close();
    for (const resolve of callbacks) resolve();
  }
}

function newDigest(): Digest {
  return new Digest(new Bun.CryptoHasher("sha256"));
}
