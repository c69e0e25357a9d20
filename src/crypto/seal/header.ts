/**
 * Unencrypted fields of a sealed message or commit, parsed by the server without keys or an MLS
 * library.
 * @see RFC 9420, sections 6.2 and 6.3
 */

import { Fault, unlessFault } from "../../base/fault.ts";
import { GROUP_ID_BYTES } from "../../base/limits-sealed.ts";
import { SECOND_MS } from "../../base/time.ts";

const VERSION_1 = 1;
const PUBLIC_MESSAGE = 1;
const PRIVATE_MESSAGE = 2;
const SENDER_MEMBER = 1;
const SENDER_NEWCOMER = 4;
const CONTENT_APPLICATION = 1;
const CONTENT_COMMIT = 3;
const CREDENTIAL_BASIC = 1;

export interface SealHeader {
  readonly kind: "message" | "commit";
  readonly gid: Uint8Array;
  readonly epoch: number;
  readonly bound: Uint8Array;
  readonly isNewcomer: boolean;
}

/** @throws {Fault} frame-malformed if the bytes are neither a commit nor a message */
export function readSealHeader(bytes: Uint8Array): SealHeader {
  const reader = new HeaderReader(bytes);
  if (reader.uint(2) !== VERSION_1) throw malformed();
  const format = reader.uint(2);
  const gid = reader.data();
  const epoch = reader.uint(8);
  if (gid.length !== GROUP_ID_BYTES || !Number.isSafeInteger(epoch)) throw malformed();
  if (format === PRIVATE_MESSAGE) {
    if (reader.uint(1) !== CONTENT_APPLICATION) throw malformed();
    return { kind: "message", gid, epoch, bound: reader.data(), isNewcomer: false };
  }
  if (format !== PUBLIC_MESSAGE) throw malformed();
  const sender = reader.uint(1);
  if (sender === SENDER_MEMBER) reader.uint(4);
  else if (sender !== SENDER_NEWCOMER) throw malformed();
  const bound = reader.data();
  if (reader.uint(1) !== CONTENT_COMMIT) throw malformed();
  return { kind: "commit", gid, epoch, bound, isNewcomer: sender === SENDER_NEWCOMER };
}

const KEY_PACKAGE = 5;
const SOURCE_KEY_PACKAGE = 1;
/** Versions, suites, extensions, proposals and credential types of a leaf. */
const CAPABILITY_LISTS = 5;

export interface Lifetime {
  readonly fromUnixMs: number;
  readonly untilUnixMs: number;
}

/**
 * Reads when a key package may be used, without checking its signature.
 * @returns `undefined` if the bytes are not a key package with a basic credential
 * @see RFC 9420, sections 7.2 and 10
 */
export function readLifetime(bytes: Uint8Array): Lifetime | undefined {
  return unlessFault(() => {
    const reader = new HeaderReader(bytes);
    if (reader.uint(2) !== VERSION_1 || reader.uint(2) !== KEY_PACKAGE) throw malformed();
    reader.uint(4); // Version and cipher suite.
    for (let i = 0; i < 3; i++) reader.data(); // Init key, encryption key and signature key.
    if (reader.uint(2) !== CREDENTIAL_BASIC) throw malformed();
    reader.data();
    for (let i = 0; i < CAPABILITY_LISTS; i++) reader.data();
    if (reader.uint(1) !== SOURCE_KEY_PACKAGE) throw malformed();
    const [fromUnixMs, untilUnixMs] = [reader.uint(8) * SECOND_MS, reader.uint(8) * SECOND_MS];
    return { fromUnixMs, untilUnixMs };
  });
}

class HeaderReader {
  #at = 0;

  constructor(private readonly bytes: Uint8Array) {}

  uint(sizeBytes: number): number {
    return this.#take(sizeBytes).reduce((sum, byte) => sum * 256 + byte, 0);
  }

  /** Rejects a length that is not in its shortest encoding (RFC 9420, section 2.1.2). */
  data(): Uint8Array {
    const first = this.uint(1);
    const prefix = first >> 6;
    if (prefix > 2) throw malformed();
    const moreBytes = 2 ** prefix - 1;
    const length = (first & 0x3f) * 256 ** moreBytes + this.uint(moreBytes);
    if (prefix > 0 && length < 2 ** (prefix === 1 ? 6 : 14)) throw malformed();
    return this.#take(length).slice();
  }

  #take(sizeBytes: number): Uint8Array {
    const end = this.#at + sizeBytes;
    if (end > this.bytes.length) throw malformed();
    const bytes = this.bytes.subarray(this.#at, end);
    this.#at = end;
    return bytes;
  }
}

function malformed(): Fault {
  return new Fault("frame-malformed", "not a message or change of an encrypted room");
}
