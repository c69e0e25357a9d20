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

/** @returns the signed note: what the server answers, keeps in a file and in a record */
export function signCheckpoint(checkpoint: Checkpoint, identity: Identity): string {
  const text = checkpointText(checkpoint);
  const { origin: name } = checkpoint;
  const keyId = keyIdOf(name, identity.publicKey, sha256);
  return noteText(text, [{ name, keyId, signature: identity.sign(utf8Encode(text)) }]);
}

/**
 * A client in a browser does the same with `findSigned` and its own verifier.
 * @throws Fault frame-malformed, fingerprint-changed (this key has not signed it)
 */
export function verifyNote(note: string, publicKey: Uint8Array): Checkpoint {
  const { checkpoint, bytes, signature } = findSigned(note, publicKey, sha256);
  if (!verifySignature(publicKey, bytes, signature)) throw notSigned();
  return checkpoint;
}

/** Whether this key has signed the note; false also when it is none. */
export function hasSigned(note: string, publicKey: Uint8Array): boolean {
  try {
    verifyNote(note, publicKey);
    return true;
  } catch {
    return false;
  }
}
