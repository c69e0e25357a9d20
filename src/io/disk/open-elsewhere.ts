/**
 * Replaces and removes files that another program may hold open for a moment. Functions without
 * `Soon` wait up to a second for it, during which nothing else happens in this process: they are
 * for commands and for the start of a server.
 */

import * as fs from "node:fs";
import { unlessFault } from "../../base/fault.ts";
import { onDisk } from "./disk.ts";
import { BRIEF_WAITS_MS, retryWhileOpen, retryWhileOpenLater } from "./retry-while-open.ts";

/** Renames a file or folder, and replaces an existing file. */
export function renamePath(from: string, to: string): void {
  retryWhileOpen(() => fs.renameSync(from, to), [to, from]);
}

/** Removes a file if it exists. */
export function removePath(path: string): void {
  retryWhileOpen(() => fs.rmSync(path, { force: true }), [path]);
}

/** Removes an optional file. It stays on a disk that refuses, such as a read-only one. */
export function removeIfPossible(path: string): void {
  unlessFault(() => onDisk(path, () => removePath(path)));
}

/** Renames a file or folder, and delays the connections of a server by milliseconds at most. */
export function renameSoon(from: string, to: string): void {
  retryWhileOpen(() => fs.renameSync(from, to), [to, from], BRIEF_WAITS_MS);
}

/** Removes a file if it exists, and delays the connections of a server by milliseconds at most. */
export function removeSoon(path: string): void {
  retryWhileOpen(() => fs.rmSync(path, { force: true }), [path], BRIEF_WAITS_MS);
}

/** Removes a folder with its entries if it exists. */
export function removeFolderNow(path: string): void {
  retryWhileOpen(() => fs.rmSync(path, { recursive: true, force: true }), [path]);
}

/** Removes a folder with its entries if it exists, while other tasks of this process continue. */
export async function removeFolder(path: string): Promise<void> {
  const remove = () => fs.promises.rm(path, { recursive: true, force: true });
  await retryWhileOpenLater(remove, [path]);
}
