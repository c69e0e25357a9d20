/** Fetches of files from the cluster's shared store to this server. */

import { equalBytes, fromHex } from "../../base/bytes.ts";
import { Fault, ignoreFault } from "../../base/fault.ts";
import type { FileId } from "../../base/ids.ts";
import { TRANSFER_SYNC_BYTES } from "../../base/limits.ts";
import { defined } from "../../base/values.ts";
import { type FileEntry, unknownFile } from "../../core/rooms/files.ts";
import type { Blob, BlobMetadata, BlobStore } from "../../io/blob/interfaces.ts";
import type { SharedFiles } from "../../io/cluster/shared-files.ts";
import { markHandled } from "../../io/promises.ts";
import { chunkSize } from "../../wire/chunks.ts";
import { damagedFile } from "./offer-checks.ts";
import type { Quotas } from "./quotas.ts";

export interface SharedFetchesOptions {
  readonly shared: SharedFiles;
  readonly blobs: BlobStore;
  readonly quotas: Pick<Quotas, "refresh" | "checkDisk" | "spend">;
  readonly fact: (file: FileId) => FileEntry | undefined;
  readonly endUpload: (file: FileId) => Promise<void>;
  readonly onChange: (file: FileId) => void;
}

/** The caller of `open` must close the blob. */
export interface OpenContent {
  readonly blob: Blob;
  readonly fetch?: SharedFetch;
}

export class SharedFetches {
  readonly #running = new Map<FileId, SharedFetch>();
  #isStopping = false;

  constructor(private readonly options: SharedFetchesOptions) {}

  async open(fact: FileEntry): Promise<OpenContent> {
    const { blobs } = this.options;
    const { file } = fact;
    const running = this.#running.get(file);
    const local = running === undefined ? await blobs.open(file) : undefined;
    if (local !== undefined && isComplete(local, fact)) return { blob: local };
    local?.close();
    await this.options.endUpload(file);
    const arrival = this.#running.get(file) ?? this.#begin(fact);
    await arrival.ready;
    const blob = await blobs.open(file);
    if (blob === undefined) throw unknownFile();
    return { blob, fetch: arrival };
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    const running = [...this.#running.values()];
    for (const arrival of running) arrival.stop();
    await Promise.all(running.map(({ done }) => done));
  }

  #begin(fact: FileEntry): SharedFetch {
    if (this.#isStopping) throw new Fault("shutting-down", "the server is stopping");
    const { file } = fact;
    const arrival = new SharedFetch(this.options, fact);
    this.#running.set(file, arrival);
    void arrival.done.then(() => {
      this.#running.delete(file);
      this.options.onChange(file);
    });
    return arrival;
  }
}

/** Continues without readers, so that a later reader can join the fetch. */
export class SharedFetch {
  readonly ready: Promise<void>;
  readonly done: Promise<void>;
  #fault: Fault | undefined;
  #isStopping = false;
  #waiters: (() => void)[] = [];

  constructor(
    private readonly options: SharedFetchesOptions,
    private readonly fact: FileEntry,
  ) {
    const ready = Promise.withResolvers<void>();
    this.ready = ready.promise;
    this.done = this.#run(ready.resolve).catch((error: unknown) => {
      if (!(error instanceof Fault)) throw error;
      this.#fault = error;
      ready.reject(error);
      this.#wake();
    });
    markHandled(this.ready);
  }

  get fault(): Fault | undefined {
    return this.#fault;
  }

  async waitForChunk(blob: Pick<Blob, "have">, index: number): Promise<void> {
    while (blob.have <= index) {
      if (this.#fault !== undefined) throw this.#fault;
      await new Promise<void>((resolve) => this.#waiters.push(resolve));
    }
  }

  stop(): void {
    this.#isStopping = true;
  }

  async #run(ready: () => void): Promise<void> {
    const { shared } = this.options;
    const hashes = await shared.hashes(this.fact);
    const blob = await this.#openBlob(hashes);
    ready();
    try {
      await this.#fetch(blob, hashes);
      await blob.sync();
      if (!isComplete(blob, this.fact)) throw damagedFile();
    } catch (error) {
      await blob.sync().catch(ignoreFault);
      throw error;
    } finally {
      blob.close();
    }
  }

  async #openBlob(hashes: readonly Uint8Array[]): Promise<Blob> {
    const { blobs, shared } = this.options;
    const { file } = this.fact;
    const existing = await blobs.open(file);
    if (existing !== undefined) {
      if (await isPrefixOf(existing, hashes)) return existing;
      existing.close();
      await blobs.remove(file);
    }
    const offered = await shared.about(file);
    await this.#checkSpace(0);
    this.#checkNeeded();
    return blobs.create(blobAbout(this.fact, offered));
  }

  async #fetch(blob: Blob, hashes: readonly Uint8Array[]): Promise<void> {
    const { shared, onChange, quotas } = this.options;
    const { file, size } = this.fact;
    let unsyncedBytes = 0;
    await this.#checkSpace(size - blob.sizeBytes);
    for await (const { index, hash, bytes } of shared.chunks(file, hashes, blob.have)) {
      this.#checkNeeded();
      if (bytes.length !== chunkSize(index, size)) throw damagedFile();
      await blob.append(hash, bytes);
      quotas.spend(bytes.length);
      this.#wake();
      onChange(file);
      unsyncedBytes += bytes.length;
      if (unsyncedBytes < TRANSFER_SYNC_BYTES) continue;
      unsyncedBytes = 0;
      await blob.sync();
      await this.#checkSpace(size - blob.sizeBytes);
    }
  }

  async #checkSpace(bytes: number): Promise<void> {
    await this.options.quotas.refresh();
    this.options.quotas.checkDisk(bytes);
  }

  #checkNeeded(): void {
    if (this.#isStopping) throw new Fault("shutting-down", "the server is stopping");
    if (this.options.fact(this.fact.file) === undefined) throw unknownFile();
  }

  #wake(): void {
    for (const wake of this.#waiters.splice(0)) wake();
  }
}

export function isComplete(blob: Blob, { chunks, digest }: FileEntry): boolean {
  return blob.have === chunks && equalBytes(blob.digest(), fromHex(digest));
}

async function isPrefixOf(blob: Blob, hashes: readonly Uint8Array[]): Promise<boolean> {
  if (blob.have > hashes.length) return false;
  for (let index = 0; index < blob.have; index++) {
    const hash = hashes[index];
    if (hash === undefined || !equalBytes(await blob.hash(index), hash)) return false;
  }
  return true;
}

/** The log is authoritative, but only the offer contains the recipients. */
function blobAbout(fact: FileEntry, offered: BlobMetadata | undefined): BlobMetadata {
  const { file, by, name, size, folder, time } = fact;
  const isSizeKnown = offered === undefined || offered.sizeBytes !== undefined;
  return defined({
    file,
    by,
    name,
    to: offered?.by === by ? offered.to : [],
    sinceMs: offered?.sinceMs ?? time,
    sizeBytes: isSizeKnown ? size : undefined,
    folder: folder && { ...folder },
  });
}
