/** Framing of links over plain HTTP requests. @see PROTOCOL, section "HTTP links" */

import { Fault, msg } from "../../base/fault.ts";
import { MESSAGE_BYTES_MAX } from "../../base/limits.ts";

export const FRAME_HEADER_BYTES = 4;
/** Memory of a queued frame besides its bytes, so that queues of empty messages are limited too. */
export const FRAME_OVERHEAD_BYTES = 100;
/** Lengths from here on are control frames: the low 16 bits are a WebSocket close code, or 0. */
const CONTROL = 0xffff_0000;
/** Shows that a response has begun. It is not numbered. */
export const STARTED = 0;

export type HttpFrame =
  | { readonly kind: "message"; readonly bytes: Uint8Array }
  | { readonly kind: "control"; readonly code: number };

export function encodeMessage(message: Uint8Array, tail?: Uint8Array): Uint8Array<ArrayBuffer> {
  const sizeBytes = message.length + (tail?.length ?? 0);
  const frame = new Uint8Array(FRAME_HEADER_BYTES + sizeBytes);
  new DataView(frame.buffer).setUint32(0, sizeBytes);
  frame.set(message, FRAME_HEADER_BYTES);
  if (tail !== undefined) frame.set(tail, FRAME_HEADER_BYTES + message.length);
  return frame;
}

export function encodeControl(code: number): Uint8Array<ArrayBuffer> {
  const frame = new Uint8Array(FRAME_HEADER_BYTES);
  new DataView(frame.buffer).setUint32(0, CONTROL + code);
  return frame;
}

export class HttpFrameReader {
  readonly #header = new Uint8Array(FRAME_HEADER_BYTES);
  #headerBytes = 0;
  #message: Uint8Array | undefined;
  #messageBytes = 0;

  /** False if the bytes so far end within a frame. */
  get isComplete(): boolean {
    return this.#headerBytes === 0;
  }

  /** @throws {Fault} too-large */
  *feed(chunk: Uint8Array): Generator<HttpFrame> {
    let offset = 0;
    for (;;) {
      if (this.#message === undefined) {
        const header = chunk.subarray(offset, offset + FRAME_HEADER_BYTES - this.#headerBytes);
        this.#header.set(header, this.#headerBytes);
        this.#headerBytes += header.length;
        offset += header.length;
        if (this.#headerBytes < FRAME_HEADER_BYTES) return;
        const length = new DataView(this.#header.buffer).getUint32(0);
        if (length >= CONTROL) {
          this.#headerBytes = 0;
          yield { kind: "control", code: length - CONTROL };
          continue;
        }
        if (length > MESSAGE_BYTES_MAX) {
          throw new Fault("too-large", msg`a message is longer than ${MESSAGE_BYTES_MAX} bytes`);
        }
        this.#message = new Uint8Array(length);
        this.#messageBytes = 0;
      }
      const message: Uint8Array = this.#message;
      const part = chunk.subarray(offset, offset + message.length - this.#messageBytes);
      message.set(part, this.#messageBytes);
      this.#messageBytes += part.length;
      offset += part.length;
      if (this.#messageBytes < message.length) return;
      this.#headerBytes = 0;
      this.#message = undefined;
      yield { kind: "message", bytes: message };
    }
  }
}
