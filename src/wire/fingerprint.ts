/** Text forms of an identity key's fingerprint. */

import type { Brand } from "../base/brand.ts";
import { SHA256_BYTES, toBase64Url, tryBase64Url } from "../base/bytes.ts";
import { Fault, msg } from "../base/fault.ts";
import type { Sha256 } from "../base/ids.ts";
import { pastedText, quoteText } from "../base/text.ts";

/** SHA-256 of a raw Ed25519 public key in base64url: 43 characters. */
export type Fingerprint = Brand<string, "Fingerprint">;

const PREFIX = "SHA256:";

export function fingerprintWith(publicKey: Uint8Array, sha256: Sha256): Fingerprint {
  return toBase64Url(sha256(publicKey)) as Fingerprint;
}

export function formatFingerprint(fingerprint: Fingerprint): string {
  return `${PREFIX}${fingerprint}`;
}

const FINGERPRINT_LENGTH = 43;
/** Quotes, brackets, full stops and padding of base64, which no fingerprint contains. */
const ENCLOSING = /["'`“”„‘’«»<>()[\].,;=]/g;

/**
 * Parses `SHA256:...`, or the form in invites without the prefix.
 * @throws {Fault} usage if the text is not a fingerprint
 */
export function parseFingerprint(copied: string): Fingerprint {
  // A terminal or mail may have wrapped the text.
  const text = pastedText(copied).replaceAll(" ", "").replaceAll(ENCLOSING, "");
  const bare = text.replace(/^sha256:/i, "");
  if (tryBase64Url(bare)?.length === SHA256_BYTES) return bare as Fingerprint;
  throw new Fault("usage", msg`${quoteText(text)} is not a fingerprint`, {
    remedy:
      bare.length === FINGERPRINT_LENGTH
        ? "a character is mistyped; copy it again"
        : 'use "SHA256:" followed by 43 letters, digits, - or _',
  });
}
