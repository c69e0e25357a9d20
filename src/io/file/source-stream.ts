/** Standard input as the source of an upload. */

import { assert } from "../../base/assert.ts";
import { Fault } from "../../base/fault.ts";
import { CHUNK_BYTES, STREAM_RETAINED_CHUNKS_MAX } from "../../base/limits.ts";
import { quoteText } from "../../base/text.ts";
import type { Source } from "../blob/interfaces.ts";
import { Mutex } from "../disk/mutex.ts";

/**
 * A source that can be read only once, like standard input. Chunks are kept until they are
 * released; at the limit `read` waits for a release.
 */
export function streamSource(stream: ReadableStream<Uint8Array>, name: string): Source {
  return new StreamSource(stream, name);
}

interface Reader {
  read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>;
  cancel(): Promise<void>;
}

class StreamSource implements Source {
  readonly name: string;
  readonly leftOut = [];
  readonly #reader: Reader;
  /** Chunks from `#first` on. Bounded by STREAM_RETAINED_CHUNKS_MAX. */
  #kept: Uint8Array[] = [];
  #first = 0;
  /** Bytes after the last whole chunk. */
  #rest: Uint8Array = new Uint8Array(0);
  #sizeBytes: number | undefined;
  readonly #turns = new Mutex();
  #onRelease: (() => void) | undefined;
  #isClosed = false;

  constructor(stream: ReadableStream<Uint8Array>, name: string) {
    this.name = name;
    this.#reader = stream.getReader();
  }

  get sizeBytes(): number | undefined {
    return this.#sizeBytes;
  }

  read(index: number): Promise<Uint8Array | undefined> {
    return this.#turns.run(() => this.#read(index));
  }

  release(upTo: number): void {
    const count = Math.min(upTo - this.#first, this.#kept.length);
    if (count <= 0) return;
    this.#kept.splice(0, count);
    this.#first += count;
    this.#onRelease?.();
  }

  async check(): Promise<void> {} // It cannot have been read differently.

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#onRelease?.();
    // The writer notices; its report is of no use any more.
    this.#reader.cancel().catch(() => undefined);
  }

  async #read(index: number): Promise<Uint8Array | undefined> {
    if (index < this.#first) {
      const sentence = `chunk ${index} of ${quoteText(this.name)} cannot be read again`;
      throw new Fault("file-changed", sentence, { remedy: "send it again from the beginning" });
    }
    while (index >= this.#first + this.#kept.length) {
      if (this.#isClosed) throw new Fault("interrupted", `${quoteText(this.name)} is closed`);
      if (this.#sizeBytes !== undefined) return undefined;
      if (this.#kept.length >= STREAM_RETAINED_CHUNKS_MAX) await this.#released();
      else await this.#take();
    }
    return this.#kept[index - this.#first];
  }

  #released(): Promise<void> {
    return new Promise((resolve) => {
      this.#onRelease = resolve;
    });
  }

  /** Adds one chunk, or detects the end. */
  async #take(): Promise<void> {
    const chunk = new Uint8Array(CHUNK_BYTES);
    let filled = 0;
    let isEnd = false;
    while (filled < CHUNK_BYTES && !isEnd) {
      if (this.#rest.length === 0) isEnd = await this.#receive();
      const part = this.#rest.subarray(0, CHUNK_BYTES - filled);
      chunk.set(part, filled);
      filled += part.length;
      this.#rest = this.#rest.subarray(part.length);
    }
    const before = (this.#first + this.#kept.length) * CHUNK_BYTES;
    if (filled > 0) this.#kept.push(chunk.subarray(0, filled));
    if (!isEnd) return;
    assert(this.#sizeBytes === undefined, "a stream ends once");
    this.#sizeBytes = before + filled;
  }

  /** @returns whether it has ended */
  async #receive(): Promise<boolean> {
    try {
      const { done, value } = await this.#reader.read();
      if (this.#isClosed) throw new Fault("interrupted", `${quoteText(this.name)} is closed`);
      this.#rest = value ?? this.#rest;
      return done;
    } catch (error) {
      if (error instanceof Fault) throw error;
      throw new Fault("store-failed", `${quoteText(this.name)} cannot be read`, { cause: error });
    }
  }
}
