/** Signatures on log checkpoints by the server's identity key. */

import { utf8Encode } from "../base/bytes.ts";
import {
  type Checkpoint,
  checkpointText,
  findSigned,
  keyIdOf,
  noteText,
  notSigned,
} from "../wire/checkpoint.ts";
import { type Identity, verifySignature } from "./identity.ts";
import { sha256 } from "./sha256.ts";

export function signCheckpoint(checkpoint: Checkpoint, identity: Identity): string {
  const text = checkpointText(checkpoint);
  const { origin: name } = checkpoint;
  const keyId = keyIdOf(name, identity.publicKey, sha256);
  return noteText(text, [{ name, keyId, signature: identity.sign(utf8Encode(text)) }]);
}

/**
 * Browsers call `findSigned` with a WebCrypto verifier instead.
 * @throws {Fault} frame-malformed if the note cannot be parsed, fingerprint-changed if this key has
 * not signed the note
 */
export function verifyNote(note: string, publicKey: Uint8Array): Checkpoint {
  const { checkpoint, bytes, signature } = findSigned(note, publicKey, sha256);
  if (!verifySignature(publicKey, bytes, signature)) throw notSigned();
  return checkpoint;
}

export function hasSigned(note: string, publicKey: Uint8Array): boolean {
  try {
    verifyNote(note, publicKey);
    return true;
  } catch {
    return false;
  }
}
