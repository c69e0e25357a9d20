/**
 * Strict parsing and encoding of MLS messages. The library tolerates damage, ignores trailing bytes
 * and accepts several encodings of a length; here bytes are accepted only if encoding reproduces
 * them.
 */

import type { Decoder } from "ts-mls/codec/tlsDecoder.js";
import type { Encoder } from "ts-mls/codec/tlsEncoder.js";
import type { GroupInfo } from "ts-mls/groupInfo.js";
import type { KeyPackage } from "ts-mls/keyPackage.js";
import { decodeMlsMessage, encodeMlsMessage, type MLSMessage } from "ts-mls/message.js";
import type { PrivateMessage } from "ts-mls/privateMessage.js";
import type { PublicMessage } from "ts-mls/publicMessage.js";
import { decodeRatchetTree, encodeRatchetTree, type RatchetTree } from "ts-mls/ratchetTree.js";
import type { Welcome } from "ts-mls/welcome.js";
import { equalBytes } from "../../base/bytes.ts";
import { Fault, msg } from "../../base/fault.ts";
import {
  GROUP_COMMIT_BYTES_MAX,
  GROUP_INFO_BYTES_MAX,
  GROUP_WELCOME_BYTES_MAX,
  KEY_PACKAGE_BYTES_MAX,
  SEALED_BYTES_MAX,
} from "../../base/limits-sealed.ts";

/** @throws Fault frame-malformed, too-large */
export function readCommit(bytes: Uint8Array): PublicMessage {
  const message = readMessage(bytes, GROUP_COMMIT_BYTES_MAX);
  if (message.wireformat !== "mls_public_message") throw malformed();
  return message.publicMessage;
}

/** @throws Fault frame-malformed, too-large */
export function readPrivate(bytes: Uint8Array): PrivateMessage {
  const message = readMessage(bytes, SEALED_BYTES_MAX);
  if (message.wireformat !== "mls_private_message") throw malformed();
  return message.privateMessage;
}

/** @throws Fault frame-malformed, too-large */
export function readWelcome(bytes: Uint8Array): Welcome {
  const message = readMessage(bytes, GROUP_WELCOME_BYTES_MAX);
  if (message.wireformat !== "mls_welcome") throw malformed();
  return message.welcome;
}

/** @throws Fault frame-malformed, too-large */
export function readGroupInfo(bytes: Uint8Array): GroupInfo {
  const message = readMessage(bytes, GROUP_INFO_BYTES_MAX);
  if (message.wireformat !== "mls_group_info") throw malformed();
  return message.groupInfo;
}

/** @throws Fault frame-malformed, too-large */
export function readKeyPackage(bytes: Uint8Array): KeyPackage {
  const message = readMessage(bytes, KEY_PACKAGE_BYTES_MAX);
  if (message.wireformat !== "mls_key_package") throw malformed();
  return message.keyPackage;
}

/** The tree of a GroupInfo. @throws {Fault} frame-malformed */
export function readTree(bytes: Uint8Array): RatchetTree {
  return readWhole(bytes, decodeRatchetTree, encodeRatchetTree);
}

export function writeMessage(message: MLSMessage): Uint8Array {
  return encodeMlsMessage(message);
}

export function writeGroupInfo(groupInfo: GroupInfo): Uint8Array {
  return encodeMlsMessage({ version: "mls10", wireformat: "mls_group_info", groupInfo });
}

export function writeKeyPackage(keyPackage: KeyPackage): Uint8Array {
  return encodeMlsMessage({ version: "mls10", wireformat: "mls_key_package", keyPackage });
}

function readMessage(bytes: Uint8Array, sizeBytesMax: number): MLSMessage {
  if (bytes.length > sizeBytesMax) {
    throw new Fault(
      "too-large",
      msg`${bytes.length} bytes of a sealed room (at most ${sizeBytesMax})`,
    );
  }
  return readWhole(bytes, decodeMlsMessage, encodeMlsMessage);
}

/** Decodes all of the bytes. @throws {Fault} frame-malformed */
export function readWhole<T>(bytes: Uint8Array, decode: Decoder<T>, encode: Encoder<T>): T {
  // A copy: the library keeps views of its input, which would keep a whole frame in memory.
  const copy = bytes.slice();
  try {
    const [value, consumed] = decode(copy, 0) ?? [];
    if (value !== undefined && consumed === copy.length && equalBytes(encode(value), copy)) {
      return value;
    }
  } catch {
    // Falls through: the library throws for some damage and returns undefined for other.
  }
  throw malformed();
}

function malformed(): Fault {
  return new Fault("frame-malformed", "bytes of a sealed room are not what they should be");
}
