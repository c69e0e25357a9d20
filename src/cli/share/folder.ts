/** Temporary data folder of `chat share`. */

import { existsSync, lstatSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { Fault } from "../../base/fault.ts";
import { lockFile } from "../../io/disk/lock.ts";

const PREFIX = "chat-share-";
/** A younger folder may belong to a share that has not locked it yet. */
const ABANDONED_AFTER_MS = 60_000;

export interface ShareFolder {
  readonly data: string;
  remove(): void;
}

/** Removed when the process exits. If the process is killed, the next share removes the folder. */
export function openShareFolder(unixMs: number): ShareFolder {
  for (const name of readdirSync(tmpdir())) {
    const path = join(tmpdir(), name);
    if (name.startsWith(PREFIX) && isAbandoned(path, unixMs)) discard(path);
  }
  const folder = mkdtempSync(join(tmpdir(), PREFIX));
  const remove = () => discard(folder);
  process.once("exit", remove);
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

/** A running process holds the lock of its data folder. */
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
