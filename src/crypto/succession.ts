/** Succession of server keys, in which each old key signs the next key. */

import type { Fingerprint } from "../wire/fingerprint.ts";
import { fingerprintOf, type Identity, verifySignature } from "./identity.ts";
import { successorBytes } from "./signed-bytes.ts";

export interface FormerKey {
  readonly key: Uint8Array;
  readonly signature: Uint8Array;
}

export function makeSuccession(old: Identity, next: Uint8Array): FormerKey {
  return { key: old.publicKey, signature: old.sign(successorBytes(next)) };
}

/**
 * Returns the former keys from which a chain of signatures leads to `key`, newest first. A client
 * that trusts any of these keys may trust `key`.
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
