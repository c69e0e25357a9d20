import { assert } from "../../base/assert.ts";
import type { Fault } from "../../base/fault.ts";
import { CHUNK_BYTES } from "../../base/limits.ts";
import { type DiskFile, writeWhole } from "../disk/disk.ts";
import type { ChunkSequence, Content } from "./chunk-file.ts";
import type { Blob, BlobAbout, ChunkReader } from "./interfaces.ts";

/** A chunk is written off the event loop, whatever its size. */
const SYNC_BYTES_MAX = 0;

/** Content that lies in one file. */
export function fileContent(file: DiskFile): Content {
  return {
    read: (into, offset) => file.readLater(into, offset),
    write: (bytes, offset) => writeWhole(file, bytes, offset, SYNC_BYTES_MAX),
    sync: () => file.sync(),
    cut: async (sizeBytes) => {
      if (file.sizeBytes() > sizeBytes) file.truncate(sizeBytes);
    },
    close: () => file.close(),
  };
}

/** Content that lies elsewhere already: what is written is dropped. */
export function lentContent(reader: ChunkReader): Content {
  return {
    read: async (into, offset) => {
      const bytes = await reader.read(offset / CHUNK_BYTES);
      into.set(bytes.subarray(0, into.length));
      return Math.min(bytes.length, into.length);
    },
    write: async () => undefined,
    sync: async () => undefined,
    cut: async () => undefined,
    close: () => undefined,
  };
}

/** One blob for all who hold it. */
export class StoredBlob implements Blob {
  readonly about: BlobAbout;
  readonly #chunks: ChunkSequence;
  readonly #touchedMs: () => number;
  readonly #onClose: BlobHooks["onClose"];
  #holders = 1;
  #closing: Promise<void> | undefined;

  constructor(about: BlobAbout, chunks: ChunkSequence, on: BlobHooks) {
    this.about = about;
    this.#chunks = chunks;
    this.#touchedMs = on.touchedMs;
    this.#onClose = on.onClose;
  }

  get have(): number {
    return this.#chunks.have;
  }

  get durable(): number {
    return this.#chunks.durable;
  }

  get sizeBytes(): number {
    return this.#chunks.sizeBytes;
  }

  /** Whether only opening it again can tell what is there. */
  get hasFailed(): boolean {
    return this.#chunks.hasFailed;
  }

  append(sha256: Uint8Array, bytes: Uint8Array): Promise<void> {
    return this.#chunks.append(sha256, bytes);
  }

  sync(): Promise<number> {
    return this.#chunks.sync();
  }

  hash(index: number): Promise<Uint8Array> {
    return this.#chunks.hash(index);
  }

  read(index: number): Promise<Uint8Array> {
    return this.#chunks.read(index);
  }

  digest(): Uint8Array {
    return this.#chunks.digest();
  }

  touchedMs(): number {
    return this.#touchedMs();
  }

  get isHeld(): boolean {
    return this.#holders > 0;
  }

  /** One more who will close it. */
  hold(): this {
    assert(this.isHeld, "a blob that is held");
    this.#holders += 1;
    return this;
  }

  close(): void {
    assert(this.isHeld, "a blob is closed once by each who holds it");
    this.#holders -= 1;
    if (this.isHeld) return;
    this.#closing ??= this.#chunks.close();
    this.#onClose(this.#closing);
  }

  /** Who holds it meets this fault, or the failure before. @returns when its files are closed */
  async retire(fault: Fault): Promise<void> {
    this.#chunks.refuse(fault);
    this.#closing ??= this.#chunks.close();
    await this.#closing;
  }
}

export interface BlobHooks {
  readonly touchedMs: () => number;
  /** The last who held it let go; its files are closed when that resolves. */
  readonly onClose: (closing: Promise<void>) => void;
}
