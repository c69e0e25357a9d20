/** Retries what Windows refuses while another program holds a file open. */

import * as fs from "node:fs";
import { errorCode } from "./disk.ts";

/**
 * Errors of Windows for a file that a scanner, an indexer or a backup holds open. The runtime
 * reports EFAULT for EPERM when it removes a file.
 */
export const MAYBE_OPEN = new Set(["EBUSY", "EPERM", "EACCES", "EFAULT"]);
/** Milliseconds before each further attempt, about one second in total. */
export const WAITS_MS = [10, 20, 40, 80, 150, 200, 250, 250] as const;

interface System {
  readonly platform: NodeJS.Platform;
  readonly sleep: (ms: number) => void;
}

const SYSTEM: System = { platform: process.platform, sleep: (ms) => Bun.sleepSync(ms) };

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
