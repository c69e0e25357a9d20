/**
 * Replaceable cryptographic primitives. Native implementations are faster, because a message needs
 * about twenty calls and each WebCrypto call crosses a thread boundary.
 */

import { SHA256_BYTES } from "../../base/bytes.ts";
import type { FileCipher } from "./file-cipher.ts";

export interface SealPrimitives {
  sha256(bytes: Uint8Array): Uint8Array;
  hmac(key: Uint8Array, bytes: Uint8Array): Uint8Array;
  verify(publicKey: Uint8Array, bytes: Uint8Array, signature: Uint8Array): boolean;
  aesGcm(key: Uint8Array): FileCipher;
}

export function hkdfOf({ hmac }: Pick<SealPrimitives, "hmac">) {
  return {
    size: SHA256_BYTES,
    extract: async (salt: Uint8Array, key: Uint8Array) => hmac(salt, key),
    expand: async (key: Uint8Array, info: Uint8Array, sizeBytes: number) => {
      const blocks = Math.ceil(sizeBytes / SHA256_BYTES);
      if (blocks > 255) throw new RangeError("HKDF makes at most 255 blocks");
      const expanded = new Uint8Array(blocks * SHA256_BYTES);
      const input = new Uint8Array(SHA256_BYTES + info.length + 1);
      input.set(info, SHA256_BYTES);
      for (let block = 0; block < blocks; block++) {
        input[input.length - 1] = block + 1;
        const made = hmac(key, block === 0 ? input.subarray(SHA256_BYTES) : input);
        input.set(made);
        expanded.set(made, block * SHA256_BYTES);
      }
      input.fill(0);
      return expanded.subarray(0, sizeBytes);
    },
  };
}
