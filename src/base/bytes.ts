/** UTF-8, hex and base64url encodings; concatenation and comparison of bytes. */

import { Fault } from "./fault.ts";

const encoder = new TextEncoder();
const strictDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Size of a SHA-256 digest. */
export const SHA256_BYTES = 32;

/** Size of an Ed25519 or X25519 key, and of an AES-256 key. */
export const KEY_BYTES = 32;

/** Size of an Ed25519 signature. */
export const SIGNATURE_BYTES = 64;

export function utf8Encode(text: string): Uint8Array {
  return encoder.encode(text);
}

/** @throws {Fault} frame-malformed if the bytes are not valid UTF-8 */
export function utf8Decode(bytes: Uint8Array): string {
  try {
    return strictDecoder.decode(bytes);
  } catch (cause) {
    throw new Fault("frame-malformed", "a text is not UTF-8", { cause });
  }
}

/** Returns the longest prefix within `bytesMax` UTF-8 bytes that does not split a character. */
export function cutText(text: string, bytesMax: number): string {
  const wellFormed = text.toWellFormed();
  if (3 * wellFormed.length <= bytesMax) return wellFormed;
  const { read } = encoder.encodeInto(wellFormed, new Uint8Array(bytesMax));
  return wellFormed.slice(0, read);
}

export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  let sizeBytes = 0;
  for (const part of parts) sizeBytes += part.length;
  const joined = new Uint8Array(sizeBytes);
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}

/**
 * Returns `bytes` if `sizeBytes` more fit after the first `usedBytes`, otherwise a larger copy of
 * those. The size at least doubles, so that appending costs constant time per byte.
 */
export function withCapacity(
  bytes: Uint8Array<ArrayBuffer>,
  usedBytes: number,
  sizeBytes: number,
): Uint8Array<ArrayBuffer> {
  const neededBytes = usedBytes + sizeBytes;
  if (neededBytes <= bytes.length) return bytes;
  const larger = new Uint8Array(Math.max(neededBytes, 2 * bytes.length));
  larger.set(bytes.subarray(0, usedBytes));
  return larger;
}

export function uint64(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value));
  return bytes;
}

export function isBytes(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array;
}

/** Compares in constant time, so that the duration does not reveal where the bytes first differ. */
export function equalBytes(left: Uint8Array, right: Uint8Array): boolean {
  if (left.length !== right.length) return false;
  let difference = 0;
  for (let i = 0; i < left.length; i++) difference |= (left[i] ?? 0) ^ (right[i] ?? 0);
  return difference === 0;
}

export function toHex(bytes: Uint8Array): string {
  return bytes.toHex();
}

/** @param hex lower-case digits, as `toHex` writes them */
export function fromHex(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
}

/** In the form in which certificate managers display hashes: `0A:F3`. */
export function hexPairs(hex: string): string {
  return (hex.toUpperCase().match(/../g) ?? []).join(":");
}

/** RFC 4648, section 5, without padding. */
export function toBase64Url(bytes: Uint8Array): string {
  return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
}

/**
 * Accepts only the canonical form, because otherwise a signed or hashed text could be replaced with
 * a different encoding of the same bytes.
 * @throws {Fault} frame-malformed if the text is not canonical base64url
 */
export function fromBase64Url(text: string): Uint8Array {
  const bytes = tryBase64Url(text);
  if (bytes !== undefined) return bytes;
  throw new Fault("frame-malformed", "base64url text is not canonical");
}

/** Like `fromBase64Url`, but returns `undefined` if there is no text or it is not canonical. */
export function tryBase64Url(text: string | undefined): Uint8Array | undefined {
  if (text === undefined) return undefined;
  try {
    const bytes = Uint8Array.fromBase64(text, {
      alphabet: "base64url",
      lastChunkHandling: "loose",
    });
    return toBase64Url(bytes) === text ? bytes : undefined;
  } catch {
    return undefined;
  }
}
