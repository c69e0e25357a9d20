/** Sending side of a chunked transfer. */

import { assert } from "../../base/assert.ts";
import { Fault } from "../../base/fault.ts";
import { CHUNK_BYTES, FILE_BYTES_MAX } from "../../base/limits.ts";
import { chunkCount, chunkSize } from "../../wire/chunks.ts";
import { CongestionWindow, type Flight } from "./congestion-window.ts";

export interface ChunkSenderOptions {
  readonly from: number;
  readonly windowBytes: number;
  readonly sizeBytes?: number;
  readonly available?: number;
  readonly now: number;
}

export interface FileSize {
  readonly sizeBytes: number;
  readonly chunks: number;
}

/** `source`: a chunk is being read. `more`: the next chunk is not available yet. */
export interface SendPause {
  readonly cause: "source" | "more" | "network" | "server-disk";
  readonly durationMs: number;
}

/**
 * Sends one file over one data channel. The driver calls `take` for the next chunk to read and
 * `sent` after reading it, and reports the receiver's answers.
 *     take ──read──> sent ──ack──> acked ──durable──> durable
 */
export class ChunkSender {
  readonly #window: CongestionWindow;
  #sizeBytes: number | undefined;
  #available: number;
  #endsBefore = Number.POSITIVE_INFINITY;
  /** Numbers of chunks from the start of the file: durable ≤ acked ≤ sent ≤ reserved. */
  #reserved: number;
  #sent: number;
  #acked: number;
  #durable: number;
  readonly #flights: Flight[] = [];
  #progressedAt: number;
  #isDiskSlow = false;

  constructor(options: ChunkSenderOptions) {
    const { from, sizeBytes, windowBytes, now } = options;
    assert(windowBytes >= CHUNK_BYTES, "a window holds one chunk");
    assert(
      sizeBytes === undefined || from <= chunkCount(sizeBytes),
      "the first chunk is within the file",
    );
    this.#window = new CongestionWindow(windowBytes, now);
    this.#sizeBytes = sizeBytes;
    this.#available = options.available ?? Number.POSITIVE_INFINITY;
    this.#reserved = this.#sent = this.#acked = this.#durable = from;
    this.#progressedAt = now;
  }

