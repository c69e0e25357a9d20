/** The content of one uploaded file. */

import { assert } from "../../base/assert.ts";
import type { Fault } from "../../base/fault.ts";
import { CHUNK_BYTES } from "../../base/limits.ts";
import { type DiskFile, writeParts } from "../disk/disk.ts";
import type { HashLines } from "./checksum-file.ts";
import { ChunkSequence, type ChunkSequenceOptions, type Content } from "./chunk-file.ts";
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

export interface BlobHooks {
  readonly touchedMs: () => number;
  /** The last holder released it; its files are closed when the promise resolves. */
  readonly onClose: (closing: Promise<void>) => void;
}

/** A blob shared by all its holders. */
export class StoredBlob extends ChunkSequence implements Blob {
  readonly about: BlobAbout;
  readonly #hooks: BlobHooks;
  #holders = 1;
  #closing: Promise<void> | undefined;

  constructor(about: BlobAbout, hooks: BlobHooks, lines: HashLines, options: ChunkSequenceOptions) {
    super(lines, options);
    this.about = about;
    this.#hooks = hooks;
  }

  touchedMs(): number {
    return this.#hooks.touchedMs();
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
    this.#closing ??= this.end();
    this.#hooks.onClose(this.#closing);
  }

  /**
   * Fails all holders with this fault, or with the earlier failure.
   * @returns a promise that resolves when the files are closed
   */
  async retire(fault: Fault): Promise<void> {
    this.refuse(fault);
    this.#closing ??= this.end();
    await this.#closing;
  }
}
