/** The server's signature over a checkpoint of its log. */

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

/** @returns the signed note, as in answers, the checkpoint file and records */
export function signCheckpoint(checkpoint: Checkpoint, identity: Identity): string {
  const text = checkpointText(checkpoint);
  const { origin: name } = checkpoint;
  const keyId = keyIdOf(name, identity.publicKey, sha256);
  return noteText(text, [{ name, keyId, signature: identity.sign(utf8Encode(text)) }]);
}

/**
 * Browsers use `findSigned` with their own verifier instead.
 * @throws {Fault} frame-malformed, or fingerprint-changed if this key has not signed the note
 */
export function verifyNote(note: string, publicKey: Uint8Array): Checkpoint {
  const { checkpoint, bytes, signature } = findSigned(note, publicKey, sha256);
  if (!verifySignature(publicKey, bytes, signature)) throw notSigned();
  return checkpoint;
}

/** Reports whether this key has signed the note; false if the note is malformed. */
export function hasSigned(note: string, publicKey: Uint8Array): boolean {
  try {
    verifyNote(note, publicKey);
    return true;
  } catch {
    return false;
  }
}