  /**
   * Reserves the next chunk to read. Several chunks can be read in parallel.
   * @returns `undefined` until `acked` or `available` is called, or if no chunks are left to send
   */
  take(now: number): number | undefined {
    const index = this.#reserved;
    if (index >= this.#available || index >= this.#chunksMax()) return undefined;
    const reading = this.#reserved - this.#sent;
    const isIdle = reading === 0 && this.#flights.length === 0;
    const bytes = this.#window.inFlightBytes + (reading + 1) * CHUNK_BYTES;
    if (!isIdle && bytes > this.#window.sizeBytes) return undefined;
    if (isIdle) this.#progressedAt = now;
    this.#reserved += 1;
    return index;
  }

  sent(index: number, sizeBytes: number, now: number): void {
    assert(
      index === this.#sent && index < this.#reserved,
      "chunks are sent in the order of their reservation",
    );
    assert(sizeBytes >= 0 && sizeBytes <= CHUNK_BYTES, "a chunk has the expected size");
    const offset = index * CHUNK_BYTES;
    if (offset + sizeBytes > FILE_BYTES_MAX) {
      throw new Fault(
        "too-large",
        `chunk ${index} exceeds the file size limit of ${FILE_BYTES_MAX} bytes`,
      );
    }
    const expected = this.#sizeBytes === undefined ? undefined : chunkSize(index, this.#sizeBytes);
    const isWrong = expected === undefined ? sizeBytes === 0 : sizeBytes !== expected;
    if (isWrong) throw fileChanged(index);
    this.#flights.push(this.#window.sent(sizeBytes, now));
    this.#sent += 1;
    this.#progressedAt = now;
    if (sizeBytes < CHUNK_BYTES) this.#setSize(offset + sizeBytes);
    else if (this.#sent === this.#endsBefore) this.#setSize(offset + sizeBytes);
  }

  ended(index: number): void {
    assert(index >= this.#sent && index < this.#reserved, "only reserved chunks can be missing");
    if (this.#sizeBytes !== undefined) throw fileChanged(index);
    this.#endsBefore = Math.min(this.#endsBefore, index);
    this.#reserved = Math.max(this.#sent, Math.min(this.#reserved, this.#endsBefore));
    if (this.#endsBefore === this.#sent) this.#setSize(this.#sent * CHUNK_BYTES);
  }

  available(chunks: number, sizeBytes: number | undefined, now: number): void {
    if (chunks > this.#available) {
      if (this.isCaughtUp) this.#progressedAt = now;
      this.#available = chunks;
    }
    if (sizeBytes === undefined) return;
    assert(chunks === chunkCount(sizeBytes), "all chunks are readable");
    assert((this.#sizeBytes ?? sizeBytes) === sizeBytes, "a file has one size");
    this.#setSize(sizeBytes);
  }

  /**
   * The receiver has the chunk with the correct checksum.
   * @throws {Fault} out-of-order if a different chunk should be acknowledged next
   */
  acked(index: number, now: number): void {
    const flight = index === this.#acked ? this.#flights.shift() : undefined;
    if (flight === undefined) {
      throw new Fault("out-of-order", `chunk ${index} was acknowledged out of order`);
    }
    this.#window.acked(flight, now);
    this.#acked += 1;
    this.#progressedAt = now;
    this.#isDiskSlow = false;
  }

  durable(upTo: number): void {
    if (upTo > this.#acked) {
      const message = `${upTo} chunks were reported durable, but ${this.#acked} acknowledged`;
      throw new Fault("out-of-order", message);
    }
    this.#durable = Math.max(this.#durable, upTo);
  }

  slowDisk(): void {
    this.#isDiskSlow = true;
  }

  get fileSize(): FileSize | undefined {
    const sizeBytes = this.#sizeBytes;
    return sizeBytes === undefined ? undefined : { sizeBytes, chunks: chunkCount(sizeBytes) };
  }

  get ackedUpTo(): number {
    return this.#acked;
  }

  get durableUpTo(): number {
    return this.#durable;
  }

  get ackedBytes(): number {
    return this.#bytesBelow(this.#acked);
  }

  get durableBytes(): number {
    return this.#bytesBelow(this.#durable);
  }

  get inFlightBytes(): number {
    return this.#window.inFlightBytes;
  }

  /**
   * True if all available chunks were sent but more will become available, because the file is
   * still being uploaded.
   */
  get isCaughtUp(): boolean {
    return this.#sent >= this.#available && !this.isSent;
  }

  get isSent(): boolean {
    return this.#sizeBytes !== undefined && this.#sent === chunkCount(this.#sizeBytes);
  }

  get isAcked(): boolean {
    return this.isSent && this.#acked === this.#sent;
  }

  /** `undefined` if only the driver's next call is pending. */
  pause(now: number): SendPause | undefined {
    const cause = this.#pauseCause();
    return cause === undefined ? undefined : { cause, durationMs: now - this.#progressedAt };
  }

  #pauseCause(): SendPause["cause"] | undefined {
    if (this.#flights.length > 0) return this.#isDiskSlow ? "server-disk" : "network";
    if (this.#reserved > this.#sent) return "source";
    return this.isCaughtUp ? "more" : undefined;
  }

  #chunksMax(): number {
    const chunks = this.#sizeBytes === undefined ? this.#endsBefore : chunkCount(this.#sizeBytes);
    return Math.min(chunks, this.#endsBefore);
  }

  #bytesBelow(chunk: number): number {
    return Math.min(chunk * CHUNK_BYTES, this.#sizeBytes ?? Number.POSITIVE_INFINITY);
  }

  #setSize(sizeBytes: number): void {
    this.#sizeBytes = sizeBytes;
    this.#reserved = Math.max(this.#sent, Math.min(this.#reserved, chunkCount(sizeBytes)));
  }
}

function fileChanged(index: number): Fault {
  return new Fault("file-changed", `the file changed during the transfer, at chunk ${index}`);
}
