import { Fault } from "../base/fault.ts";
import { CHUNK_BYTES } from "../base/limits.ts";
import type { Source } from "../io/content.ts";

/** Asking a browser for a piece of a file costs it more than reading one chunk does. */
const READ_BYTES = 8 * CHUNK_BYTES;

/** By what a file is known to be the same; browsers show no more of it. */
export function stampOf(file: File): string {
  return `${file.size} ${file.lastModified}`;
}

/** A file that a person gave to the page. */
export class FileSource implements Source {
  readonly name: string;
  readonly sizeBytes: number;
  readonly leftOut = [];
  readonly path: string;
  readonly stamp: string;
  readonly #file: File;
  /** What was read last: chunks are asked for in their order. */
  #block: { readonly at: number; readonly bytes: Promise<Uint8Array> } | undefined;

  /** @param path of this upload, for the journal */
  constructor(file: File, path: string) {
    this.#file = file;
    this.name = file.name;
    this.sizeBytes = file.size;
    this.path = path;
    this.stamp = stampOf(file);
  }

  async read(index: number): Promise<Uint8Array | undefined> {
    const from = index * CHUNK_BYTES;
    if (from >= this.sizeBytes) return undefined;
    const at = from - (from % READ_BYTES);
    if (this.#block?.at !== at) this.#block = { at, bytes: this.#read(at, READ_BYTES) };
    const bytes = await this.#block.bytes;
    return bytes.subarray(from - at, from - at + CHUNK_BYTES);
  }

  async #read(from: number, sizeBytes: number): Promise<Uint8Array> {
    const part = this.#file.slice(from, Math.min(from + sizeBytes, this.sizeBytes));
    try {
      return new Uint8Array(await part.arrayBuffer());
    } catch (cause) {
      // Browsers refuse to read what was changed since it was chosen.
      throw new Fault("file-changed", `'${this.name}' has changed, or cannot be read`, { cause });
    }
  }

  release(): void {
    // Can be read again.
  }

  /** The browser compares it at every read. */
  async check(): Promise<void> {
    await this.#read(Math.max(0, this.sizeBytes - 1), 1);
  }

  close(): void {
    this.#block = undefined;
  }
}
