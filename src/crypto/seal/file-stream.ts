/**
 * Chunked encryption for files in sealed rooms. A chunk decrypts only at its own position in its
 * own file and with its own final flag.
 * @see Hoang, Reyhanitabar, Rogaway and Vizár, "Online Authenticated-Encryption" (STREAM, 2015)
 */

import { assert } from "../../base/assert.ts";
import { concatBytes, utf8Encode } from "../../base/bytes.ts";
import { Fault, msg } from "../../base/fault.ts";
import { SEALED_FILE_CHUNKS_MAX } from "../../base/limits-sealed.ts";
import { type FileCipher, type OpenFileCipher, webFileCipher } from "./file-cipher.ts";

const CONTEXT = utf8Encode("chat-file-v1");
export const FILE_KEY_BYTES = 32;
export const FILE_PREFIX_BYTES = 7;
export const FILE_TAG_BYTES = 16;

export interface FileSecret {
  readonly key: Uint8Array;
  readonly prefix: Uint8Array;
}

export interface FilePlan {
  readonly fileId: string;
  readonly chunkBytes: number;
  readonly sizeBytes?: number | undefined;
}

/** A file that changes during its upload needs a new secret. */
export function makeFileSecret(): FileSecret {
  return {
    key: crypto.getRandomValues(new Uint8Array(FILE_KEY_BYTES)),
    prefix: crypto.getRandomValues(new Uint8Array(FILE_PREFIX_BYTES)),
  };
}

export function sealedChunks(sizeBytes: number, chunkBytes: number): number {
  return Math.max(1, Math.ceil(sizeBytes / chunkBytes));
}

export function sealedSize(sizeBytes: number, chunkBytes: number): number {
  return sizeBytes + sealedChunks(sizeBytes, chunkBytes) * FILE_TAG_BYTES;
}

export class FileStream {
  readonly #aad: Uint8Array;

  private constructor(
    private readonly cipher: FileCipher,
    private readonly prefix: Uint8Array,
    private readonly plan: FilePlan,
  ) {
    this.#aad = concatBytes(CONTEXT, utf8Encode(plan.fileId));
  }

  /** @throws {Fault} frame-malformed if the sender's description of the file is inconsistent */
  static async open(
    { key, prefix }: FileSecret,
    plan: FilePlan,
    openCipher: OpenFileCipher = webFileCipher,
  ): Promise<FileStream> {
    const { sizeBytes = 0, chunkBytes } = plan;
    const isPossible =
      key.length === FILE_KEY_BYTES &&
      prefix.length === FILE_PREFIX_BYTES &&
      Number.isSafeInteger(sizeBytes) &&
      sizeBytes >= 0 &&
      Number.isSafeInteger(chunkBytes) &&
      chunkBytes > 0 &&
      sizeBytes / chunkBytes <= SEALED_FILE_CHUNKS_MAX;
    if (!isPossible)
      throw new Fault("frame-malformed", "the description of an encrypted file is malformed");
    return new FileStream(await openCipher(key), prefix.slice(), plan);
  }

  /**
   * @throws {Fault} file-changed if the chunk's length differs from the announced length, too-large
   * if the index is too high
   */
  async seal(index: number, plain: Uint8Array, isLast: boolean): Promise<Uint8Array> {
    const { sizeBytes, chunkBytes } = this.plan;
    const isChunkSized = plain.length === chunkBytes || (isLast && plain.length < chunkBytes);
    const endsAt = index * chunkBytes + plain.length;
    const isExpectedSize =
      sizeBytes === undefined || (isLast ? endsAt === sizeBytes : endsAt < sizeBytes);
    if (!isChunkSized || !isExpectedSize) {
      throw new Fault("file-changed", msg`the file changed while it was read`);
    }
    if (index >= SEALED_FILE_CHUNKS_MAX)
      throw new Fault("too-large", msg`a file has too many chunks`);
    return this.cipher.seal(this.#nonce(index, isLast), this.#aad, plain);
  }

  /**
   * Requires a known file size.
   * @throws {Fault} seal-broken if the bytes are not this chunk of this file
   */
  async unseal(index: number, sealed: Uint8Array): Promise<Uint8Array> {
    const { sizeBytes, chunkBytes } = this.plan;
    assert(sizeBytes !== undefined, "the file size is known");
    const chunks = sealedChunks(sizeBytes, chunkBytes);
    const plainBytes = Math.min(chunkBytes, sizeBytes - index * chunkBytes);
    if (index >= chunks || sealed.length !== plainBytes + FILE_TAG_BYTES) throw broken(index);
    try {
      return await this.cipher.unseal(this.#nonce(index, index === chunks - 1), this.#aad, sealed);
    } catch (cause) {
      throw broken(index, cause);
    }
  }

  #nonce(index: number, isLast: boolean): Uint8Array {
    assert(Number.isSafeInteger(index) && index >= 0, "a chunk index is at least 0");
    const counter = new Uint8Array(5);
    new DataView(counter.buffer).setUint32(0, index);
    counter[4] = isLast ? 1 : 0;
    return concatBytes(this.prefix, counter);
  }
}

function broken(index: number, cause?: unknown): Fault {
  return new Fault("seal-broken", msg`chunk ${index} of an encrypted file is damaged`, { cause });
}
