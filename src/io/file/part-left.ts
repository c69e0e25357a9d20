/** Chunks that an earlier run has already received. */

import { join } from "node:path";
import { PART_JOURNAL } from "../../base/file-names.ts";
import { SAME_NAMES_MAX } from "../../base/limits.ts";
import { HASH_LINE_BYTES } from "../../wire/chunks.ts";
import type { TreeDisk } from "../disk/disk.ts";
import { systemDisk } from "../disk/system-disk.ts";
import { headAt, type PartOwner } from "./part-file.ts";

interface WhosePart extends PartOwner {
  readonly folder: string;
}

/**
 * Returns the chunks that an earlier run seems to have left of a file, by the length of its
 * journal, whatever its name. The sink finds out how many are right.
 */
export function chunksLeft(part: WhosePart, disk: TreeDisk = systemDisk()): number {
  let most = 0;
  try {
    const journals = disk.list(part.folder).filter((name) => name.endsWith(PART_JOURNAL));
    for (const name of journals.slice(0, SAME_NAMES_MAX)) {
      most = Math.max(most, linesAt(disk, join(part.folder, name), part));
    }
  } catch {
    // If it is unreadable, the sink reports that.
  }
  return most;
}

function linesAt(disk: TreeDisk, path: string, owner: PartOwner): number {
  if (disk.kind(path) !== "file") return 0;
  const head = headAt(disk, path, owner);
  if (head.kind !== "ours") return 0;
  return Math.floor((head.sizeBytes - head.headBytes) / HASH_LINE_BYTES);
}
