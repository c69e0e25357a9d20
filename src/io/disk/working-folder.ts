/** Paths relative to the working folder, which may be deleted while the program runs. */

import { isAbsolute, relative, resolve } from "node:path";
import { Fault, msg } from "../../base/fault.ts";

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

/** Returns the path relative to the working folder if it is below it. */
export function shortPath(path: string): string {
  try {
    const relativePath = relative(process.cwd(), path);
    return relativePath.startsWith("..") || isAbsolute(relativePath) ? path : relativePath;
  } catch {
    return path; // The working folder was deleted.
  }
}
