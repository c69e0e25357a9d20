/** Counts the chunks that an earlier run received. */

import { join } from "node:path";
import { PARTIAL_JOURNAL_SUFFIX } from "../../base/file-names.ts";
import { SAME_NAMES_MAX } from "../../base/limits.ts";
import { HASH_LINE_BYTES } from "../../wire/chunks.ts";
import type { TreeDisk } from "../disk/disk.ts";
import { systemDisk } from "../disk/system-disk.ts";
import { type PartialFileOwner, readHeader } from "./partial-file.ts";

interface PartialFileQuery extends PartialFileOwner {
  readonly folder: string;
}

export function countPartialChunks(part: PartialFileQuery, disk: TreeDisk = systemDisk()): number {
  let maximum = 0;
  try {
    const journals = disk.list(part.folder).filter((name) => name.endsWith(PARTIAL_JOURNAL_SUFFIX));
    for (const name of journals.slice(0, SAME_NAMES_MAX)) {
      maximum = Math.max(maximum, linesAt(disk, join(part.folder, name), part));
    }
  } catch {
    // The sink reports unreadable folders.
  }
  return maximum;
}

function linesAt(disk: TreeDisk, path: string, owner: PartialFileOwner): number {
  if (disk.kind(path) !== "file") return 0;
  const head = readHeader(disk, path, owner);
  if (head.kind !== "ours") return 0;
  return Math.floor((head.sizeBytes - head.headerBytes) / HASH_LINE_BYTES);
}
