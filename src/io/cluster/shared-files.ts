/** Files shared by all servers of a cluster, verified by checksums. */

import { assert } from "../../base/assert.ts";
import { equalBytes, fromHex, SHA256_BYTES, toBase64Url, tryBase64Url } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import type { FileId, Sha256, UserId } from "../../base/ids.ts";
import { CHUNK_BYTES } from "../../base/limits.ts";
import {
  CLUSTER_CHUNKS_PER_FILE_MAX,
  CLUSTER_CHUNKS_QUEUED_MAX,
  CLUSTER_CONTENT_TIMEOUT_MS,
} from "../../base/limits-cluster.ts";
import { encodeMetadata, parseMetadata } from "../blob/blob-store.ts";
import type { BlobMetadata } from "../blob/interfaces.ts";
import { type Clock, retry } from "../clock.ts";
import { markHandled } from "../promises.ts";
import { TaskQueue } from "../task-queue.ts";
import { isWithoutMajority } from "./majority.ts";

export interface ContentStore {
  /**
   * Replaces an existing part.
   * @param part letters, digits, `-` and `_`
   * @throws {Fault} no-majority if the outcome is unknown, store-full if there is no space
   */
  put(file: FileId, part: string, bytes: Uint8Array): Promise<void>;
  /**
   * Returns false if the part exists.
   * @throws {Fault} no-majority, store-full like `put`
   */
  putNew(file: FileId, part: string, bytes: Uint8Array): Promise<boolean>;
  get(file: FileId, part: string): Promise<Uint8Array | undefined>;
  parts(file: FileId): Promise<string[]>;
  filesWith(part: string): Promise<FileId[]>;
  /** Unix milliseconds; `undefined` if the file has no parts. */
  lastPutMs(file: FileId): Promise<number | undefined>;
  erase(file: FileId): Promise<void>;
}

/** Limits the memory for chunks in transfer to 4 MiB. */
const CONCURRENT_CHUNKS_MAX = 16;

export interface SharedFilesOptions {
  readonly store: ContentStore;
  readonly clock: Clock;
  readonly sha256: Sha256;
}

export interface LoggedContent {
  readonly file: FileId;
  readonly size: number;
  readonly chunks: number;
  readonly digest: string;
}

const ABOUT = "about";
const SHARED_FILE_RETRY_MS = 250;
const CHECKSUMS_PER_PART = CHUNK_BYTES / SHA256_BYTES;
const CHUNK_PART = /^c(\d{1,9})-([A-Za-z0-9_-]{43})$/;

/**
 * Each file has the parts `about` (metadata of the first offer), `c0-HASH`, … (chunks by index and
 * checksum) and `l0-DIGEST` (the checksums of all chunks). Different contents under one id
 * therefore do not overwrite each other. Messages that are handed over also have the part
 * `handed-USER`.
 */
export class SharedFiles {
  readonly #transfers = new TaskQueue({ running: CONCURRENT_CHUNKS_MAX });
  #readers = 0;
  #isStopping = false;

  constructor(private readonly options: SharedFilesOptions) {}

  async begin(about: BlobMetadata): Promise<BlobMetadata> {
    const { store } = this.options;
    // Retry, because the earlier offer may be erased before it is read.
    for (let tries = 1; ; tries++) {
      const isNew = await this.#retry(() => store.putNew(about.file, ABOUT, encodeMetadata(about)));
      if (isNew) return about;
      const existing = await this.about(about.file);
      if (existing !== undefined) return existing;
      if (tries === 2) throw damaged();
    }
  }

  async about(file: FileId): Promise<BlobMetadata | undefined> {
    const bytes = await this.#retry(() => this.options.store.get(file, ABOUT));
    const about = bytes === undefined ? undefined : parseMetadata(bytes);
    return about?.file === file ? about : undefined;
  }

  async storedHashes(file: FileId): Promise<Uint8Array[]> {
    const parts = await this.#retry(() => this.options.store.parts(file));
    const existing = new Map<number, Uint8Array | undefined>();
    for (const part of parts) {
      const [, index, text] = CHUNK_PART.exec(part) ?? [];
      if (index === undefined || text === undefined) continue;
      const [at, hash] = [Number(index), tryBase64Url(text)];
      existing.set(at, existing.has(at) ? undefined : hash);
    }
    const hashes: Uint8Array[] = [];
    for (let at = 0; ; at++) {
      const hash = existing.get(at);
      if (hash === undefined) return hashes;
      hashes.push(hash);
    }
  }

