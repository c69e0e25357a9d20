/** Whether a closed terminal ends the program. */

import { readFileSync } from "node:fs";

const SIGHUP_BIT = 1n;

/**
 * Whether this process was started so that SIGHUP does not concern it, as by `nohup`. A handler of
 * ours would undo that. Only Linux tells; elsewhere the answer is no.
 */
export function ignoresHangup(statusFile = "/proc/self/status"): boolean {
  try {
    const mask = /^SigIgn:\s*([0-9a-f]+)$/m.exec(readFileSync(statusFile, "utf8"))?.[1];
    return mask !== undefined && (BigInt(`0x${mask}`) & SIGHUP_BIT) !== 0n;
  } catch {
    return false;
  }
}
