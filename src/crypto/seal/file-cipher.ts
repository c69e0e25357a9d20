/** AES-256-GCM with a single key, for the encryption of files. */

import { toUnshared } from "./unshared.ts";

export interface FileCipher {
  /** @returns the ciphertext followed by the 16-byte tag, in unshared memory */
  seal(nonce: Uint8Array, aad: Uint8Array, plain: Uint8Array): Uint8Array | Promise<Uint8Array>;
  unseal(nonce: Uint8Array, aad: Uint8Array, sealed: Uint8Array): Uint8Array | Promise<Uint8Array>;
}

type WebKey = Awaited<ReturnType<typeof crypto.subtle.importKey>>;

export type OpenFileCipher = (key: Uint8Array) => FileCipher | Promise<FileCipher>;

export const webFileCipher: OpenFileCipher = async (raw) => {
  const uses: ("encrypt" | "decrypt")[] = ["encrypt", "decrypt"];
  return webCipherOf(await crypto.subtle.importKey("raw", toUnshared(raw), "AES-GCM", false, uses));
};

export function webCipherOf(key: WebKey): FileCipher {
  const { subtle } = crypto;
  const options = (iv: Uint8Array, aad: Uint8Array) => {
    return { name: "AES-GCM", iv: toUnshared(iv), additionalData: toUnshared(aad) };
  };
  return {
    async seal(nonce, aad, plain) {
      return new Uint8Array(await subtle.encrypt(options(nonce, aad), key, toUnshared(plain)));
    },
    async unseal(nonce, aad, sealed) {
      return new Uint8Array(await subtle.decrypt(options(nonce, aad), key, toUnshared(sealed)));
    },
  };
}
