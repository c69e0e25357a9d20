import { join } from "node:path";
import { equalBytes } from "../base/bytes.ts";
import { PART_JOURNAL } from "../base/file-names.ts";
import type { FileId } from "../base/ids.ts";
import { SAME_NAMES_MAX } from "../base/limits.ts";
import { HASH_LINE_BYTES } from "../wire/chunks.ts";
import type { TreeDisk } from "./disk.ts";
import { systemDisk } from "./disk-file.ts";
import { headOf } from "./part-file.ts";

interface WhosePart {
  readonly folder: string;
  readonly file: FileId;
  readonly server: string;
}

/**
 * Chunks that an earlier run seems to have left of a file: by the length of its journal, whatever
 * its name. How much of them is right, the sink finds out.
 */
export function chunksLeft(part: WhosePart, disk: TreeDisk = systemDisk()): number {
  const head = headOf(part);
  let most = 0;
  try {
    const journals = disk.list(part.folder).filter((name) => name.endsWith(PART_JOURNAL));
    for (const name of journals.slice(0, SAME_NAMES_MAX)) {
      most = Math.max(most, linesAt(disk, join(part.folder, name), head));
    }
  } catch {
    // Whoever may not read it hears of that from the sink.
  }
  return most;
}

function linesAt(disk: TreeDisk, path: string, head: Uint8Array): number {
  if (disk.kind(path) !== "file") return 0;
  const journal = disk.openPlain(path, "read");
  try {
    const bytes = new Uint8Array(head.length);
    journal.read(bytes, 0);
    if (!equalBytes(bytes, head)) return 0;
    return Math.floor((journal.sizeBytes() - head.length) / HASH_LINE_BYTES);
  } finally {
    journal.close();
  }
}
