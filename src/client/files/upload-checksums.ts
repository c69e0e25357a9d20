/** Checksums of an upload's chunks, as a running hash and individually. */

import { assert } from "../../base/assert.ts";
import { equalBytes } from "../../base/bytes.ts";
import { Fault, msg } from "../../base/fault.ts";
import { CHUNK_BYTES, TRANSFER_SYNC_BYTES, TRANSFER_WINDOW_BYTES_MAX } from "../../base/limits.ts";
import type { ResumableUpload } from "../../io/state/upload-journal.ts";
import type { RunningHash } from "../../wire/chunks.ts";

/**
 * Maximum number of sent chunks that are not durable: syncing, collected during the sync, or in
 * flight. Chunks of a pipe stay in memory until they are durable.
 */
const PENDING_CHUNKS_MAX = (2 * TRANSFER_SYNC_BYTES + TRANSFER_WINDOW_BYTES_MAX) / CHUNK_BYTES;
/** Number of checksums per journal entry. Writing an entry costs as much as hashing a chunk. */
const JOURNAL_BATCH_CHUNKS = 16;

/**
 * Keeps durable chunks as a running hash, but later chunks individually, because they must be sent
 * again after a loss of the link.
 */
export class UploadChecksums {
  readonly #isEncrypted: boolean;
  #hash: RunningHash;
  #durable = 0;
  #pending: Uint8Array[] = [];
  #journal: ResumableUpload | undefined;
  #unjournaled: Uint8Array[] = [];
  #unjournaledFrom = 0;
  readonly #sent = new SentChecksums();

  /** @param isEncrypted prevents a secret from encrypting two different contents */
  constructor(
    private readonly newHash: () => RunningHash,
    isEncrypted = false,
  ) {
    this.#isEncrypted = isEncrypted;
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
    this.#sent.set(this.next, sha256);
    this.#pending.push(sha256);
  }

  /** Reports whether the chunk was sent with this checksum. */
  isSame(index: number, sha256: Uint8Array): boolean {
    return index < this.next && this.#sent.isSame(index, sha256);
  }

  record(first: number, hashes: readonly Uint8Array[]): void {
    if (first !== this.#unjournaledFrom + this.#unjournaled.length) this.flush();
    if (this.#unjournaled.length === 0) this.#unjournaledFrom = first;
    this.#unjournaled.push(...hashes);
    // Checksums of encrypted chunks are stored before the chunks are sent.
    const isBatch = this.#unjournaled.length >= JOURNAL_BATCH_CHUNKS;
    if (isBatch || this.#isEncrypted) this.flush();
  }

  flush(): void {
    const hashes = this.#unjournaled;
    this.#unjournaled = [];
    // Another process may be sending the same upload, so the journal may be ahead or have been
    // restarted.
    const known = (this.#journal?.upTo ?? 0) - this.#unjournaledFrom;
    if (this.#isEncrypted) this.#checkUnchanged(this.#unjournaledFrom, hashes);
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

  /** The caller must read the chunks whose checksums neither this run nor the journal knows. */
  resume(have: number, journal: ResumableUpload | undefined): void {
    this.#journal = journal;
    this.#unjournaled = [];
    // The server has lost chunks. The journal still has all checksums, so start over from the
    // journal.
    if (have < this.#durable) this.#reset();
    if (journal !== undefined && journal.upTo > have) this.#truncateJournal(have);
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
    this.#hash = this.newHash();
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
      this.#sent.set(index - 1, hash);
      this.#hash.update(hash);
    }
    this.#durable = index;
    if (index < upTo) this.#truncateJournal(index);
  }

  #truncateJournal(upTo: number): void {
    if (!this.#isEncrypted) this.#journal?.truncate(upTo);
  }

  /** @throws {Fault} file-changed */
  #checkUnchanged(from: number, hashes: readonly Uint8Array[]): void {
    if (this.#journal === undefined) return;
    const stored = this.#journal.hashes(from);
    for (const hash of hashes.slice(0, Math.max(0, this.#journal.upTo - from))) {
      const storedHash = stored.next();
      if (storedHash.done === true) return;
      if (equalBytes(storedHash.value, hash)) continue;
      throw new Fault("file-changed", msg`the file has changed since its upload began`, {
        remedy: msg`send it again; the upload restarts`,
      });
    }
  }
}

/** Enough of each checksum to tell whether a file has changed. */
const PREFIX_BYTES = 16;

/** Checksums of all sent chunks, which take 1/16,384 of the size of the file. */
class SentChecksums {
  #prefixes = new Uint8Array(256 * PREFIX_BYTES);

  set(index: number, sha256: Uint8Array): void {
    const at = index * PREFIX_BYTES;
    if (at >= this.#prefixes.length) {
      const longer = new Uint8Array(2 * Math.max(this.#prefixes.length, at));
      longer.set(this.#prefixes);
      this.#prefixes = longer;
    }
    this.#prefixes.set(sha256.subarray(0, PREFIX_BYTES), at);
  }

  isSame(index: number, sha256: Uint8Array): boolean {
    const at = index * PREFIX_BYTES;
    const prefix = this.#prefixes.subarray(at, at + PREFIX_BYTES);
    return equalBytes(prefix, sha256.subarray(0, PREFIX_BYTES));
  }
}
