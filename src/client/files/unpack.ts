/** Decompression of small parts of untrusted files. */

import { concatBytes } from "../../base/bytes.ts";

/** Bounds hostile content. */
const UNPACKED_BYTES_MAX = 256 * 1024;

/** @returns the beginning of the content of an entry of a zip archive; nothing if it is damaged */
export async function unpacked(bytes: Uint8Array): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let sizeBytes = 0;
  try {
    const packed = new Blob([new Uint8Array(bytes)]).stream();
    const stream = packed.pipeThrough(new DecompressionStream("deflate-raw"));
    for (const reader = stream.getReader(); ; ) {
      const { value } = await reader.read();
      if (value === undefined) break;
      parts.push(value);
      sizeBytes += value.length;
      if (sizeBytes < UNPACKED_BYTES_MAX) continue;
      await reader.cancel();
      break;
    }
  } catch {
    return new Uint8Array();
  }
  return concatBytes(...parts);
}
