/** Native AES-GCM, which is two to three times as fast as WebCrypto in the same runtime. */

import { createCipheriv, createDecipheriv } from "node:crypto";
import { assert } from "../base/assert.ts";
import { concatBytes } from "../base/bytes.ts";
import { GCM_NONCE_BYTES, GCM_TAG_BYTES } from "./gcm-sizes.ts";

export function nativeCipher(
  key: Uint8Array,
  allocate: (sizeBytes: number) => Uint8Array = (sizeBytes) => new Uint8Array(sizeBytes),
) {
  const name = `aes-${key.length * 8}-gcm` as "aes-128-gcm" | "aes-256-gcm";
  return {
    seal(nonce: Uint8Array, aad: Uint8Array, plain: Uint8Array): Uint8Array {
      const cipher = createCipheriv(name, key, nonce, { authTagLength: GCM_TAG_BYTES });
      cipher.setAAD(aad);
      const sealed = allocate(plain.length + GCM_TAG_BYTES);
      sealed.set(cipher.update(plain));
      cipher.final(); // Always empty for GCM.
      sealed.set(cipher.getAuthTag(), plain.length);
      return sealed;
    },
    unseal(nonce: Uint8Array, aad: Uint8Array, sealed: Uint8Array): Uint8Array {
      const decipher = createDecipheriv(name, key, nonce, { authTagLength: GCM_TAG_BYTES });
      decipher.setAAD(aad);
      decipher.setAuthTag(sealed.subarray(-GCM_TAG_BYTES));
      const plain = decipher.update(sealed.subarray(0, -GCM_TAG_BYTES));
      decipher.final(); // Throws if the tag does not match.
      return new Uint8Array(plain.buffer, plain.byteOffset, plain.length);
    },
  };
}

export function sealWithNonce(
  key: Uint8Array,
  nonce: Uint8Array,
  aad: Uint8Array,
  plain: Uint8Array,
): Uint8Array {
  assert(nonce.length === GCM_NONCE_BYTES, "AES-GCM takes a nonce of 12 bytes");
  return concatBytes(nonce, nativeCipher(key).seal(nonce, aad, plain));
}

export function openWithNonce(
  key: Uint8Array,
  aad: Uint8Array,
  sealed: Uint8Array,
): Uint8Array | undefined {
  if (sealed.length < GCM_NONCE_BYTES + GCM_TAG_BYTES) return undefined;
  const nonce = sealed.subarray(0, GCM_NONCE_BYTES);
  try {
    return nativeCipher(key).unseal(nonce, aad, sealed.subarray(GCM_NONCE_BYTES));
  } catch {
    return undefined;
  }
}
