/** Checksums of an upload's chunks, kept in the journal, as a running hash and individually. */

import { assert } from "../../base/assert.ts";
import { CHUNK_BYTES, TRANSFER_SYNC_BYTES, TRANSFER_WINDOW_BYTES_MAX } from "../../base/limits.ts";
import type { ResumableUpload } from "../../io/state/resumable-upload.ts";
import type { RunningHash } from "../../wire/chunks.ts";

/**
 * Maximum number of chunks that are sent but not durable: those that the server is syncing, those
 * that it collects during the sync, and those in flight. Chunks of a pipe stay in memory until they
 * are durable.
 */
const PENDING_CHUNKS_MAX = (2 * TRANSFER_SYNC_BYTES + TRANSFER_WINDOW_BYTES_MAX) / CHUNK_BYTES;
/**
 * Number of checksums per journal entry. Writing an entry costs as much as hashing a chunk, and the
 * run after a crash hashes fewer chunks than this again.
 */
const JOURNAL_BATCH_CHUNKS = 16;

/**
 * Keeps all checksums in the journal. Also keeps those of durable chunks as a running hash, and
 * those of later chunks individually, because the later chunks must be sent again after a loss of
 * the link.
 */
export class UploadChecksums {
  readonly #newHash: () => RunningHash;
  #hash: RunningHash;
  #durable = 0;
  /** Checksums of the chunks from `durable` on. At most PENDING_CHUNKS_MAX (see `isFull`). */
  #pending: Uint8Array[] = [];
  #journal: ResumableUpload | undefined;
  /**
   * Checksums that are not in the journal. At most JOURNAL_BATCH_CHUNKS and those of one call of
   * `record`.
   */
  #unjournaled: Uint8Array[] = [];
  #unjournaledFrom = 0;

  constructor(newHash: () => RunningHash) {
    this.#newHash = newHash;
    this.#hash = newHash();
  }

  get next(): number {
    return this.#durable + this.#pending.length;
  }

  get durable(): number {
    return this.#durable;
  }

  get isFull(): boolean {
    return this.#pending.length >= PENDING_CHUNKS_MAX;
  }

  add(sha256: Uint8Array): void {
    this.#pending.push(sha256);
  }

  /**
   * Collects checksums of chunks and writes them to the journal in batches.
   * @throws {Fault} store-… if the journal fails
   */
  record(first: number, hashes: readonly Uint8Array[]): void {
    if (first !== this.#unjournaledFrom + this.#unjournaled.length) this.flush();
    if (this.#unjournaled.length === 0) this.#unjournaledFrom = first;
    this.#unjournaled.push(...hashes);
    if (this.#unjournaled.length >= JOURNAL_BATCH_CHUNKS || this.#journal?.check) this.flush();
  }

  /**
   * Writes all collected checksums to the journal.
   * @throws {Fault} store-… if the journal fails, file-changed if a chunk differs from the journal
   */
  flush(): void {
    const hashes = this.#unjournaled;
    this.#unjournaled = [];
    // Another process may be sending the same upload, so the journal may be ahead or have been
    // restarted.
    const known = (this.#journal?.upTo ?? 0) - this.#unjournaledFrom;
    this.#journal?.check?.(this.#unjournaledFrom, hashes);
    if (known >= 0 && known < hashes.length) this.#journal?.addHashes(hashes.slice(known));
  }

  markDurable(upTo: number): void {
    const count = upTo - this.#durable;
    if (count <= 0) return;
    assert(count <= this.#pending.length, "durable chunks were sent before");
    const hashes = this.#pending.splice(0, count);
    for (const hash of hashes) this.#hash.update(hash);
    this.#durable = upTo;
  }

  /**
   * Continues on a new channel whose server has `have` chunks, as far as this run or the journal
   * knows their checksums. The caller reads the chunks without known checksums and adds their
   * checksums.
   * @throws {Fault} store-… if the journal fails
   */
  resume(have: number, journal: ResumableUpload | undefined): void {
    this.#journal = journal;
    this.#unjournaled = [];
    // The server has lost chunks, but the journal still has all checksums.
    if (have < this.#durable) this.#reset();
    if (journal !== undefined && journal.upTo > have) journal.truncate(have);
    this.#readJournal(have);
    this.#pending.length = Math.min(this.#pending.length, have - this.#durable);
    this.markDurable(this.next);
  }

  digest(): Uint8Array {
    const hash = this.#hash.copy();
    for (const checksum of this.#pending) hash.update(checksum);
    return hash.digest();
  }

  #reset(): void {
    this.#hash = this.#newHash();
    this.#durable = 0;
    this.#pending = [];
  }

  #readJournal(have: number): void {
    const upTo = Math.min(have, this.#journal?.upTo ?? 0);
    if (this.#journal === undefined || upTo <= this.next) return;
    let index = 0;
    this.#pending.length = 0;
    for (const hash of this.#journal.hashes()) {
      if (index >= upTo) break;
      if (index++ < this.#durable) continue;
      this.#hash.update(hash);
    }
    this.#durable = index;
    if (index < upTo) this.#journal.truncate(index); // The journal has a gap before this chunk.
  }
}
