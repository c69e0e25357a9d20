/** Source that encrypts the chunks of a sealed file. */

import { assert } from "../../base/assert.ts";
import { toHex } from "../../base/bytes.ts";
import type { FileId } from "../../base/ids.ts";
import { CHUNK_BYTES } from "../../base/limits.ts";
import type { OpenFileCipher } from "../../crypto/seal/file-cipher.ts";
import {
  type FileSecret,
  FileStream,
  sealedChunks,
  sealedSize,
} from "../../crypto/seal/file-stream.ts";
import type { Source } from "../../io/blob/interfaces.ts";
import { releaseBuffer, takeBuffer } from "../../io/disk/buffer-pool.ts";
import { Mutex } from "../../io/disk/mutex.ts";
import { chunkCount, type RunningHash } from "../../wire/chunks.ts";
import { SEALED_FILE_NAME } from "../../wire/messages-sealed.ts";
import type { Hashing } from "../transfer/hashing.ts";
import { PLAIN_CHUNK_BYTES } from "./file-body.ts";

export interface SealingSourceOptions {
  readonly source: Source;
  readonly hashing: Hashing;
  readonly cipher: OpenFileCipher | undefined;
  /** Returns the secret of the file, stored before this resolves, and the same in each run. */
  readonly secretOf: (file: FileId) => Promise<FileSecret>;
  /** Called before the server receives the end of the file, once all content was read unchanged. */
  readonly described: (file: FileId, content: SealedContent) => Promise<void>;
}

export interface SealedContent {
  readonly sizeBytes: number;
  /** Digest of the content. Hex. */
  readonly digest: string;
  /** Digest of the encrypted content. */
  readonly root: Uint8Array;
}

/**
 * Reads and hashes the source's own chunks in order, like those of an open file. A resumed upload
 * reads what was sent before once more for the digest.
 */
export class SealingSource implements Source {
  readonly name = SEALED_FILE_NAME;
  readonly path?: string;
  readonly stamp?: string;
  readonly #options: SealingSourceOptions;
  readonly #source: Source;
  #stream: { readonly file: FileId; readonly stream: FileStream } | undefined;
  /** Hash over the checksums of the first `#hashed` chunks of the source. */
  #hash: RunningHash;
  #hashed = 0;
  /** Size of a stream, once it has ended. */
  #endedAt: number | undefined;
  /** Serializes reads: an abandoned read may still run. */
  readonly #reading = new Mutex();
  /** Chunks of the source that were read last, by index: at most two. */
  readonly #held = new Map<number, Uint8Array>();

  constructor(options: SealingSourceOptions) {
    this.#options = options;
    this.#source = options.source;
    this.#hash = options.hashing.newHash();
    const { path, stamp } = options.source;
    if (path !== undefined) this.path = path;
    if (stamp !== undefined) this.stamp = stamp;
  }

  get sizeBytes(): number | undefined {
    const sizeBytes = this.#contentBytes;
    return sizeBytes === undefined ? undefined : sealedSize(sizeBytes, PLAIN_CHUNK_BYTES);
  }

