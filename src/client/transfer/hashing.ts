/** SHA-256 for transfers; browser and terminal bring their own. */

import type { Sha256 } from "../../base/ids.ts";
import type { RunningHash } from "../../wire/chunks.ts";

export interface Hashing {
  readonly sha256: Sha256;
  /** Hashes a chunk to send, outside of the event loop if the runtime can. */
  readonly hashChunk: (bytes: Uint8Array) => Uint8Array | Promise<Uint8Array>;
  /** Returns a fresh SHA-256. */
  readonly newHash: () => RunningHash;
}
