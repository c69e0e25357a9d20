/** AES-GCM for files in sealed rooms, with pooled buffers. */

import { nativeCipher } from "../../crypto/aes-gcm.ts";
import type { OpenFileCipher } from "../../crypto/seal/file-cipher.ts";
import { acquireBuffer } from "../../io/disk/buffer-pool.ts";

export const nativeFileCipher: OpenFileCipher = (key) => nativeCipher(key, acquireBuffer);
