/** Operations on user files, which are created, moved and removed but never replaced. */

import * as fs from "node:fs";
import { dateOf } from "../../base/time.ts";
import { errorCode, type FileMetadata } from "./disk.ts";

const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;
const PERMISSIONS = 0o777;
const NO_LINKS = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK", "EINVAL", "EXDEV"]);

export function openPlain(path: string, access: "read" | "write" | "create"): number {
  const { O_RDONLY, O_RDWR, O_CREAT, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = fs.constants;
  // Windows has no O_NOFOLLOW, so check before opening.
  if (O_NOFOLLOW === 0 && kindOf(path) === "other") throw notPlain(path);
  // Open without blocking, because opening a pipe waits for its other end.
  const mode = { read: O_RDONLY, write: O_RDWR, create: O_RDWR | O_CREAT }[access];
  const fd = fs.openSync(path, mode | O_NOFOLLOW | O_NONBLOCK, FILE_MODE);
  if (fs.fstatSync(fd).isFile()) return fd;
  fs.closeSync(fd);
  throw notPlain(path);
}

function notPlain(path: string): Error {
  return Object.assign(new Error(`${path} is not a regular file`), { code: "ELOOP" });
}

export function kindOf(path: string): "file" | "folder" | "other" | undefined {
  const stat = fs.lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return undefined;
  if (stat.isFile()) return "file";
  return stat.isDirectory() ? "folder" : "other";
}

export function makeFolderNew(path: string): boolean {
  return createsNew(() => fs.mkdirSync(path, { mode: FOLDER_MODE }));
}

export function nameNew(from: string, to: string): boolean {
  try {
    if (createsNew(() => fs.linkSync(from, to))) return true;
    // A crash may have interrupted an earlier move before the old name was removed.
    return isSameFile(from, to);
  } catch (error) {
    if (!NO_LINKS.has(errorCode(error))) throw error;
  }
  if (!createsNew(() => fs.closeSync(fs.openSync(to, "wx", FILE_MODE)))) return false;
  fs.renameSync(from, to);
  return true;
}

export function moveFolderNew(from: string, to: string): boolean {
  if (process.platform === "win32") {
    if (kindOf(to) !== undefined) return false;
    fs.renameSync(from, to); // Windows cannot replace a folder, not even an empty one.
    return true;
  }
  if (!createsNew(() => fs.mkdirSync(to))) return false;
  fs.chmodSync(from, fs.statSync(to).mode & 0o777);
  return createsNew(() => fs.renameSync(from, to));
}

export function setMetadata(path: string, { mode, mtimeMs }: FileMetadata): void {
  if (kindOf(path) === "other") throw notPlain(path);
  if (mtimeMs !== undefined) {
    // Use a date, because fractional seconds would often round down to the previous millisecond.
    const time = dateOf(mtimeMs);
    fs.utimesSync(path, time, time);
  }
  fs.chmodSync(path, mode & PERMISSIONS & ~process.umask());
}

export async function removeFolder(path: string): Promise<void> {
  await fs.promises.rm(path, { recursive: true, force: true });
}

export function modifiedMs(path: string): number | undefined {
  return fs.lstatSync(path, { throwIfNoEntry: false })?.mtimeMs;
}

export async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await fs.promises.statfs(folder);
  return bavail * bsize;
}

function createsNew(make: () => unknown): boolean {
  try {
    make();
    return true;
  } catch (error) {
    const code = errorCode(error);
    if (code === "EEXIST" || code === "ENOTEMPTY") return false;
    throw error;
  }
}

function isSameFile(a: string, b: string): boolean {
  const [left, right] = [a, b].map((path) => fs.lstatSync(path, { bigint: true }));
  return left?.isFile() === true && left.dev === right?.dev && left.ino === right.ino;
}
