/** Reads a file that the user has chosen, chunk by chunk, for an upload. */

import { Fault } from "../../base/fault.ts";
import { CHUNK_BYTES } from "../../base/limits.ts";
import type { Source } from "../../io/blob/interfaces.ts";

/** Identifies a file's content by size and date; browsers expose nothing more. */
export function stampOf(file: File): string {
  return `${file.size} ${file.lastModified}`;
}

export class FileSource implements Source {
  readonly name: string;
  readonly sizeBytes: number;
  readonly leftOut = [];
  readonly path: string;
  readonly stamp: string;
  readonly #file: File;
  /** Unread rest of the file, from the last chunk on: chunks are requested in order. */
  #rest: FileRest | undefined;

  /** @param path of this upload in the journal */
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
    if (this.#rest?.at !== from) {
      this.#rest?.cancel();
      this.#rest = new FileRest(this.#file, from);
    }
    const rest = this.#rest;
    return this.#unlessChanged(rest.read(Math.min(CHUNK_BYTES, this.sizeBytes - from)));
  }

  /** Reports a file that has changed since it was chosen: browsers refuse to read it. */
  async #unlessChanged<Value>(reading: Promise<Value>): Promise<Value> {
    try {
      return await reading;
    } catch (cause) {
      throw new Fault("file-changed", `'${this.name}' has changed, or cannot be read`, { cause });
    }
  }

  release(): void {}

  /** Reads one byte: the browser checks for changes at the start of each read. */
  async check(): Promise<void> {
    const last = this.#file.slice(Math.max(0, this.sizeBytes - 1));
    await this.#unlessChanged(last.arrayBuffer());
  }

  close(): void {
    this.#rest?.cancel();
    this.#rest = undefined;
  }
}

/** Fills the caller's buffer. */
type Filler = ReadableStreamBYOBReader;

/**
 * The rest of a file as one stream. The browser reads ahead, which is three times as fast as
 * reading slices.
 */
class FileRest {
  /** Offset of the next byte. */
  at: number;
  readonly #file: File;
  /** `undefined` if the browser has no BYOB streams; slices are read instead. */
  readonly #filler: Filler | undefined;

  constructor(file: File, at: number) {
    this.#file = file;
    this.at = at;
    this.#filler = fillerOf(file.slice(at));
  }

  /** @throws the browser's error, or a RangeError if the file ends early */
  async read(sizeBytes: number): Promise<Uint8Array> {
    const end = this.at + sizeBytes;
    const bytes =
      this.#filler === undefined
        ? new Uint8Array(await this.#file.slice(this.at, end).arrayBuffer())
        : await filled(this.#filler, sizeBytes);
    if (bytes.length < sizeBytes) throw new RangeError("the file is shorter than it was");
    this.at = end;
    return bytes;
  }

  cancel(): void {
    this.#filler?.cancel().catch(() => undefined); // `read` has already thrown the error.
  }
}

function fillerOf(rest: Blob): Filler | undefined {
  try {
    return rest.stream().getReader({ mode: "byob" });
  } catch {
    return undefined;
  }
}

/** Reads `sizeBytes`, or fewer at the end of the stream. */
async function filled(filler: Filler, sizeBytes: number): Promise<Uint8Array> {
  let bytes = new Uint8Array(sizeBytes);
  let fill = 0;
  while (fill < sizeBytes) {
    // Each call detaches the buffer and returns its memory as a new object.
    const { value, done } = await filler.read(bytes.subarray(fill), { min: sizeBytes - fill });
    if (value !== undefined) bytes = new Uint8Array(value.buffer);
    if (done || value === undefined) break;
    fill += value.length;
  }
  return bytes.subarray(0, fill);
}
