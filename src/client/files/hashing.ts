/** Interface for SHA-256 in transfers, implemented by the browser and the terminal client. */

import type { Sha256 } from "../../base/ids.ts";
import type { RunningHash } from "../../wire/chunks.ts";

export interface Hashing {
  readonly sha256: Sha256;
  /** Does not block the event loop if the runtime can hash in the background. */
  readonly hashChunk: (bytes: Uint8Array) => Uint8Array | Promise<Uint8Array>;
  readonly newHash: () => RunningHash;
}
