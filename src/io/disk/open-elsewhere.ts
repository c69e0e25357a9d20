/** Replaces and removes files that another program may hold open for a moment. */

import * as fs from "node:fs";
import { errorCode } from "./disk.ts";

/**
 * Errors of Windows for a file that a scanner, an indexer or a backup holds open. The runtime
 * reports EFAULT for EPERM when it removes a file.
 */
const MAYBE_OPEN = new Set(["EBUSY", "EPERM", "EACCES", "EFAULT"]);
/** Milliseconds before each further attempt, about one second in total. */
const WAITS_MS = [10, 20, 40, 80, 150, 200, 250, 250] as const;

interface System {
  readonly platform: NodeJS.Platform;
  readonly sleep: (ms: number) => void;
}

const SYSTEM: System = { platform: process.platform, sleep: (ms) => Bun.sleepSync(ms) };

/** Renames a file or folder, and replaces an existing file. */
export function renamePath(from: string, to: string): void {
  retryWhileOpen(() => fs.renameSync(from, to), [to, from]);
}

/** Removes a file if it exists. */
export function removePath(path: string): void {
  retryWhileOpen(() => fs.rmSync(path, { force: true }), [path]);
}

/** Removes a folder with its entries if it exists. */
export async function removeFolder(path: string): Promise<void> {
  for (const waitMs of process.platform === "win32" ? WAITS_MS : []) {
    try {
      await fs.promises.rm(path, { recursive: true, force: true });
      return;
    } catch (error) {
      if (!MAYBE_OPEN.has(errorCode(error))) throw error;
    }
    await Bun.sleep(waitMs);
  }
  await fs.promises.rm(path, { recursive: true, force: true });
}

/**
 * Retries a task for about a second while the system refuses it because a file is open elsewhere.
 * Other systems than Windows allow it at once, so their refusals are final.
 * @param paths files that may be open
 * @throws {Error} EBUSY if a file is still open
 */
export function retryWhileOpen(
  task: () => void,
  paths: readonly string[],
  { platform, sleep }: System = SYSTEM,
): void {
  for (let attempt = 0; ; attempt++) {
    try {
      task();
      return;
    } catch (error) {
      if (platform !== "win32" || !MAYBE_OPEN.has(errorCode(error))) throw error;
      const waitMs = WAITS_MS[attempt];
      if (waitMs === undefined) throw refusal(error, paths);
      sleep(waitMs);
    }
  }
}

/** Windows also refuses for lack of permission. A file that could be written is open elsewhere. */
function refusal(error: unknown, paths: readonly string[]): unknown {
  const code = errorCode(error) === "EBUSY" || paths.some(isWritable) ? "EBUSY" : "EPERM";
  return Object.assign(new Error(code, { cause: error }), { code });
}

function isWritable(path: string): boolean {
  try {
    fs.closeSync(fs.openSync(path, "r+"));
    return true;
  } catch (error) {
    return errorCode(error) === "EBUSY";
  }
}
