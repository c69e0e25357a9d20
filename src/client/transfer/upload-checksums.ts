/** Checksums of an upload's chunks: in the journal, as a running hash, and one by one. */

import { assert } from "../../base/assert.ts";
import { CHUNK_BYTES, TRANSFER_SYNC_BYTES, TRANSFER_WINDOW_BYTES_MAX } from "../../base/limits.ts";
import type { ResumableUpload } from "../../io/state/resumable-upload.ts";
import type { RunningHash } from "../../wire/chunks.ts";

/**
 * Most chunks that are sent and not durable: those the server syncs, those it collects meanwhile,
 * and those in flight. At this bound the client waits: chunks of a pipe stay in memory until then.
 */
const UNSURE_CHUNKS_MAX = (2 * TRANSFER_SYNC_BYTES + TRANSFER_WINDOW_BYTES_MAX) / CHUNK_BYTES;
/**
 * Checksums per journal entry: an entry costs as much as hashing a chunk. A killed run leaves fewer
 * than these to be hashed again.
 */
const NOTE_CHUNKS = 16;

/**
 * Keeps all checksums in the journal, those of durable chunks as a running hash, and those of later
 * chunks one by one, since after a loss they may have to be resent.
 */
export class UploadChecksums {
  readonly #newHash: () => RunningHash;
  #hash: RunningHash;
  #durable = 0;
  /** Checksums of chunks from `durable` on. Bounded by UNSURE_CHUNKS_MAX: see `isFull`. */
  #unsure: Uint8Array[] = [];
  #kept: ResumableUpload | undefined;
  /** Checksums that are not in the journal. Bounded by NOTE_CHUNKS and one call of `note`. */
  #unnoted: Uint8Array[] = [];
  #unnotedFrom = 0;

  /** @param newHash returns a fresh SHA-256 */
  constructor(newHash: () => RunningHash) {
    this.#newHash = newHash;
    this.#hash = newHash();
  }

  /** Index of the next chunk without a checksum. */
  get next(): number {
    return this.#durable + this.#unsure.length;
  }

  get durable(): number {
    return this.#durable;
  }

  /** Whether sending must wait until chunks become durable. */
  get isFull(): boolean {
    return this.#unsure.length >= UNSURE_CHUNKS_MAX;
  }

  add(sha256: Uint8Array): void {
    this.#unsure.push(sha256);
  }

  /**
   * Collects checksums of chunks and writes them to the journal in batches.
   * @throws {Fault} store-…
   */
  note(first: number, hashes: readonly Uint8Array[]): void {
    if (first !== this.#unnotedFrom + this.#unnoted.length) this.flush();
    if (this.#unnoted.length === 0) this.#unnotedFrom = first;
    this.#unnoted.push(...hashes);
    if (this.#unnoted.length >= NOTE_CHUNKS || this.#kept?.check) this.flush();
  }

  /** Writes all collected checksums to the journal. @throws {Fault} store-…, file-changed */
  flush(): void {
    const hashes = this.#unnoted;
    this.#unnoted = [];
    // Another process may send the same upload: the journal is then ahead, or starts again.
    const known = (this.#kept?.upTo ?? 0) - this.#unnotedFrom;
    this.#kept?.check?.(this.#unnotedFrom, hashes);
    if (known >= 0 && known < hashes.length) this.#kept?.addHashes(hashes.slice(known));
  }

  sure(upTo: number): void {
    const count = upTo - this.#durable;
    if (count <= 0) return;
    assert(count <= this.#unsure.length, "what is durable was sent");
    const hashes = this.#unsure.splice(0, count);
    for (const hash of hashes) this.#hash.update(hash);
    this.#durable = upTo;
  }

  /**
   * Continues on a new channel whose server has `have` chunks. Advances as far as checksums are
   * known, from this run or from the journal. The caller reads and `add`s those missing up to
   * `have`.
   * @throws {Fault} store-…
   */
  resume(have: number, kept: ResumableUpload | undefined): void {
    this.#kept = kept;
    this.#unnoted = [];
    if (have < this.#durable) this.#reset(); // The server has lost some; the journal has all.
    if (kept !== undefined && kept.upTo > have) kept.truncate(have);
    this.#fromJournal(have);
    this.#unsure.length = Math.min(this.#unsure.length, have - this.#durable);
    this.sure(this.next);
  }

  /** Returns the SHA-256 over the checksums of all chunks so far. */
  digest(): Uint8Array {
    const whole = this.#hash.copy();
    for (const hash of this.#unsure) whole.update(hash);
    return whole.digest();
  }

  #reset(): void {
    this.#hash = this.#newHash();
    this.#durable = 0;
    this.#unsure = [];
  }

  #fromJournal(have: number): void {
    const upTo = Math.min(have, this.#kept?.upTo ?? 0);
    if (this.#kept === undefined || upTo <= this.next) return;
    let index = 0;
    this.#unsure.length = 0;
    for (const hash of this.#kept.hashes()) {
      if (index >= upTo) break;
      if (index++ < this.#durable) continue;
      this.#hash.update(hash);
    }
    this.#durable = index;
    if (index < upTo) this.#kept.truncate(index); // The journal has a gap there.
  }
}
