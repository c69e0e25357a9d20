/** File as the source of an upload. */

import * as fs from "node:fs";
import { basename, resolve } from "node:path";
import { assert } from "../../base/assert.ts";
import { Fault, msg } from "../../base/fault.ts";
import { CHUNK_BYTES, FILE_BYTES_MAX } from "../../base/limits.ts";
import { quoteText } from "../../base/text.ts";
import { chunkSize } from "../../wire/chunks.ts";
import type { Source } from "../blob/interfaces.ts";
import { acquireBuffer } from "../disk/buffer-pool.ts";
import { diskFault, errorCode, skipBytes } from "../disk/disk.ts";
import { readBuffersAt } from "../disk/reading.ts";
import { openFolder } from "./source-folder.ts";
import { changedFault, stampOf } from "./source-stamp.ts";

/**
 * Skips links inside a folder, but `path` itself may be a link.
 * @throws {Fault} not-found, store-denied or too-large if the file cannot be sent, usage if it is
 * neither a file nor a folder
 */
export async function openSource(path: string): Promise<Source> {
  const absolute = resolve(path);
  try {
    if (statSource(path).isDirectory()) return await openFolder(absolute);
    return new FileSource(absolute);
  } catch (error) {
    throw sourceFault(error, path);
  }
}

/** @throws {Fault} not-found, store-denied, too-large, usage like `openSource` */
export function checkSource(path: string): void {
  try {
    statSource(path);
  } catch (error) {
    throw sourceFault(error, path);
  }
}

function statSource(path: string): fs.Stats {
  const stat = fs.statSync(resolve(path));
  if (stat.isDirectory() || stat.isFile()) return stat;
  throw specialFileFault(`${quoteText(path)} is neither a file nor a folder`);
}

function specialFileFault(message: string): Fault {
  return new Fault("usage", message, { remedy: "pipe its content to standard input: -" });
}

function sourceFault(error: unknown, path: string): Fault {
  if (!["ENOENT", "ENOTDIR", "ELOOP"].includes(errorCode(error))) {
    return diskFault(error, pathOf(error) ?? path);
  }
  return new Fault("not-found", msg`no such file: ${quoteText(path)}`, { cause: error });
}

function pathOf(error: unknown): string | undefined {
  return error instanceof Error && "path" in error ? String(error.path) : undefined;
}

/**
 * Number of chunks per sequential read. Four chunks amortise the thread switch of a read, which
 * costs as much as reading two chunks.
 */
const BLOCK_CHUNKS = 4;

class FileSource implements Source {
  readonly name: string;
  readonly path: string;
  readonly sizeBytes: number;
  readonly stamp: string;
  readonly skipped = [];
  readonly #fd: number;
  #block: Uint8Array[] = [];
  #next = 0;
  #isClosed = false;

  constructor(path: string) {
    const { O_RDONLY, O_NONBLOCK = 0 } = fs.constants; // Opening some files in /proc would block.
    this.#fd = fs.openSync(path, O_RDONLY | O_NONBLOCK);
    const stat = fs.fstatSync(this.#fd, { bigint: true });
    this.path = path;
    this.name = basename(path);
    this.sizeBytes = Number(stat.size);
    this.stamp = stampOf(stat);
    try {
      this.#checkSize();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  #checkSize(): void {
    const { path, sizeBytes } = this;
    if (sizeBytes > FILE_BYTES_MAX) {
      throw new Fault("too-large", msg`${quoteText(path)} is too large: ${sizeBytes} bytes`);
    }
    // Files in /proc have size 0 and generate their content when read.
    if (sizeBytes === 0 && fs.readSync(this.#fd, new Uint8Array(1), 0, 1, 0) > 0) {
      throw specialFileFault(`${quoteText(path)} has an unknown size`);
    }
  }

  async read(index: number): Promise<Uint8Array | undefined> {
    assert(!this.#isClosed, "the source is open");
    const isNext = index === this.#next;
    this.#next = index + 1;
    if (!isNext) this.#block = [];
    const cached = this.#block.shift();
    if (cached !== undefined) return cached;
    const [first, ...following] = await this.#read(index, isNext ? BLOCK_CHUNKS : 1);
    if (this.#next === index + 1) this.#block = following;
    return first;
  }

  async #read(from: number, count: number): Promise<Uint8Array[]> {
    const chunks: Uint8Array[] = [];
    for (let index = from; index < from + count; index++) {
      const sizeBytes = chunkSize(index, this.sizeBytes);
      if (sizeBytes > 0) chunks.push(acquireBuffer(sizeBytes));
    }
    if (chunks.length === 0) return chunks;
    try {
      const bytesRead = await readBuffersAt(this.#fd, chunks, from * CHUNK_BYTES);
      const isComplete = skipBytes(chunks, bytesRead).length === 0;
      // Check the stamp after reading, to detect changes during the read.
      if (!isComplete || !this.#isSame()) throw changedFault(this.path);
    } catch (error) {
      throw diskFault(error, this.path);
    }
    return chunks;
  }

  release(): void {}

  async check(): Promise<void> {
    const current = fs.statSync(this.path, { bigint: true, throwIfNoEntry: false });
    const isSame = current !== undefined && stampOf(current) === this.stamp && this.#isSame();
    if (!isSame) throw changedFault(this.path);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    fs.closeSync(this.#fd);
  }

  #isSame(): boolean {
    return !this.#isClosed && stampOf(fs.fstatSync(this.#fd, { bigint: true })) === this.stamp;
  }
}
