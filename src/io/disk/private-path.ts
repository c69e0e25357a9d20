/**
 * Folders and files that only their owner and the system's administrators can read: mode 0700 or
 * 0600; on Windows an access control list, or a place below the user's profile, which is private.
 */

import { mkdirSync, realpathSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { win32 } from "node:path";
import { AccessLists, otherAccounts, otherOwner, privateListArguments } from "./access-list.ts";
import { onDisk } from "./disk.ts";
import { statOf } from "./stat.ts";
import { absolutePath, checkNewFolder } from "./working-folder.ts";

export const PRIVATE_FOLDER_MODE = 0o700;
export const OTHERS_MODE = 0o077;

/**
 * Creates a private folder, and the missing ones above it.
 * @throws {Fault} store-…
 */
export function makePrivateFolder(path: string): void {
  onDisk(path, () => createPrivateFolder(path));
}

/** Like `makePrivateFolder`, but throws the system's errors. */
export function createPrivateFolder(path: string): void {
  checkNewFolder(path);
  const first = mkdirSync(path, { recursive: true, mode: PRIVATE_FOLDER_MODE });
  if (first !== undefined) restrictAccess(first);
}

/**
 * Makes a new file or folder private on Windows. Does nothing elsewhere, where its mode suffices,
 * below the profile, and on disks without access control: `exposureOf` finds those.
 */
export function restrictAccess(path: string): void {
  if (process.platform !== "win32" || isInProfile(path)) return;
  try {
    using lists = new AccessLists();
    lists.makePrivate(path, statSync(path).isDirectory());
  } catch {}
}

/**
 * Access of other accounts: by a mode, or by a list, with the arguments of `icacls` against it;
 * none if another account owns the path.
 */
export type Exposure =
  | { readonly kind: "mode"; readonly mode: number }
  | { readonly kind: "list"; readonly icacls: readonly string[] };

/** @returns `undefined` if the path is private or missing */
export function exposureOf(path: string): Exposure | undefined {
  const stat = statOf(path);
  if (stat === undefined) return undefined;
  if (process.platform === "win32") return exposureOnWindows(path);
  return (stat.mode & OTHERS_MODE) === 0 ? undefined : { kind: "mode", mode: stat.mode & 0o777 };
}

function exposureOnWindows(path: string): Exposure | undefined {
  if (isInProfile(path)) return undefined;
  try {
    using lists = new AccessLists();
    const own = lists.ownSid();
    const list = lists.listOf(path);
    const others = otherAccounts(list, own);
    if (others.length === 0) return undefined;
    if (otherOwner(list, own).length > 0) return { kind: "list", icacls: [] };
    return { kind: "list", icacls: privateListArguments(own, others) };
  } catch {
    return { kind: "list", icacls: [] };
  }
}

function isInProfile(path: string): boolean {
  return isBelow(realPath(path), realPath(homedir()));
}

/**
 * Reports whether a path of Windows is in the folder or below it.
 * @internal
 */
export function isBelow(path: string, folder: string): boolean {
  if (folder === win32.parse(folder).root) return false;
  // Relative to another drive, a path stays absolute.
  const between = win32.relative(folder.toLowerCase(), path.toLowerCase());
  return !/^\.\.(?:\\|$)|^[a-z]:|^\\/.test(between);
}

/** Without links and short names; the path itself if the system cannot look at it. */
function realPath(path: string): string {
  try {
    return realpathSync.native(absolutePath(path));
  } catch {
    return absolutePath(path);
  }
}
