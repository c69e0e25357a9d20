/** Folder of a log: durability of new folders, and the reserve file. */

import { dirname, resolve } from "node:path";
import { BATCH_SYNC_BYTES_MAX } from "../../base/limits.ts";
import { type Disk, diskFault, isFull, writeWhole } from "../disk/disk.ts";

/** Syncs the parents too, because a process may have been killed after creating them. */
export async function syncWithParents(disk: Disk, folder: string): Promise<void> {
  await disk.syncFolder(folder);
  for (let path = resolve(folder); dirname(path) !== path; path = dirname(path)) {
    try {
      await disk.syncFolder(dirname(path));
    } catch (error) {
      // This program did not create a folder that it cannot read, so the folder needs no sync.
      if (diskFault(error, path).code !== "store-denied") throw error;
      return;
    }
  }
}

export async function ensureReserve(disk: Disk, path: string, sizeBytes: number): Promise<void> {
  if (disk.exists(path)) return;
  try {
    using file = disk.open(path, "write");
    await writeWhole(file, new Uint8Array(sizeBytes), 0, BATCH_SYNC_BYTES_MAX);
  } catch (error) {
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
