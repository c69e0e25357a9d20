/** Signatures of releases in the format of minisign. @see https://jedisct1.github.io/minisign/ */

import { createHash } from "node:crypto";
import { concatBytes, equalBytes, utf8Encode } from "../base/bytes.ts";
import { Fault } from "../base/fault.ts";
import { verifySignature } from "./identity.ts";

const KEY_ID_BYTES = 8;
const PUBLIC_KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;
/** Ed25519. */
const KEY_ALGORITHM = "Ed";
/** Ed25519 over the BLAKE2b-512 hash of the file. */
const HASHED_ALGORITHM = "ED";
const UNTRUSTED = "untrusted comment: ";
const TRUSTED = "trusted comment: ";

export interface ReleaseKey {
  readonly id: Uint8Array;
  readonly publicKey: Uint8Array;
}

/**
 * Parses a public key: the second line of minisign's file, or that line alone.
 * @throws {Fault} usage if it is malformed
 */
export function parseReleaseKey(text: string): ReleaseKey {
  const lines = text.trim().split(/\r?\n/);
  const [line = ""] = lines[0]?.startsWith(UNTRUSTED) ? lines.slice(1) : lines;
  const bytes = decode(line, KEY_ALGORITHM, KEY_ID_BYTES + PUBLIC_KEY_BYTES);
  if (bytes === undefined) {
    throw new Fault("usage", "not a minisign public key", {
      remedy: "name the .pub file that minisign -G wrote",
    });
  }
  return { id: bytes.subarray(0, KEY_ID_BYTES), publicKey: bytes.subarray(KEY_ID_BYTES) };
}

/**
 * Checks the signature of `bytes`.
 * @param signature content of a `.minisig` file
 * @returns the trusted comment, which the signature covers as well
 * @throws {Fault} release-untrusted
 */
export function verifyRelease(key: ReleaseKey, bytes: Uint8Array, signature: string): string {
  const [untrusted = "", first = "", trusted = "", second = ""] = signature.split(/\r?\n/);
  const signed = decode(first, HASHED_ALGORITHM, KEY_ID_BYTES + SIGNATURE_BYTES);
  const covering = decode(second, "", SIGNATURE_BYTES);
  const isComplete = untrusted.startsWith(UNTRUSTED) && trusted.startsWith(TRUSTED);
  if (signed === undefined || covering === undefined || !isComplete) {
    throw new Fault("release-untrusted", "the signature is malformed");
  }
  if (!equalBytes(signed.subarray(0, KEY_ID_BYTES), key.id)) {
    throw new Fault("release-untrusted", "the release is signed with another key");
  }
  const comment = trusted.slice(TRUSTED.length);
  const own = signed.subarray(KEY_ID_BYTES);
  const hash = createHash("blake2b512").update(bytes).digest();
  const isValid =
    verifySignature(key.publicKey, new Uint8Array(hash), own) &&
    verifySignature(key.publicKey, concatBytes(own, utf8Encode(comment)), covering);
  if (!isValid) throw new Fault("release-untrusted", "the signature does not match");
  return comment;
}

function decode(line: string, algorithm: string, sizeBytes: number): Uint8Array | undefined {
  try {
    const bytes = Uint8Array.fromBase64(line.trim());
    const isOurs =
      bytes.length === algorithm.length + sizeBytes &&
      equalBytes(bytes.subarray(0, algorithm.length), utf8Encode(algorithm));
    return isOurs ? bytes.subarray(algorithm.length) : undefined;
  } catch {
    return undefined;
  }
}
