/** A pool of chunk-sized buffers. */

// Fresh memory has to be cleared, burdens the garbage collector, and is faulted in page by page (4
// % of the processor time of a transfer).

import { CHUNK_BYTES, SPARE_BUFFERS_MAX } from "../../base/limits.ts";

/** Room before the content for the headers of a chunk's message and of its frame. */
export const HEADROOM_BYTES = 1024;
const BUFFER_BYTES = HEADROOM_BYTES + CHUNK_BYTES;
/** Smaller buffers are collected soon enough, and cost less than freeing them explicitly. */
const WORTH_BYTES = 4 * 1024;

/** Bounded by SPARE_BUFFERS_MAX. */
const spare: ArrayBuffer[] = [];
/** Buffers in use; one that is never released is left to the collector. */
const lent = new WeakSet<ArrayBufferLike>();

/**
 * Returns memory for a chunk with HEADROOM_BYTES before it, or for a whole message.
 * @param sizeBytes at most CHUNK_BYTES, or with the headroom that much more
 * @returns bytes of arbitrary content: write all of them before reading
 */
export function takeBuffer(sizeBytes: number, headroomBytes = HEADROOM_BYTES): Uint8Array {
  if (headroomBytes + sizeBytes > BUFFER_BYTES) return new Uint8Array(sizeBytes);
  const buffer = spare.pop() ?? new ArrayBuffer(BUFFER_BYTES);
  lent.add(buffer);
  return new Uint8Array(buffer, headroomBytes, sizeBytes);
}

/**
 * Releases the memory of bytes immediately. The collector is late: a file transfer then uses twice
 * the memory. Pool memory is reused; other memory is detached, unless it is small.
 * @param bytes bytes that nothing reads or fills any more, and whose buffer is not shared
 */
export function releaseBuffer(bytes: Uint8Array): void {
  const { buffer } = bytes;
  if (lent.delete(buffer) && spare.length < SPARE_BUFFERS_MAX) {
    spare.push(buffer as ArrayBuffer);
    return;
  }
  if (bytes.length < WORTH_BYTES) return;
  if (buffer instanceof ArrayBuffer && !buffer.detached) buffer.transfer(0);
}

/**
 * Joins head and tail in place if the tail is pool memory with enough headroom.
 * @returns the tail's memory; undefined if it has no room
 */
export function joinInPlace(head: Uint8Array, tail: Uint8Array): Uint8Array | undefined {
  const at = tail.byteOffset - head.length;
  if (at < 0 || !lent.has(tail.buffer)) return undefined;
  const whole = new Uint8Array(tail.buffer, at, head.length + tail.length);
  whole.set(head);
  return whole;
}
