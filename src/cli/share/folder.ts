/** Temporary data folder of `chat share`. */

import { existsSync, lstatSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { Fault } from "../../base/fault.ts";
import { lockFile } from "../../io/disk/lock.ts";

const PREFIX = "chat-share-";
/**
 * Minimum age of an abandoned folder, in milliseconds. A younger folder may belong to a share that
 * has not locked it yet.
 */
const ABANDONED_AFTER_MS = 60_000;

/** Temporary folder of one `chat share`, with its server's keys and history. */
export interface ShareFolder {
  /** Path of the server's data folder, which does not exist yet. */
  readonly data: string;
  remove(): void;
}

/**
 * Creates a folder that is removed when the process exits. If the process is killed, the next share
 * removes the folder.
 */
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
 * Reports whether the folder belongs to this user and its process has ended. A running process
 * holds the lock of the data folder.
 */
function isAbandoned(path: string, unixMs: number): boolean {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined || !stat.isDirectory() || stat.uid !== userInfo().uid) return false;
  const lock = join(path, "data", "LOCK");
  if (unixMs - stat.mtimeMs < ABANDONED_AFTER_MS || !existsSync(lock)) return false;
  try {
    const lockHandle = lockFile(lock);
    lockHandle?.release();
    return lockHandle !== undefined;
  } catch (error) {
    if (error instanceof Fault) return false;
    throw error;
  }
}
