/** Files that are read and written as a whole, on any disk. */

import { Fault, msg } from "../../base/fault.ts";
import { type Disk, type DiskFile, diskFault, writeWhole } from "./disk.ts";

/**
 * Returns `undefined` if there is none.
 * @throws Fault store-…, data-foreign if it is larger than that
 */
export function readWholeFile(
  disk: Disk,
  path: string,
  sizeBytesMax: number,
): Uint8Array | undefined {
  if (!disk.exists(path)) return undefined;
  return using(disk, path, "read", (file) => {
    const sizeBytes = file.sizeBytes();
    if (sizeBytes > sizeBytesMax) {
      throw new Fault("data-foreign", msg`${path} is too large to be ours`);
    }
    const bytes = new Uint8Array(sizeBytes);
    let read = 0;
    while (read < sizeBytes) {
      const got = file.read(bytes.subarray(read), read);
      if (got === 0) break;
      read += got;
    }
    return bytes.subarray(0, read);
  });
}

/**
 * Replaces the file atomically and durably: temporary file, sync, rename.
 * @throws Fault
 */
export async function writeWholeFile(
  disk: Disk,
  path: string,
  bytes: Uint8Array,
  folder: string,
): Promise<void> {
  const temporary = `${path}.tmp`;
  try {
    disk.remove(temporary); // Left by a killed run, or planted as a link.
    const file = disk.open(temporary, "write");
    try {
      await writeWhole(file, bytes, 0, SYNC_BYTES_MAX);
      await file.sync();
    } finally {
      file.close();
    }
    disk.rename(temporary, path);
    await disk.syncFolder(folder);
  } catch (error) {
    throw diskFault(error, path);
  }
}

/** Larger writes happen off the event loop. */
const SYNC_BYTES_MAX = 64 * 1024;

function using<Result>(
  disk: Disk,
  path: string,
  access: "read" | "write",
  work: (file: DiskFile) => Result,
): Result {
  try {
    const file = disk.open(path, access);
    try {
      return work(file);
    } finally {
      file.close();
    }
  } catch (error) {
    throw diskFault(error, path);
  }
}
