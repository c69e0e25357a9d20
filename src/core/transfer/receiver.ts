/** The receiving side of a chunked transfer. */

import { assert } from "../../base/assert.ts";
import { Fault } from "../../base/fault.ts";
import { CHUNK_BYTES, FILE_BYTES_MAX } from "../../base/limits.ts";
import { chunkCount, chunkSize } from "../../wire/chunks.ts";

/**
 * The receiving end of one file: the server of an upload, the client of a download. It knows
 * which chunk must come next and how much may come before it is acknowledged. Checksums, disk and
 * messages are its driver's: it calls `chunk` when one comes and `acked` when that is stored.
 */

export interface ReceivingOptions {
  /** Chunks that are here already: the next one is this. */
  readonly have: number;
  /** Their bytes: when the last of them is short it was the last of the file. Absent: all full. */
  readonly haveBytes?: number;
  /** What the other end was told that it may send unacknowledged, at least one chunk. */
  readonly windowBytes: number;
  /** Absent: known at the end only. */
  readonly sizeBytes?: number;
  /** The most that this file may have. */
  readonly sizeBytesMax?: number;
}

/** `again`: was here before; compare its checksum with the one that is kept, and acknowledge it. */
export type Arrival = "store" | "again";

export class Receiving {
  readonly #windowBytes: number;
  readonly #sizeBytesMax: number;
  #next: number;
  #sizeBytes: number | undefined;
  /** Came and is not acknowledged, oldest first. Bounded: #admit refuses what passes the window. */
  readonly #waiting: { readonly index: number; readonly sizeBytes: number }[] = [];
  #waitingBytes = 0;

  constructor(options: ReceivingOptions) {
    assert(options.windowBytes >= CHUNK_BYTES, "a window holds one chunk");
    this.#windowBytes = options.windowBytes;
    this.#sizeBytesMax = options.sizeBytesMax ?? FILE_BYTES_MAX;
    this.#next = options.have;
    const haveBytes = options.haveBytes ?? Math.min(options.have * CHUNK_BYTES, knownMax(options));
    assert(chunkCount(haveBytes) === options.have, "chunks and bytes that are here fit together");
    const isShort = haveBytes < options.have * CHUNK_BYTES;
    this.#sizeBytes = options.sizeBytes ?? (isShort ? haveBytes : undefined);
    assert(haveBytes <= (this.#sizeBytes ?? haveBytes), "no more is here than the file has");
  }

  /** Chunks that came, stored or about to be: the next new one has this index. */
  get next(): number {
    return this.#next;
  }

  /** Size of the whole, once it is known: told at the start or by `end`, or after a short chunk. */
  get sizeBytes(): number | undefined {
    return this.#sizeBytes;
  }

  /** Bytes that came and are not acknowledged. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** All chunks of the whole have come and are acknowledged. */
  get isWhole(): boolean {
    return (
      this.#sizeBytes !== undefined &&
      this.#next === chunkCount(this.#sizeBytes) &&
      this.#waiting.length === 0
    );
  }

  /**
   * A chunk came. After a Fault nothing has changed: the lane is closed with it.
   * @throws Fault out-of-order, frame-malformed, too-large; its sentence names the chunk
   */
  chunk(index: number, sizeBytes: number): Arrival {
    this.#checkPlace(index);
    this.#checkSize(index, sizeBytes);
    this.#admit(index, sizeBytes);
    if (index < this.#next) return "again";
    this.#next += 1;
    if (sizeBytes < CHUNK_BYTES) this.#sizeBytes = index * CHUNK_BYTES + sizeBytes;
    return "store";
  }

  /** The oldest chunk that waits was stored (or was here) and is acknowledged now. */
  acked(index: number): void {
    const oldest = this.#waiting.shift();
    assert(oldest?.index === index, "chunks are acknowledged in the order in which they came");
    this.#waitingBytes -= oldest.sizeBytes;
  }

  /**
   * The other end says what the whole is (`finish`, `end`).
   * @throws Fault out-of-order, frame-malformed, too-large: it does not fit what came
   */
  end(whole: { readonly sizeBytes: number; readonly chunks: number }): void {
    const { sizeBytes, chunks } = whole;
    if (sizeBytes > this.#sizeBytesMax) throw this.#tooLarge(`${sizeBytes} bytes`);
    if (chunks !== chunkCount(sizeBytes)) {
      throw new Fault("frame-malformed", `${sizeBytes} bytes are not ${chunks} chunks`);
    }
    if (this.#sizeBytes !== undefined && this.#sizeBytes !== sizeBytes) {
      const sentence = `the file ends with ${sizeBytes} bytes instead of ${this.#sizeBytes}`;
      throw new Fault("out-of-order", sentence);
    }
    if (chunks !== this.#next) {
      throw new Fault("out-of-order", `the file ends before chunk ${this.#next} of ${chunks}`);
    }
    this.#sizeBytes = sizeBytes;
  }

  #checkPlace(index: number): void {
    if (index > this.#next) {
      throw new Fault("out-of-order", `chunk ${index} came before chunk ${this.#next}`);
    }
    if (this.#sizeBytes !== undefined && index >= chunkCount(this.#sizeBytes)) {
      throw new Fault("out-of-order", `chunk ${index} is after the end of the file`);
    }
  }

  #checkSize(index: number, sizeBytes: number): void {
    const expected = this.#sizeBytes === undefined ? undefined : chunkSize(index, this.#sizeBytes);
    if (expected !== undefined && sizeBytes !== expected) {
      const sentence = `chunk ${index} has ${sizeBytes} bytes instead of ${expected}`;
      throw new Fault("frame-malformed", sentence);
    }
    if (sizeBytes < 1 || sizeBytes > CHUNK_BYTES) {
      throw new Fault("frame-malformed", `chunk ${index} has ${sizeBytes} bytes`);
    }
    if (index < this.#next && expected === undefined && sizeBytes !== CHUNK_BYTES) {
      // Others followed it, or still may: only the last may be short, and that is not known.
      throw new Fault("frame-malformed", `chunk ${index} came again with ${sizeBytes} bytes`);
    }
    if (index * CHUNK_BYTES + sizeBytes > this.#sizeBytesMax)
      throw this.#tooLarge(`chunk ${index}`);
  }

  #admit(index: number, sizeBytes: number): void {
    const chunksMax = Math.floor(this.#windowBytes / CHUNK_BYTES) + 1; // The last one is short.
    const waitingBytes = this.#waitingBytes + sizeBytes;
    if (waitingBytes > this.#windowBytes || this.#waiting.length >= chunksMax) {
      const sentence = `chunk ${index} is beyond the window of ${this.#windowBytes} bytes`;
      throw new Fault("out-of-order", sentence);
    }
    this.#waiting.push({ index, sizeBytes });
    this.#waitingBytes = waitingBytes;
  }

  #tooLarge(what: string): Fault {
    return new Fault("too-large", `${what} is above the ${this.#sizeBytesMax} bytes of a file`);
  }
}

function knownMax({ sizeBytes }: ReceivingOptions): number {
  return sizeBytes ?? Number.POSITIVE_INFINITY;
}

/** What both ends say of a chunk whose bytes are not those of its checksum. */
export function wrongChecksum(index: number): Fault {
  return new Fault("checksum-wrong", `the checksum of chunk ${index} is wrong`);
}

/** A chunk of another file than this lane's, or again with another checksum. */
export function foreignChunk(index: number): Fault {
  return new Fault("out-of-order", `chunk ${index} is not of this file`);
}
