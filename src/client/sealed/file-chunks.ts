/** Encrypts and decrypts the chunks of sealed files. */

import { assert } from "../../base/assert.ts";
import { toHex } from "../../base/bytes.ts";
import { Fault, msg } from "../../base/fault.ts";
import type { FileId } from "../../base/ids.ts";
import { CHUNK_BYTES } from "../../base/limits.ts";
import type { SkippedEntry } from "../../core/transfer/folder-list.ts";
import type { Renamed } from "../../core/transfer/folder-plan.ts";
import type { OpenFileCipher } from "../../crypto/seal/file-cipher.ts";
import {
  type FileSecret,
  FileStream,
  sealedChunks,
  sealedSize,
} from "../../crypto/seal/file-stream.ts";
import type { ChunkRange, Sink, Source, StampMatch } from "../../io/blob/interfaces.ts";
import { acquireBuffer, releaseBuffer } from "../../io/disk/buffer-pool.ts";
import type { FileProperty } from "../../io/disk/disk.ts";
import { markHandled } from "../../io/promises.ts";
import { TaskQueue } from "../../io/task-queue.ts";
import { chunkCount, type RunningHash } from "../../wire/chunks.ts";
import { SEALED_FILE_NAME } from "../../wire/messages-sealed.ts";
import type { Hashing } from "../files/hashing.ts";
import { PLAIN_CHUNK_BYTES, type SealedFileBody } from "./body.ts";

export interface EncryptingSourceOptions {
  readonly source: Source;
  readonly hashing: Hashing;
  readonly cipher: OpenFileCipher | undefined;
  /** Returns the same secret in every run. Resolves after the secret is stored. */
  readonly secretOf: (file: FileId) => Promise<FileSecret>;
  readonly onDescribed: (file: FileId, content: SealedFileContent) => Promise<void>;
}

export interface SealedFileContent {
  readonly sizeBytes: number;
  readonly digest: string;
  readonly root: Uint8Array;
}

/**
 * Encrypts a source in order. For the digest, a resumed upload also reads the chunks that an
 * earlier run has sent.
 */
export class EncryptingSource implements Source {
  readonly name = SEALED_FILE_NAME;
  readonly path?: string;
  readonly stamp?: string;
  readonly #source: Source;
  #stream: { readonly file: FileId; readonly stream: FileStream } | undefined;
  #hash: RunningHash;
  #hashed = 0;
  #streamBytes: number | undefined;
  #last = -1;
  /** Runs one read at a time, because an abandoned read may still be running. */
  readonly #reading = new TaskQueue();
  readonly #cached = new Map<number, Uint8Array>();

  constructor(private readonly options: EncryptingSourceOptions) {
    this.#source = options.source;
    this.#hash = options.hashing.newHash();
    const { path, stamp } = options.source;
    if (path !== undefined) this.path = path;
    if (stamp !== undefined) this.stamp = stamp;
  }

  matchStamp(stored: string): StampMatch {
    return this.#source.matchStamp?.(stored) ?? (stored === this.stamp ? "same" : "other");
  }

  get unproven(): ChunkRange | undefined {
    const { unproven, sizeBytes } = this.#source;
    if (unproven === undefined || sizeBytes === undefined) return undefined;
    const from = Math.floor((unproven.from * CHUNK_BYTES) / PLAIN_CHUNK_BYTES);
    const endBytes = Math.min(unproven.end * CHUNK_BYTES, sizeBytes);
    return { from, end: Math.ceil(endBytes / PLAIN_CHUNK_BYTES) };
  }

  proven(): void {
    this.#source.proven?.();
  }

  unstableAt(index: number): Fault {
    const plainIndex = Math.floor((index * PLAIN_CHUNK_BYTES) / CHUNK_BYTES);
    return this.#source.unstableAt?.(plainIndex) ?? changedWhileRead();
  }

  get sizeBytes(): number | undefined {
    const sizeBytes = this.#contentBytes;
    return sizeBytes === undefined ? undefined : sealedSize(sizeBytes, PLAIN_CHUNK_BYTES);
  }