  get #contentBytes(): number | undefined {
    return this.#source.sizeBytes ?? this.#endedAt;
  }

  get leftOut(): readonly string[] {
    return this.#source.leftOut;
  }

  async begin(file: FileId): Promise<void> {
    if (this.#stream?.file === file) return;
    const { secretOf, cipher } = this.#options;
    const { sizeBytes } = this.#source;
    const secret = await secretOf(file);
    const plan = { fileId: file, chunkBytes: PLAIN_CHUNK_BYTES, sizeBytes };
    this.#stream = { file, stream: await FileStream.open(secret, plan, cipher) };
  }

  read(index: number): Promise<Uint8Array | undefined> {
    return this.#reading.run(() => this.#read(index));
  }

  async #read(index: number): Promise<Uint8Array | undefined> {
    assert(this.#stream !== undefined, "a sealed file has its key before it is read");
    const plain = await this.#plain(index);
    if (plain === undefined) return undefined;
    const sealed = await this.#stream.stream.seal(index, plain.bytes, plain.isLast);
    releaseBuffer(plain.bytes);
    return sealed;
  }

  release(upTo: number): void {
    this.#source.release(Math.floor((upTo * PLAIN_CHUNK_BYTES) / CHUNK_BYTES));
  }

  async check(root?: Uint8Array): Promise<void> {
    const file = this.#stream?.file;
    const sizeBytes = this.#contentBytes;
    assert(file !== undefined && sizeBytes !== undefined && root !== undefined, "all was sent");
    await this.#reading.run(() => this.#hashUpTo(chunkCount(sizeBytes)));
    const hash = this.#hash.copy().digest();
    await this.#source.check(); // What was read again had not changed either.
    await this.#options.described(file, { sizeBytes, digest: toHex(hash), root });
  }

  /** Leaves the source itself open. */
  close(): void {
    void this.#reading.run(() => Promise.resolve(this.#drop(Number.POSITIVE_INFINITY)));
  }

  /** Returns the bytes of one chunk in a new buffer; `undefined` after the last. */
  async #plain(
    index: number,
  ): Promise<{ readonly bytes: Uint8Array; readonly isLast: boolean } | undefined> {
    const known = this.#contentBytes;
    const chunks = known === undefined ? undefined : sealedChunks(known, PLAIN_CHUNK_BYTES);
    if (index >= (chunks ?? Number.POSITIVE_INFINITY)) return undefined;
    const from = index * PLAIN_CHUNK_BYTES;
    const first = Math.floor(from / CHUNK_BYTES);
    this.#drop(first);
    const offset = from - first * CHUNK_BYTES;
    const one = await this.#chunk(first);
    const head = one?.subarray(offset) ?? new Uint8Array(0);
    // An empty file has one chunk; one byte beyond this chunk shows that it is not the last.
    if (head.length === 0 && index > 0) return undefined;
    const isCut = head.length > PLAIN_CHUNK_BYTES;
    const mayFollow = one?.length === CHUNK_BYTES && !isCut;
    const other = mayFollow ? await this.#chunk(first + 1) : undefined;
    const wanted = PLAIN_CHUNK_BYTES - Math.min(head.length, PLAIN_CHUNK_BYTES);
    const tail = other?.subarray(0, wanted) ?? new Uint8Array(0);
    const sizeBytes = Math.min(head.length, PLAIN_CHUNK_BYTES) + tail.length;
    const bytes = takeBuffer(sizeBytes);
    bytes.set(head.subarray(0, PLAIN_CHUNK_BYTES));
    bytes.set(tail, sizeBytes - tail.length);
    const isLast = !isCut && (other?.length ?? 0) === tail.length;
    if (chunks !== undefined) return { bytes, isLast: index === chunks - 1 };
    if (isLast) this.#endedAt = from + sizeBytes;
    return { bytes, isLast };
  }

  async #chunk(index: number): Promise<Uint8Array | undefined> {
    const held = this.#held.get(index);
    if (held !== undefined) return held;
    await this.#hashUpTo(index);
    const bytes = await this.#source.read(index);
    if (bytes === undefined) return undefined;
    this.#held.set(index, bytes);
    if (index === this.#hashed) await this.#add(bytes);
    return bytes;
  }

  async #hashUpTo(index: number): Promise<void> {
    while (this.#hashed < index) {
      const bytes = await this.#source.read(this.#hashed);
      assert(bytes !== undefined, "a source has all chunks before one that was asked for");
      await this.#add(bytes);
      this.#free(bytes);
    }
  }

  async #add(bytes: Uint8Array): Promise<void> {
    this.#hash.update(await this.#options.hashing.hashChunk(bytes));
    this.#hashed += 1;
  }

  /** Frees chunks that the next read does not need. */
  #drop(first: number): void {
    for (const [index, bytes] of this.#held) {
      if (index >= first && index <= first + 1) continue;
      this.#held.delete(index);
      this.#free(bytes);
    }
  }

  /** A source that cannot be read twice keeps its own chunks. */
  #free(bytes: Uint8Array): void {
    if (this.#source.path !== undefined) releaseBuffer(bytes);
  }
}
