/**
 * Verification of release signatures in the minisign format.
 * @see https://jedisct1.github.io/minisign/
 */

import { createHash } from "node:crypto";
import { concatBytes, equalBytes, KEY_BYTES, SIGNATURE_BYTES, utf8Encode } from "../base/bytes.ts";
import { Fault } from "../base/fault.ts";
import { verifySignature } from "./identity.ts";

const KEY_ID_BYTES = 8;
const KEY_ALGORITHM = "Ed";
/** Signs the file's BLAKE2b-512 hash instead of the file itself. */
const HASHED_ALGORITHM = "ED";
const UNTRUSTED = "untrusted comment: ";
const TRUSTED = "trusted comment: ";

export interface ReleaseKey {
  readonly id: Uint8Array;
  readonly publicKey: Uint8Array;
}

/**
 * Accepts the content of minisign's key file, or only its second line.
 * @throws {Fault} usage if the key is malformed
 */
export function parseReleaseKey(text: string): ReleaseKey {
  const lines = text.trim().split(/\r?\n/);
  const [line = ""] = lines[0]?.startsWith(UNTRUSTED) ? lines.slice(1) : lines;
  const bytes = decode(line, KEY_ALGORITHM, KEY_ID_BYTES + KEY_BYTES);
  if (bytes === undefined) {
    throw new Fault("usage", "not a minisign public key", {
      remedy: "use the .pub file that minisign -G wrote",
    });
  }
  return { id: bytes.subarray(0, KEY_ID_BYTES), publicKey: bytes.subarray(KEY_ID_BYTES) };
}

/**
 * @param signature content of the `.minisig` file
 * @returns the trusted comment, which is also signed
 * @throws {Fault} release-untrusted if the signature is malformed, invalid or made with a different
 * key
 */
export function verifyRelease(key: ReleaseKey, bytes: Uint8Array, signature: string): string {
  const [untrustedLine = "", signatureLine = "", trustedLine = "", commentLine = ""] =
    signature.split(/\r?\n/);
  const keyedSignature = decode(signatureLine, HASHED_ALGORITHM, KEY_ID_BYTES + SIGNATURE_BYTES);
  const commentSignature = decode(commentLine, "", SIGNATURE_BYTES);
  const isComplete = untrustedLine.startsWith(UNTRUSTED) && trustedLine.startsWith(TRUSTED);
  if (keyedSignature === undefined || commentSignature === undefined || !isComplete) {
    throw new Fault("release-untrusted", "the signature is malformed");
  }
  if (!equalBytes(keyedSignature.subarray(0, KEY_ID_BYTES), key.id)) {
    throw new Fault("release-untrusted", "the release is signed with another key");
  }
  const comment = trustedLine.slice(TRUSTED.length);
  const fileSignature = keyedSignature.subarray(KEY_ID_BYTES);
  const hash = createHash("blake2b512").update(bytes).digest();
  const isValid =
    verifySignature(key.publicKey, new Uint8Array(hash), fileSignature) &&
    verifySignature(
      key.publicKey,
      concatBytes(fileSignature, utf8Encode(comment)),
      commentSignature,
    );
  if (!isValid) throw new Fault("release-untrusted", "the signature does not match");
  return comment;
}

export function unverifiedComment(signature: string): string {
  const line = signature.split(/\r?\n/)[2] ?? "";
  return line.startsWith(TRUSTED) ? line.slice(TRUSTED.length) : "";
}

function decode(line: string, algorithm: string, sizeBytes: number): Uint8Array | undefined {
  try {
    const bytes = Uint8Array.fromBase64(line.trim());
    const isExpected =
      bytes.length === algorithm.length + sizeBytes &&
      equalBytes(bytes.subarray(0, algorithm.length), utf8Encode(algorithm));
    return isExpected ? bytes.subarray(algorithm.length) : undefined;
  } catch {
    return undefined;
  }
}
