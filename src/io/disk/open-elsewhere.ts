/** Replaces and removes files that another program may hold open for a moment. */

import * as fs from "node:fs";
import { errorCode } from "./disk.ts";
import { MAYBE_OPEN, retryWhileOpen, WAITS_MS } from "./retry-while-open.ts";

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
