/** Files shared by all servers of a cluster, with checksums. */

import { assert } from "../../base/assert.ts";
import { equalBytes, fromBase64Url, toBase64Url } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import type { FileId, Sha256 } from "../../base/ids.ts";
import { CHUNK_BYTES } from "../../base/limits.ts";
import {
  CLUSTER_CHUNKS_PER_FILE_MAX,
  CLUSTER_CHUNKS_QUEUED_MAX,
  CLUSTER_CONTENT_TIMEOUT_MS,
} from "../../base/limits-cluster.ts";
import { HASH_BYTES } from "../../wire/chunks.ts";
import type { BlobAbout } from "../blob/interfaces.ts";
import { encodeAbout, parseAbout } from "../blob/metadata.ts";
import { type Clock, retry } from "../clock.ts";
import { WorkQueue } from "../work-queue.ts";
import type { ContentStore } from "./content-store.ts";
import { isWithoutMajority } from "./majority.ts";

/** Chunks of files that one server sends to NATS or requests at the same time: 4 MiB. */
const CLUSTER_CHUNKS_AT_ONCE = 16;

export interface SharedFilesOptions {
  readonly store: ContentStore;
  readonly clock: Clock;
  readonly sha256: Sha256;
}

/** Content of a file according to the log. */
export interface ToldContent {
  readonly file: FileId;
  readonly size: number;
  readonly chunks: number;
  /** Hex, over the checksums of all chunks. */
  readonly digest: string;
}

const ABOUT = "about";
const RETRY_MS = 250;
/** Checksums per part. */
const LISTED_AT_ONCE = CHUNK_BYTES / HASH_BYTES;
const CHUNK_PART = /^c(\d{1,9})-([A-Za-z0-9_-]{43})$/;

/**
 * Files in the store that all servers share:
 *
 *     about            the offer; the first one wins
 *     c0-HASH, …       each chunk, named by index and checksum
 *     l0-DIGEST, …     the checksums of all chunks, once the file is complete
 *
 * Two servers that send different contents under one id do not overwrite each other. The log has
 * the digest: the list is compared with it, and each chunk with the list, before any byte is
 * returned. Calls are retried while NATS elects a leader.
 */
export class SharedFiles {
  readonly #options: SharedFilesOptions;
  /** Chunks of all transfers; bounded by CLUSTER_CHUNKS_PER_FILE_MAX for each. */
  readonly #turns = new WorkQueue(CLUSTER_CHUNKS_AT_ONCE, Number.POSITIVE_INFINITY);
  /** Files being read. */
  #readers = 0;
  #isStopping = false;

  constructor(options: SharedFilesOptions) {
    this.#options = options;
  }

  /**
   * Offers a file.
   * @returns the offer in effect: another one may have been first
   */
  async begin(about: BlobAbout): Promise<BlobAbout> {
    const { store } = this.#options;
    // Twice: the earlier offer may have been erased in between.
    for (let tries = 1; ; tries++) {
      const isNew = await this.#tried(() => store.putNew(about.file, ABOUT, encodeAbout(about)));
      if (isNew) return about;
      const found = await this.about(about.file);
      if (found !== undefined) return found;
      if (tries === 2) throw damaged();
    }
  }

  /**
   * Returns the offer of that id.
   * @returns undefined if there is none or it is unreadable
   */
  async about(file: FileId): Promise<BlobAbout | undefined> {
    const bytes = await this.#tried(() => this.#options.store.get(file, ABOUT));
    const about = bytes === undefined ? undefined : parseAbout(bytes);
    return about?.file === file ? about : undefined;
  }

  /** Checksums of the first chunks present, up to the first that is missing or ambiguous. */
  async sent(file: FileId): Promise<Uint8Array[]> {
    const parts = await this.#tried(() => this.#options.store.parts(file));
    const found = new Map<number, Uint8Array | undefined>();
    for (const part of parts) {
      const [, index, text] = CHUNK_PART.exec(part) ?? [];
      if (index === undefined || text === undefined) continue;
      const [at, hash] = [Number(index), hashOf(text)];
      found.set(at, found.has(at) ? undefined : hash); // Two contents under one id: use neither.
    }
    const hashes: Uint8Array[] = [];
    for (let at = 0; ; at++) {
      const hash = found.get(at);
      if (hash === undefined) return hashes;
      hashes.push(hash);
    }
  }

  /**
   * Stores a chunk.
   * @param read called when its turn has come
   * @throws Fault no-majority, store-full, and of `read`; checksum-wrong: the content changed
   */
  put(
    file: FileId,
    index: number,
    hash: Uint8Array,
    read: () => Promise<Uint8Array>,
  ): Promise<void> {
    return this.#inTurn(async () => {
      const bytes = await read();
      if (!equalBytes(this.#options.sha256(bytes), hash)) throw damagedHere();
      await this.#tried(() => this.#options.store.put(file, chunkPart(index, hash), bytes));
    });
  }

