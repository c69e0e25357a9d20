/**
 * Unencrypted fields of a sealed message or commit, parsed by the server without keys or an MLS
 * library.
 * @see RFC 9420, sections 6.2 and 6.3
 */

import { Fault } from "../../base/fault.ts";
import { GROUP_ID_BYTES } from "../../base/limits-sealed.ts";

const VERSION_1 = 1;
const PUBLIC_MESSAGE = 1;
const PRIVATE_MESSAGE = 2;
const SENDER_MEMBER = 1;
const SENDER_NEWCOMER = 4;
const CONTENT_APPLICATION = 1;
const CONTENT_COMMIT = 3;

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
