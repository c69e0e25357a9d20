/**
 * Functions of the MLS library, which reads bytes of other members and of the server. It throws
 * errors of several types on invalid data, so each function here throws Faults instead: hostile
 * bytes must not end the program. No other file calls the library with foreign bytes.
 */

import * as clientState from "ts-mls/clientState.js";
import type { Decoder } from "ts-mls/codec/tlsDecoder.js";
import { type Encoder, encode } from "ts-mls/codec/tlsEncoder.js";
import * as commits from "ts-mls/createCommit.js";
import { createApplicationMessage } from "ts-mls/createMessage.js";
import type { CiphersuiteImpl } from "ts-mls/crypto/ciphersuite.js";
import * as hpke from "ts-mls/crypto/hpke.js";
import * as keyPackages from "ts-mls/keyPackage.js";
import { verifyLeafNodeSignatureKeyPackage } from "ts-mls/leafNode.js";
import { decodeMlsMessage, encodeMlsMessage, type MlsMessageContent } from "ts-mls/message.js";
import { unprotectPrivateMessage } from "ts-mls/messageProtection.js";
import { unprotectPublicMessage } from "ts-mls/messageProtectionPublic.js";
import {
  decodePrivateMessageContent,
  decryptSenderData,
  type PrivateMessage,
  type PrivateMessageContent,
  privateContentAADEncoder,
} from "ts-mls/privateMessage.js";
import { processPublicMessage } from "ts-mls/processMessages.js";

import { emptyPskIndex } from "ts-mls/pskIndex.js";
import { decodeRatchetTree, encodeRatchetTree, type RatchetTree } from "ts-mls/ratchetTree.js";
import { encodeRequiredCapabilities } from "ts-mls/requiredCapabilities.js";
import * as welcomes from "ts-mls/welcome.js";
import { AssertionFailure } from "../../base/assert.ts";
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
type Work<Given extends readonly unknown[], Result> = (...given: Given) => Result | Promise<Result>;

/** @throws {Fault} seal-broken with the library's error as its cause; faults pass unchanged */
function guarded<Given extends readonly unknown[], Result>(
  message: string,
  work: Work<Given, Result>,
): (...given: Given) => Promise<Result> {
  return async (...given) => {
    try {
      return await work(...given);
    } catch (cause) {
      if (cause instanceof Fault || cause instanceof AssertionFailure) throw cause;
      throw new Fault("seal-broken", message, { cause });
    }
  };
}

const CHANGE = "cannot change the encrypted room";
const DECRYPT = "cannot decrypt a message in an encrypted room";
const INVITATION = "cannot open the invitation to an encrypted room";
const HANDOVER = "cannot encrypt messages for another device";

export const mls = {
  createGroup: guarded("cannot create an encrypted room", clientState.createGroup),
  applyProposals: guarded(CHANGE, clientState.applyProposals),
  createCommit: guarded(CHANGE, commits.createCommit),
  unprotectPublicMessage: guarded(CHANGE, unprotectPublicMessage),
  processPublicMessage: guarded(CHANGE, processPublicMessage),
  joinGroup: guarded(INVITATION, clientState.joinGroup),
  decryptGroupSecrets: guarded(INVITATION, welcomes.decryptGroupSecrets),
  decryptGroupInfo: guarded(INVITATION, welcomes.decryptGroupInfo),
  importPrivateKey: guarded(INVITATION, (suite: CiphersuiteImpl, key: Uint8Array) =>
    suite.hpke.importPrivateKey(key),
  ),
  joinGroupExternal: guarded(
    "cannot use the server's state of an encrypted room",
    commits.joinGroupExternal,
  ),
  createGroupInfo: guarded(
    "cannot export the state of an encrypted room",
    commits.createGroupInfoWithExternalPubAndRatchetTree,
  ),
  createApplicationMessage: guarded(
    "cannot encrypt a message to an encrypted room",
    createApplicationMessage,
  ),
  decryptSenderData: guarded(DECRYPT, decryptSenderData),
  unprotectPrivateMessage: guarded(DECRYPT, unprotectPrivateMessage),
  decryptContent: guarded(DECRYPT, decryptContent),
  generateKeyPackage: guarded("cannot create a key package", keyPackages.generateKeyPackageWithKey),
  makeKeyPackageRef: guarded("cannot read a key package", keyPackages.makeKeyPackageRef),
  verifyKeyPackage: guarded("cannot read a key package", keyPackages.verifyKeyPackage),
  verifyLeafNode: guarded("cannot read a key package", verifyLeafNodeSignatureKeyPackage),
  encryptFor: guarded(HANDOVER, encryptFor),
  decryptWithLabel: guarded("cannot decrypt messages of another device", hpke.decryptWithLabel),
};

/** Sealed rooms use no pre-shared keys. */
export const NO_PSKS = emptyPskIndex;

export function writeCapabilities(required: Parameters<typeof encodeRequiredCapabilities>[0]) {
  return encodeRequiredCapabilities(required);
}

/** Content of a PrivateMessage, decrypted with a key that another device has handed over. */
async function decryptContent(
  suite: CiphersuiteImpl,
  { groupId, epoch, contentType, authenticatedData, ciphertext }: PrivateMessage,
  { key, nonce }: { readonly key: Uint8Array; readonly nonce: Uint8Array },
): Promise<PrivateMessageContent | undefined> {
  const aad = encode(privateContentAADEncoder)({ groupId, epoch, contentType, authenticatedData });
  const plain = await suite.hpke.decryptAead(key, nonce, aad, ciphertext);
  return decodePrivateMessageContent(contentType)(plain, 0)?.[0];
}

/** A member can choose a key with which no encryption is possible. */
async function encryptFor(
  { hpke: impl }: CiphersuiteImpl,
  publicKey: Uint8Array,
  label: string,
  context: Uint8Array,
  plain: Uint8Array,
) {
  const key = await impl.importPublicKey(publicKey);
  return hpke.encryptWithLabel(key, label, context, plain, impl);
}

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

export function readGroupState(bytes: Uint8Array): clientState.GroupState {
  return decodeExact(bytes, clientState.decodeGroupState, clientState.encodeGroupState);
}

export function writeGroupState(state: clientState.GroupState): Uint8Array {
  return clientState.encodeGroupState(state);
}

export function writeMessage(content: MlsMessageContent): Uint8Array {
  return encodeMlsMessage({ ...content, version: "mls10" });
}

/**
 * The library accepts trailing bytes and several encodings of a length, so this function rejects
 * bytes that differ from their re-encoding.
 * @throws {Fault} frame-malformed if the bytes are invalid or some of them remain
 */
function decodeExact<T>(bytes: Uint8Array, decode: Decoder<T>, encodeAgain: Encoder<T>): T {
  // Copies the bytes, because the library keeps views of its input, which would keep a whole frame
  // in memory.
  const copy = bytes.slice();
  try {
    const [value, consumed] = decode(copy, 0) ?? [];
    if (value !== undefined && consumed === copy.length && equalBytes(encodeAgain(value), copy)) {
      return value;
    }
  } catch {}
  throw malformed();
}

function malformed(): Fault {
  return new Fault("frame-malformed", "data of an encrypted room is malformed");
}
