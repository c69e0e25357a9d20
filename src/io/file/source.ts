/** A file as the source of an upload. */

import * as fs from "node:fs";
import { basename, resolve } from "node:path";
import { assert } from "../../base/assert.ts";
import { Fault, msg } from "../../base/fault.ts";
import { CHUNK_BYTES, FILE_BYTES_MAX } from "../../base/limits.ts";
import { quoteText } from "../../base/text.ts";
import { chunkSize } from "../../wire/chunks.ts";
import type { Source } from "../blob/interfaces.ts";
import { takeBuffer } from "../disk/buffer-pool.ts";
import { diskFault, errorCode } from "../disk/disk.ts";
import { openFolder } from "./source-folder.ts";
import { changedFault, fillAt, stampOf } from "./source-stamp.ts";

/**
 * A file or folder that is to be sent. Links inside a folder are left out; one that is named here
 * is followed.
 * @throws Fault not-found, store-denied, usage (neither file nor folder), too-large
 */
export async function openSource(path: string): Promise<Source> {
  const absolute = resolve(path);
  try {
    if (lookAt(path).isDirectory()) return await openFolder(absolute);
    return new FileSource(absolute);
  } catch (error) {
    throw sourceFault(error, path);
  }
}

/** What is wrong with a path at first sight. @throws Fault as `openSource` */
export function checkSource(path: string): void {
  try {
    lookAt(path);
  } catch (error) {
    throw sourceFault(error, path);
  }
}

function lookAt(path: string): fs.Stats {
  const stat = fs.statSync(resolve(path));
  if (stat.isDirectory() || stat.isFile()) return stat;
  throw special(`${quoteText(path)} is neither a file nor a folder`);
}

function special(sentence: string): Fault {
  return new Fault("usage", sentence, { remedy: "send what it gives through standard input: -" });
}

function sourceFault(error: unknown, path: string): Fault {
  if (!["ENOENT", "ENOTDIR", "ELOOP"].includes(errorCode(error))) {
    return diskFault(error, placeOf(error) ?? path); // Of a folder: of what is in it.
  }
  return new Fault("not-found", msg`there is no ${quoteText(path)}`, { cause: error });
}

function placeOf(error: unknown): string | undefined {
  return error instanceof Error && "path" in error ? String(error.path) : undefined;
}

/** Read at once, where one follows the other: a trip to the disk's thread costs as much as two. */
const BLOCK_CHUNKS = 4;

class FileSource implements Source {
  readonly name: string;
  readonly path: string;
  readonly sizeBytes: number;
  readonly stamp: string;
  readonly leftOut = [];
  readonly #fd: number;
  /** Chunks that were read with the one before them. Bounded by BLOCK_CHUNKS. */
  #block: Uint8Array[] = [];
  /** The next chunk of a sequential read. */
  #next = 0;
  #isClosed = false;

  constructor(path: string) {
    const { O_RDONLY, O_NONBLOCK = 0 } = fs.constants; // Some of /proc would keep us waiting.
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
      throw new Fault("too-large", msg`${quoteText(path)} has ${sizeBytes} bytes`);
    }
    // As those of /proc: their content is made when it is read.
    if (sizeBytes === 0 && fs.readSync(this.#fd, new Uint8Array(1), 0, 1, 0) > 0) {
      throw special(`${quoteText(path)} does not say how much is in it`);
    }
  }

  async read(index: number): Promise<Uint8Array | undefined> {
    assert(!this.#isClosed, "a source is read while it is open");
    const isNext = index === this.#next;
    this.#next = index + 1;
    if (!isNext) this.#block = [];
    const known = this.#block.shift();
    if (known !== undefined) return known;
    const [first, ...others] = await this.#read(index, isNext ? BLOCK_CHUNKS : 1);
    if (this.#next === index + 1) this.#block = others;
    return first;
  }

  async #read(from: number, count: number): Promise<Uint8Array[]> {
    const chunks: Uint8Array[] = [];
    for (let index = from; index < from + count; index++) {
      const sizeBytes = chunkSize(index, this.sizeBytes);
      if (sizeBytes > 0) chunks.push(takeBuffer(sizeBytes));
    }
    if (chunks.length === 0) return chunks;
    try {
      const isWhole = await fillAt(this.#fd, chunks, from * CHUNK_BYTES);
      // After the reading: what changed before it shows, too.
      if (!isWhole || !this.#isSame()) throw changedFault(this.path);
    } catch (error) {
      throw diskFault(error, this.path);
    }
    return chunks;
  }

  release(): void {} // It can be read again.

  async check(): Promise<void> {
    const there = fs.statSync(this.path, { bigint: true, throwIfNoEntry: false });
    const isSame = there !== undefined && stampOf(there) === this.stamp && this.#isSame();
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
