/** AES-GCM for files of sealed rooms, by the runtime. */

import { createCipheriv, createDecipheriv } from "node:crypto";
import type { OpenFileCipher } from "../../crypto/seal/file-cipher.ts";
import { takeBuffer } from "../../io/disk/buffer-pool.ts";

const CIPHER = "aes-256-gcm";
const TAG_BYTES = 16;

/** The runtime's own AES: three times as fast as its WebCrypto, for chunks of files. */
export const nativeFileCipher: OpenFileCipher = (key) => ({
  seal(nonce, aad, plain) {
    const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
    cipher.setAAD(aad);
    const sealed = takeBuffer(plain.length + TAG_BYTES);
    sealed.set(cipher.update(plain));
    cipher.final(); // Empty for GCM.
    sealed.set(cipher.getAuthTag(), plain.length);
    return sealed;
  },
  unseal(nonce, aad, sealed) {
    const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
    decipher.setAAD(aad);
    decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
    const plain = decipher.update(sealed.subarray(0, -TAG_BYTES));
    decipher.final(); // Throws if the tag differs; nothing was used before.
    return plain;
  },
});
