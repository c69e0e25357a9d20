/** Signals of a terminal that was closed. */

import { readFileSync } from "node:fs";

const SIGHUP_BIT = 1n;

/** Linux only; false elsewhere. A SIGHUP handler would undo `nohup`. */
export function ignoresHangup(statusFile = "/proc/self/status"): boolean {
  try {
    const mask = /^SigIgn:\s*([0-9a-f]+)$/m.exec(readFileSync(statusFile, "utf8"))?.[1];
    return mask !== undefined && (BigInt(`0x${mask}`) & SIGHUP_BIT) !== 0n;
  } catch {
    return false;
  }
}

/**
 * Signals that end the program as SIGTERM does. Windows sends SIGHUP when the console is closed,
 * and ends the process some seconds later; SIGBREAK is Ctrl-Break.
 */
export function hangupSignals(
  platform: NodeJS.Platform,
  isIgnored: boolean,
): readonly NodeJS.Signals[] {
  if (platform === "win32") return ["SIGHUP", "SIGBREAK"];
  return isIgnored ? [] : ["SIGHUP"];
}
