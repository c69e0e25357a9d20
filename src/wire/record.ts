import { concatBytes, toBase64Url } from "../base/bytes.ts";
import type { RoomId, Sha256, UserId } from "../base/ids.ts";

/**
 * One record of the log and its line. The head is hashed as written and never changes; salt and
 * body hang on it by a salted commitment and may be blanked later (see data/README.md).
 */

export type RecordKind =
  // history/
  | "room"
  | "join"
  | "leave"
  | "topic"
  | "text"
  | "action"
  // accounts/
  | "account"
  | "device"
  | "device-gone"
  | "password"
  | "room-password";

/** Fixed order of keys. People and rooms appear by id only, so that their names can be erased. */
export interface Head {
  readonly v: 1;
  /** Dense over the whole log, from 1. */
  readonly seq: number;
  /** Unix milliseconds; never falls from one record to the next. */
  readonly time: number;
  readonly kind: RecordKind;
  /** The room; in the accounts log the account (or room) that the record is about. */
  readonly room: RoomId | UserId;
  /** Dense per room, from 1. */
  readonly n: number;
  /** The account that caused it, or `server`. */
  readonly by: UserId | "server";
  /** `OUTBOX.COUNTER` of the client's post, or empty. */
  readonly id: string;
  /** base64url of SHA-256(0x02, salt, body bytes). */
  readonly commit: string;
}

/** What a writer asks to be recorded; the log gives seq, n and time. */
export interface Draft {
  readonly kind: RecordKind;
  readonly room: RoomId | UserId;
  readonly by: UserId | "server";
  readonly id: string;
  /** A JSON value; its bytes are fixed here, once. */
  readonly body: unknown;
}

export interface LogRecord {
  readonly head: Head;
  readonly headBytes: Uint8Array;
  /** Absent when erased. */
  readonly salt?: Uint8Array;
  readonly bodyBytes?: Uint8Array;
  /** Seq of the record that ordered the erasing. */
  readonly erased?: number;
}

export const SALT_BYTES = 16;

const LEAF_PREFIX = Uint8Array.of(0x00);
const COMMIT_PREFIX = Uint8Array.of(0x02);

/** RFC 6962, section 2.1: the leaf of the record's Merkle tree. */
export function leafHash(headBytes: Uint8Array, sha256: Sha256): Uint8Array {
  return sha256(concatBytes(LEAF_PREFIX, headBytes));
}

export function commitment(salt: Uint8Array, bodyBytes: Uint8Array, sha256: Sha256): string {
  return toBase64Url(sha256(concatBytes(COMMIT_PREFIX, salt, bodyBytes)));
}
