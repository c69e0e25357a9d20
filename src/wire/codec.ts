/** Encoding of messages as msgpack. No other module imports msgpackr. */

import { Packr } from "msgpackr/pack";
import { assert } from "../base/assert.ts";
import { Fault, msg } from "../base/fault.ts";
import { MESSAGE_BYTES_MAX } from "../base/limits.ts";
import type { Answer, Notice, Request, RequestKind } from "./messages.ts";
import { checkMessage, type Incoming } from "./messages-incoming.ts";
import type { PostCodec } from "./post-message.ts";
import { checkShape } from "./shape.ts";
import { readTransferMessage } from "./transfer-message.ts";

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
