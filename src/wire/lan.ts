/** Datagrams of `chat lan`, each verifiable on its own by the sender's complete key. */

import * as v from "valibot";
import { assert } from "../base/assert.ts";
import { concatBytes, KEY_BYTES, SIGNATURE_BYTES, utf8Encode } from "../base/bytes.ts";
import { Fault } from "../base/fault.ts";
import { LAN_DATAGRAM_BYTES_MAX, LAN_QUERY_BYTES, LAN_TEXT_BYTES_MAX } from "../base/limits.ts";
import { isName, type Name } from "../base/names.ts";
import { packValue, unpackValue } from "./codec.ts";
import { count, text } from "./field.ts";
import { isIpv4 } from "./host.ts";

/**
 * Layout: offset, size in bytes, field.
 *
 *     0  4  ff 6c 61 6e: invalid UTF-8, so that no plain text is mistaken for a datagram
 *     4  1  version
 *     5  1  kind: 1 query, 2 announce, 3 text
 *     6  1  flags: 1 = the body is sealed
 *     7 32  the sender's Ed25519 key
 *    39  8  session, random for each run of the program
 *    47  4  sequence within the session, from 1
 *    51  8  when it was sent, Unix milliseconds
 *    59  .  body, then 64 bytes of signature
 */
const LAN_VERSION = 1;
const LAN_HEAD_BYTES = 59;
export const LAN_SESSION_BYTES = 8;

const MAGIC = Uint8Array.of(0xff, 0x6c, 0x61, 0x6e);
const SEAL_BYTES = 28;
const SEALED = 1;
const TIME_MAX = 8.64e15;
const PAD_HEADER_BYTES = 6;

const KINDS = { query: 1, announce: 2, text: 3 } as const;
export type LanKind = keyof typeof KINDS;

export interface LanHead {
  readonly kind: LanKind;
  readonly isSealed: boolean;
  readonly key: Uint8Array;
  readonly session: Uint8Array;
  readonly sequence: number;
  readonly timeUnixMs: number;
}

/** `texts` counts the texts sent in this session, including this text. */
export type LanBody = { readonly name: Name; readonly texts: number } & (
  | { readonly kind: "query" }
  | { readonly kind: "announce"; readonly isLeaving: boolean }
  | { readonly kind: "text"; readonly text: string; readonly isAction: boolean }
);

export interface SignedLanDatagram {
  readonly head: LanHead;
  readonly headBytes: Uint8Array;
  readonly body: Uint8Array;
  readonly signedBytes: Uint8Array;
  readonly signature: Uint8Array;
}

function malformed(reason: string): Fault {
  return new Fault("frame-malformed", `malformed datagram: ${reason}`);
}

export function isLanDatagram(bytes: Uint8Array): boolean {
  return MAGIC.every((byte, i) => bytes[i] === byte);
}

export function encodeLanHead(head: LanHead): Uint8Array {
  const { sequence, timeUnixMs } = head;
  assert(head.key.length === KEY_BYTES, "a key has 32 bytes");
  assert(head.session.length === LAN_SESSION_BYTES, "a session has 8 bytes");
  assert(sequence >= 1 && sequence < 2 ** 32, "a sequence fits 32 bits");
  const bytes = new Uint8Array(LAN_HEAD_BYTES);
  const view = new DataView(bytes.buffer);
  bytes.set(MAGIC);
  bytes.set([LAN_VERSION, KINDS[head.kind], head.isSealed ? SEALED : 0], 4);
  bytes.set(head.key, 7);
  bytes.set(head.session, 39);
  view.setUint32(47, sequence);
  view.setBigUint64(51, BigInt(Math.trunc(timeUnixMs)));
  return bytes;
}

export function joinLanDatagram(signed: Uint8Array, signature: Uint8Array): Uint8Array {
  assert(signature.length === SIGNATURE_BYTES, "a signature has 64 bytes");
  const bytes = concatBytes(signed, signature);
  assert(bytes.length <= LAN_DATAGRAM_BYTES_MAX, "a datagram fits the maximum size");
  return bytes;
}

/**
 * @throws {Fault} frame-malformed, too-large or version-unsupported if the sender's bytes are
 * invalid
 */
