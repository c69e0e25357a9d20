/** Check of the folder that receives downloads. */

import { dirname, join } from "node:path";
import { errorCode, type TreeDisk, writeWhole } from "../disk/disk.ts";
import { systemDisk } from "../disk/system-disk.ts";

const PROBE_BYTES = 4096;

/**
 * Reports whether the folder stores a small file. If it does, an error while saving another file
 * concerns only that file: it was too large, or the disk refuses its name. A file that is refused
 * before its first byte leaves a missing folder missing; then its parent is checked.
 */
export async function storesFiles(
  folder: string,
  disk: Pick<TreeDisk, "openNew" | "remove"> = systemDisk(),
): Promise<boolean> {
  const path = join(folder, `.chat-check-${process.pid}-${Bun.nanoseconds()}`);
  try {
    using file = disk.openNew(path);
    try {
      await writeWhole(file, new Uint8Array(PROBE_BYTES), 0);
      await file.sync();
    } finally {
      disk.remove(path);
    }
    return true;
  } catch (error) {
    if (errorCode(error) === "") throw error;
    const parent = dirname(folder);
    const isMissing = errorCode(error) === "ENOENT" && parent !== folder;
    return isMissing && storesFiles(parent, disk);
  }
}
