/** Copy of an upload from this server's disk into the shared store of the cluster. */

import { equalBytes } from "../../base/bytes.ts";
import { asFault, Fault, type FaultCode, ignoreFault, msg } from "../../base/fault.ts";
import { CHUNK_BYTES, FILE_BYTES_MAX } from "../../base/limits.ts";
import { CLUSTER_CHUNKS_PER_FILE_MAX } from "../../base/limits-cluster.ts";
import type { Files } from "../../core/rooms/files.ts";
import type { Blob, BlobStore } from "../../io/blob/interfaces.ts";
import type { SharedFiles } from "../../io/cluster/shared-files.ts";
import { chunkSize } from "../../wire/chunks.ts";
import { readStored } from "./offer-checks.ts";
import { isComplete } from "./shared-fetches.ts";

/**
 * Maximum attempts to complete an upload, which may be erased during the copy, for example by a
 * server with a wrong clock.
 */
const COMPLETE_TRIES_MAX = 3;

interface Waiter {
  readonly count: number;
  readonly resolve: (isReached: boolean) => void;
  readonly reject: (fault: Fault) => void;
}

export class SharedUpload {
  #storedCount: number;
  #next: number;
  readonly #ahead = new Set<number>();
  readonly #inFlight = new Set<Promise<void>>();
  #waiters: Waiter[] = [];
  #hasFailed = false;
  #isFull = false;
  #isStopped = false;

  constructor(
    private readonly shared: SharedFiles,
    private readonly blob: Blob,
    have: number,
  ) {
    this.#storedCount = this.#next = have;
    this.pump();
  }

  pump(): void {
    const { have } = this.blob;
    if (this.#hasFailed && !this.#retryFailed()) return;
    while (
      !this.#isStopped &&
      this.#next < have &&
      this.#next < this.#storedCount + CLUSTER_CHUNKS_PER_FILE_MAX
    ) {
      const index = this.#next++;
      const copying = this.#copy(index);
      this.#inFlight.add(copying);
      void copying.finally(() => {
        this.#inFlight.delete(copying);
        this.pump();
      });
    }
  }

  /**
   * Resolves to false if the copy was stopped. After a fault, the next call retries the missing
   * chunks.
   */
  waitForChunks(count: number): Promise<boolean> {
    if (this.#storedCount >= count) return Promise.resolve(true);
    if (this.#isStopped) return Promise.resolve(false);
    return new Promise((resolve, reject) => {
      this.#waiters.push({ count, resolve, reject });
      this.pump();
    });
  }

  async complete(): Promise<void> {
    const { metadata, have } = this.blob;
    const hashes: Uint8Array[] = [];
    for (let index = 0; index < have; index++) hashes.push(await this.blob.hash(index));
    for (let tries = 1; ; tries++) {
      if (!(await this.waitForChunks(have)))
        throw new Fault("link-closed", "this upload has ended");
      const lost = await this.shared.complete(metadata.file, this.blob.digest(), hashes);
      if (lost === undefined) return;
      if (tries === COMPLETE_TRIES_MAX)
        throw new Fault("too-many", msg`this file is being deleted`);
      await this.shared.begin(metadata);
      this.#storedCount = this.#next = lost;
    }
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const { resolve } of this.#waiters.splice(0)) resolve(false);
    await Promise.all(this.#inFlight);
    if (this.#isFull) await this.shared.erase(this.blob.metadata.file).catch(ignoreFault);
  }

  async #copy(index: number): Promise<void> {
    try {
      const blob = this.blob;
      const hash = await blob.hash(index);
      await this.shared.put(blob.metadata.file, index, hash, () => readStored(blob.read(index)));
      this.#ahead.add(index);
      while (this.#ahead.delete(this.#storedCount)) this.#storedCount++;
      this.#settle();
    } catch (error) {
      this.#fail(asFault(error));
    }
  }

  #retryFailed(): boolean {
    if (this.#inFlight.size > 0 || this.#waiters.length === 0) return false;
    this.#hasFailed = false;
    this.#ahead.clear();
    this.#next = this.#storedCount;
    return true;
  }

  #settle(): void {
    const reached = this.#waiters.filter(({ count }) => count <= this.#storedCount);
    this.#waiters = this.#waiters.filter(({ count }) => count > this.#storedCount);
    for (const { resolve } of reached) resolve(true);
  }

  #fail(fault: Fault): void {
    this.#hasFailed = true;
    this.#isFull = fault.code === "store-full";
    for (const { reject } of this.#waiters.splice(0)) reject(fault);
  }
}

/** Quotas of one upload. */
export interface UploadQuota {
  check(moreBytes: number): void;
  store(bytes: number): void;
}

/** The sender must resend a chunk that the store has listed but lost or damaged. */
const LOST_CHUNK_CODES: ReadonlySet<FaultCode> = new Set(["file-unknown", "checksum-wrong"]);

/**
 * First fetches the chunks that another server has received, so that the sender can resume after
 * them.
 * @param chunksMax chunks of the file that the sender still has
 * @throws {Fault} no-majority or quota-reached
 */
export async function resumeShared(
  shared: SharedFiles,
  blob: Blob,
  quota: UploadQuota,
  isAborted: () => boolean,
  chunksMax: number,
): Promise<SharedUpload> {
  const { file, sizeBytes } = blob.metadata;
  const sent = (await shared.storedHashes(file)).slice(0, chunksMax);
  let have = 0;
  for (; have < Math.min(sent.length, blob.have); have++) {
    const other = sent[have];
    if (other === undefined || !equalBytes(await blob.hash(have), other)) break;
  }
  const isOpen = blob.have * CHUNK_BYTES === blob.sizeBytes;
  if (have < blob.have || !isOpen) return new SharedUpload(shared, blob, have);
  try {
    for await (const { index, hash, bytes } of shared.chunks(file, sent, have)) {
      const isEnd = sizeBytes === undefined && index === sent.length - 1;
      const isExpectedSize =
        isEnd || bytes.length === chunkSize(index, sizeBytes ?? FILE_BYTES_MAX);
      if (!isExpectedSize || isAborted()) break;
      quota.check(bytes.length);
      await blob.append(hash, bytes);
      quota.store(bytes.length);
    }
  } catch (error) {
    if (!(error instanceof Fault) || !LOST_CHUNK_CODES.has(error.code)) throw error;
  }
  await blob.sync();
  return new SharedUpload(shared, blob, blob.have);
}

/**
 * Copies files that exist only on this server, because they are older than the cluster or lost from
 * the store.
 * @throws {Fault} no-majority
 */
export async function shareLocalFiles(
  shared: SharedFiles,
  blobs: BlobStore,
  files: Files,
  isStopped: () => boolean,
): Promise<void> {
  const sharedIds = new Set(await shared.files());
  for (const file of [...files.ids()]) {
    if (isStopped()) return;
    const blob = sharedIds.has(file) ? undefined : await blobs.open(file);
    if (blob === undefined) continue;
    try {
      const fact = files.get(file);
      if (fact === undefined || !isComplete(blob, fact)) continue;
      await shareBlob(shared, blob);
      if (files.get(file) === undefined) await shared.erase(file);
    } finally {
      blob.close();
    }
  }
}

async function shareBlob(shared: SharedFiles, blob: Blob): Promise<void> {
  const upload = new SharedUpload(shared, blob, 0);
  try {
    await upload.complete();
    await shared.begin(blob.metadata);
  } finally {
    await upload.stop();
  }
}
