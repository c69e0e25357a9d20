/** What is smaller goes soon enough, and costs less than the giving back. */
const WORTH_BYTES = 4 * 1024;

/**
 * Gives the memory of bytes back now. The collector would, but late: a transfer of a file stands at
 * twice the memory then, and each chunk comes to pages that the system must clear (Bun 1.4.4).
 * Afterwards they have no length, unless they are few.
 * @param bytes whose buffer is not shared, and which no call still reads or fills
 */
export function releaseBuffer(bytes: Uint8Array): void {
  if (bytes.length < WORTH_BYTES) return;
  const { buffer } = bytes;
  if (buffer instanceof ArrayBuffer && !buffer.detached) buffer.transfer(0);
}
