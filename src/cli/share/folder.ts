/** The temporary data folder of `chat share`. */

import { existsSync, lstatSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { Fault } from "../../base/fault.ts";
import { lockFile } from "../../io/disk/lock.ts";

const PREFIX = "chat-share-";
/** A younger folder may belong to a share that has not locked it yet. */
const ABANDONED_AFTER_MS = 60_000;

/** The temporary folder of one `chat share`, with its server's keys and history. */
export interface ShareFolder {
  /** The server's data folder; not created yet. */
  readonly data: string;
  remove(): void;
}

/** Removed at process exit. After a kill the next share removes it. */
export function openShareFolder(unixMs: number): ShareFolder {
  for (const name of readdirSync(tmpdir())) {
    const path = join(tmpdir(), name);
    if (name.startsWith(PREFIX) && isAbandoned(path, unixMs)) discard(path);
  }
  const folder = mkdtempSync(join(tmpdir(), PREFIX));
  const remove = () => discard(folder);
  process.once("exit", remove); // A second Ctrl-C ends the program immediately.
  return {
    data: join(folder, "data"),
    remove: () => {
      process.off("exit", remove);
      remove();
    },
  };
}

function discard(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}

/**
 * Whether the folder is of this user, and its process has ended: a running one holds the lock of
 * the data folder.
 */
function isAbandoned(path: string, unixMs: number): boolean {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined || !stat.isDirectory() || stat.uid !== userInfo().uid) return false;
  const lock = join(path, "data", "LOCK");
  if (unixMs - stat.mtimeMs < ABANDONED_AFTER_MS || !existsSync(lock)) return false;
  try {
    const held = lockFile(lock);
    held?.release();
    return held !== undefined;
  } catch (error) {
    if (error instanceof Fault) return false;
    throw error;
  }
}
