/** Messages on a QUIC stream: `u32be length | bytes`, one after the other. */

// Each end begins its direction with one empty record, which is not a message: the client's
// announces the stream to the server, the server's accepts the stream. Each end finishes its
// direction with GOODBYE: without it a stream was lost, whatever the transport reports.

import { Fault, msg } from "../../base/fault.ts";
import { MESSAGE_BYTES_MAX } from "../../base/limits.ts";

const HEADER_BYTES = 4;
const GOODBYE_LENGTH = 0x80000000;
export const GOODBYE: Uint8Array = Uint8Array.of(0x80, 0, 0, 0);
/**
 * Initial buffer of a body. It grows with the received bytes: announcing a length costs the sender
 * nothing.
 */
const ROOM_BYTES_MIN = 4 * 1024;
const NOTHING = new Uint8Array(0);

/** Encodes several messages as one piece of the stream. */
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
  /** The receiver owns the bytes. */
  message(bytes: Uint8Array): void;
  /** The peer has finished its direction. */
  goodbye(): void;
}

/** Splits a stream into messages, whatever the sizes of its pieces. */
export class RecordReader {
  readonly #events: RecordEvents;
  readonly #header = new Uint8Array(HEADER_BYTES);
  #headerBytes = 0;
  /** Length of the current body; `undefined` while its header is incomplete. */
  #length: number | undefined;
  #room: Uint8Array = NOTHING;
  #roomBytes = 0;
  #isOver = false;
  /** Limit for messages whose header arrives from now on. */
  messageBytesMax = MESSAGE_BYTES_MAX;

  constructor(events: RecordEvents) {
    this.#events = events;
  }

  /** Memory held for an incomplete message. */
  get heldBytes(): number {
    return this.#room.length;
  }

  /**
   * Ignores what follows a goodbye.
   * @throws Fault too-large, after which the stream cannot be read on
   */
  feed(chunk: Uint8Array): void {
    let offset = 0;
    while (offset < chunk.length && !this.#isOver) {
      if (this.#length === undefined) offset += this.#feedHeader(chunk, offset);
      if (this.#length !== undefined) offset += this.#feedBody(chunk, offset, this.#length);
    }
  }

  #feedHeader(chunk: Uint8Array, offset: number): number {
    const part = chunk.subarray(offset, offset + HEADER_BYTES - this.#headerBytes);
    this.#header.set(part, this.#headerBytes);
    this.#headerBytes += part.length;
    if (this.#headerBytes < HEADER_BYTES) return part.length;
    this.#headerBytes = 0;
    const length = new DataView(this.#header.buffer).getUint32(0);
    if (length === GOODBYE_LENGTH) {
      this.#isOver = true;
      this.#events.goodbye();
      return part.length;
    }
    if (length > this.messageBytesMax) {
      throw new Fault("too-large", msg`a message is longer than ${this.messageBytesMax} bytes`);
    }
    this.#length = length;
    return part.length;
  }

  #feedBody(chunk: Uint8Array, offset: number, length: number): number {
    const part = chunk.subarray(offset, offset + length - this.#roomBytes);
    if (part.length === length) {
      this.#length = undefined;
      this.#events.message(part.slice());
      return part.length;
    }
    this.#makeRoom(this.#roomBytes + part.length, length);
    this.#room.set(part, this.#roomBytes);
    this.#roomBytes += part.length;
    if (this.#roomBytes < length) return part.length;
    const message = this.#room.length === length ? this.#room : this.#room.slice(0, length);
    this.#room = NOTHING;
    this.#roomBytes = 0;
    this.#length = undefined;
    this.#events.message(message);
    return part.length;
  }

  /** Doubles, so that many small pieces cost no more than few large ones. */
  #makeRoom(neededBytes: number, length: number): void {
    if (neededBytes <= this.#room.length) return;
    const wanted = Math.max(neededBytes, 2 * this.#room.length, ROOM_BYTES_MIN);
    const room = new Uint8Array(Math.min(length, wanted));
    room.set(this.#room.subarray(0, this.#roomBytes));
    this.#room = room;
  }
}
