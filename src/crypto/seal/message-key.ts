/**
 * Keys of single messages. A device stores the key of each message that it can read, so that it can
 * later hand the key to another device of its account, which opens the ciphertext in the log
 * itself. Such a key opens one message and signs nothing.
 */

import type { CiphersuiteImpl } from "ts-mls/crypto/ciphersuite.js";
import { concatBytes, equalBytes, fromBase64Url } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import { MESSAGE_KEY_BYTES } from "../../base/limits-sealed.ts";
import type { SealedPlace } from "../signed-bytes.ts";
import { readContent, type SignedContent } from "./content.ts";
import { mls, readMessage } from "./mls.ts";

const AES_KEY_BYTES = 16;

export interface WatchedSuite {
  readonly suite: CiphersuiteImpl;
  /** @param consumed secrets of the step, of which the library lists the content key last */
  keyOf(consumed: readonly Uint8Array[]): Uint8Array;
}

/** Notes key and nonce of the content, which the library does not return. */
export function watchSuite(suite: CiphersuiteImpl): WatchedSuite {
  const nonces = new Map<Uint8Array, Uint8Array>();
  const { hpke } = suite;
  const watched: typeof hpke = {
    ...hpke,
    encryptAead: (key, nonce, aad, text) => {
      nonces.set(key, nonce);
      return hpke.encryptAead(key, nonce, aad, text);
    },
    decryptAead: (key, nonce, aad, text) => {
      nonces.set(key, nonce);
      return hpke.decryptAead(key, nonce, aad, text);
    },
  };
  return {
    suite: { ...suite, hpke: watched },
    keyOf: (consumed) => {
      const key = consumed.at(-1);
      const nonce = key && nonces.get(key);
      if (key === undefined || nonce === undefined)
        throw new Fault("seal-broken", "an encrypted message has no key");
      return concatBytes(key, nonce);
    },
  };
}

export interface HandedMessage extends SealedPlace {
  readonly device: string;
}

/**
 * Opens a message with its key, and checks that the device encrypted and signed it for this place.
 * Everybody who has the key can encrypt other bytes with it, also ones that they choose.
 * @throws {Fault} frame-malformed, too-large or seal-broken if it was not
 */
export async function openWithKey(
  suite: CiphersuiteImpl,
  bytes: Uint8Array,
  key: Uint8Array,
  { device, ...place }: HandedMessage,
): Promise<SignedContent> {
  const { privateMessage } = readMessage("mls_private_message", bytes);
  const { groupId, epoch, contentType, authenticatedData } = privateMessage;
  const isExpected =
    key.length === MESSAGE_KEY_BYTES &&
    contentType === "application" &&
    epoch === BigInt(place.epoch) &&
    equalBytes(groupId, place.gid) &&
    equalBytes(authenticatedData, place.bound);
  if (!isExpected) throw broken();
  const [aesKey, nonce] = [key.slice(0, AES_KEY_BYTES), key.slice(AES_KEY_BYTES)];
  const content = await mls.decryptContent(suite, privateMessage, { key: aesKey, nonce });
  if (content?.contentType !== "application") throw broken();
  return readContent(content.applicationData, place, fromBase64Url(device));
}

function broken(): Fault {
  return new Fault("seal-broken", "a key does not open the encrypted message");
}
