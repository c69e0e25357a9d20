/** Content on disk as a sequence of chunks. */

import { assert } from "../../base/assert.ts";
import { equalBytes } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import type { Sha256 } from "../../base/ids.ts";
import { CHUNK_BYTES, TRANSFER_SYNC_BYTES, UNSYNCED_CHUNKS_MAX } from "../../base/limits.ts";
import { chunkSize, Digest } from "../../wire/chunks.ts";
import { takeBuffer } from "../disk/buffer-pool.ts";
import { type DiskFile, diskFault, isFull, partsAfter } from "../disk/disk.ts";
import { Mutex } from "../disk/mutex.ts";
import { HashLines } from "./checksum-file.ts";

/** Storage of the chunks' bytes. Failures are thrown as the system's errors. */
export interface Content {
  /** Fills the buffers in order; reads fewer bytes only at the end. */
  read(into: readonly Uint8Array[], offset: number): Promise<number>;
  /** Writes all parts in order, or throws. */
  write(parts: readonly Uint8Array[], offset: number): Promise<void>;
  /** Makes durable what was written before the call; writes may continue meanwhile. */
  sync(): Promise<void>;
  /** Truncates to this size. */
  cut(sizeBytes: number): Promise<void>;
  close(): void;
}

export interface ChunkSequenceOptions {
  readonly content: Content;
  readonly lines: DiskFile;
  /** Bytes in the file of lines before the first line. */
  readonly headBytes: number;
  /** Path of that file, for messages. */
  readonly linesPath: string;
  /** Refuses damage before the end; otherwise everything after the damage is cut off. */
  readonly isStrict: boolean;
  /**
   * We wrote the lines, so the content had these checksums at its sync. Otherwise every chunk is
   * read and checked.
   */
  readonly isProven: boolean;
  readonly sha256: Sha256;
  /** Shared with others whose syncs must not overlap. */
  readonly syncs?: Mutex;
}

interface Checked {
  readonly upTo: number;
  /** Size of the last chunk. */
  readonly lastBytes: number;
}

/** A chunk queued for writing. */
interface Addition {
  readonly sha256: Uint8Array;
  readonly bytes: Uint8Array;
  readonly done: () => void;
  readonly failed: (error: unknown) => void;
}

/** Chunks per write: a trip to the disk's thread costs as much as writing one of them. */
export const WRITTEN_AT_ONCE = 4;
/** Chunks whose content is checked again after a crash. */
const CHECKED_CHUNKS = TRANSFER_SYNC_BYTES / CHUNK_BYTES;

/**
 * Chunks in order with their checksums, on a disk. A line is written only after its chunk is
 * durable: chunks with a line survive a crash, and the others are dropped at the next open. Memory
 * is constant, except for checksums that wait for a sync (UNSYNCED_CHUNKS_MAX).
 */
export class ChunkSequence {
  readonly #content: Content;
  readonly #lines: HashLines;
  readonly #path: string;
  /** Checksums from `durable` on. Bounded: append syncs at UNSYNCED_CHUNKS_MAX. */
  #unsynced: Uint8Array[] = [];
  #digest = newDigest();
  #sizeBytes = 0;
  #durable = 0;
  /** Bounded by the callers, who wait for each append. */
  #additions: Addition[] = [];
  /** Bytes of queued chunks. */
  #additionBytes = 0;
  #isAppending = false;
  /** There may be content after the valid chunks. */
  #isLoose = true;
  readonly #syncs: Mutex;
  #syncing: Promise<unknown> = Promise.resolve();
  #failure: Fault | undefined;
  /** Calls that use the files; the files are closed when the last one ends. */
  #busy = 0;
  #isClosed = false;
  #onIdle: (() => void)[] = [];

  constructor(lines: HashLines, { content, linesPath, syncs }: ChunkSequenceOptions) {
    this.#content = content;
    this.#lines = lines;
    this.#path = linesPath;
    this.#syncs = syncs ?? new Mutex();
  }

