/** AES-256-GCM under one key, for the encryption of files. */

import { owned } from "./owned.ts";

export interface FileCipher {
  /** @returns the ciphertext and the tag of 16 bytes, in unshared memory */
  seal(nonce: Uint8Array, aad: Uint8Array, plain: Uint8Array): Uint8Array | Promise<Uint8Array>;
  /** @throws, or rejects with anything, if the authentication fails */
  unseal(nonce: Uint8Array, aad: Uint8Array, sealed: Uint8Array): Uint8Array | Promise<Uint8Array>;
}

type WebKey = Awaited<ReturnType<typeof crypto.subtle.importKey>>;

/** @param key 32 bytes */
export type OpenFileCipher = (key: Uint8Array) => FileCipher | Promise<FileCipher>;

/** The cipher of WebCrypto. */
export const webFileCipher: OpenFileCipher = async (raw) => {
  const uses: ("encrypt" | "decrypt")[] = ["encrypt", "decrypt"];
  return webCipherOf(await crypto.subtle.importKey("raw", owned(raw), "AES-GCM", false, uses));
};

export function webCipherOf(key: WebKey): FileCipher {
  const { subtle } = crypto;
  const options = (iv: Uint8Array, aad: Uint8Array) => {
    return { name: "AES-GCM", iv: owned(iv), additionalData: owned(aad) };
  };
  return {
    async seal(nonce, aad, plain) {
      return new Uint8Array(await subtle.encrypt(options(nonce, aad), key, owned(plain)));
    },
    async unseal(nonce, aad, sealed) {
      return new Uint8Array(await subtle.decrypt(options(nonce, aad), key, owned(sealed)));
    },
  };
}
