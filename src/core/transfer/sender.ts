/** The sending side of a chunked transfer. */

import { assert } from "../../base/assert.ts";
import { Fault } from "../../base/fault.ts";
import { CHUNK_BYTES, FILE_BYTES_MAX } from "../../base/limits.ts";
import { chunkCount, chunkSize } from "../../wire/chunks.ts";
import { type Flight, Window } from "./congestion-window.ts";

/**
 * The sending end of one file over one lane: the client of an upload, the server of a download. Its
 * driver asks `take` which chunk to read, hands every one that was read to `sent` in order, and
 * tells what comes back.
 *
 *     take ──read──> sent ──ack──> acked ──durable──> durable
 *
 * A lost lane loses this too: the next one begins with a new Sending at what is durable.
 */

export interface SendingOptions {
  /** The first chunk to send. */
  readonly from: number;
  /** What the other end lets be unacknowledged, at least one chunk. */
  readonly windowBytes: number;
  /** Absent: known when the source ends. A stream that has ended on an earlier lane has it. */
  readonly sizeBytes?: number;
  /** Chunks that can be read by now, when the content itself is still arriving; see `available`. */
  readonly available?: number;
  readonly now: number;
}

/** The whole, once its end is known. */
export interface Whole {
  readonly sizeBytes: number;
  readonly chunks: number;
}

/** `source`: a chunk was taken and is not read yet; `more`: none is there to be read. */
export interface SendingWaits {
  readonly where: "source" | "more" | "network" | "server-disk";
  readonly forMs: number;
}

export class Sending {
  readonly #window: Window;
  #sizeBytes: number | undefined;
  #available: number;
  /** The source has no chunk from here on; chunks before it may still be under way to us. */
  #endsBefore = Number.POSITIVE_INFINITY;
  /** Each counts chunks from the start of the file: durable ≤ acked ≤ sent ≤ taken. */
  #taken: number;
  #sent: number;
  #acked: number;
  #durable: number;
  /** Of the chunks from `#acked` to `#sent`. Bounded by the window. */
  readonly #flights: Flight[] = [];
  #movedAt: number;
  #isHeld = false;

  constructor(options: SendingOptions) {
    const { from, sizeBytes, windowBytes, now } = options;
    assert(windowBytes >= CHUNK_BYTES, "a window holds one chunk");
    assert(sizeBytes === undefined || from <= chunkCount(sizeBytes), "begins within the file");
    this.#window = new Window(windowBytes, now);
    this.#sizeBytes = sizeBytes;
    this.#available = options.available ?? Number.POSITIVE_INFINITY;
    this.#taken = this.#sent = this.#acked = this.#durable = from;
    this.#movedAt = now;
  }