  /**
   * Completes the file: from now on it can be fetched by its digest.
   * @returns the first chunk that is missing because it was erased meanwhile
   */
  async complete(
    file: FileId,
    digest: Uint8Array,
    hashes: readonly Uint8Array[],
  ): Promise<number | undefined> {
    for (let first = 0; first < hashes.length; first += LISTED_AT_ONCE) {
      const bytes = Buffer.concat(hashes.slice(first, first + LISTED_AT_ONCE));
      const part = listPart(first / LISTED_AT_ONCE, digest);
      await this.#tried(() => this.#options.store.put(file, part, new Uint8Array(bytes)));
    }
    const there = new Set(await this.#tried(() => this.#options.store.parts(file)));
    const missing = hashes.findIndex((hash, index) => !there.has(chunkPart(index, hash)));
    return missing === -1 ? undefined : missing;
  }

  /**
   * Checksums of all chunks.
   * @throws Fault file-unknown, checksum-wrong, no-majority
   */
  async hashes({ file, chunks, digest }: ToldContent): Promise<Uint8Array[]> {
    const hex = Uint8Array.fromHex(digest);
    const lists: Uint8Array[] = [];
    for (let first = 0; first < chunks; first += LISTED_AT_ONCE) {
      const part = listPart(first / LISTED_AT_ONCE, hex);
      const bytes = await this.#tried(() => this.#options.store.get(file, part));
      if (bytes === undefined) throw missing();
      lists.push(bytes);
    }
    const all = new Uint8Array(Buffer.concat(lists));
    const isRight = equalBytes(this.#options.sha256(all), hex);
    if (!isRight || all.length !== chunks * HASH_BYTES) throw damaged();
    return Array.from({ length: chunks }, (_, i) =>
      all.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES),
    );
  }

  /**
   * Returns one chunk, verified with its checksum.
   * @throws Fault as `hashes`
   */
  async chunk(file: FileId, index: number, hash: Uint8Array): Promise<Uint8Array> {
    const part = chunkPart(index, hash);
    const bytes = await this.#inTurn(() => this.#tried(() => this.#options.store.get(file, part)));
    if (bytes === undefined) throw missing();
    const isRight = bytes.length > 0 && bytes.length <= CHUNK_BYTES;
    if (!isRight || !equalBytes(this.#options.sha256(bytes), hash)) throw damaged();
    return bytes;
  }

  /** Yields the chunks of these checksums in order, fetching some ahead. */
  async *chunks(
    file: FileId,
    hashes: readonly Uint8Array[],
    from: number,
  ): AsyncGenerator<{
    readonly index: number;
    readonly hash: Uint8Array;
    readonly bytes: Uint8Array;
  }> {
    const coming: Promise<Uint8Array>[] = [];
    this.#readers++;
    try {
      for (const [index, hash] of hashes.entries()) {
        if (index < from) continue;
        const ahead = Math.max(1, Math.floor(CLUSTER_CHUNKS_QUEUED_MAX / this.#readers));
        for (let next = index + coming.length; coming.length < ahead; next++) {
          const wanted = hashes[next];
          if (wanted === undefined || coming.length === CLUSTER_CHUNKS_PER_FILE_MAX) break;
          const chunk = this.chunk(file, next, wanted);
          chunk.catch(() => undefined); // An earlier chunk may fail first.
          coming.push(chunk);
        }
        const bytes = await coming.shift();
        assert(bytes !== undefined, "one was asked for");
        yield { index, hash, bytes };
      }
    } finally {
      this.#readers--;
    }
  }

  erase(file: FileId): Promise<void> {
    return this.#tried(() => this.#options.store.erase(file));
  }

  /** All files that were offered and not erased. */
  files(): Promise<FileId[]> {
    return this.#tried(() => this.#options.store.filesWith(ABOUT));
  }

  touchedMs(file: FileId): Promise<number | undefined> {
    return this.#tried(() => this.#options.store.touchedMs(file));
  }

  /** Stops all transfers and retries. */
  stop(): void {
    this.#isStopping = true;
  }

  async #inTurn<Result>(act: () => Promise<Result>): Promise<Result> {
    if (this.#isStopping) throw new Fault("shutting-down", "the server is stopping");
    return await this.#turns.run(act);
  }

  #tried<Result>(act: () => Promise<Result>): Promise<Result> {
    const { clock } = this.#options;
    return retry(act, {
      clock,
      everyMs: RETRY_MS,
      until: clock.now() + CLUSTER_CONTENT_TIMEOUT_MS,
      isPassing: (error) => isWithoutMajority(error) && !this.#isStopping,
    });
  }
}

function chunkPart(index: number, hash: Uint8Array): string {
  return `c${index}-${toBase64Url(hash)}`;
}

function listPart(index: number, digest: Uint8Array): string {
  return `l${index}-${toBase64Url(digest)}`;
}

/** @returns undefined if it is damaged */
function hashOf(text: string): Uint8Array | undefined {
  try {
    return fromBase64Url(text);
  } catch {
    return undefined;
  }
}

function missing(): Fault {
  return new Fault("file-unknown", "the cluster's store does not have this file", {
    remedy: "ask its sender to send it again",
  });
}

function damagedHere(): Fault {
  return new Fault("checksum-wrong", "the server's copy of this file is damaged", {
    remedy: "send it again",
  });
}

function damaged(): Fault {
  return new Fault("checksum-wrong", "the cluster's store has another content than was sent", {
    remedy: "ask its sender to send it again",
  });
}
