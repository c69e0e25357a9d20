/** Schemas of fields that many messages share. */

import * as v from "valibot";
import {
  FILE_ID_LENGTH,
  MESSAGE_BYTES_MAX,
  PASSWORD_BYTES_MAX,
  POST_CHARS,
} from "../base/limits.ts";
import { MOMENT_UNIX_MS_MAX } from "../base/time.ts";

/**
 * Fields that many messages share, and the row of a request. Sizes are bounded here; the machines
 * check what the values mean.
 */

export const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
export const positive = v.pipe(v.number(), v.safeInteger(), v.minValue(1));
/** Unix ms that a date can hold: what reads it may write it as a date. */
export const moment = v.pipe(count, v.maxValue(MOMENT_UNIX_MS_MAX));
export const text = (bytesMax: number) => v.pipe(v.string(), v.maxBytes(bytesMax));
export const name = text(64);
export const target = text(65);
export const id = text(64);
export const secret = text(PASSWORD_BYTES_MAX);
export const bytes = (sizeMax: number) =>
  v.custom<Uint8Array>((value) => value instanceof Uint8Array && value.length <= sizeMax);
export const exactBytes = (size: number) =>
  v.custom<Uint8Array>((value) => value instanceof Uint8Array && value.length === size);

export const KEY = exactBytes(32);
export const HASH = exactBytes(32);
export const NONCE = exactBytes(32);
export const SIGNATURE = exactBytes(64);

/** `f` and 64 random bits in base64url, made by the sender of the file. */
export const fileId = v.pipe(v.string(), v.length(FILE_ID_LENGTH), v.regex(/^f[A-Za-z0-9_-]+$/));

/** Where servers are reached. */
export const places = (countMax: number) =>
  v.pipe(v.array(v.object({ host: text(255), port: positive })), v.maxLength(countMax));

/** How a record travels: head and body as the JSON bytes that stand in the log. */
export const recordFields = {
  head: bytes(4096),
  salt: v.optional(exactBytes(16)),
  body: v.optional(bytes(MESSAGE_BYTES_MAX)),
  erased: v.optional(positive),
  damaged: v.optional(v.boolean()),
  /** Name of the account that `by` in the head stands for; absent for the server itself. */
  from: v.optional(name),
};

/** Row of a request: its schemas, and what is checked before it is served. */
export interface RequestRow {
  /** Fields beside `kind` and `ref`. */
  readonly fields: v.ObjectEntries;
  /** Fields of its `ok`. */
  readonly answer: v.GenericSchema;
  /** Phase of the link in which it may be sent; `member` if left out. */
  readonly phase?: "entering" | "lane";
  /** Phase that its answer begins; if left out, the phase stays. */
  readonly leadsTo?: "entering" | "member" | "lane";
  /** Only one request of this kind, or of another exclusive one, may be unanswered on a link. */
  readonly isExclusive?: true;
  /** A guess at a secret: its answer may be held back (`guess-delay`). */
  readonly isGuess?: true;
  /** Only operators may send it. */
  readonly role?: "operator";
  /** Posts as which it counts against the pace of its account. */
  readonly posts?: 1 | ((request: never) => number);
}

/** Posts as which content of this length counts. */
export function postsIn(length: number): number {
  return Math.max(1, Math.ceil(length / POST_CHARS));
}
