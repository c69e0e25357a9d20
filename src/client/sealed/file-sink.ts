/** Decrypts a sealed file's chunks. */

import { assert } from "../../base/assert.ts";
import { toHex } from "../../base/bytes.ts";
import { CHUNK_BYTES } from "../../base/limits.ts";
import type { OpenFileCipher } from "../../crypto/seal/file-cipher.ts";
import { FileStream, sealedChunks, sealedSize } from "../../crypto/seal/file-stream.ts";
import type { Renamed, Sink } from "../../io/blob/interfaces.ts";
import { acquireBuffer, releaseBuffer } from "../../io/disk/buffer-pool.ts";
import type { Hashing } from "../files/hashing.ts";
import { PLAIN_CHUNK_BYTES, type SealedFile } from "./file-body.ts";

export interface DecryptingSinkOptions {
  readonly sink: Sink;
  readonly file: SealedFile;
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
  readonly #file: SealedFile;
  readonly #hashing: Hashing;
  readonly #stream: FileStream;
  #next: number;
  #decryptedChunks: number;
  #contentBytes: number;
  #partial: Uint8Array | undefined;
  #partialBytes = 0;
  #tail: Promise<unknown> = Promise.resolve();

  private constructor({ sink, file, hashing }: DecryptingSinkOptions, stream: FileStream) {
    this.#sink = sink;
    this.#file = file;
    this.#hashing = hashing;
    this.#stream = stream;
    this.#contentBytes = sink.sizeBytes;
    this.#next = this.#decryptedChunks = completeChunks(sink.sizeBytes, file.sizeBytes);
    if (sink.concurrentAppends !== undefined) this.concurrentAppends = sink.concurrentAppends;
  }

  static async open(options: DecryptingSinkOptions): Promise<DecryptingSink> {
    const { file: fileId, sizeBytes, secret } = options.file;
    const plan = { fileId, sizeBytes, chunkBytes: PLAIN_CHUNK_BYTES };
    return new DecryptingSink(options, await FileStream.open(secret, plan, options.cipher));
  }

  get have(): number {
    return this.#decryptedChunks;
  }

  get sizeBytes(): number {
    const all = sealedSize(this.#file.sizeBytes, PLAIN_CHUNK_BYTES);
    return Math.min(this.#decryptedChunks * CHUNK_BYTES, all);
  }

  get renamed(): readonly Renamed[] {
    return this.#sink.renamed ?? [];
  }

  append(_sha256: Uint8Array, bytes: Uint8Array): Promise<void> {
    const index = this.#next++;
    const decrypting = this.#stream.unseal(index, bytes);
    // Avoids an unhandled rejection while a chunk waits behind another chunk that fails.
    decrypting.catch(() => {});
    const previous = this.#tail;
    const written = (async () => {
      await previous;
      return this.#writeContent(index, await decrypting);
    })();
    this.#tail = written;
    this.#tail.catch(() => {}); // The caller of `append` receives the fault.
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
    this.#next = this.#decryptedChunks = this.#contentBytes = 0;
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
