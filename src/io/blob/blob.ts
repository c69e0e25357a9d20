/** Content of one uploaded file. */

import { assert } from "../../base/assert.ts";
import type { Fault } from "../../base/fault.ts";
import { CHUNK_BYTES } from "../../base/limits.ts";
import { type DiskFile, writeBuffers } from "../disk/disk.ts";
import type { ChecksumFile } from "./checksum-file.ts";
import { ChunkSequence, type ChunkSequenceOptions, type Content } from "./chunk-file.ts";
import type { Blob, BlobMetadata, ChunkReader } from "./interfaces.ts";

export function fileContent(file: DiskFile): Content {
  return {
    read: (into, offset) => file.readBuffersLater(into, offset),
    write: (parts, offset) => writeBuffers(file, parts, offset),
    sync: () => file.sync(),
    truncate: async (sizeBytes) => {
      if (file.sizeBytes() > sizeBytes) file.truncate(sizeBytes);
    },
    close: () => file.close(),
  };
}

export function externalContent(reader: ChunkReader): Content {
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
    truncate: async () => undefined,
    close: () => undefined,
  };
}

export interface BlobHooks {
  readonly touchedMs: () => number;
  readonly onClose: (closing: Promise<void>) => void;
}

export class StoredBlob extends ChunkSequence implements Blob {
  readonly metadata: BlobMetadata;
  readonly #hooks: BlobHooks;
  #holders = 1;
  #closing: Promise<void> | undefined;

  constructor(
    metadata: BlobMetadata,
    hooks: BlobHooks,
    lines: ChecksumFile,
    options: ChunkSequenceOptions,
  ) {
    super(lines, options);
    this.metadata = metadata;
    this.#hooks = hooks;
  }

  lastAppendMs(): number {
    return this.#hooks.touchedMs();
  }

  get isInUse(): boolean {
    return this.#holders > 0;
  }

  hold(): this {
    assert(this.isInUse, "the blob is open");
    this.#holders += 1;
    return this;
  }

  close(): void {
    assert(this.isInUse, "each holder closes the blob once");
    this.#holders -= 1;
    if (this.isInUse) return;
    this.#closing ??= this.closeWhenIdle();
    this.#hooks.onClose(this.#closing);
  }

  /**
   * Closes the blob for all holders and resolves when the files are closed. An earlier fault takes
   * precedence.
   */
  async closeWithFault(fault: Fault): Promise<void> {
    this.failWith(fault);
    this.#closing ??= this.closeWhenIdle();
    await this.#closing;
  }
}
