/** File with the checksums of durable chunks. */

import { concatBytes, SHA256_BYTES } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import { encodeHashLine, HASH_LINE_BYTES, parseHashLine } from "../../wire/chunks.ts";
import { type DiskFile, writeWhole } from "../disk/disk.ts";

const BLOCK_LINES = 256;

export interface ChecksumFileOptions {
  readonly file: DiskFile;
  readonly path: string;
  readonly headerBytes: number;
  /** Maximum number of invalid lines at the end of the file that a crash can have caused. */
  readonly tornLinesMax: number;
}

export class ChecksumFile {
  #count = 0;
  #needsTruncation = true;
  #block: { readonly first: number; readonly hashes: readonly Uint8Array[] } | undefined;

  private constructor(private readonly options: ChecksumFileOptions) {}

  static async open(options: ChecksumFileOptions): Promise<ChecksumFile> {
    const lines = new ChecksumFile(options);
    const { file, path, headerBytes, tornLinesMax } = options;
    const lineCount = Math.floor((file.sizeBytes() - headerBytes) / HASH_LINE_BYTES);
    while (lines.#count < lineCount) {
      const block = await lines.#read(lines.#count);
      lines.#count += block.length;
      if (block.length < BLOCK_LINES) break;
    }
    if (lineCount - lines.#count > tornLinesMax) {
      throw new Fault("store-failed", `line ${lines.#count + 1} of ${path} is damaged`, {
        remedy: "restore a backup",
      });
    }
    return lines;
  }

  get count(): number {
    return this.#count;
  }

  truncate(count: number): void {
    this.#count = count;
    this.#needsTruncation = true;
    this.#block = undefined;
  }

  /** The hashes survive the end of the process, and after `sync` also a crash of the machine. */
  async append(hashes: readonly Uint8Array[]): Promise<void> {
    const { file, headerBytes } = this.options;
    const offset = headerBytes + this.#count * HASH_LINE_BYTES;
    if (this.#needsTruncation && file.sizeBytes() > offset) file.truncate(offset);
    this.#needsTruncation = true;
    await writeWhole(file, concatBytes(...hashes.map(encodeHashLine)), offset);
    this.#needsTruncation = false;
    this.#count += hashes.length;
  }

  async hash(index: number): Promise<Uint8Array> {
    const first = index - (index % BLOCK_LINES);
    const cached = this.#block?.first === first ? this.#block.hashes[index - first] : undefined;
    if (cached !== undefined) return cached;
    const hashes = await this.#read(first);
    this.#block = { first, hashes };
    const hash = hashes[index - first];
    if (hash !== undefined) return hash;
    throw new Fault("checksum-wrong", `line ${index + 1} of ${this.options.path} is damaged`);
  }

  async sync(): Promise<void> {
    await this.options.file.sync();
  }

  close(): void {
    this.options.file.close();
  }

  async #read(first: number): Promise<Uint8Array[]> {
    const { file, headerBytes } = this.options;
    const bytes = new Uint8Array(BLOCK_LINES * HASH_LINE_BYTES);
    const bytesRead = await file.readLater(bytes, headerBytes + first * HASH_LINE_BYTES);
    const hashes: Uint8Array[] = [];
    for (let at = 0; at + HASH_LINE_BYTES <= bytesRead; at += HASH_LINE_BYTES) {
      const hash = parseHashLine(bytes.subarray(at, at + HASH_LINE_BYTES));
      if (hash?.length !== SHA256_BYTES) break;
      hashes.push(hash);
    }
    return hashes;
  }
}
