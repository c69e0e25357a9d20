/** Paths relative to the working folder, which may be deleted while the program runs. */

import { isAbsolute, relative, resolve } from "node:path";
import { Fault, msg } from "../../base/fault.ts";
import { isWindowsReserved } from "../../base/file-names.ts";
import { quoteText } from "../../base/text.ts";

/** @throws {Fault} not-found if the path is relative and the working folder was deleted */
export function absolutePath(path: string): string {
  if (isAbsolute(path)) return resolve(path);
  try {
    return resolve(path);
  } catch (cause) {
    throw new Fault("not-found", msg`the current folder was deleted`, {
      remedy: msg`change to another folder, or use an absolute path`,
      cause,
    });
  }
}

/**
 * Refuses to create a folder with a name that Windows reserves. The runtime would create it, and
 * Explorer could neither open nor delete it.
 * @throws {Fault} store-failed if a part of the path is such a name
 */
export function checkNewFolder(path: string, platform: NodeJS.Platform = process.platform): void {
  if (platform !== "win32") return;
  const parts = path.split(/[\\/]/).filter((part) => !["", ".", "..", "?"].includes(part));
  const reserved = parts.find(isWindowsReserved);
  if (reserved === undefined) return;
  throw new Fault(
    "store-failed",
    msg`Windows does not allow a folder named ${quoteText(reserved)}`,
    { remedy: msg`choose another name` },
  );
}

/** Returns the path relative to the working folder if it is below it. */
export function shortPath(path: string): string {
  try {
    const relativePath = relative(process.cwd(), path);
    return relativePath.startsWith("..") || isAbsolute(relativePath) ? path : relativePath;
  } catch {
    return path; // The working folder was deleted.
  }
}
