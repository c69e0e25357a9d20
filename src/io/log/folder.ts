/** Folder of a log: durability of new folders, and the reserve file. */

import { dirname, resolve } from "node:path";
import { BATCH_SYNC_BYTES_MAX } from "../../base/limits.ts";
import { type Disk, diskFault, isFull, writeWhole } from "../disk/disk.ts";

/**
 * Syncs a folder and its parents, because a process that created one of them may have been killed
 * before its sync.
 */
export async function syncWithParents(disk: Disk, folder: string): Promise<void> {
  await disk.syncFolder(folder);
  for (let path = resolve(folder); dirname(path) !== path; path = dirname(path)) {
    try {
      await disk.syncFolder(dirname(path));
    } catch (error) {
      // A folder that this program cannot read was not created by it and needs no sync.
      if (diskFault(error, path).code !== "store-denied") throw error;
      return;
    }
  }
}

/** Creates the reserve file. It is not sparse, so removing it frees space. */
export async function ensureReserve(disk: Disk, path: string, sizeBytes: number): Promise<void> {
  if (disk.exists(path)) return;
  try {
    using file = disk.open(path, "write");
    await writeWhole(file, new Uint8Array(sizeBytes), 0, BATCH_SYNC_BYTES_MAX);
  } catch (error) {
    // The log works without a reserve.
    if (!isFull(error)) throw error;
    disk.remove(path);
  }
}

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
