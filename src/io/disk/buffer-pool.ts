/** Pool of chunk-sized buffers. */

// A pool avoids new memory, which must be cleared, is garbage collected and causes page faults (4 %
// of a transfer's CPU time).

import { CHUNK_BYTES, SPARE_BUFFERS_MAX } from "../../base/limits.ts";

/** Number of bytes before the content, reserved for a message header and a frame header. */
export const HEADROOM_BYTES = 1024;
const BUFFER_BYTES = HEADROOM_BYTES + CHUNK_BYTES;
/** Minimum size of a buffer that is detached on release. Collecting smaller buffers is cheaper. */
const DETACH_BYTES_MIN = 4 * 1024;

/** Released buffers, at most SPARE_BUFFERS_MAX. */
const spare: ArrayBuffer[] = [];
/** Buffers of the pool in use. A buffer that is never released is garbage collected. */
const inUse = new WeakSet<ArrayBufferLike>();

/**
 * Returns memory for a chunk with HEADROOM_BYTES before it, or for a whole message.
 * @param sizeBytes at most CHUNK_BYTES; without headroom, at most CHUNK_BYTES plus HEADROOM_BYTES
 * @returns uninitialised bytes, which the caller must overwrite before reading
 */
export function acquireBuffer(sizeBytes: number, headroomBytes = HEADROOM_BYTES): Uint8Array {
  if (headroomBytes + sizeBytes > BUFFER_BYTES) return new Uint8Array(sizeBytes);
  const buffer = spare.pop() ?? new ArrayBuffer(BUFFER_BYTES);
  inUse.add(buffer);
  return new Uint8Array(buffer, headroomBytes, sizeBytes);
}

/**
 * Releases memory immediately, which halves the memory use of a transfer compared with garbage
 * collection. Reuses pool memory; detaches other memory unless it is small.
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

/**
 * Joins head and tail without a copy if the tail has enough headroom in pool memory.
 * @returns the joined bytes; `undefined` if there is not enough headroom
 */
export function joinInPlace(head: Uint8Array, tail: Uint8Array): Uint8Array | undefined {
  const at = tail.byteOffset - head.length;
  if (at < 0 || !inUse.has(tail.buffer)) return undefined;
  const joined = new Uint8Array(tail.buffer, at, head.length + tail.length);
  joined.set(head);
  return joined;
}