  get #contentBytes(): number | undefined {
    return this.#source.sizeBytes ?? this.#streamBytes;
  }

  get skipped(): readonly SkippedEntry[] {
    return this.#source.skipped;
  }

  async begin(file: FileId): Promise<void> {
    if (this.#stream?.file === file) return;
    const { secretOf, cipher } = this.options;
    const { sizeBytes } = this.#source;
    const secret = await secretOf(file);
    const plan = { fileId: file, chunkBytes: PLAIN_CHUNK_BYTES, sizeBytes };
    this.#stream = { file, stream: await FileStream.open(secret, plan, cipher) };
    // The content may have changed since an earlier upload began.
    this.#evict(Number.POSITIVE_INFINITY);
    this.#hash = this.options.hashing.newHash();
    this.#hashed = 0;
  }

  read(index: number): Promise<Uint8Array | undefined> {
    return this.#reading.run(() => this.#read(index));
  }

  async #read(index: number): Promise<Uint8Array | undefined> {
    assert(this.#stream !== undefined, "the file key is known before the first read");
    if (index <= this.#last) this.#evict(Number.POSITIVE_INFINITY); // Read again from the source.
    this.#last = index;
    const plain = await this.#plain(index);
    if (plain === undefined) return undefined;
    const sealed = await this.#stream.stream.seal(index, plain.bytes, plain.isLast);
    releaseBuffer(plain.bytes);
    return sealed;
  }

  release(upTo: number): void {
    this.#source.release(Math.floor((upTo * PLAIN_CHUNK_BYTES) / CHUNK_BYTES));
  }

  async end(root: Uint8Array): Promise<void> {
    const file = this.#stream?.file;
    const sizeBytes = this.#contentBytes;
    assert(file !== undefined && sizeBytes !== undefined, "all chunks were sent");
    await this.#reading.run(() => this.#hashUpTo(chunkCount(sizeBytes)));
    const hash = this.#hash.copy().digest();
    await this.#source.end?.(hash);
    await this.options.onDescribed(file, { sizeBytes, digest: toHex(hash), root });
  }

  close(): void {
    void this.#reading.run(() => Promise.resolve(this.#evict(Number.POSITIVE_INFINITY)));
  }

  async #plain(
    index: number,
  ): Promise<{ readonly bytes: Uint8Array; readonly isLast: boolean } | undefined> {
    const known = this.#contentBytes;
    const chunks = known === undefined ? undefined : sealedChunks(known, PLAIN_CHUNK_BYTES);
    if (index >= (chunks ?? Number.POSITIVE_INFINITY)) return undefined;
    const from = index * PLAIN_CHUNK_BYTES;
    const first = Math.floor(from / CHUNK_BYTES);
    this.#evict(first);
    const offset = from - first * CHUNK_BYTES;
    const firstChunk = await this.#chunk(first);
    const head = firstChunk?.subarray(offset) ?? new Uint8Array(0);
    // An empty file has one chunk. Reading one byte beyond this chunk shows whether another
    // follows.
    if (head.length === 0 && index > 0) return undefined;
    const isCut = head.length > PLAIN_CHUNK_BYTES;
    const mayFollow = firstChunk?.length === CHUNK_BYTES && !isCut;
    const nextChunk = mayFollow ? await this.#chunk(first + 1) : undefined;
    const tailBytes = PLAIN_CHUNK_BYTES - Math.min(head.length, PLAIN_CHUNK_BYTES);
    const tail = nextChunk?.subarray(0, tailBytes) ?? new Uint8Array(0);
    const sizeBytes = Math.min(head.length, PLAIN_CHUNK_BYTES) + tail.length;
    const bytes = acquireBuffer(sizeBytes);
    bytes.set(head.subarray(0, PLAIN_CHUNK_BYTES));
    bytes.set(tail, sizeBytes - tail.length);
    const isLast = !isCut && (nextChunk?.length ?? 0) === tail.length;
    if (chunks !== undefined) return { bytes, isLast: index === chunks - 1 };
    if (isLast) this.#streamBytes = from + sizeBytes;
    return { bytes, isLast };
  }

  async #chunk(index: number): Promise<Uint8Array | undefined> {
    const cached = this.#cached.get(index);
    if (cached !== undefined) return cached;
    await this.#hashUpTo(index);
    const bytes = await this.#source.read(index);
    if (bytes === undefined) return undefined;
    this.#cached.set(index, bytes);
    if (index === this.#hashed) await this.#hashChunk(bytes);
    return bytes;
  }

  async #hashUpTo(index: number): Promise<void> {
    while (this.#hashed < index) {
      const bytes = await this.#source.read(this.#hashed);
      assert(bytes !== undefined, "the source has all earlier chunks");
      await this.#hashChunk(bytes);
      this.#free(bytes);
    }
  }

  async #hashChunk(bytes: Uint8Array): Promise<void> {
    this.#hash.update(await this.options.hashing.hashChunk(bytes));
    this.#hashed += 1;
  }

  #evict(first: number): void {
    for (const [index, bytes] of this.#cached) {
      if (index >= first && index <= first + 1) continue;
      this.#cached.delete(index);
      this.#free(bytes);
    }
  }

  #free(bytes: Uint8Array): void {
    if (this.#source.path !== undefined) releaseBuffer(bytes);
  }
}

function changedWhileRead(): Fault {
  return new Fault("file-changed", msg`the file changed while it was sent`);
}

export interface DecryptingSinkOptions {
  readonly sink: Sink;
  readonly file: SealedFileBody;
  readonly hashing: Hashing;
  readonly cipher: OpenFileCipher | undefined;
}

export function completeChunks(contentBytes: number, sizeBytes: number): number {
  if (contentBytes < sizeBytes) return Math.floor(contentBytes / PLAIN_CHUNK_BYTES);
  const chunks = sealedChunks(sizeBytes, PLAIN_CHUNK_BYTES);
  if (contentBytes > sizeBytes) return chunks + 1; // The content belongs to a different file.
  return sizeBytes === 0 ? 0 : chunks;
}

