/** A pool of chunk-sized buffers. */

// New memory must be cleared, adds to garbage collection, and causes page faults (4 % of the CPU
// time of a transfer).

import { CHUNK_BYTES, SPARE_BUFFERS_MAX } from "../../base/limits.ts";

/** Space before the content for the headers of a chunk's message and frame. */
export const HEADROOM_BYTES = 1024;
const BUFFER_BYTES = HEADROOM_BYTES + CHUNK_BYTES;
/** Smaller buffers are cheaper to collect than to detach. */
const DETACH_BYTES_MIN = 4 * 1024;

/** Bounded by SPARE_BUFFERS_MAX. */
const spare: ArrayBuffer[] = [];
/** Buffers in use. Unreleased ones are garbage collected. */
const inUse = new WeakSet<ArrayBufferLike>();

/**
 * Returns memory for a chunk with HEADROOM_BYTES before it, or for a whole message.
 * @param sizeBytes at most CHUNK_BYTES, or with the headroom that much more
 * @returns uninitialized bytes: write all of them before reading
 */
export function takeBuffer(sizeBytes: number, headroomBytes = HEADROOM_BYTES): Uint8Array {
  if (headroomBytes + sizeBytes > BUFFER_BYTES) return new Uint8Array(sizeBytes);
  const buffer = spare.pop() ?? new ArrayBuffer(BUFFER_BYTES);
  inUse.add(buffer);
  return new Uint8Array(buffer, headroomBytes, sizeBytes);
}

/**
 * Releases memory immediately, which halves the memory of a file transfer compared with garbage
 * collection. Pool memory is reused; other memory is detached, unless it is small.
 * @param bytes must not be used any more, nor share their buffer
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
 * Joins head and tail in place if the tail is pool memory with enough headroom.
 * @returns the joined bytes; `undefined` if there is not enough headroom
 */
export function joinInPlace(head: Uint8Array, tail: Uint8Array): Uint8Array | undefined {
  const at = tail.byteOffset - head.length;
  if (at < 0 || !inUse.has(tail.buffer)) return undefined;
  const joined = new Uint8Array(tail.buffer, at, head.length + tail.length);
  joined.set(head);
  return joined;
}
