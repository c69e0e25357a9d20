/** Retries what Windows refuses while another program holds a file open. */

import * as fs from "node:fs";

/**
 * Errors of Windows for a file that a scanner, an indexer or a backup holds open. The runtime
 * reports EFAULT for EPERM when it removes a file.
 */
const MAYBE_OPEN = new Set(["EBUSY", "EPERM", "EACCES", "EFAULT"]);
/** Milliseconds before each further attempt, about one second in total. */
const WAITS_MS = [10, 20, 40, 80, 150, 200, 250, 250] as const;
/** The same where a server cannot serve its connections during the wait. */
export const BRIEF_WAITS_MS = [5, 10] as const;

interface System<Slept> {
  readonly platform: NodeJS.Platform;
  readonly sleep: (ms: number) => Slept;
}

const { platform: PLATFORM } = process;
const SYSTEM: System<void> = { platform: PLATFORM, sleep: (ms) => Bun.sleepSync(ms) };
const LATER: System<Promise<void>> = { platform: PLATFORM, sleep: (ms) => Bun.sleep(ms) };

/**
 * Retries a task while the system refuses it because a file is open elsewhere. Other systems than
 * Windows allow it at once, so their refusals are final.
 * @param paths files that may be open
 * @param waitsMs blocks the process for that long
 * @throws {Error} EBUSY if a file is still open
 */
export function retryWhileOpen(
  task: () => void,
  paths: readonly string[],
  waitsMs: readonly number[] = WAITS_MS,
  { platform, sleep }: System<void> = SYSTEM,
): void {
  for (let attempt = 0; ; attempt++) {
    try {
      return task();
    } catch (error) {
      sleep(waitMsAfter(error, waitsMs[attempt], platform, paths));
    }
  }
}

/**
 * Like `retryWhileOpen`, while other tasks of this process continue.
 * @throws {Error} EBUSY if a file is still open after a second
 */
export async function retryWhileOpenLater(
  task: () => void | Promise<void>,
  paths: readonly string[],
  { platform, sleep }: System<Promise<void>> = LATER,
): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await task();
    } catch (error) {
      await sleep(waitMsAfter(error, WAITS_MS[attempt], platform, paths));
    }
  }
}

/** @throws {Error} the error, or its meaning, if another attempt is useless */
function waitMsAfter(
  error: unknown,
  waitMs: number | undefined,
  platform: NodeJS.Platform,
  paths: readonly string[],
): number {
  if (platform !== "win32" || !MAYBE_OPEN.has(codeOf(error))) throw error;
  if (waitMs === undefined) throw refusal(error, paths);
  return waitMs;
}

/** Windows also refuses for lack of permission. A file that could be written is open elsewhere. */
function refusal(error: unknown, paths: readonly string[]): unknown {
  const code = codeOf(error) === "EBUSY" || paths.some(isWritable) ? "EBUSY" : "EPERM";
  return Object.assign(new Error(code, { cause: error }), { code });
}

function isWritable(path: string): boolean {
  try {
    fs.closeSync(fs.openSync(path, "r+"));
    return true;
  } catch (error) {
    return codeOf(error) === "EBUSY";
  }
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? "";
}
