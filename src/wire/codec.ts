/** Encodes and decodes messages as msgpack. */

import { Packr } from "msgpackr/pack";
import { assert } from "../base/assert.ts";
import { Fault, msg } from "../base/fault.ts";
import { MESSAGE_BYTES_MAX } from "../base/limits.ts";
import type { Answer, Notice, Request, RequestKind } from "./messages.ts";
import { checkMessage, type Incoming } from "./messages-incoming.ts";
import type { PostCodec } from "./post-message.ts";
import { checkShape } from "./shape.ts";

/** The one home of msgpackr. Plain maps only: any language can speak to us. */
const packr = new Packr({ useRecords: false, variableMapSize: true, int64AsType: "number" });

export type Outgoing =
  | Request
  | Exclude<Notice, { kind: "ok" }>
  | ({ readonly kind: "ok"; readonly ref: number } & Answer<RequestKind>);

/** @returns bytes of their own, at most MESSAGE_BYTES_MAX */
export function encode(message: Outgoing): Uint8Array {
  const bytes = encodeFitting(message);
  assert(bytes !== undefined, `a '${message.kind}' is too large to send`);
  return bytes;
}

/** The same; undefined: it is larger than any message may be, as an answer that lists much. */
export function encodeFitting(message: Outgoing): Uint8Array | undefined {
  const bytes = packr.pack(message);
  // msgpackr cuts its results from a shared block, so that a small one would keep the block alive.
  return bytes.length > MESSAGE_BYTES_MAX ? undefined : new Uint8Array(bytes);
}

/** The answer to a request; undefined as for `encodeFitting`. */
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
 * @param sizeBytesMax what the session allows at this moment
 * @param posts reads posts by hand, and is otherwise of the same mind
 * @throws Fault too-large, frame-malformed: the sender's doing, and worth its connection
 */
export function decode(
  bytes: Uint8Array,
  sizeBytesMax = MESSAGE_BYTES_MAX,
  posts?: PostCodec,
): Incoming {
  if (bytes.length > sizeBytesMax) {
    throw new Fault("too-large", msg`a message of ${bytes.length} bytes (at most ${sizeBytesMax})`);
  }
  const post = posts?.read(bytes);
  if (post !== undefined) return { kind: "message", message: post };
  checkShape(bytes);
  return checkMessage(packr.unpack(bytes));
}

/** A value of its own, outside of the messages: what a datagram carries. */
export function packValue(value: Readonly<Record<string, unknown>>): Uint8Array {
  return new Uint8Array(packr.pack(value));
}

/** The same way back, behind the same checks. @throws Fault frame-malformed */
export function unpackValue(bytes: Uint8Array): unknown {
  checkShape(bytes);
  return packr.unpack(bytes);
}
