/** The content of one uploaded file. */

import { assert } from "../../base/assert.ts";
import type { Fault } from "../../base/fault.ts";
import { CHUNK_BYTES } from "../../base/limits.ts";
import { type DiskFile, writeParts } from "../disk/disk.ts";
import type { ChunkSequence, Content } from "./chunk-file.ts";
import type { Blob, BlobAbout, ChunkReader } from "./interfaces.ts";

export function fileContent(file: DiskFile): Content {
  return {
    read: (into, offset) => file.readPartsLater(into, offset),
    // Off the event loop, whatever their size.
    write: (parts, offset) => writeParts(file, parts, offset),
    sync: () => file.sync(),
    cut: async (sizeBytes) => {
      if (file.sizeBytes() > sizeBytes) file.truncate(sizeBytes);
    },
    close: () => file.close(),
  };
}

/** Content that is stored elsewhere: writes are dropped. */
export function lentContent(reader: ChunkReader): Content {
  return {
    read: async (into, offset) => {
      let done = 0;
      for (const part of into) {
        const bytes = await reader.read((offset + done) / CHUNK_BYTES);
        part.set(bytes.subarray(0, part.length));
        done += Math.min(bytes.length, part.length);
        if (bytes.length < part.length) break;
      }
      return done;
    },
    write: async () => undefined,
    sync: async () => undefined,
    cut: async () => undefined,
    close: () => undefined,
  };
}

/** A blob shared by all its holders. */
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

  /** Reports whether the state of the disk is known only after reopening. */
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

  readSome(index: number, count: number): Promise<Uint8Array[]> {
    return this.#chunks.readSome(index, count);
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

  /** Adds a holder, who must close it. */
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

  /**
   * Fails all holders with this fault, or with the earlier failure.
   * @returns a promise that resolves when the files are closed
   */
  async retire(fault: Fault): Promise<void> {
    this.#chunks.refuse(fault);
    this.#closing ??= this.#chunks.close();
    await this.#closing;
  }
}

export interface BlobHooks {
  readonly touchedMs: () => number;
  /** The last holder released it; its files are closed when the promise resolves. */
  readonly onClose: (closing: Promise<void>) => void;
}