  /**
   * The next chunk to read, if one may be sent now; room for it is set aside. May be called again
   * before that one was sent: several can be read at once.
   * @returns undefined until `acked` or `available`, or if nothing more is to be sent
   */
  take(now: number): number | undefined {
    const index = this.#taken;
    if (index >= this.#available || index >= this.#chunksMax()) return undefined;
    const reading = this.#taken - this.#sent;
    const isIdle = reading === 0 && this.#flights.length === 0;
    const bytes = this.#window.inFlightBytes + (reading + 1) * CHUNK_BYTES;
    if (!isIdle && bytes > this.#window.sizeBytes) return undefined;
    if (isIdle) this.#movedAt = now;
    this.#taken += 1;
    return index;
  }

  /**
   * Chunk `index` was read and goes out now: the lowest one that was taken.
   * @throws Fault file-changed (its size cannot be that), too-large
   */
  sent(index: number, sizeBytes: number, now: number): void {
    assert(index === this.#sent && index < this.#taken, "chunks go out as they were taken");
    assert(sizeBytes >= 0 && sizeBytes <= CHUNK_BYTES, "a chunk has its size");
    const offset = index * CHUNK_BYTES;
    if (offset + sizeBytes > FILE_BYTES_MAX) {
      throw new Fault("too-large", `chunk ${index} is above the ${FILE_BYTES_MAX} bytes of a file`);
    }
    const expected = this.#sizeBytes === undefined ? undefined : chunkSize(index, this.#sizeBytes);
    const isWrong = expected === undefined ? sizeBytes === 0 : sizeBytes !== expected;
    if (isWrong) throw changed(index);
    this.#flights.push(this.#window.sent(sizeBytes, now));
    this.#sent += 1;
    this.#movedAt = now;
    if (sizeBytes < CHUNK_BYTES) this.#close(offset + sizeBytes);
    else if (this.#sent === this.#endsBefore) this.#close(offset + sizeBytes);
  }

  /** The source has no such chunk, which was taken. @throws Fault file-changed: it should have */
  ended(index: number): void {
    assert(index >= this.#sent && index < this.#taken, "only what was taken can be missing");
    if (this.#sizeBytes !== undefined) throw changed(index);
    this.#endsBefore = Math.min(this.#endsBefore, index);
    this.#taken = Math.max(this.#sent, Math.min(this.#taken, this.#endsBefore));
    if (this.#endsBefore === this.#sent) this.#close(this.#sent * CHUNK_BYTES);
  }

  /** So many chunks can be read by now; `sizeBytes` once the content is whole. */
  available(chunks: number, sizeBytes: number | undefined, now: number): void {
    if (chunks > this.#available) {
      if (this.isCaughtUp) this.#movedAt = now;
      this.#available = chunks;
    }
    if (sizeBytes === undefined) return;
    assert(chunks === chunkCount(sizeBytes), "the whole can be read");
    assert((this.#sizeBytes ?? sizeBytes) === sizeBytes, "a file has one size");
    this.#close(sizeBytes);
  }

  /** The other end has it, and its checksum is right. @throws Fault out-of-order */
  acked(index: number, now: number): void {
    const flight = index === this.#acked ? this.#flights.shift() : undefined;
    if (flight === undefined) {
      throw new Fault("out-of-order", `chunk ${index} was acknowledged out of order`);
    }
    this.#window.acked(flight, now);
    this.#acked += 1;
    this.#movedAt = now;
    this.#isHeld = false;
  }

  /** The other end has chunks below `upTo` on its disk. @throws Fault out-of-order */
  durable(upTo: number): void {
    if (upTo > this.#acked) {
      const sentence = `${upTo} chunks are called durable, ${this.#acked} were acknowledged`;
      throw new Fault("out-of-order", sentence);
    }
    this.#durable = Math.max(this.#durable, upTo);
  }

  /** The other end said that its disk is slow; over with the next `acked`. */
  held(): void {
    this.#isHeld = true;
  }

  /** Known as soon as the last chunk was sent, or from the start. */
  get whole(): Whole | undefined {
    const sizeBytes = this.#sizeBytes;
    return sizeBytes === undefined ? undefined : { sizeBytes, chunks: chunkCount(sizeBytes) };
  }

  /** All chunks below are with the other end. */
  get ackedUpTo(): number {
    return this.#acked;
  }

  get durableUpTo(): number {
    return this.#durable;
  }

  /** Bytes of the file, from its start, that are with the other end. */
  get ackedBytes(): number {
    return this.#bytesBelow(this.#acked);
  }

  get durableBytes(): number {
    return this.#bytesBelow(this.#durable);
  }

  get inFlightBytes(): number {
    return this.#window.inFlightBytes;
  }

  /** All that is available was sent, and more is to come (a running upload that is fetched). */
  get isCaughtUp(): boolean {
    return this.#sent >= this.#available && !this.isSent;
  }

  /** Every chunk of the whole was sent: time for `finish` or `end`. */
  get isSent(): boolean {
    return this.#sizeBytes !== undefined && this.#sent === chunkCount(this.#sizeBytes);
  }

  /** … and acknowledged. */
  get isAcked(): boolean {
    return this.isSent && this.#acked === this.#sent;
  }

  /** What it waits for, and since how long nothing has moved; undefined: only for its driver. */
  waits(now: number): SendingWaits | undefined {
    const where = this.#waitsAt();
    return where === undefined ? undefined : { where, forMs: now - this.#movedAt };
  }

  #waitsAt(): SendingWaits["where"] | undefined {
    if (this.#flights.length > 0) return this.#isHeld ? "server-disk" : "network";
    if (this.#taken > this.#sent) return "source";
    return this.isCaughtUp ? "more" : undefined;
  }

  #chunksMax(): number {
    const chunks = this.#sizeBytes === undefined ? this.#endsBefore : chunkCount(this.#sizeBytes);
    return Math.min(chunks, this.#endsBefore);
  }

  #bytesBelow(chunk: number): number {
    return Math.min(chunk * CHUNK_BYTES, this.#sizeBytes ?? Number.POSITIVE_INFINITY);
  }

  /** The end is known; chunks that were taken beyond it are not waited for. */
  #close(sizeBytes: number): void {
    this.#sizeBytes = sizeBytes;
    this.#taken = Math.max(this.#sent, Math.min(this.#taken, chunkCount(sizeBytes)));
  }
}

function changed(index: number): Fault {
  return new Fault("file-changed", `the file has changed while it was sent, at chunk ${index}`);
}
