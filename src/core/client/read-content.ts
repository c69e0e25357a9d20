/** Untrusted content of a file, whose parts a pure search requests one after another. */

interface ByteRange {
  readonly at: number;
  readonly length: number;
  /** The reader returns the decompressed beginning of the range, or nothing if that fails. */
  readonly isDeflated?: true;
}

/** Yields a range of the content, and continues with its bytes, which are fewer at the end. */
export type Reading<Result> = Generator<ByteRange, Result, Uint8Array>;

export const WINDOW_BYTES = 64 * 1024;
/** Limit of a search in formats whose structure is not followed. */
export const SCANNED_BYTES_MAX = 64 * 1024 * 1024;
/** Segments, chunks or boxes of one file. */
export const FILE_PARTS_MAX = 10_000;
/** Reads of one file, of 64 KB or more. */
const READS_MAX = 5_000;
export const MOVIE_BOX_BYTES_MAX = 32 * 1024 * 1024;

/** Part of the content around the last read, so that small reads are few. */
export class ReadContent {
  #at = 0;
  #window: Uint8Array = new Uint8Array(0);
  #reads = 0;

  /** True if the search has ended because of the number of reads. */
  get isExhausted(): boolean {
    return this.#reads > READS_MAX;
  }

  /** Returns fewer bytes at the end of the content, and none after the last read. */
  *read(at: number, length: number): Reading<Uint8Array> {
    const from = at - this.#at;
    if (from < 0 || from + length > this.#window.length) {
      if (++this.#reads > READS_MAX) return new Uint8Array(0);
      this.#window = yield { at, length: Math.max(length, WINDOW_BYTES) };
      this.#at = at;
      return this.#window.subarray(0, length);
    }
    return this.#window.subarray(from, from + length);
  }

  *view(at: number, length: number): Reading<DataView | undefined> {
    const bytes = yield* this.read(at, length);
    if (bytes.length < length) return undefined;
    return new DataView(bytes.buffer, bytes.byteOffset, length);
  }

  *text(at: number, length: number): Reading<string> {
    return latin1(yield* this.read(at, length));
  }

  /** Finds the length of the content, whose first `known` bytes exist, by reads of one byte. */
  *length(known: number): Reading<number> {
    let [low, high] = [known, 2 * known + 1];
    while (yield* this.#has(high)) [low, high] = [high + 1, 2 * high + 1];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      if (yield* this.#has(middle)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  *#has(at: number): Reading<boolean> {
    return ++this.#reads <= READS_MAX && (yield { at, length: 1 }).length > 0;
  }

  /** @returns "" if it cannot be decompressed */
  *unpacked(at: number, length: number): Reading<string> {
    return ++this.#reads > READS_MAX ? "" : latin1(yield { at, length, isDeflated: true });
  }
}

/** Returns one character for each byte, which has another code for 0x80 to 0x9f. */
export function latin1(bytes: Uint8Array): string {
  return new TextDecoder("latin1").decode(bytes);
}
