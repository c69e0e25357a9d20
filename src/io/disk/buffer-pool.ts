/**
 * Memory of chunks, used again: fresh memory has to be cleared, gives the collector work, and what
 * it gives back is fetched from the system page by page (4 % of the processor time of a transfer).
 */
import { CHUNK_BYTES, SPARE_BUFFERS_MAX } from "../../base/limits.ts";

/** Room before the content, for the head of a chunk's message and that of its frame. */
export const HEADROOM_BYTES = 1024;
const BUFFER_BYTES = HEADROOM_BYTES + CHUNK_BYTES;
/** What is smaller goes soon enough, and costs less than the giving back. */
const WORTH_BYTES = 4 * 1024;

/** Bounded by SPARE_BUFFERS_MAX. */
const spare: ArrayBuffer[] = [];
/** Those that are in use; one that is never given back is the collector's. */
const lent = new WeakSet<ArrayBufferLike>();

/**
 * Memory for a chunk with HEADROOM_BYTES before it, or for a whole message of one.
 * @param sizeBytes at most CHUNK_BYTES, with the headroom that much more
 * @returns bytes of arbitrary content: all of them are to be written before they are read
 */
export function takeBuffer(sizeBytes: number, headroomBytes = HEADROOM_BYTES): Uint8Array {
  if (headroomBytes + sizeBytes > BUFFER_BYTES) return new Uint8Array(sizeBytes);
  const buffer = spare.pop() ?? new ArrayBuffer(BUFFER_BYTES);
  lent.add(buffer);
  return new Uint8Array(buffer, headroomBytes, sizeBytes);
}

/**
 * Gives the memory of bytes back now. The collector would, but late: a transfer of a file stands at
 * twice the memory then. Memory of the pool is used again; other has no length afterwards, unless
 * it is small.
 * @param bytes which nothing reads or fills any more, and whose buffer is not shared
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
 * The head and the tail as one, if the tail is memory of the pool with enough room before it.
 * @returns the tail's memory; undefined if it has no room there
 */
export function joinInPlace(head: Uint8Array, tail: Uint8Array): Uint8Array | undefined {
  const at = tail.byteOffset - head.length;
  if (at < 0 || !lent.has(tail.buffer)) return undefined;
  const whole = new Uint8Array(tail.buffer, at, head.length + tail.length);
  whole.set(head);
  return whole;
}
