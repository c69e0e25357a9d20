/** Tokens: creation, hashes and comparison in constant time. */

import { equalBytes, toBase64Url, utf8Encode } from "../../base/bytes.ts";
import { sha256 } from "../../crypto/sha256.ts";
import type { Entropy } from "../../io/entropy.ts";

const TOKEN_BYTES = 16;

export function newToken(entropy: Entropy): string {
  return toBase64Url(entropy(TOKEN_BYTES));
}

export function hashOf(token: string): string {
  return toBase64Url(sha256(utf8Encode(token)));
}

export function sameSecret(a: string, b: string): boolean {
  return equalBytes(sha256(utf8Encode(a)), sha256(utf8Encode(b)));
}
