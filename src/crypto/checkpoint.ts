/** Signatures on log checkpoints by the server's identity key. */

import { utf8Encode } from "../base/bytes.ts";
import {
  accountsSignature,
  accountsText,
  type Checkpoint,
  checkpointText,
  findSigned,
  keyIdOf,
  noteText,
  notSigned,
} from "../wire/checkpoint.ts";
import { type Identity, verifySignature } from "./identity.ts";
import { sha256 } from "./sha256.ts";

/** @param accounts the accounts log, to which a note for the history also commits */
export function signCheckpoint(
  checkpoint: Checkpoint,
  identity: Identity,
  accounts?: Checkpoint,
): string {
  const text = checkpointText(checkpoint);
  const { origin: name } = checkpoint;
  const { publicKey } = identity;
  const keyId = keyIdOf(name, publicKey, sha256);
  const signatures = [{ name, keyId, signature: identity.sign(utf8Encode(text)) }];
  if (accounts !== undefined) {
    const bytes = utf8Encode(accountsText(checkpoint, accounts));
    const signature = accountsSignature(accounts, identity.sign(bytes));
    const keyId = keyIdOf(name, publicKey, sha256, "with-accounts");
    signatures.push({ name, keyId, signature });
  }
  return noteText(text, signatures);
}

export interface SignedLogs extends Checkpoint {
  readonly accounts?: Checkpoint | undefined;
}

/**
 * Browsers call `findSigned` with a WebCrypto verifier instead.
 * @throws {Fault} frame-malformed if the note cannot be parsed, fingerprint-changed if this key has
 * not signed the note
 */
export function verifyNote(note: string, publicKey: Uint8Array): SignedLogs {
  const { accounts, ...history } = findSigned(note, publicKey, sha256);
  for (const { bytes, signature } of accounts === undefined ? [history] : [history, accounts]) {
    if (!verifySignature(publicKey, bytes, signature)) throw notSigned();
  }
  return { ...history.checkpoint, accounts: accounts?.checkpoint };
}

export function hasSigned(note: string, publicKey: Uint8Array): boolean {
  try {
    verifyNote(note, publicKey);
    return true;
  } catch {
    return false;
  }
}
