/**
 * Encrypted votes of polls whose results are hidden until the end. The log contains them like other
 * votes, so proofs cover them, and the record that ends the poll reveals the poll's key.
 */

import { fromBase64Url, KEY_BYTES, toBase64Url, tryBase64Url } from "../../base/bytes.ts";
import { chacha20 } from "../../base/chacha20.ts";
import { POLL_OPTIONS_MAX } from "../../base/limits.ts";

/** Random bytes of one ballot, so that equal votes look different. */
export const BALLOT_NONCE_BYTES = 12;
/** Options as a bit mask, and zeros by which a wrong key is noticed. */
const CONTENT_BYTES = 8;

/** @param key 32 bytes in base64url */
export function sealBallot(key: string, nonce: Uint8Array, choices: readonly number[]): string {
  const content = new Uint8Array(CONTENT_BYTES);
  const mask = choices.reduce((sum, choice) => sum | (1 << (choice - 1)), 0);
  content.set([mask >> 8, mask & 0xff]);
  const ballot = new Uint8Array(BALLOT_NONCE_BYTES + CONTENT_BYTES);
  ballot.set(nonce);
  ballot.set(chacha20(fromBase64Url(key), nonce, content), BALLOT_NONCE_BYTES);
  return toBase64Url(ballot);
}

/** Returns the chosen options; `undefined` if key and ballot do not match. */
export function openBallot(key: string, ballot: string): readonly number[] | undefined {
  const [keyBytes, bytes] = [tryBase64Url(key), tryBase64Url(ballot)];
  if (keyBytes?.length !== KEY_BYTES || bytes?.length !== BALLOT_NONCE_BYTES + CONTENT_BYTES)
    return undefined;
  const nonce = bytes.slice(0, BALLOT_NONCE_BYTES);
  const [high = 0, low = 0, ...zeros] = chacha20(keyBytes, nonce, bytes.slice(BALLOT_NONCE_BYTES));
  const mask = (high << 8) | low;
  if (zeros.some((byte) => byte !== 0) || mask >> POLL_OPTIONS_MAX !== 0) return undefined;
  return Array.from({ length: POLL_OPTIONS_MAX }, (_, index) => index + 1).filter(
    (choice) => (mask & (1 << (choice - 1))) !== 0,
  );
}