export function splitLanDatagram(bytes: Uint8Array): SignedLanDatagram {
  if (bytes.length > LAN_DATAGRAM_BYTES_MAX) {
    throw new Fault("too-large", `a datagram of ${bytes.length} bytes is too large`);
  }
  if (!isLanDatagram(bytes)) throw malformed("wrong prefix");
  if (bytes.length < 5) throw malformed("too short");
  if (bytes[4] !== LAN_VERSION) {
    throw new Fault("version-unsupported", `unsupported datagram version ${bytes[4]}`);
  }
  const end = bytes.length - SIGNATURE_BYTES;
  if (end <= LAN_HEAD_BYTES) throw malformed("too short");
  const head = decodeHead(bytes.subarray(0, LAN_HEAD_BYTES));
  if (head.kind === "query" && bytes.length < LAN_QUERY_BYTES) {
    throw malformed("a query that is too short");
  }
  return {
    head,
    headBytes: bytes.subarray(0, LAN_HEAD_BYTES),
    body: bytes.subarray(LAN_HEAD_BYTES, end),
    signedBytes: bytes.subarray(0, end),
    signature: bytes.subarray(end),
  };
}

export function encodeLanBody(body: LanBody, isSealed: boolean): Uint8Array {
  const common = { name: body.name, texts: body.texts };
  switch (body.kind) {
    case "query": {
      const overheadBytes = LAN_HEAD_BYTES + SIGNATURE_BYTES + (isSealed ? SEAL_BYTES : 0);
      const usedBytes = overheadBytes + packValue(common).length + PAD_HEADER_BYTES;
      return packValue({
        ...common,
        pad: new Uint8Array(Math.max(0, LAN_QUERY_BYTES - usedBytes)),
      });
    }
    case "announce":
      return packValue({ ...common, leaving: body.isLeaving || undefined });
    case "text": {
      const action = body.isAction ? { action: true } : {};
      return packValue({ ...common, ...action, text: body.text });
    }
  }
}

const common = {
  name: v.custom<Name>((value) => typeof value === "string" && isName(value)),
  texts: v.pipe(count, v.maxValue(0xffff_ffff)),
};
const flag = v.optional(v.literal(true));
const query = v.object(common);
const announce = v.object({ ...common, leaving: flag });
const textBody = v.object({
  ...common,
  texts: v.pipe(common.texts, v.minValue(1)),
  text: v.pipe(text(LAN_TEXT_BYTES_MAX), v.minLength(1)),
  action: flag,
});

/** @throws {Fault} frame-malformed if the bytes are invalid */
export function decodeLanBody(kind: LanKind, bytes: Uint8Array): LanBody {
  const value = unpackValue(bytes);
  switch (kind) {
    case "query":
      return { kind, ...parseWith(query, value) };
    case "announce": {
      const { leaving = false, ...rest } = parseWith(announce, value);
      return { kind, ...rest, isLeaving: leaving };
    }
    case "text": {
      const { action = false, ...rest } = parseWith(textBody, value);
      return { kind, ...rest, isAction: action };
    }
  }
}

function parseWith<Schema extends v.GenericSchema>(
  schema: Schema,
  value: unknown,
): v.InferOutput<Schema> {
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  throw malformed("its body is invalid");
}

export function checkLanText(text: string): void {
  if (!text.isWellFormed()) throw new Fault("text-invalid", "the text is not valid Unicode");
  const sizeBytes = utf8Encode(text).length;
  if (sizeBytes <= LAN_TEXT_BYTES_MAX) return;
  throw new Fault(
    "too-large",
    `a message on the LAN can have at most ${LAN_TEXT_BYTES_MAX} bytes, not ${sizeBytes}`,
    { remedy: "split it, or start a server: chat serve" },
  );
}

export function formatLanAddress(group: string, port: number): string {
  return `${group}:${port}`;
}

/** @throws {Fault} usage if the text is not a multicast address */
export function checkLanGroup(text: string): string {
  const first = Number(text.split(".")[0]);
  if (isIpv4(text) && first >= 224 && first <= 239) return text;
  throw new Fault("usage", `'${text.slice(0, 40)}' is not a multicast group`, {
    remedy: "use an address from 224.0.0.0 to 239.255.255.255, such as 224.1.1.1",
  });
}

function decodeHead(bytes: Uint8Array): LanHead {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const kind = kindOf(view.getUint8(5));
  const flags = view.getUint8(6);
  const sequence = view.getUint32(47);
  const time = view.getBigUint64(51);
  if (kind === undefined) throw malformed("an unknown kind");
  if ((flags & ~SEALED) !== 0) throw malformed("an unknown flag");
  if (sequence === 0) throw malformed("no sequence");
  if (time > BigInt(TIME_MAX)) throw malformed("no time");
  return {
    kind,
    isSealed: flags === SEALED,
    key: bytes.subarray(7, 39),
    session: bytes.subarray(39, 47),
    sequence,
    timeUnixMs: Number(time),
  };
}

function kindOf(byte: number): LanKind | undefined {
  if (byte === KINDS.query) return "query";
  if (byte === KINDS.announce) return "announce";
  return byte === KINDS.text ? "text" : undefined;
}
