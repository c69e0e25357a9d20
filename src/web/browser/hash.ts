/** SHA-256 for the page, synchronous and also available without TLS. */

import { sha256 as softSha256 } from "@noble/hashes/sha2.js";
import type { Hashing } from "../../client/files/hashing.ts";
import type { RunningHash } from "../../wire/chunks.ts";
import type { Subtle } from "./environment.ts";

export function pageSha256(bytes: Uint8Array): Uint8Array {
  return softSha256(bytes);
}

class SoftHash implements RunningHash {
  readonly #hash: ReturnType<typeof softSha256.create>;

  constructor(hash = softSha256.create()) {
    this.#hash = hash;
  }

  update(bytes: Uint8Array): this {
    this.#hash.update(bytes);
    return this;
  }

  copy(): SoftHash {
    return new SoftHash(this.#hash.clone());
  }

  digest(): Uint8Array {
    return this.#hash.digest();
  }
}

/** Hashes upload chunks off the main thread if the browser can; all other inputs are small. */
export function pageHashing(subtle: Subtle | undefined): Hashing {
  return {
    sha256: pageSha256,
    hashChunk: async (bytes) =>
      subtle === undefined
        ? pageSha256(bytes)
        : new Uint8Array(await subtle.digest("SHA-256", bytes as Uint8Array<ArrayBuffer>)),
    newHash: () => new SoftHash(),
  };
}
