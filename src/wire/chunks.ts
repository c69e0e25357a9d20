/** How content is cut into chunks, and the lines of their checksums. */

import { assert } from "../base/assert.ts";
import { fromBase64Url, toBase64Url } from "../base/bytes.ts";
import { CHUNK_BYTES } from "../base/limits.ts";

/**
 * How content is cut into chunks, and what stands for the whole: the digest is SHA-256 over the
 * checksums of the chunks, one after the other. So each is checked when it arrives, resuming hashes
 * nothing again, and damage has a number.
 */

export const HASH_BYTES = 32;
/** A line of `chunks.jsonl`, its line feed included: all have the same width. */
export const HASH_LINE_BYTES = 46;

const QUOTE = 0x22;
const NEWLINE = 0x0a;
const ascii = new TextEncoder();

/** 0 for an empty file. */
export function chunkCount(sizeBytes: number): number {
  return Math.ceil(sizeBytes / CHUNK_BYTES);
}

/** Bytes of one chunk of a file of that size; 0 beyond its end. */
export function chunkSize(index: number, sizeBytes: number): number {
  return Math.max(0, Math.min(CHUNK_BYTES, sizeBytes - index * CHUNK_BYTES));
}

/** The line of one chunk: a JSON text of 43 base64url characters, and a line feed. */
export function encodeHashLine(hash: Uint8Array): Uint8Array {
  assert(hash.length === HASH_BYTES, "a checksum has 32 bytes");
  return ascii.encode(`"${toBase64Url(hash)}"\n`);
}

/**
 * Reads one line of exactly HASH_LINE_BYTES, line feed included.
 * @returns undefined if the line is torn or malformed
 */
export function parseHashLine(line: Uint8Array): Uint8Array | undefined {
  const framed =
    line.length === HASH_LINE_BYTES &&
    line[0] === QUOTE &&
    line[HASH_LINE_BYTES - 2] === QUOTE &&
    line[HASH_LINE_BYTES - 1] === NEWLINE;
  if (!framed) return undefined;
  try {
    const text = String.fromCharCode(...line.subarray(1, HASH_LINE_BYTES - 2));
    const hash = fromBase64Url(text);
    return hash.length === HASH_BYTES ? hash : undefined;
  } catch {
    return undefined; // No base64url, or not in its one spelling.
  }
}

/** A hash that is fed in pieces; `Bun.CryptoHasher` is one. */
export interface RunningHash {
  update(bytes: Uint8Array): unknown;
  copy(): RunningHash;
  digest(): Uint8Array;
}

/** The digest of what came so far, in memory of one size. */
export class Digest {
  readonly #hash: RunningHash;
  #chunks = 0;

  /** @param sha256 fresh, and not shared */
  constructor(sha256: RunningHash) {
    this.#hash = sha256;
  }

  get chunks(): number {
    return this.#chunks;
  }

  /** @param hash checksum of the next chunk */
  add(hash: Uint8Array): void {
    assert(hash.length === HASH_BYTES, "a checksum has 32 bytes");
    this.#hash.update(hash);
    this.#chunks += 1;
  }

  /** Of all chunks so far; more may follow. */
  value(): Uint8Array {
    return this.#hash.copy().digest();
  }
}
