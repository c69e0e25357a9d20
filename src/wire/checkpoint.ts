/**
 * Checkpoints (size and root of a log) and notes (signed checkpoints). Each has exactly one valid
 * text form, because the signature covers the text.
 * @see https://c2sp.org/tlog-checkpoint, https://c2sp.org/signed-note
 */

import { assert } from "../base/assert.ts";
import {
  concatBytes,
  equalBytes,
  fromBase64Url,
  SIGNATURE_BYTES,
  toBase64Url,
  uint64,
  utf8Encode,
} from "../base/bytes.ts";
import { Fault } from "../base/fault.ts";
import type { Sha256 } from "../base/ids.ts";
import { NOTE_BYTES_MAX } from "../base/limits.ts";

export interface Checkpoint {
  readonly origin: string;
  readonly size: number;
  readonly root: Uint8Array;
}

export interface NoteSignature {
  readonly name: string;
  readonly keyId: Uint8Array;
  readonly signature: Uint8Array;
}

export interface SignedNote {
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

export interface UnverifiedCheckpoint {
  readonly checkpoint: Checkpoint;
  readonly bytes: Uint8Array;
  readonly signature: Uint8Array;
  /** `undefined` in notes of the history alone. */
  readonly accounts?: UnverifiedCheckpoint | undefined;
}

const ED25519 = Uint8Array.of(0x01);
/** A signature of this type is preceded by the size, origin and root of the accounts log. */
const WITH_ACCOUNTS = concatBytes(Uint8Array.of(0xff), utf8Encode("chat accounts"));
const KEY_ID_BYTES = 4;
const ORIGIN_BYTES = 16;
const SIZE_BYTES = 8;
const ACCOUNTS_BYTES = SIZE_BYTES + ORIGIN_BYTES + 32;

/** No other signed text begins like a checkpoint; see crypto/signed-bytes.ts. */
const CHECKPOINT = /^(chat\/[\w-]{22})\n(0|[1-9]\d{0,15})\n([A-Za-z0-9+/]{43}=)\n$/;
const NOTES =
  /chat\/[\w-]{22}\n\d{1,16}\n[A-Za-z0-9+/]{43}=\n\n(?:— [^\s+]{1,255} [A-Za-z0-9+/=]+(?:\n|$))+/gu;
const SIGNATURE_LINE = /^— ([^\s+]{1,255}) ([A-Za-z0-9+/]+={0,2})$/u;

/**
 * Returns the identifier of a log: the leaf hash of its first record or, after an accepted loss, of
 * its newest `fork` record.
 */
export function originOf(leaf: Uint8Array): string {
  return `chat/${toBase64Url(leaf.subarray(0, ORIGIN_BYTES))}`;
}

/** Text of the signature that covers both logs. Its fourth line makes it no valid checkpoint. */
export function accountsText(history: Checkpoint, { origin, size, root }: Checkpoint): string {
  return `${checkpointText(history)}accounts ${origin} ${size} ${root.toBase64()}\n`;
}

export function accountsSignature(
  { origin, size, root }: Checkpoint,
  signature: Uint8Array,
): Uint8Array {
  return concatBytes(uint64(size), fromBase64Url(origin.slice("chat/".length)), root, signature);
}

/**
 * Returns the commitment of a note to the accounts log, whose signature is not verified.
 * @param keyId `undefined` for a signature by any key
 */
export function accountsIn({ text, signatures }: SignedNote, keyId?: Uint8Array) {
  const history = parseCheckpoint(text);
  const found = signatures.find(
    (item) =>
      item.name === history.origin &&
      item.signature.length === ACCOUNTS_BYTES + SIGNATURE_BYTES &&
      (keyId === undefined || equalBytes(item.keyId, keyId)),
  );
  if (found === undefined) return undefined;
  const { buffer, byteOffset } = found.signature;
  const size = Number(new DataView(buffer, byteOffset).getBigUint64(0));
  if (!Number.isSafeInteger(size)) return undefined;
  const root = found.signature.slice(SIZE_BYTES + ORIGIN_BYTES, ACCOUNTS_BYTES);
  const checkpoint = { origin: originOf(found.signature.subarray(SIZE_BYTES)), size, root };
  const bytes = utf8Encode(accountsText(history, checkpoint));
  const signature = found.signature.subarray(ACCOUNTS_BYTES);
  return { checkpoint, bytes, signature } satisfies UnverifiedCheckpoint;
}

export function checkpointText({ origin, size, root }: Checkpoint): string {
  const text = `${origin}\n${size}\n${root.toBase64()}\n`;
  assert(readCheckpoint(text) !== undefined, "a created checkpoint is valid");
  return text;
}

/** @throws {Fault} frame-malformed if the text is not a checkpoint of this program */
export function parseCheckpoint(text: string): Checkpoint {
  const checkpoint = readCheckpoint(text);
  if (checkpoint === undefined) throw malformed("it is not a chat checkpoint");
  return checkpoint;
}

function readCheckpoint(text: string): Checkpoint | undefined {
  const [, origin, sizeText, rootText] = CHECKPOINT.exec(text) ?? [];
  if (origin === undefined || rootText === undefined) return undefined;
  const size = Number(sizeText);
  const root = base64(rootText);
  return Number.isSafeInteger(size) && root !== undefined ? { origin, size, root } : undefined;
}

export function noteText(text: string, signatures: readonly NoteSignature[]): string {
  const lines = signatures.map(
    ({ name, keyId, signature }) => `— ${name} ${concatBytes(keyId, signature).toBase64()}\n`,
  );
  return `${text}\n${lines.join("")}`;
}

export function parseNote(note: string): SignedNote {
  if (note.length > NOTE_BYTES_MAX || utf8Encode(note).length > NOTE_BYTES_MAX) {
    throw malformed(`it has more than ${NOTE_BYTES_MAX} bytes`);
  }
  const end = note.lastIndexOf("\n\n");
  if (end < 0 || !note.endsWith("\n")) throw malformed("it has no signature");
  const lines = note.slice(end + 2, -1).split("\n");
  return { text: note.slice(0, end + 1), signatures: lines.map(parseSignature) };
}

/** Returns the notes in a text, such as a message or a file, in their order. */
export function notesIn(text: string): string[] {
  return [...text.matchAll(NOTES)].map(([note]) => (note.endsWith("\n") ? note : `${note}\n`));
}

function parseSignature(line: string): NoteSignature {
  const [, name, blobText] = SIGNATURE_LINE.exec(line) ?? [];
  const blob = blobText === undefined ? undefined : base64(blobText);
  if (name === undefined || blob === undefined || blob.length <= KEY_ID_BYTES) {
    throw malformed("a signature line is invalid");
  }
  return { name, keyId: blob.subarray(0, KEY_ID_BYTES), signature: blob.subarray(KEY_ID_BYTES) };
}

export function keyIdOf(
  name: string,
  publicKey: Uint8Array,
  sha256: Sha256,
  type: "history" | "with-accounts" = "history",
): Uint8Array {
  const typeBytes = type === "history" ? ED25519 : WITH_ACCOUNTS;
  const hash = sha256(concatBytes(utf8Encode(`${name}\n`), typeBytes, publicKey));
  return hash.subarray(0, KEY_ID_BYTES);
}

/**
 * Ignores signatures by other keys, such as those of witnesses.
 * @throws {Fault} frame-malformed if the note is invalid, fingerprint-changed if this key has not
 * signed the note
 */
export function findSigned(
  note: string,
  publicKey: Uint8Array,
  sha256: Sha256,
): UnverifiedCheckpoint {
  const parsed = parseNote(note);
  const { text, signatures } = parsed;
  const checkpoint = parseCheckpoint(text);
  const { origin } = checkpoint;
  const keyId = keyIdOf(origin, publicKey, sha256);
  const ownSignature = signatures.find(
    (item) => item.name === origin && equalBytes(item.keyId, keyId),
  );
  if (ownSignature?.signature.length !== SIGNATURE_BYTES) throw notSigned();
  const accounts = accountsIn(parsed, keyIdOf(origin, publicKey, sha256, "with-accounts"));
  return { checkpoint, bytes: utf8Encode(text), signature: ownSignature.signature, accounts };
}

export function notSigned(): Fault {
  return new Fault("fingerprint-changed", "the checkpoint is not signed by the server's key");
}

function malformed(reason: string): Fault {
  return new Fault("frame-malformed", `malformed signed note: ${reason}`);
}

function base64(text: string): Uint8Array | undefined {
  try {
    const bytes = Uint8Array.fromBase64(text);
    return bytes.toBase64() === text ? bytes : undefined;
  } catch {
    return undefined;
  }
}
