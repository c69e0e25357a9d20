/** Message framing on byte streams: a big-endian 32-bit length followed by the bytes. */

import { Fault, msg } from "../../base/fault.ts";
import { MESSAGE_BYTES_MAX } from "../../base/limits.ts";

export const FRAME_HEADER_BYTES = 4;
/** The buffer grows with the received bytes, so announcing a large length allocates nothing. */
const BODY_BUFFER_BYTES_MIN = 4 * 1024;
const EMPTY = new Uint8Array(0);

export function encodeFrames(messages: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const sizeBytes = messages.reduce((sum, { length }) => sum + FRAME_HEADER_BYTES + length, 0);
  const bytes = new Uint8Array(sizeBytes);
  const view = new DataView(bytes.buffer);
  let offset = 0;
  for (const message of messages) {
    view.setUint32(offset, message.length);
    bytes.set(message, offset + FRAME_HEADER_BYTES);
    offset += FRAME_HEADER_BYTES + message.length;
  }
  return bytes;
}

/** @param length length that the transport reserves for control frames */
export function encodeControlFrame(length: number): Uint8Array<ArrayBuffer> {
  const frame = new Uint8Array(FRAME_HEADER_BYTES);
  new DataView(frame.buffer).setUint32(0, length);
  return frame;
}

/** A control frame has no bytes. Its length denotes its meaning. */
export type Frame =
  | { readonly kind: "message"; readonly bytes: Uint8Array }
  | { readonly kind: "control"; readonly length: number };

export class FrameReader {
  readonly #header = new Uint8Array(FRAME_HEADER_BYTES);
  #headerBytes = 0;
  #length: number | undefined;
  #body: Uint8Array = EMPTY;
  #bodyBytes = 0;
  messageBytesMax = MESSAGE_BYTES_MAX;

  constructor(private readonly isControl: (length: number) => boolean) {}

  get bufferedBytes(): number {
    return this.#body.length;
  }

  /** False if the bytes so far end within a frame. */
  get isComplete(): boolean {
    return this.#headerBytes === 0 && this.#length === undefined;
  }

  /** @throws {Fault} too-large if a message exceeds the limit; the stream is then unreadable */
  *feed(chunk: Uint8Array): Generator<Frame> {
    for (let offset = 0; offset < chunk.length; ) {
      if (this.#length === undefined) offset += this.#addHeader(chunk, offset);
      const length = this.#length;
      if (length === undefined) return;
      if (this.isControl(length)) {
        this.#length = undefined;
        yield { kind: "control", length };
        continue;
      }
      const slice = chunk.subarray(offset, offset + length - this.#bodyBytes);
      offset += slice.length;
      const bytes = this.#addBody(slice, length);
      if (bytes === undefined) return;
      this.#length = undefined;
      yield { kind: "message", bytes };
    }
  }

  #addHeader(chunk: Uint8Array, offset: number): number {
    const slice = chunk.subarray(offset, offset + FRAME_HEADER_BYTES - this.#headerBytes);
    this.#header.set(slice, this.#headerBytes);
    this.#headerBytes += slice.length;
    if (this.#headerBytes < FRAME_HEADER_BYTES) return slice.length;
    this.#headerBytes = 0;
    const length = new DataView(this.#header.buffer).getUint32(0);
    if (length > this.messageBytesMax && !this.isControl(length)) {
      throw new Fault("too-large", msg`a message is longer than ${this.messageBytesMax} bytes`);
    }
    this.#length = length;
    return slice.length;
  }

  /** Returns the body if it is complete. */
  #addBody(slice: Uint8Array, length: number): Uint8Array | undefined {
    if (slice.length === length) return slice.slice();
    const neededBytes = this.#bodyBytes + slice.length;
    if (neededBytes > this.#body.length) {
      const capacity = Math.max(neededBytes, 2 * this.#body.length, BODY_BUFFER_BYTES_MIN);
      const grown = new Uint8Array(Math.min(length, capacity));
      grown.set(this.#body.subarray(0, this.#bodyBytes));
      this.#body = grown;
    }
    this.#body.set(slice, this.#bodyBytes);
    this.#bodyBytes = neededBytes;
    if (neededBytes < length) return undefined;
    const body = this.#body;
    this.#body = EMPTY;
    this.#bodyBytes = 0;
    return body;
  }
}
