import type { Sha256 } from "../../base/ids.ts";
import type { RunningHash } from "../../wire/chunks.ts";

/** SHA-256 as transfers need it; browser and program bring their own. */
export interface Hashing {
  readonly sha256: Sha256;
  /** Of a chunk that is to be sent; outside of the event loop where the runtime has that. */
  readonly hashChunk: (bytes: Uint8Array) => Uint8Array | Promise<Uint8Array>;
  /** A fresh SHA-256. */
  readonly newHash: () => RunningHash;
}
