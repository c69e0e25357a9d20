/** Reads and writes complete files on any disk. */

import { dirname } from "node:path";
import { Fault, msg } from "../../base/fault.ts";
import { type Disk, diskFault, writeWhole } from "./disk.ts";

/** @throws {Fault} store-… if the file cannot be read, data-foreign if it is too large */
export function readWholeFile(
  disk: Disk,
  path: string,
  sizeBytesMax: number,
): Uint8Array | undefined {
  if (!disk.exists(path)) return undefined;
  try {
    using file = disk.open(path, "read");
    const sizeBytes = file.sizeBytes();
    if (sizeBytes > sizeBytesMax) {
      throw new Fault("data-foreign", msg`${path} is too large`);
    }
    const bytes = new Uint8Array(sizeBytes);
    return bytes.subarray(0, file.read(bytes, 0));
  } catch (error) {
    throw diskFault(error, path);
  }
}

/** Replaces the file atomically and durably. */
export async function writeWholeFile(disk: Disk, path: string, bytes: Uint8Array): Promise<void> {
  try {
    await replaceFile(disk, path, bytes);
    await disk.syncFolder(dirname(path));
  } catch (error) {
    throw diskFault(error, path);
  }
}

/** Replaces the file atomically. The caller must sync the folder. */
export async function replaceFile(disk: Disk, path: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${path}.tmp`;
  // A killed run may have left a file, or an attacker a link.
  disk.remove(temporary);
  await writeSynced(disk, temporary, bytes);
  disk.rename(temporary, path);
}

const SYNC_BYTES_MAX = 64 * 1024;

export async function writeSynced(disk: Disk, path: string, bytes: Uint8Array): Promise<void> {
  using file = disk.open(path, "write");
  await writeWhole(file, bytes, 0, SYNC_BYTES_MAX);
  await file.sync();
}
