/** A server key that signs its successor. */

import type { Fingerprint } from "../wire/fingerprint.ts";
import { fingerprintOf, type Identity, verifySignature } from "./identity.ts";
import { successorBytes } from "./signed-bytes.ts";

/** A key that a server had, and its signature over the key that came after it. */
export interface FormerKey {
  readonly key: Uint8Array;
  readonly signature: Uint8Array;
}

/** The old key's word that the new one is the same server. */
export function makeSuccession(old: Identity, next: Uint8Array): FormerKey {
  return { key: old.publicKey, signature: old.sign(successorBytes(next)) };
}

/**
 * Fingerprints of all keys that lead to the present one, newest first, as far as each link holds:
 * a client that trusted one of them may trust `key`.
 */
export function lineage(key: Uint8Array, formers: readonly FormerKey[]): Fingerprint[] {
  const fingerprints: Fingerprint[] = [];
  let next = key;
  for (const former of formers) {
    if (!verifySignature(former.key, successorBytes(next), former.signature)) break;
    fingerprints.push(fingerprintOf(former.key));
    next = former.key;
  }
  return fingerprints;
}
