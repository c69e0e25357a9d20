/** Chunks of file content. A file's digest is the SHA-256 of its chunks' concatenated checksums. */

import { NEWLINE } from "../base/ascii.ts";
import { assert } from "../base/assert.ts";
import { SHA256_BYTES, toBase64Url, tryBase64Url } from "../base/bytes.ts";
import { CHUNK_BYTES } from "../base/limits.ts";

export const HASH_LINE_BYTES = 46;

const QUOTE = 0x22;
const ascii = new TextEncoder();

export function chunkCount(sizeBytes: number): number {
  return Math.ceil(sizeBytes / CHUNK_BYTES);
}

export function chunkSize(index: number, sizeBytes: number): number {
  return Math.max(0, Math.min(CHUNK_BYTES, sizeBytes - index * CHUNK_BYTES));
}

/** Encodes a line of `chunks.jsonl`: a JSON string of 43 base64url characters, and a line feed. */
export function encodeHashLine(hash: Uint8Array): Uint8Array {
  assert(hash.length === SHA256_BYTES, "a checksum has 32 bytes");
  return ascii.encode(`"${toBase64Url(hash)}"\n`);
}

/** @returns `undefined` if the line is incomplete or malformed */
export function parseHashLine(line: Uint8Array): Uint8Array | undefined {
  const framed =
    line.length === HASH_LINE_BYTES &&
    line[0] === QUOTE &&
    line[HASH_LINE_BYTES - 2] === QUOTE &&
    line[HASH_LINE_BYTES - 1] === NEWLINE;
  if (!framed) return undefined;
  const hash = tryBase64Url(String.fromCharCode(...line.subarray(1, HASH_LINE_BYTES - 2)));
  return hash?.length === SHA256_BYTES ? hash : undefined;
}

export interface RunningHash {
  update(bytes: Uint8Array): unknown;
  copy(): RunningHash;
  digest(): Uint8Array;
}

export class Digest {
  readonly #hash: RunningHash;
  #chunks = 0;

  constructor(sha256: RunningHash) {
    this.#hash = sha256;
  }

  get chunks(): number {
    return this.#chunks;
  }

  add(hash: Uint8Array): void {
    assert(hash.length === SHA256_BYTES, "a checksum has 32 bytes");
    this.#hash.update(hash);
    this.#chunks += 1;
  }

  value(): Uint8Array {
    return this.#hash.copy().digest();
  }
}