  /**
   * @throws {Fault} no-majority or store-full if the store fails, checksum-wrong if the content
   * changed, and the faults of `read`
   */
  put(
    file: FileId,
    index: number,
    hash: Uint8Array,
    read: () => Promise<Uint8Array>,
  ): Promise<void> {
    return this.#enqueue(async () => {
      const bytes = await read();
      if (!equalBytes(this.options.sha256(bytes), hash)) throw localCopyDamaged();
      await this.#retry(() => this.options.store.put(file, chunkPart(index, hash), bytes));
    });
  }

  async complete(
    file: FileId,
    digest: Uint8Array,
    hashes: readonly Uint8Array[],
  ): Promise<number | undefined> {
    for (let first = 0; first < hashes.length; first += CHECKSUMS_PER_PART) {
      const bytes = Buffer.concat(hashes.slice(first, first + CHECKSUMS_PER_PART));
      const part = listPart(first / CHECKSUMS_PER_PART, digest);
      await this.#retry(() => this.options.store.put(file, part, new Uint8Array(bytes)));
    }
    const present = new Set(await this.#retry(() => this.options.store.parts(file)));
    const missing = hashes.findIndex((hash, index) => !present.has(chunkPart(index, hash)));
    return missing === -1 ? undefined : missing;
  }

  /**
   * @throws {Fault} file-unknown if the list is missing, checksum-wrong if it is damaged,
   * no-majority if the store does not answer
   */
  async hashes({ file, chunks, digest }: LoggedContent): Promise<Uint8Array[]> {
    const hex = fromHex(digest);
    const lists: Uint8Array[] = [];
    for (let first = 0; first < chunks; first += CHECKSUMS_PER_PART) {
      const part = listPart(first / CHECKSUMS_PER_PART, hex);
      const bytes = await this.#retry(() => this.options.store.get(file, part));
      if (bytes === undefined) throw missing();
      lists.push(bytes);
    }
    const all = new Uint8Array(Buffer.concat(lists));
    const isValid = equalBytes(this.options.sha256(all), hex);
    if (!isValid || all.length !== chunks * SHA256_BYTES) throw damaged();
    return Array.from({ length: chunks }, (_, i) =>
      all.subarray(i * SHA256_BYTES, (i + 1) * SHA256_BYTES),
    );
  }

  async chunk(file: FileId, index: number, hash: Uint8Array): Promise<Uint8Array> {
    const part = chunkPart(index, hash);
    const bytes = await this.#enqueue(() => this.#retry(() => this.options.store.get(file, part)));
    if (bytes === undefined) throw missing();
    const isValid = bytes.length > 0 && bytes.length <= CHUNK_BYTES;
    if (!isValid || !equalBytes(this.options.sha256(bytes), hash)) throw damaged();
    return bytes;
  }

  async *chunks(
    file: FileId,
    hashes: readonly Uint8Array[],
    from: number,
  ): AsyncGenerator<{
    readonly index: number;
    readonly hash: Uint8Array;
    readonly bytes: Uint8Array;
  }> {
    const inFlight: Promise<Uint8Array>[] = [];
    this.#readers++;
    try {
      for (const [index, hash] of hashes.entries()) {
        if (index < from) continue;
        const ahead = Math.max(1, Math.floor(CLUSTER_CHUNKS_QUEUED_MAX / this.#readers));
        for (let next = index + inFlight.length; inFlight.length < ahead; next++) {
          const nextHash = hashes[next];
          if (nextHash === undefined || inFlight.length === CLUSTER_CHUNKS_PER_FILE_MAX) break;
          const chunk = this.chunk(file, next, nextHash);
          markHandled(chunk); // If an earlier chunk fails, nobody waits for this one.
          inFlight.push(chunk);
        }
        const bytes = await inFlight.shift();
        assert(bytes !== undefined, "one chunk was requested");
        yield { index, hash, bytes };
      }
    } finally {
      this.#readers--;
    }
  }

  erase(file: FileId): Promise<void> {
    return this.#retry(() => this.options.store.erase(file));
  }

  files(): Promise<FileId[]> {
    return this.#retry(() => this.options.store.filesWith(ABOUT));
  }

  /** Marks an upload that other servers list to the user, although no record names it. */
  markHanded(file: FileId, user: UserId): Promise<void> {
    return this.#retry(() => this.options.store.put(file, handedPart(user), Uint8Array.of(1)));
  }

  handedTo(user: UserId): Promise<FileId[]> {
    return this.#retry(() => this.options.store.filesWith(handedPart(user)));
  }

  lastPutMs(file: FileId): Promise<number | undefined> {
    return this.#retry(() => this.options.store.lastPutMs(file));
  }

  stop(): void {
    this.#isStopping = true;
  }

  async #enqueue<Result>(act: () => Promise<Result>): Promise<Result> {
    if (this.#isStopping) throw new Fault("shutting-down", "the server is stopping");
    return await this.#transfers.run(act);
  }

  #retry<Result>(act: () => Promise<Result>): Promise<Result> {
    const { clock } = this.options;
    return retry(act, {
      clock,
      intervalMs: SHARED_FILE_RETRY_MS,
      until: clock.now() + CLUSTER_CONTENT_TIMEOUT_MS,
      isTransient: (error) => isWithoutMajority(error) && !this.#isStopping,
    });
  }
}

function handedPart(user: UserId): string {
  return `handed-${user}`;
}

function chunkPart(index: number, hash: Uint8Array): string {
  return `c${index}-${toBase64Url(hash)}`;
}

function listPart(index: number, digest: Uint8Array): string {
  return `l${index}-${toBase64Url(digest)}`;
}

function missing(): Fault {
  return new Fault("file-unknown", "the file is not in the cluster's store", {
    remedy: "ask its sender to send it again",
  });
}

function localCopyDamaged(): Fault {
  return new Fault("checksum-wrong", "the server's copy of this file is damaged", {
    remedy: "send it again",
  });
}

function damaged(): Fault {
  return new Fault("checksum-wrong", "the file in the cluster's store is damaged", {
    remedy: "ask its sender to send it again",
  });
}
