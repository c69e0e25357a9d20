/** Framing of links over plain HTTP requests. @see PROTOCOL, section "HTTP links" */

import { encodeControlFrame, FRAME_HEADER_BYTES, type Frame, FrameReader } from "../link/frame.ts";

/** Memory of a queued frame besides its bytes, so that queues of empty messages are limited too. */
export const FRAME_OVERHEAD_BYTES = 100;
/** Lengths from here on are control frames: the low 16 bits are a WebSocket close code, or 0. */
const CONTROL = 0xffff_0000;
/** Shows that a response has begun. It is not numbered. */
export const STARTED = 0;

export function encodeMessage(message: Uint8Array, tail?: Uint8Array): Uint8Array<ArrayBuffer> {
  const sizeBytes = message.length + (tail?.length ?? 0);
  const frame = new Uint8Array(FRAME_HEADER_BYTES + sizeBytes);
  new DataView(frame.buffer).setUint32(0, sizeBytes);
  frame.set(message, FRAME_HEADER_BYTES);
  if (tail !== undefined) frame.set(tail, FRAME_HEADER_BYTES + message.length);
  return frame;
}

export function encodeControl(code: number): Uint8Array<ArrayBuffer> {
  return encodeControlFrame(CONTROL + code);
}

export function controlCode({ length }: Frame & { readonly kind: "control" }): number {
  return length - CONTROL;
}

export function httpFrameReader(): FrameReader {
  return new FrameReader((length) => length >= CONTROL);
}
