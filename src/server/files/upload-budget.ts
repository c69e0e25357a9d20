/** Memory budget for received chunks that wait for the disk. */

import { Fault } from "../../base/fault.ts";
import {
  CHUNK_BYTES,
  TRANSFER_WINDOW_BYTES_MAX,
  TRANSFER_WINDOW_FIRST_BYTES,
  TRANSFERS_BYTES_MAX,
} from "../../base/limits.ts";

const BUSY_MS = 1_000;

export class UploadBudget {
  #grantedBytes = 0;
  #queuedBytes = 0;

  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /** Grants a quarter of the remaining budget, but at least one chunk. */
  grant(): number {
    const quarter = (TRANSFERS_BYTES_MAX - this.#grantedBytes) / 4;
    const chunks = Math.floor(quarter / CHUNK_BYTES) * CHUNK_BYTES;
    const bytes = Math.min(
      TRANSFER_WINDOW_BYTES_MAX,
      Math.max(TRANSFER_WINDOW_FIRST_BYTES, chunks),
    );
    this.#grantedBytes += bytes;
    return bytes;
  }

  release(bytes: number): void {
    this.#grantedBytes -= bytes;
  }

  /** @throws {Fault} too-many if the queued bytes exceed the budget, as the granted windows may */
  countQueued(bytes: number): void {
    if (bytes > 0 && this.#queuedBytes + bytes > TRANSFERS_BYTES_MAX) {
      const detail = { retryAfterMs: BUSY_MS };
      throw new Fault("too-many", "the server's disk is busy", detail);
    }
    this.#queuedBytes += bytes;
  }
}
