/** Check for free disk space before a download. */

import { dirname, resolve } from "node:path";
import { Fault, msg } from "../../base/fault.ts";
import type { FileId } from "../../base/ids.ts";
import { CHUNK_BYTES } from "../../base/limits.ts";
import { formatSize } from "../../base/sizes.ts";
import { diskFault, errorCode, type TreeDisk } from "../disk/disk.ts";
import { systemDisk } from "../disk/system-disk.ts";
import { countPartialChunks } from "./partial-chunks.ts";

export interface PlannedDownload {
  readonly folder: string;
  readonly name: string;
  readonly file: FileId;
  readonly server: string;
  readonly sizeBytes?: number | undefined;
  readonly disk?: TreeDisk;
}

/**
 * Changes nothing on the disk, so that a refused download leaves nothing behind.
 * @throws {Fault} store-full if the rest of the file does not fit
 */
export async function checkFreeSpace(planned: PlannedDownload): Promise<void> {
  const { folder, name, sizeBytes, disk = systemDisk() } = planned;
  if (sizeBytes === undefined) return;
  const neededBytes = sizeBytes - countPartialChunks(planned, disk) * CHUNK_BYTES;
  const freeBytes = await freeBytesAt(disk, resolve(folder));
  if (freeBytes >= neededBytes) return;
  const [needed, free] = [formatSize(neededBytes), formatSize(freeBytes)];
  throw new Fault("store-full", msg`${name} needs ${needed}, but only ${free} is free`, {
    remedy: msg`free up disk space, or choose another folder`,
  });
}

/** The folder itself may not exist yet. */
async function freeBytesAt(disk: TreeDisk, folder: string): Promise<number> {
  try {
    return await disk.freeBytes(folder);
  } catch (error) {
    const parent = dirname(folder);
    if (errorCode(error) === "ENOENT" && parent !== folder) return freeBytesAt(disk, parent);
    throw diskFault(error, folder);
  }
}
