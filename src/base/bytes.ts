/** UTF-8, hex and base64url; concatenation and comparison of bytes. */

import { Fault } from "./fault.ts";

const encoder = new TextEncoder();
const strictDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export function utf8Encode(text: string): Uint8Array {
  return encoder.encode(text);
}

/** Keeps a byte order mark as a character. @throws TypeError if the bytes are not UTF-8 */
export function utf8Decode(bytes: Uint8Array): string {
  return strictDecoder.decode(bytes);
}

/** Reports whether the text has no lone surrogates, so that UTF-8 can encode it. */
export function isWellFormed(text: string): boolean {
  return text.isWellFormed();
}

/** The longest prefix of at most `bytesMax` bytes of UTF-8 that ends with a whole character. */
export function cutText(text: string, bytesMax: number): string {
  const wellFormed = text.toWellFormed();
  if (3 * wellFormed.length <= bytesMax) return wellFormed;
  const { read } = encoder.encodeInto(wellFormed, new Uint8Array(bytesMax));
  return wellFormed.slice(0, read);
}

export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  let sizeBytes = 0;
  for (const part of parts) sizeBytes += part.length;
  const whole = new Uint8Array(sizeBytes);
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

export function uint64(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value));
  return bytes;
}

/** Compares in constant time: the duration does not reveal where the bytes differ. */
export function equalBytes(left: Uint8Array, right: Uint8Array): boolean {
  if (left.length !== right.length) return false;
  let difference = 0;
  for (let i = 0; i < left.length; i++) difference |= (left[i] ?? 0) ^ (right[i] ?? 0);
  return difference === 0;
}

export function toHex(bytes: Uint8Array): string {
  return bytes.toHex();
}

/** RFC 4648 section 5, without padding. */
export function toBase64Url(bytes: Uint8Array): string {
  return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
}

/**
 * Reads base64url without padding and accepts only the canonical spelling: a second spelling of the
 * same bytes would let a signed or hashed text change unnoticed.
 * @throws {Fault} frame-malformed
 */
export function fromBase64Url(text: string): Uint8Array {
  try {
    const bytes = Uint8Array.fromBase64(text, {
      alphabet: "base64url",
      lastChunkHandling: "loose",
    });
    if (toBase64Url(bytes) === text) return bytes;
  } catch {
    // Falls through to the same fault.
  }
  throw new Fault("frame-malformed", "a base64url text is not in its canonical form");
}