  /**
   * Opens the durable part; takes ownership of the files.
   * @throws Fault store-…
   */
  static async open<Opened extends ChunkSequence>(
    options: ChunkSequenceOptions,
    make: (lines: HashLines, options: ChunkSequenceOptions) => Opened,
  ): Promise<Opened> {
    const { content, lines: file, linesPath: path, headBytes, isStrict } = options;
    try {
      const tornLinesMax = isStrict ? UNSYNCED_CHUNKS_MAX : Number.POSITIVE_INFINITY;
      const lines = await HashLines.open({ file, path, headBytes, tornLinesMax });
      const sequence = make(lines, options);
      await (sequence as ChunkSequence).#recover(options);
      return sequence;
    } catch (error) {
      content.close();
      file.close();
      throw diskFault(error, path);
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

  /** Reports whether the state of the disk is known only after reopening. */
  get hasFailed(): boolean {
    return this.#failure !== undefined;
  }

  digest(): Uint8Array {
    return this.#digest.value();
  }

  /**
   * Adds a chunk in the order of the calls; those of one tick are written together.
   * @throws Fault store-…: neither this chunk nor later ones are added
   */
  append(sha256: Uint8Array, bytes: Uint8Array): Promise<void> {
    assert(bytes.length > 0 && bytes.length <= CHUNK_BYTES, "a chunk has its size");
    const isPlaced = (this.#sizeBytes + this.#additionBytes) % CHUNK_BYTES === 0;
    assert(isPlaced, "nothing follows a short chunk");
    return this.#using(async () => {
      const { promise, resolve: done, reject: failed } = Promise.withResolvers<void>();
      const hash = sha256.slice(); // A slice of a message would keep all of it in memory.
      this.#additions.push({ sha256: hash, bytes, done, failed });
      this.#additionBytes += bytes.length;
      if (!this.#isAppending) void this.#writeAdditions();
      await promise;
    });
  }

  async #writeAdditions(): Promise<void> {
    this.#isAppending = true;
    await undefined; // Others of this tick are written with it.
    while (this.#additions.length > 0) {
      const batch = this.#additions.splice(0, WRITTEN_AT_ONCE);
      try {
        await this.#write(batch.map(({ bytes }) => bytes));
      } catch (error) {
        this.#additionBytes = 0;
        for (const { failed } of [...batch, ...this.#additions.splice(0)]) failed(error);
        break;
      }
      for (const addition of batch) this.#added(addition);
    }
    this.#isAppending = false;
  }

  async #write(parts: readonly Uint8Array[]): Promise<void> {
    try {
      if (this.#unsynced.length + parts.length > UNSYNCED_CHUNKS_MAX) await this.#syncInTurn();
      if (this.#isLoose) await this.#content.cut(this.#sizeBytes);
      this.#isLoose = true;
      await this.#content.write(parts, this.#sizeBytes);
      this.#isLoose = false;
    } catch (error) {
      throw error instanceof Fault || isFull(error) ? error : this.#fail(error);
    }
  }

  #added({ sha256, bytes, done }: Addition): void {
    this.#unsynced.push(sha256);
    this.#digest.add(sha256);
    this.#sizeBytes += bytes.length;
    this.#additionBytes -= bytes.length;
    done();
  }

  /** @returns `durable` @throws Fault store-… */
  sync(): Promise<number> {
    return this.#using(() => this.#syncInTurn());
  }

  hash(index: number): Promise<Uint8Array> {
    assert(index >= 0 && index < this.have, "the chunk is there");
    const unsynced = this.#unsynced[index - this.#durable];
    if (unsynced !== undefined) return Promise.resolve(unsynced);
    return this.#using(() => this.#lines.hash(index));
  }

  async read(index: number): Promise<Uint8Array> {
    const [bytes] = await this.readSome(index, 1);
    assert(bytes !== undefined, "one was asked for");
    return bytes;
  }

  readSome(index: number, count: number): Promise<Uint8Array[]> {
    assert(index >= 0 && count > 0 && index + count <= this.have, "the chunks are there");
    const parts: Uint8Array[] = [];
    for (let at = index; at < index + count; at++) {
      parts.push(takeBuffer(chunkSize(at, this.#sizeBytes)));
    }
    return this.#using(async () => {
      const got = await this.#content.read(parts, index * CHUNK_BYTES);
      const missing = partsAfter(parts, got).length;
      if (missing === 0) return parts;
      const first = index + count - missing;
      throw new Fault("checksum-wrong", `chunk ${first} of ${this.#path} is not on the disk`);
    });
  }

  /** Drops all chunks. */
  clear(): Promise<void> {
    assert(!this.#isAppending, "nothing is being added");
    return this.#using(async () => {
      await this.#syncing.catch(() => undefined);
      this.#unsynced = [];
      this.#durable = 0;
      this.#sizeBytes = 0;
      this.#digest = newDigest();
      this.#lines.cut(0);
      await this.#lines.append([]);
      await this.#content.cut(0);
    });
  }

  /** Fails all later calls with this fault, unless there was a failure before. */
  refuse(fault: Fault): void {
    this.#failure ??= fault;
  }

  /** @returns a promise that resolves when nothing uses the files any more */
  end(): Promise<void> {
    assert(!this.#isClosed, "it is closed once");
    this.#isClosed = true;
    return new Promise((resolve) => {
      this.#onIdle.push(resolve);
      this.#settle();
    });
  }

  async #recover({ sha256, isProven }: ChunkSequenceOptions): Promise<void> {
    const lines = this.#lines;
    let right = { upTo: lines.count, lastBytes: 0 };
    // Usually one round. If no chunk of a round is valid, the ones before it are checked, too.
    for (let [first, end] = [0, lines.count]; end > 0; end = first) {
      first = isProven ? Math.max(0, end - CHECKED_CHUNKS) : 0;
      right = await this.#checked(first, end, sha256);
      if (right.upTo > first) break;
    }
    const have = right.upTo;
    lines.cut(have);
    for (let index = 0; index < have; index++) this.#digest.add(await lines.hash(index));
    this.#durable = have;
    this.#sizeBytes = have === 0 ? 0 : (have - 1) * CHUNK_BYTES + right.lastBytes;
    // A killed process may have written lines that no sync followed.
    await this.#content.sync();
    await lines.sync();
  }

  /** Reads chunks up to the first that does not match its line or must be the last. */
  async #checked(first: number, end: number, sha256: Sha256): Promise<Checked> {
    const bytes = new Uint8Array(CHUNK_BYTES);
    let right = { upTo: first, lastBytes: 0 };
    for (let index = first; index < end; index++) {
      const got = await this.#content.read([bytes], index * CHUNK_BYTES);
      const hash = await this.#lines.hash(index);
      if (got === 0 || !equalBytes(sha256(bytes.subarray(0, got)), hash)) return right;
      right = { upTo: index + 1, lastBytes: got };
      if (got < CHUNK_BYTES) return right;
    }
    return right;
  }

  #syncInTurn(): Promise<number> {
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
      await this.#lines.append(this.#unsynced.slice(0, count));
    } catch (error) {
      throw isFull(error) ? error : this.#fail(error);
    }
    this.#unsynced.splice(0, count);
    this.#durable += count;
    return this.#durable;
  }

  /** After this the state of the files is unknown until they are opened and read again. */
  #fail(error: unknown): Fault {
    if (error instanceof Fault) this.#failure ??= error;
    else this.#failure ??= diskFault(error, this.#path);
    return this.#failure;
  }

  async #using<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#failure !== undefined) throw this.#failure;
    assert(!this.#isClosed, `${this.#path} is open`);
    this.#busy += 1;
    try {
      return await work();
    } catch (error) {
      throw diskFault(error, this.#path);
    } finally {
      this.#busy -= 1;
      this.#settle();
    }
  }

  #settle(): void {
    if (!this.#isClosed || this.#busy > 0) return;
    const waiting = this.#onIdle.splice(0);
    if (waiting.length === 0) return;
    this.#content.close();
    this.#lines.close();
    for (const resolve of waiting) resolve();
  }
}

function newDigest(): Digest {
  return new Digest(new Bun.CryptoHasher("sha256"));
}
