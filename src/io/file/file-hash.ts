/** Hashes open files in chunks, off the event loop. */

import { CHUNK_BYTES } from "../../base/limits.ts";
import { readAt } from "../disk/system-disk.ts";

export type NewHash = () => FileHash;

interface FileHash {
  update(bytes: Uint8Array): unknown;
  digest(as: "hex"): string;
}

export async function hashFileInto(
  hash: Pick<FileHash, "update">,
  fd: number,
  sizeBytesMax = Number.POSITIVE_INFINITY,
): Promise<number> {
  const buffer = new Uint8Array(CHUNK_BYTES);
  for (let offset = 0; ; ) {
    const piece = buffer.subarray(0, Math.min(buffer.length, sizeBytesMax - offset));
    const count = await readAt(fd, piece, offset);
    hash.update(piece.subarray(0, count));
    offset += count;
    if (count < piece.length || offset >= sizeBytesMax) return offset;
  }
}
