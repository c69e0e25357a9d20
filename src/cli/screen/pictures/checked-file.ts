/** Local files, verified against the size and digest in their message. */

import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { toHex } from "../../../base/bytes.ts";
import { CHUNK_BYTES } from "../../../base/limits.ts";
import type { Hashing } from "../../../client/files/hashing.ts";
import type { FileBody } from "../../../core/rooms/files.ts";
import { Digest } from "../../../wire/chunks.ts";

/** `undefined` if the file is missing or differs from the message. */
export async function checkedFile(
  path: string,
  { size, digest }: Pick<FileBody, "size" | "digest">,
  hashing: Hashing,
): Promise<Uint8Array | undefined> {
  let file: FileHandle | undefined;
  try {
    // O_NONBLOCK prevents `open` from blocking if a pipe has replaced the file.
    file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const stats = await file.stat();
    if (!stats.isFile() || stats.size !== size) return undefined;
    return await readChecked(file, size, digest, hashing);
  } catch {
    return undefined;
  } finally {
    await file?.close();
  }
}

async function readChecked(
  file: FileHandle,
  size: number,
  digest: string,
  hashing: Hashing,
): Promise<Uint8Array | undefined> {
  const bytes = new Uint8Array(size);
  const hasher = new Digest(hashing.newHash());
  for (let at = 0; at < size; at += CHUNK_BYTES) {
    const chunk = bytes.subarray(at, at + CHUNK_BYTES);
    const { bytesRead } = await file.read(chunk, 0, chunk.length, at);
    if (bytesRead !== chunk.length) return undefined;
    hasher.add(await hashing.hashChunk(chunk));
  }
  return toHex(hasher.value()) === digest ? bytes : undefined;
}
