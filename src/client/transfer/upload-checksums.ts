import { assert } from "../../base/assert.ts";
import { CHUNK_BYTES, TRANSFER_SYNC_BYTES, TRANSFER_WINDOW_BYTES_MAX } from "../../base/limits.ts";
import type { ResumableUpload } from "../../io/state/kept-upload.ts";
import type { RunningHash } from "../../wire/chunks.ts";

/**
 * Chunks that were sent and are not durable: what the server syncs, what it gathers meanwhile, and
 * what is under way. At this bound the client waits: chunks of a pipe stay in memory until then.
 */
const UNSURE_CHUNKS_MAX = (2 * TRANSFER_SYNC_BYTES + TRANSFER_WINDOW_BYTES_MAX) / CHUNK_BYTES;
/**
 * Checksums that the journal gets at once: an entry costs as much as hashing a chunk. A run that
 * was killed leaves fewer than these to be hashed again.
 */
const NOTE_CHUNKS = 16;

/**
 * The checksums of what was read: all in the journal, those of durable chunks as a running hash,
 * and those of the few after them one by one, since after a loss they may have to be sent again.
 */
export class UploadChecksums {
  readonly #newHash: () => RunningHash;
  #hash: RunningHash;
  #durable = 0;
  /** Of chunks from `durable` on. Bounded by UNSURE_CHUNKS_MAX: see `isFull`. */
  #unsure: Uint8Array[] = [];
  #kept: ResumableUpload | undefined;
  /** Read and not in the journal. Bounded by NOTE_CHUNKS and one call of `note`. */
  #unnoted: Uint8Array[] = [];
  #unnotedFrom = 0;

  /** @param newHash a fresh SHA-256 */
  constructor(newHash: () => RunningHash) {
    this.#newHash = newHash;
    this.#hash = newHash();
  }

  /** The next chunk whose checksum is not known. */
  get next(): number {
    return this.#durable + this.#unsure.length;
  }

  get durable(): number {
    return this.#durable;
  }

  /** Nothing more is sent before something becomes durable. */
  get isFull(): boolean {
    return this.#unsure.length >= UNSURE_CHUNKS_MAX;
  }

  /** A chunk was read. */
  add(sha256: Uint8Array): void {
    this.#unsure.push(sha256);
  }

  /** Chunks were read: from time to time the journal gets their checksums. @throws Fault store-… */
  note(first: number, hashes: readonly Uint8Array[]): void {
    if (first !== this.#unnotedFrom + this.#unnoted.length) this.flush();
    if (this.#unnoted.length === 0) this.#unnotedFrom = first;
    this.#unnoted.push(...hashes);
    if (this.#unnoted.length >= NOTE_CHUNKS || this.#kept?.check) this.flush();
  }

  /** The journal gets all that was noted. @throws Fault store-…, file-changed */
  flush(): void {
    const hashes = this.#unnoted;
    this.#unnoted = [];
    // Another process may send the same upload: then the journal is ahead, or begins again.
    const known = (this.#kept?.upTo ?? 0) - this.#unnotedFrom;
    this.#kept?.check?.(this.#unnotedFrom, hashes);
    if (known >= 0 && known < hashes.length) this.#kept?.note(hashes.slice(known));
  }

  /** The server has the chunks below on its disk. */
  sure(upTo: number): void {
    const count = upTo - this.#durable;
    if (count <= 0) return;
    assert(count <= this.#unsure.length, "what is durable was sent");
    const hashes = this.#unsure.splice(0, count);
    for (const hash of hashes) this.#hash.update(hash);
    this.#durable = upTo;
  }

  /**
   * On a new channel the server has `have` chunks. Advances as far as checksums are known, from
   * this run or from the journal. The caller reads and `add`s those missing up to `have`.
   * @throws Fault store-…
   */
  resume(have: number, kept: ResumableUpload | undefined): void {
    this.#kept = kept;
    this.#unnoted = [];
    if (have < this.#durable) this.#reset(); // The server has lost some; the journal has them all.
    if (kept !== undefined && kept.upTo > have) kept.cut(have);
    this.#fromJournal(have);
    this.#unsure.length = Math.min(this.#unsure.length, have - this.#durable);
    this.sure(this.next);
  }

  /** SHA-256 over the checksums of all chunks so far. */
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
    if (index < upTo) this.#kept.cut(index); // The journal has a gap there.
  }
}
