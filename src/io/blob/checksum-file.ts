/** The checksums of chunks that are durable. */

import { concatBytes } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import { encodeHashLine, HASH_BYTES, HASH_LINE_BYTES, parseHashLine } from "../../wire/chunks.ts";
import { type DiskFile, writeWhole } from "../disk/disk.ts";

/** Lines per read. */
const BLOCK_LINES = 256;
/** Larger writes happen off the event loop. */
const SYNC_BYTES_MAX = 64 * 1024;

export interface HashLinesOptions {
  readonly file: DiskFile;
  /** For messages. */
  readonly path: string;
  /** Bytes before the first line. */
  readonly headBytes: number;
  /** A bad line followed by more lines than this was not torn by a crash: it is damage. */
  readonly tornLinesMax: number;
}

/** The file of a content's checksums: one line of fixed width per chunk. */
export class HashLines {
  readonly #options: HashLinesOptions;
  #count = 0;
  /** Bytes after the valid lines must be cut off before the next write. */
  #isLoose = true;
  /** The block read last; readers read sequentially. */
  #block: { readonly first: number; readonly hashes: readonly Uint8Array[] } | undefined;

  private constructor(options: HashLinesOptions) {
    this.#options = options;
  }

  /**
   * Reads up to the first invalid line. Changes nothing.
   * @throws Fault store-failed
   */
  static async open(options: HashLinesOptions): Promise<HashLines> {
    const lines = new HashLines(options);
    const { file, path, headBytes, tornLinesMax } = options;
    const there = Math.floor((file.sizeBytes() - headBytes) / HASH_LINE_BYTES);
    while (lines.#count < there) {
      const block = await lines.#read(lines.#count);
      lines.#count += block.length;
      if (block.length < BLOCK_LINES) break;
    }
    if (there - lines.#count > tornLinesMax) {
      throw new Fault("store-failed", `line ${lines.#count + 1} of ${path} is damaged`, {
        remedy: "restore a backup",
      });
    }
    return lines;
  }

  /** Number of valid lines. */
  get count(): number {
    return this.#count;
  }

  /** Keeps only the first `count` lines. */
  cut(count: number): void {
    this.#count = count;
    this.#isLoose = true;
    this.#block = undefined;
  }

  /** Adds lines and makes them durable. After a Fault `count` is unchanged. */
  async append(hashes: readonly Uint8Array[]): Promise<void> {
    const { file, headBytes } = this.#options;
    const offset = headBytes + this.#count * HASH_LINE_BYTES;
    if (this.#isLoose && file.sizeBytes() > offset) file.truncate(offset);
    this.#isLoose = true;
    await writeWhole(file, concatBytes(...hashes.map(encodeHashLine)), offset, SYNC_BYTES_MAX);
    await file.sync();
    this.#isLoose = false;
    this.#count += hashes.length;
  }

  async hash(index: number): Promise<Uint8Array> {
    const first = index - (index % BLOCK_LINES);
    const known = this.#block?.first === first ? this.#block.hashes[index - first] : undefined;
    if (known !== undefined) return known;
    const hashes = await this.#read(first);
    this.#block = { first, hashes };
    const hash = hashes[index - first];
    if (hash !== undefined) return hash;
    throw new Fault("checksum-wrong", `line ${index + 1} of ${this.#options.path} is damaged`);
  }

  async sync(): Promise<void> {
    await this.#options.file.sync();
  }

  close(): void {
    this.#options.file.close();
  }

  async #read(first: number): Promise<Uint8Array[]> {
    const { file, headBytes } = this.#options;
    const bytes = new Uint8Array(BLOCK_LINES * HASH_LINE_BYTES);
    const got = await file.readLater(bytes, headBytes + first * HASH_LINE_BYTES);
    const hashes: Uint8Array[] = [];
    for (let at = 0; at + HASH_LINE_BYTES <= got; at += HASH_LINE_BYTES) {
      const hash = parseHashLine(bytes.subarray(at, at + HASH_LINE_BYTES));
      if (hash?.length !== HASH_BYTES) break;
      hashes.push(hash);
    }
    return hashes;
  }
}
