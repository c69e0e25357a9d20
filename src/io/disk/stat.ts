/** Details of files and folders that may be absent, unreadable or on a disk that fails. */

import { lstatSync, readlinkSync, type Stats, statSync } from "node:fs";
import { dirname, isAbsolute, join } from "node:path";
import { errorCode } from "./disk.ts";

/** @returns `undefined` for whatever the system cannot look at, for example without a right */
export function statOf(path: string): Stats | undefined {
  return unlessRefused(() => statSync(path));
}

/** Does not follow a link at the end of the path. */
export function linkStatOf(path: string): Stats | undefined {
  return unlessRefused(() => lstatSync(path));
}

/** Reports whether the folder is the root of a volume, which cannot be renamed or replaced. */
export function isMountPoint(folder: string): boolean {
  const [own, parent] = [statOf(folder), statOf(dirname(folder))];
  return own !== undefined && parent !== undefined && own.dev !== parent.dev;
}

/**
 * Returns the target of a link that an administrator or the target's owner created. Anyone else may
 * have planted the link to have a file copied that they cannot read; then returns the path itself.
 */
export function trustedTarget(path: string): string {
  const link = linkStatOf(path);
  if (link?.isSymbolicLink() !== true) return path;
  const text = readlinkSync(path);
  const target = isAbsolute(text) ? text : join(dirname(path), text);
  const isTrusted = link.uid === 0 || link.uid === linkStatOf(target)?.uid;
  return isTrusted ? target : path;
}

function unlessRefused<Result>(look: () => Result): Result | undefined {
  try {
    return look();
  } catch (error) {
    if (errorCode(error) === "") throw error;
    return undefined;
  }
}
