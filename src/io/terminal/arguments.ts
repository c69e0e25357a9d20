/** Tests whether the runtime could decode the command line. */

import { isUtf8 } from "node:buffer";
import { readFileSync } from "node:fs";

/**
 * The runtime replaces each invalid byte by U+FFFD. False where the bytes cannot be read, so that
 * a typed U+FFFD counts as invalid there.
 */
export function areArgumentsUtf8(file = "/proc/self/cmdline"): boolean {
  if (process.platform === "win32") return true; // Its arguments are UTF-16.
  try {
    return isUtf8(readFileSync(file));
  } catch {
    return false;
  }
}
