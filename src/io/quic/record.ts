/** Message framing on a QUIC stream: a big-endian 32-bit length followed by the bytes. */

// Each end begins its direction with an empty record, which is not a message, and finishes it with
// END_RECORD. If END_RECORD is missing, the stream was lost, whatever the transport reports.

import { Fault, msg } from "../../base/fault.ts";
import { MESSAGE_BYTES_MAX } from "../../base/limits.ts";

const HEADER_BYTES = 4;
const END_LENGTH = 0x80000000;
export const END_RECORD: Uint8Array = Uint8Array.of(0x80, 0, 0, 0);
/** The buffer grows with the received bytes, so announcing a large length allocates nothing. */
const BODY_BUFFER_BYTES_MIN = 4 * 1024;
const EMPTY = new Uint8Array(0);

export function encodeRecords(messages: readonly Uint8Array[]): Uint8Array {
  const sizeBytes = messages.reduce((sum, { length }) => sum + HEADER_BYTES + length, 0);
  const bytes = new Uint8Array(sizeBytes);
  const view = new DataView(bytes.buffer);
  let offset = 0;
  for (const message of messages) {
    view.setUint32(offset, message.length);
    bytes.set(message, offset + HEADER_BYTES);
    offset += HEADER_BYTES + message.length;
  }
  return bytes;
}

export interface RecordEvents {
  message(bytes: Uint8Array): void;
  end(): void;
}

export class RecordReader {
  readonly #events: RecordEvents;
  readonly #header = new Uint8Array(HEADER_BYTES);
  #headerBytes = 0;
  #length: number | undefined;
  #body: Uint8Array = EMPTY;
  #bodyBytes = 0;
  #isEnded = false;
  messageBytesMax = MESSAGE_BYTES_MAX;

  constructor(events: RecordEvents) {
    this.#events = events;
  }

  get bufferedBytes(): number {
    return this.#body.length;
  }

  /**
   * Ignores bytes after the end record.
   * @throws {Fault} too-large if a record exceeds the limit; the stream is then unreadable
   */
  feed(chunk: Uint8Array): void {
    let offset = 0;
    while (offset < chunk.length && !this.#isEnded) {
      if (this.#length === undefined) offset += this.#feedHeader(chunk, offset);
      if (this.#length !== undefined) offset += this.#feedBody(chunk, offset, this.#length);
    }
  }

  #feedHeader(chunk: Uint8Array, offset: number): number {
    const slice = chunk.subarray(offset, offset + HEADER_BYTES - this.#headerBytes);
    this.#header.set(slice, this.#headerBytes);
    this.#headerBytes += slice.length;
    if (this.#headerBytes < HEADER_BYTES) return slice.length;
    this.#headerBytes = 0;
    const length = new DataView(this.#header.buffer).getUint32(0);
    if (length === END_LENGTH) {
      this.#isEnded = true;
      this.#events.end();
      return slice.length;
    }
    if (length > this.messageBytesMax) {
      throw new Fault("too-large", msg`a message is longer than ${this.messageBytesMax} bytes`);
    }
    this.#length = length;
    return slice.length;
  }

  #feedBody(chunk: Uint8Array, offset: number, length: number): number {
    const slice = chunk.subarray(offset, offset + length - this.#bodyBytes);
    if (slice.length === length) {
      this.#length = undefined;
      this.#events.message(slice.slice());
      return slice.length;
    }
    this.#growBody(this.#bodyBytes + slice.length, length);
    this.#body.set(slice, this.#bodyBytes);
    this.#bodyBytes += slice.length;
    if (this.#bodyBytes < length) return slice.length;
    const message = this.#body.length === length ? this.#body : this.#body.slice(0, length);
    this.#body = EMPTY;
    this.#bodyBytes = 0;
    this.#length = undefined;
    this.#events.message(message);
    return slice.length;
  }

  #growBody(neededBytes: number, length: number): void {
    if (neededBytes <= this.#body.length) return;
    const capacity = Math.max(neededBytes, 2 * this.#body.length, BODY_BUFFER_BYTES_MIN);
    const grown = new Uint8Array(Math.min(length, capacity));
    grown.set(this.#body.subarray(0, this.#bodyBytes));
    this.#body = grown;
  }
}
