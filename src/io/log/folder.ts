/** Files of a log beside its segments. */

import { dirname, resolve } from "node:path";
import { BATCH_SYNC_BYTES_MAX } from "../../base/limits.ts";
import { type Disk, diskFault, isFull, writeWhole } from "../disk/disk.ts";

/**
 * Makes the folder's entries and its parents durable. Any of them may be new, made by us or by a
 * process that was killed before its sync; a sync is cheap, once.
 */
export async function syncAbove(disk: Disk, folder: string): Promise<void> {
  await disk.syncFolder(folder);
  for (let path = resolve(folder); dirname(path) !== path; path = dirname(path)) {
    try {
      await disk.syncFolder(dirname(path));
    } catch (error) {
      // We did not create a folder that we may not read.
      if (diskFault(error, path).code !== "store-denied") throw error;
      return;
    }
  }
}

/** Not sparse, so that removing it frees space. */
export async function keepReserve(disk: Disk, path: string, sizeBytes: number): Promise<void> {
  if (disk.exists(path)) return;
  try {
    using file = disk.open(path, "write");
    await writeWhole(file, new Uint8Array(sizeBytes), 0, BATCH_SYNC_BYTES_MAX);
  } catch (error) {
    // Without space for a reserve the log still reads, and writes what fits.
    if (!isFull(error)) throw error;
    disk.remove(path);
  }
}

/** Repeats a write once if the disk is full, with the space of the reserve file. */
export async function withReserve<Result>(
  disk: Disk,
  reservePath: string,
  write: () => Promise<Result>,
): Promise<Result> {
  try {
    return await write();
  } catch (error) {
    if (!isFull(error)) throw error;
    disk.remove(reservePath);
    return await write();
  }
}
