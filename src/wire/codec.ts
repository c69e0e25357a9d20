/** Encoding of messages as msgpack. No other module imports msgpackr. */

import { Packr } from "msgpackr/pack";
import { assert } from "../base/assert.ts";
import { Fault, msg } from "../base/fault.ts";
import { ENTRIES_MAX, MESSAGE_BYTES_MAX, NESTING_MAX } from "../base/limits.ts";
import type { Answer, Notice, Request, RequestKind } from "./messages.ts";
import { checkMessage, type Incoming } from "./messages-incoming.ts";
import type { PostCodec } from "./post-message.ts";
import { readTransferMessage } from "./transfer-message.ts";

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

interface Cursor {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  at: number;
}

function malformed(reason: string): never {
  throw new Fault("frame-malformed", `a message is malformed: ${reason}`);
}

/**
 * @throws {Fault} frame-malformed
 * @internal
 */
export function checkShape(bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const cursor = { bytes, view, at: 0 };
  checkValue(cursor, 0, false);
  if (cursor.at !== bytes.length) malformed("bytes follow its end");
}

function checkValue(cursor: Cursor, depth: number, isKey: boolean): void {
  const lead = uint(cursor, 1);
  if (lead >= 0xa0 && lead <= 0xbf) return text(cursor, lead & 0x1f);
  if (lead >= 0xd9 && lead <= 0xdb) return text(cursor, uint(cursor, 1 << (lead - 0xd9)));
  if (isKey) malformed("a key is not a text");
  if (lead <= 0x7f || lead >= 0xe0) return;
  if (lead <= 0x8f) return map(cursor, lead & 0x0f, depth);
  if (lead <= 0x9f) return array(cursor, lead & 0x0f, depth);
  checkWide(cursor, lead, depth);
}

function checkWide(cursor: Cursor, lead: number, depth: number): void {
  switch (lead) {
    case 0xc0: // nil
    case 0xc2: // false
    case 0xc3: // true
      return;
    case 0xc4: // bin 8, 16, 32
    case 0xc5:
    case 0xc6:
      return skip(cursor, uint(cursor, 1 << (lead - 0xc4)));
    case 0xca: // float 32
      return skip(cursor, 4);
    case 0xcb: // float 64
      return skip(cursor, 8);
    case 0xcc: // uint 8, 16, 32
    case 0xcd:
    case 0xce:
      return skip(cursor, 1 << (lead - 0xcc));
    case 0xd0: // int 8, 16, 32
    case 0xd1:
    case 0xd2:
      return skip(cursor, 1 << (lead - 0xd0));
    case 0xcf: // uint 64, int 64
    case 0xd3:
      return wideInteger(cursor, lead === 0xd3);
    case 0xdc: // array 16, 32
    case 0xdd:
      return array(cursor, uint(cursor, lead === 0xdc ? 2 : 4), depth);
    case 0xde: // map 16, 32
    case 0xdf:
      return map(cursor, uint(cursor, lead === 0xde ? 2 : 4), depth);
    default: // 0xc1 is never used; the other values are extension types.
      malformed("a type that the protocol does not use");
  }
}

function map(cursor: Cursor, entries: number, depth: number): void {
  enter(entries, depth);
  for (let i = 0; i < entries; i++) {
    checkValue(cursor, depth + 1, true);
    checkValue(cursor, depth + 1, false);
  }
}

function array(cursor: Cursor, entries: number, depth: number): void {
  enter(entries, depth);
  for (let i = 0; i < entries; i++) checkValue(cursor, depth + 1, false);
}

function enter(entries: number, depth: number): void {
  if (depth >= NESTING_MAX) malformed("nested too deeply");
  if (entries > ENTRIES_MAX) malformed("too many entries");
}

function text(cursor: Cursor, sizeBytes: number): void {
  const start = cursor.at;
  skip(cursor, sizeBytes);
  for (let i = start; i < cursor.at; i++) {
    if ((cursor.bytes[i] ?? 0) < 0x80) continue;
    return utf8(cursor.bytes.subarray(i, cursor.at));
  }
}

function utf8(bytes: Uint8Array): void {
  try {
    strict.decode(bytes);
  } catch {
    malformed("a text is not UTF-8");
  }
}

function wideInteger(cursor: Cursor, signed: boolean): void {
  const at = cursor.at;
  skip(cursor, 8);
  const value = signed ? cursor.view.getBigInt64(at) : cursor.view.getBigUint64(at);
  if (value > Number.MAX_SAFE_INTEGER || value < Number.MIN_SAFE_INTEGER) {
    malformed("an integer above 2^53");
  }
}

function uint(cursor: Cursor, sizeBytes: number): number {
  const at = cursor.at;
  skip(cursor, sizeBytes);
  if (sizeBytes === 1) return cursor.view.getUint8(at);
  return sizeBytes === 2 ? cursor.view.getUint16(at) : cursor.view.getUint32(at);
}

function skip(cursor: Cursor, sizeBytes: number): void {
  cursor.at += sizeBytes;
  if (cursor.at > cursor.bytes.length) malformed("it ends too early");
}

const OPTIONS = { variableMapSize: true, int64AsType: "number", skipValues: [undefined] } as const;
const packr = new Packr({ useRecords: false, ...OPTIONS });

export type Outgoing =
  | Request
  | Exclude<Notice, { kind: "ok" }>
  | ({ readonly kind: "ok"; readonly ref: number } & Answer<RequestKind>);

/** @returns at most MESSAGE_BYTES_MAX bytes, in a buffer that is not shared */
export function encode(message: Outgoing): Uint8Array {
  const bytes = encodeFitting(message);
  assert(bytes !== undefined, `a '${message.kind}' is too large to send`);
  return bytes;
}

export function encodeFitting(message: Outgoing): Uint8Array | undefined {
  const bytes = packr.pack(message);
  // msgpackr returns slices of a shared block. Even a small slice would keep the whole block in
  // memory.
  return bytes.length > MESSAGE_BYTES_MAX ? undefined : new Uint8Array(bytes);
}

export function encodeAnswer(
  kind: RequestKind,
  ref: number,
  answer: Answer<RequestKind>,
  posts?: PostCodec,
): Uint8Array | undefined {
  if (posts !== undefined && kind === "post" && !("queued" in answer)) {
    return posts.answer(ref, answer as Answer<"post">);
  }
  return encodeFitting({ ...answer, kind: "ok", ref } as Outgoing);
}

/**
 * The caller should close the connection after a fault. Chunks, acknowledgements and posts have
 * faster decoders with the same results.
 * @throws {Fault} too-large or frame-malformed
 */
export function decode(
  bytes: Uint8Array,
  sizeBytesMax = MESSAGE_BYTES_MAX,
  posts?: PostCodec,
): Incoming {
  if (bytes.length > sizeBytesMax) {
    throw new Fault(
      "too-large",
      msg`a message of ${bytes.length} bytes exceeds the limit of ${sizeBytesMax}`,
    );
  }
  const message = posts?.read(bytes) ?? readTransferMessage(bytes);
  if (message !== undefined) return { kind: "message", message };
  checkShape(bytes);
  return checkMessage(packr.unpack(bytes));
}

export function packValue(value: Readonly<Record<string, unknown>>): Uint8Array {
  return new Uint8Array(packr.pack(value));
}

/**
 * Decodes the result of `packValue`, with the same checks as `decode`.
 * @throws {Fault} frame-malformed if the bytes are invalid
 */
export function unpackValue(bytes: Uint8Array): unknown {
  checkShape(bytes);
  return packr.unpack(bytes);
}
