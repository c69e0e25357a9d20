/** Sink that decrypts the chunks of a sealed file. */

import { assert } from "../../base/assert.ts";
import { toHex } from "../../base/bytes.ts";
import { CHUNK_BYTES } from "../../base/limits.ts";
import type { OpenFileCipher } from "../../crypto/seal/file-cipher.ts";
import { FileStream, sealedChunks, sealedSize } from "../../crypto/seal/file-stream.ts";
import type { Renamed, Sink } from "../../io/blob/interfaces.ts";
import { releaseBuffer, takeBuffer } from "../../io/disk/buffer-pool.ts";
import type { Hashing } from "../transfer/hashing.ts";
import { PLAIN_CHUNK_BYTES, type SealedFile } from "./file-body.ts";

export interface OpeningSinkOptions {
  readonly sink: Sink;
  readonly about: SealedFile;
  readonly hashing: Hashing;
  readonly cipher: OpenFileCipher | undefined;
}

/** Returns how many encrypted chunks hold the first `contentBytes` bytes. */
export function chunksHeld(contentBytes: number, sizeBytes: number): number {
  if (contentBytes < sizeBytes) return Math.floor(contentBytes / PLAIN_CHUNK_BYTES);
  const chunks = sealedChunks(sizeBytes, PLAIN_CHUNK_BYTES);
  if (contentBytes > sizeBytes) return chunks + 1; // The content is not of this file.
  return sizeBytes === 0 ? 0 : chunks;
}

/**
 * Decrypts chunks and writes the content in chunks of an open file. A later run finds what is
 * stored by the content alone: where a chunk begins before the end of the sink, the known part is
 * skipped.
 */
export class OpeningSink implements Sink {
  readonly appendsAtOnce?: number;
  readonly #sink: Sink;
  readonly #about: SealedFile;
  readonly #hashing: Hashing;
  readonly #stream: FileStream;
  #next: number;
  /** Number of chunks whose content the sink has, or is about to receive. */
  #placed: number;
  /** Content bytes so far, with those in `#rest`. */
  #contentBytes: number;
  /** Content after the last full chunk of the sink, in a buffer of a whole chunk. */
  #rest: Uint8Array | undefined;
  #restBytes = 0;
  /** Settles when all chunks so far were placed. */
  #tail: Promise<unknown> = Promise.resolve();

  private constructor({ sink, about, hashing }: OpeningSinkOptions, stream: FileStream) {
    this.#sink = sink;
    this.#about = about;
    this.#hashing = hashing;
    this.#stream = stream;
    this.#contentBytes = sink.sizeBytes;
    this.#next = this.#placed = chunksHeld(sink.sizeBytes, about.sizeBytes);
    if (sink.appendsAtOnce !== undefined) this.appendsAtOnce = sink.appendsAtOnce;
  }

  /** @throws {Fault} frame-malformed */
  static async open(options: OpeningSinkOptions): Promise<OpeningSink> {
    const { file: fileId, sizeBytes, secret } = options.about;
    const plan = { fileId, sizeBytes, chunkBytes: PLAIN_CHUNK_BYTES };
    return new OpeningSink(options, await FileStream.open(secret, plan, options.cipher));
  }

  get have(): number {
    return this.#placed;
  }

  get sizeBytes(): number {
    const all = sealedSize(this.#about.sizeBytes, PLAIN_CHUNK_BYTES);
    return Math.min(this.#placed * CHUNK_BYTES, all);
  }

  get renamed(): readonly Renamed[] {
    return this.#sink.renamed ?? [];
  }

  append(_sha256: Uint8Array, bytes: Uint8Array): Promise<void> {
    const index = this.#next++;
    const opening = this.#stream.unseal(index, bytes);
    opening.catch(() => {}); // A chunk may wait behind another one that fails.
    const before = this.#tail;
    const placed = (async () => {
      await before;
      return this.#place(index, await opening);
    })();
    this.#tail = placed;
    this.#tail.catch(() => {}); // The caller of `append` receives the fault.
    return placed.then(async (writes) => {
      await Promise.all(writes);
    });
  }

  sync(): Promise<void> {
    return this.#sink.sync();
  }

  /**
   * The encrypted content is a function of content and secret: if the content is right, so is the
   * root.
   */
  digest(): Uint8Array {
    const { digest, root, sizeBytes } = this.#about;
    const isRight = this.#sink.sizeBytes === sizeBytes && toHex(this.#sink.digest()) === digest;
    return isRight ? root : new Uint8Array(root.length);
  }

  finish(): Promise<string> {
    return this.#sink.finish();
  }

  async restart(): Promise<void> {
    await this.#sink.restart();
    this.#next = this.#placed = this.#contentBytes = 0;
    this.#tail = Promise.resolve();
    this.#forget();
  }

  close(): void {
    this.#forget();
    this.#sink.close();
  }

  /** @returns writes in progress */
  async #place(index: number, opened: Uint8Array): Promise<Promise<void>[]> {
    const writes: Promise<void>[] = [];
    // The sink may have a part of the first chunk of a run.
    const known = this.#contentBytes - index * PLAIN_CHUNK_BYTES;
    assert(known >= 0 && known <= opened.length, "chunks are opened in order");
    for (let rest = opened.subarray(known); rest.length > 0; ) {
      this.#rest ??= takeBuffer(CHUNK_BYTES);
      const part = rest.subarray(0, CHUNK_BYTES - this.#restBytes);
      this.#rest.set(part, this.#restBytes);
      this.#restBytes += part.length;
      this.#contentBytes += part.length;
      rest = rest.subarray(part.length);
      const isEnd = this.#contentBytes === this.#about.sizeBytes;
      if (this.#restBytes === CHUNK_BYTES || isEnd) writes.push(this.#write());
    }
    this.#placed = index + 1;
    return Promise.resolve(writes);
  }

  async #write(): Promise<void> {
    const whole = this.#rest;
    assert(whole !== undefined, "there is something to write");
    const bytes = whole.subarray(0, this.#restBytes);
    this.#rest = undefined;
    this.#restBytes = 0;
    try {
      await this.#sink.append(this.#hashing.sha256(bytes), bytes);
    } finally {
      releaseBuffer(whole);
    }
  }

  #forget(): void {
    if (this.#rest !== undefined) releaseBuffer(this.#rest);
    this.#rest = undefined;
    this.#restBytes = 0;
  }
}
