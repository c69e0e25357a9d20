/**
 * Strict codecs for MLS messages. The library accepts trailing bytes and several encodings of a
 * length, so this code rejects bytes that differ from their re-encoding.
 */

import type { Decoder } from "ts-mls/codec/tlsDecoder.js";
import type { Encoder } from "ts-mls/codec/tlsEncoder.js";
import { decodeMlsMessage, encodeMlsMessage, type MlsMessageContent } from "ts-mls/message.js";
import { decodeRatchetTree, encodeRatchetTree, type RatchetTree } from "ts-mls/ratchetTree.js";
import { equalBytes } from "../../base/bytes.ts";
import { Fault, msg } from "../../base/fault.ts";
import {
  GROUP_COMMIT_BYTES_MAX,
  GROUP_INFO_BYTES_MAX,
  GROUP_WELCOME_BYTES_MAX,
  KEY_PACKAGE_BYTES_MAX,
  SEALED_BYTES_MAX,
} from "../../base/limits-sealed.ts";

const SIZES_MAX = {
  mls_public_message: GROUP_COMMIT_BYTES_MAX,
  mls_private_message: SEALED_BYTES_MAX,
  mls_welcome: GROUP_WELCOME_BYTES_MAX,
  mls_group_info: GROUP_INFO_BYTES_MAX,
  mls_key_package: KEY_PACKAGE_BYTES_MAX,
} as const;
type Format = keyof typeof SIZES_MAX;
type MessageOf<F extends Format> = Extract<MlsMessageContent, { wireformat: F }>;

/**
 * @throws {Fault} frame-malformed if the bytes are invalid, too-large if they exceed the maximum
 * size
 */
export function readMessage<F extends Format>(format: F, bytes: Uint8Array): MessageOf<F> {
  const max = SIZES_MAX[format];
  if (bytes.length > max) {
    throw new Fault(
      "too-large",
      msg`data of an encrypted room is too large: ${bytes.length} bytes (maximum ${max})`,
    );
  }
  const message = decodeExact(bytes, decodeMlsMessage, encodeMlsMessage);
  if (message.wireformat !== format) throw malformed();
  return message as unknown as MessageOf<F>;
}

export function readTree(bytes: Uint8Array): RatchetTree {
  return decodeExact(bytes, decodeRatchetTree, encodeRatchetTree);
}

export function writeMessage(content: MlsMessageContent): Uint8Array {
  return encodeMlsMessage({ ...content, version: "mls10" });
}

/** @throws {Fault} frame-malformed if the bytes are invalid or some of them remain */
export function decodeExact<T>(bytes: Uint8Array, decode: Decoder<T>, encode: Encoder<T>): T {
  // Copies the bytes, because the library keeps views of its input, which would keep a whole frame
  // in memory.
  const copy = bytes.slice();
  try {
    const [value, consumed] = decode(copy, 0) ?? [];
    if (value !== undefined && consumed === copy.length && equalBytes(encode(value), copy)) {
      return value;
    }
  } catch {}
  throw malformed();
}

function malformed(): Fault {
  return new Fault("frame-malformed", "data of an encrypted room is malformed");
}
