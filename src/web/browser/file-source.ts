/** Chunked reader for an uploaded file. */

import { Fault } from "../../base/fault.ts";
import { CHUNK_BYTES } from "../../base/limits.ts";
import { clampUnixMs } from "../../base/time.ts";
import type { ReadableFile, Source, StampMatch } from "../../io/blob/interfaces.ts";
import { ifPossible } from "../../io/promises.ts";
import type { AllFileDetails, FileDetails } from "../../wire/file-details.ts";
import type { SoundDetails } from "./sound.ts";

/** Identifies a file's content by size and date, because browsers offer nothing more. */
export function fileStamp(file: File): string {
  return `${file.size} ${file.lastModified}`;
}

export function readableFile(file: File, name = file.name): ReadableFile {
  const bytes = async (part: Blob) => new Uint8Array(await part.arrayBuffer());
  return { name, peek: (at, length) => bytes(file.slice(at, at + length)) };
}

/** A browser tells the time of a file, but not its mode. */
function detailsOf({ lastModified }: File, sound: SoundDetails): AllFileDetails {
  const mtimeMs = Number.isSafeInteger(lastModified) ? clampUnixMs(lastModified) : undefined;
  return { mode: undefined, mtimeMs, durationMs: sound.durationMs, peaks: sound.peaks };
}

export class FileSource implements Source {
  readonly name: string;
  readonly sizeBytes: number;
  readonly skipped = [];
  readonly stamp: string;
  readonly details: FileDetails;
  #stream: FileReadStream | undefined;

  /** @param stamp that of the original, if the file is a copy of it */
  constructor(
    private readonly file: File,
    readonly path: string,
    stamp = fileStamp(file),
    sound: SoundDetails = {},
  ) {
    this.name = file.name;
    this.sizeBytes = file.size;
    this.stamp = stamp;
    this.details = detailsOf(file, sound);
  }

  async read(index: number): Promise<Uint8Array | undefined> {
    const from = index * CHUNK_BYTES;
    if (from >= this.sizeBytes) return undefined;
    if (this.#stream?.offset !== from) {
      this.#stream?.cancel();
      this.#stream = new FileReadStream(this.file, from);
    }
    const stream = this.#stream;
    return this.#unlessChanged(stream.read(Math.min(CHUNK_BYTES, this.sizeBytes - from)));
  }

  /**
   * Reports a read error as a changed file: browsers refuse to read a file that has changed since
   * the user chose it.
   */
  async #unlessChanged<Value>(reading: Promise<Value>): Promise<Value> {
    try {
      return await reading;
    } catch (cause) {
      throw new Fault("file-changed", `'${this.name}' changed or cannot be read`, { cause });
    }
  }

  release(): void {}

  /** Programs can set a file's date back, so a resumed upload compares the sent part. */
  matchStamp(stored: string): StampMatch {
    return stored === this.stamp ? "unsure" : "other";
  }

  /** Reads one byte, which makes the browser check whether the file has changed. */
  async end(): Promise<void> {
    const last = this.file.slice(Math.max(0, this.sizeBytes - 1));
    await this.#unlessChanged(last.arrayBuffer());
  }

  close(): void {
    this.#stream?.cancel();
    this.#stream = undefined;
  }
}

type BufferReader = ReadableStreamBYOBReader;

/** Streams the content, which is three times as fast as reading slices. */
export class FileReadStream {
  readonly #reader: BufferReader | undefined;

  constructor(
    private readonly file: File,
    public offset: number,
  ) {
    this.#reader = bufferReader(file.slice(offset));
  }

  async read(sizeBytes: number): Promise<Uint8Array> {
    const end = this.offset + sizeBytes;
    const bytes =
      this.#reader === undefined
        ? new Uint8Array(await this.file.slice(this.offset, end).arrayBuffer())
        : await readFull(this.#reader, sizeBytes);
    if (bytes.length < sizeBytes) throw new RangeError("the file is shorter than it was");
    this.offset = end;
    return bytes;
  }

  cancel(): void {
    void ifPossible(this.#reader?.cancel());
  }
}

function bufferReader(blob: Blob): BufferReader | undefined {
  try {
    return blob.stream().getReader({ mode: "byob" });
  } catch {
    return undefined;
  }
}

async function readFull(reader: BufferReader, sizeBytes: number): Promise<Uint8Array> {
  let bytes = new Uint8Array(sizeBytes);
  let filledBytes = 0;
  while (filledBytes < sizeBytes) {
    const { value, done } = await reader.read(bytes.subarray(filledBytes), {
      min: sizeBytes - filledBytes,
    });
    if (value !== undefined) bytes = new Uint8Array(value.buffer);
    if (done || value === undefined) break;
    filledBytes += value.length;
  }
  return bytes.subarray(0, filledBytes);
}
