/**
 * Cipher suite of sealed rooms: X25519, AES-128-GCM, SHA-256 and Ed25519, based on WebCrypto.
 * Imports individual files of the library, to keep its other suites out of the program and the
 * page.
 */

import { Aes128Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from "@hpke/core";
import type { AuthenticationService } from "ts-mls/authenticationService.js";
import type { ClientConfig } from "ts-mls/clientConfig.js";
import type { CiphersuiteImpl, CiphersuiteName } from "ts-mls/crypto/ciphersuite.js";
import { makeHashImpl } from "ts-mls/crypto/implementation/default/makeHashImpl.js";
import { makeKdfImpl } from "ts-mls/crypto/implementation/default/makeKdfImpl.js";
import { makeGenericHpke } from "ts-mls/crypto/implementation/hpke.js";
import { equalBytes, KEY_BYTES, SIGNATURE_BYTES, utf8Encode } from "../../base/bytes.ts";
import {
  KEY_PACKAGE_MS,
  SEALED_PADDED_BYTES_MIN,
  SEALED_SKIPPED_KEYS_MAX,
  SEALED_SKIPPED_MAX,
} from "../../base/limits-sealed.ts";
import { type OpenFileCipher, webFileCipher } from "./file-cipher.ts";
import { hkdfOf, type SealPrimitives } from "./primitives.ts";
import { toUnshared } from "./unshared.ts";

export const SUITE: CiphersuiteName = "MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519";

export const KEY_HANDLE = utf8Encode("device key");

const SIGNATURE_ALGORITHM = { name: "Ed25519" } as const;

export interface SealSigner {
  readonly publicKey: Uint8Array;
  sign(bytes: Uint8Array): Uint8Array | Promise<Uint8Array>;
}

export async function verifyEd25519(
  publicKey: Uint8Array,
  bytes: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  if (publicKey.length !== KEY_BYTES || signature.length !== SIGNATURE_BYTES) return false;
  try {
    const { subtle } = crypto;
    const key = await subtle.importKey("raw", toUnshared(publicKey), SIGNATURE_ALGORITHM, false, [
      "verify",
    ]);
    return await subtle.verify(SIGNATURE_ALGORITHM, key, toUnshared(signature), toUnshared(bytes));
  } catch {
    return false;
  }
}

export async function makeSuite(
  signer: SealSigner,
  primitives?: SealPrimitives,
): Promise<CiphersuiteImpl> {
  const kdf = new HkdfSha256();
  const kem = new DhkemX25519HkdfSha256();
  const hpke = new CipherSuite({ kem, kdf, aead: new Aes128Gcm() });
  const parts = { kem: "DHKEM-X25519-HKDF-SHA256", kdf: "HKDF-SHA256", aead: "AES128GCM" } as const;
  return {
    name: SUITE,
    hash: primitives === undefined ? makeHashImpl(crypto.subtle, "SHA-256") : hashOf(primitives),
    kdf: primitives === undefined ? makeKdfImpl(new HkdfSha256()) : hkdfOf(primitives),
    hpke: await makeGenericHpke(parts, aeadOf(primitives?.aesGcm ?? webFileCipher), hpke),
    rng: { randomBytes: (count) => crypto.getRandomValues(new Uint8Array(count)) },
    signature: {
      sign: async (_handle, message) => signer.sign(message),
      verify: async (publicKey, bytes, signature) =>
        primitives?.verify(publicKey, bytes, signature) ??
        verifyEd25519(publicKey, bytes, signature),
      keygen: () => Promise.reject(new Error("the device's key is made elsewhere")),
    },
  };
}

function hashOf({ sha256, hmac }: SealPrimitives) {
  return {
    digest: async (bytes: Uint8Array) => sha256(bytes),
    mac: async (key: Uint8Array, bytes: Uint8Array) => hmac(key, bytes),
    verifyMac: async (key: Uint8Array, mac: Uint8Array, bytes: Uint8Array) =>
      equalBytes(hmac(key, bytes), mac),
  };
}

function aeadOf(open: OpenFileCipher) {
  type CipherOperation = (
    ...given: [key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, text: Uint8Array]
  ) => Promise<Uint8Array>;
  const encrypt: CipherOperation = async (key, nonce, aad, text) =>
    (await open(key)).seal(nonce, aad, text);
  const decrypt: CipherOperation = async (key, nonce, aad, text) =>
    (await open(key)).unseal(nonce, aad, text);
  return { encrypt, decrypt };
}

/** The library's defaults would accept any member and keep keys for too long. */
export function makeConfig(authService: AuthenticationService): ClientConfig {
  return {
    authService,
    keyRetentionConfig: {
      retainKeysForGenerations: SEALED_SKIPPED_KEYS_MAX,
      retainKeysForEpochs: 1, // 0 would retain all epochs. `withoutHistory` removes this one.
      maximumForwardRatchetSteps: SEALED_SKIPPED_MAX,
    },
    lifetimeConfig: {
      maximumTotalLifetime: BigInt(KEY_PACKAGE_MS / 1000),
      validateLifetimeOnReceive: false, // The device that adds another checks it.
    },
    // Identifies a device by its key, so that a group contains the device only once and a resync
    // finds the device.
    keyPackageEqualityConfig: {
      compareKeyPackages: (one, other) =>
        equalBytes(one.leafNode.signaturePublicKey, other.leafNode.signaturePublicKey),
      compareKeyPackageToLeafNode: (one, leaf) =>
        equalBytes(one.leafNode.signaturePublicKey, leaf.signaturePublicKey),
    },
    paddingConfig: { kind: "padUntilLength", padUntilLength: SEALED_PADDED_BYTES_MIN },
  };
}
