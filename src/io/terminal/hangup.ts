/** Test whether this process ignores hangups. */

import { readFileSync } from "node:fs";

const SIGHUP_BIT = 1n;

/**
 * Reports whether this process was started to ignore SIGHUP, e.g. by `nohup`. A handler for the
 * signal would undo that. Linux only; false on other systems.
 */
export function ignoresHangup(statusFile = "/proc/self/status"): boolean {
  try {
    const mask = /^SigIgn:\s*([0-9a-f]+)$/m.exec(readFileSync(statusFile, "utf8"))?.[1];
    return mask !== undefined && (BigInt(`0x${mask}`) & SIGHUP_BIT) !== 0n;
  } catch {
    return false;
  }
}