/**
 * Writes chunks of the same size as for unencrypted files, because a resumed download computes its
 * position from the number of stored bytes.
 */
export class DecryptingSink implements Sink {
  readonly concurrentAppends?: number;
  readonly #sink: Sink;
  readonly #file: SealedFileBody;
  readonly #hashing: Hashing;
  #next: number;
  #decryptedChunks: number;
  #contentBytes: number;
  #partial: Uint8Array | undefined;
  #partialBytes = 0;
  #tail: Promise<unknown> = Promise.resolve();

  private constructor(
    { sink, file, hashing }: DecryptingSinkOptions,
    private readonly stream: FileStream,
  ) {
    this.#sink = sink;
    this.#file = file;
    this.#hashing = hashing;
    this.#contentBytes = sink.sizeBytes;
    this.#next = this.#decryptedChunks = completeChunks(sink.sizeBytes, file.sizeBytes);
    if (sink.concurrentAppends !== undefined) this.concurrentAppends = sink.concurrentAppends;
  }

  static async open(options: DecryptingSinkOptions): Promise<DecryptingSink> {
    const { file: fileId, sizeBytes, secret } = options.file;
    const plan = { fileId, sizeBytes, chunkBytes: PLAIN_CHUNK_BYTES };
    return new DecryptingSink(options, await FileStream.open(secret, plan, options.cipher));
  }

  get isExisting(): boolean {
    return this.#sink.isExisting === true;
  }

  get have(): number {
    const { sizeBytes } = this.#file;
    return this.isExisting ? completeChunks(sizeBytes, sizeBytes) : this.#decryptedChunks;
  }

  get sizeBytes(): number {
    const all = sealedSize(this.#file.sizeBytes, PLAIN_CHUNK_BYTES);
    return Math.min(this.have * CHUNK_BYTES, all);
  }

  get renamed(): readonly Renamed[] {
    return this.#sink.renamed ?? [];
  }

  get notKept(): readonly FileProperty[] {
    return this.#sink.notKept ?? [];
  }

  append(_sha256: Uint8Array, bytes: Uint8Array): Promise<void> {
    const index = this.#next++;
    const decrypting = this.stream.unseal(index, bytes);
    // If an earlier chunk fails, nobody waits for this one.
    markHandled(decrypting);
    const previous = this.#tail;
    const written = (async () => {
      await previous;
      return this.#writeContent(index, await decrypting);
    })();
    this.#tail = written;
    markHandled(written); // The caller of `append` receives the fault.
    return written.then(async (writes) => {
      await Promise.all(writes);
    });
  }

  sync(): Promise<void> {
    return this.#sink.sync();
  }

  /** Returns zeros instead of the root if the content is corrupted. */
  digest(): Uint8Array {
    const { digest, root, sizeBytes } = this.#file;
    const isIntact = this.#sink.sizeBytes === sizeBytes && toHex(this.#sink.digest()) === digest;
    return isIntact ? root : new Uint8Array(root.length);
  }

  finish(): Promise<string> {
    return this.#sink.finish();
  }

  async restart(): Promise<void> {
    await this.#sink.restart();
    this.#contentBytes = this.#sink.sizeBytes;
    this.#next = this.#decryptedChunks = completeChunks(this.#contentBytes, this.#file.sizeBytes);
    this.#tail = Promise.resolve();
    this.#releasePartial();
  }

  close(): void {
    this.#releasePartial();
    this.#sink.close();
  }

  async #writeContent(index: number, content: Uint8Array): Promise<Promise<void>[]> {
    const writes: Promise<void>[] = [];
    // The sink may already hold the beginning of this run's first chunk.
    const known = this.#contentBytes - index * PLAIN_CHUNK_BYTES;
    assert(known >= 0 && known <= content.length, "chunks are decrypted in order");
    for (let remaining = content.subarray(known); remaining.length > 0; ) {
      this.#partial ??= acquireBuffer(CHUNK_BYTES);
      const piece = remaining.subarray(0, CHUNK_BYTES - this.#partialBytes);
      this.#partial.set(piece, this.#partialBytes);
      this.#partialBytes += piece.length;
      this.#contentBytes += piece.length;
      remaining = remaining.subarray(piece.length);
      const isEnd = this.#contentBytes === this.#file.sizeBytes;
      if (this.#partialBytes === CHUNK_BYTES || isEnd) writes.push(this.#write());
    }
    this.#decryptedChunks = index + 1;
    return Promise.resolve(writes);
  }

  async #write(): Promise<void> {
    const buffer = this.#partial;
    assert(buffer !== undefined, "the batch is not empty");
    const bytes = buffer.subarray(0, this.#partialBytes);
    this.#partial = undefined;
    this.#partialBytes = 0;
    try {
      await this.#sink.append(this.#hashing.sha256(bytes), bytes);
    } finally {
      releaseBuffer(buffer);
    }
  }

  #releasePartial(): void {
    if (this.#partial !== undefined) releaseBuffer(this.#partial);
    this.#partial = undefined;
    this.#partialBytes = 0;
  }
}
