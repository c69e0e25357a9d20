/** SHA-256 of files, implemented by the runtime. */

import type { Hashing } from "../../client/files/hashing.ts";
import { sha256 } from "../../crypto/sha256.ts";

export function nativeHashing(): Hashing {
  return { sha256, hashChunk: sha256, newHash: () => new Bun.CryptoHasher("sha256") };
}
