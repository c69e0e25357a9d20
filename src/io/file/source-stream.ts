/** Stream, such as standard input, as the source of an upload. */

import { assert } from "../../base/assert.ts";
import { Fault } from "../../base/fault.ts";
import { CHUNK_BYTES, STREAM_RETAINED_CHUNKS_MAX } from "../../base/limits.ts";
import { quoteText } from "../../base/text.ts";
import type { LocalSource, ReadableFile } from "../blob/interfaces.ts";
import { ifPossible } from "../promises.ts";
import { TaskQueue } from "../task-queue.ts";

/** Retains chunks until they are released. At the limit, `read` waits for a release. */
export function streamSource(stream: ReadableStream<Uint8Array>, name: string): LocalSource {
  return new StreamSource(stream, name);
}

interface Reader {
  read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>;
  cancel(): Promise<void>;
}

class StreamSource implements LocalSource {
  readonly name: string;
  readonly skipped = [];
  readonly #reader: Reader;
  #chunks: Uint8Array[] = [];
  #first = 0;
  #remainder: Uint8Array = new Uint8Array(0);
  #sizeBytes: number | undefined;
  readonly #queue = new TaskQueue();
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
    return this.#queue.run(() => this.#read(index));
  }

  files(): Iterable<ReadableFile> {
    return [{ name: this.name, peek: (at, length) => this.#peek(at, length) }];
  }

  release(upTo: number): void {
    const count = Math.min(upTo - this.#first, this.#chunks.length);
    if (count <= 0) return;
    this.#chunks.splice(0, count);
    this.#first += count;
    this.#onRelease?.();
  }

  async check(): Promise<void> {}

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#onRelease?.();
    void ifPossible(this.#reader.cancel());
  }

  /** Reads the first chunk, which remains until it is sent. */
  async #peek(at: number, length: number): Promise<Uint8Array | undefined> {
    const bytes = (await this.read(0)) ?? new Uint8Array();
    const isWhole = at + length <= bytes.length || this.#sizeBytes === bytes.length;
    return isWhole ? bytes.subarray(at, at + length) : undefined;
  }

  async #read(index: number): Promise<Uint8Array | undefined> {
    if (index < this.#first) {
      const message = `chunk ${index} of ${quoteText(this.name)} cannot be read again`;
      throw new Fault("file-changed", message, { remedy: "send it again from the beginning" });
    }
    while (index >= this.#first + this.#chunks.length) {
      if (this.#isClosed) throw new Fault("interrupted", `${quoteText(this.name)} is closed`);
      if (this.#sizeBytes !== undefined) return undefined;
      if (this.#chunks.length >= STREAM_RETAINED_CHUNKS_MAX) await this.#waitForRelease();
      else await this.#readChunk();
    }
    return this.#chunks[index - this.#first];
  }

  #waitForRelease(): Promise<void> {
    return new Promise((resolve) => {
      this.#onRelease = resolve;
    });
  }

  async #readChunk(): Promise<void> {
    const chunk = new Uint8Array(CHUNK_BYTES);
    let filled = 0;
    let isEnd = false;
    while (filled < CHUNK_BYTES && !isEnd) {
      if (this.#remainder.length === 0) isEnd = await this.#receive();
      const slice = this.#remainder.subarray(0, CHUNK_BYTES - filled);
      chunk.set(slice, filled);
      filled += slice.length;
      this.#remainder = this.#remainder.subarray(slice.length);
    }
    const before = (this.#first + this.#chunks.length) * CHUNK_BYTES;
    if (filled > 0) this.#chunks.push(chunk.subarray(0, filled));
    if (!isEnd) return;
    assert(this.#sizeBytes === undefined, "the stream has not ended");
    this.#sizeBytes = before + filled;
  }

  async #receive(): Promise<boolean> {
    try {
      const { done, value } = await this.#reader.read();
      if (this.#isClosed) throw new Fault("interrupted", `${quoteText(this.name)} is closed`);
      this.#remainder = value ?? this.#remainder;
      return done;
    } catch (error) {
      if (error instanceof Fault) throw error;
      throw new Fault("store-failed", `${quoteText(this.name)} cannot be read`, { cause: error });
    }
  }
}
