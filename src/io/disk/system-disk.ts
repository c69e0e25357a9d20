/** The operating system's file system as a disk, and its operations on user files. */

import * as fs from "node:fs";
import { dirname } from "node:path";
import { dateOf } from "../../base/time.ts";
import { PERMISSIONS } from "../../wire/modes.ts";
import type { SpareDescriptors } from "./descriptors.ts";
import {
  type DiskFile,
  errorCode,
  type FileMetadata,
  type FileProperty,
  skipBytes,
  type TreeDisk,
} from "./disk.ts";
import { removeFolder, removeSoon, renamePath, renameSoon } from "./open-elsewhere.ts";
import { FILE_MODE, kindOf, notPlain, openPlain } from "./plain-file.ts";
import { leadsTo } from "./presence.ts";
import { createPrivateFolder, OTHERS_MODE, PRIVATE_FOLDER_MODE } from "./private-path.ts";
import { SearchThreads } from "./search-worker.ts";
import { linkStatOf } from "./stat.ts";

type Callback = (error: Error | null, count?: number) => void;

function callAsync(call: (done: Callback) => void): Promise<number> {
  return new Promise((resolve, reject) => {
    call((error, count = 0) => (error === null ? resolve(count) : reject(error)));
  });
}

export async function readAt(fd: number, into: Uint8Array, offset: number): Promise<number> {
  let done = 0;
  while (done < into.length) {
    const [from, remaining] = [done, into.length - done];
    const bytesRead = await callAsync((callback) =>
      fs.read(fd, into, from, remaining, offset + from, callback),
    );
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return done;
}

export async function readBuffersAt(
  fd: number,
  into: readonly Uint8Array[],
  offset: number,
): Promise<number> {
  let done = 0;
  for (let remaining = into; remaining.length > 0; ) {
    const [parts, from] = [remaining, offset + done];
    const bytesRead = await callAsync((callback) => fs.readv(fd, parts, from, callback));
    if (bytesRead === 0) break;
    done += bytesRead;
    remaining = skipBytes(remaining, bytesRead);
  }
  return done;
}

const OWNER_EXECUTES = 0o100;
const UNSUPPORTED = ["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EINVAL"];
const NO_LINKS = new Set([...UNSUPPORTED, "EACCES", "EMLINK", "EXDEV"]);
/**
 * Errors of file systems that do not store a mode or a time (exFAT, NTFS, CIFS, shared folders of
 * virtual machines), or of a disk that belongs to another user.
 */
const NO_PROPERTY = new Set([...UNSUPPORTED, "EACCES", "EOVERFLOW", "ERANGE"]);
/** Errors of network and FUSE file systems that cannot sync a folder. */
const NO_FOLDER_SYNC = new Set(["EINVAL", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EBADF"]);
/** Type of FAT in `statfs` on Linux. */
const FAT = 0x4d44;
const FAT_FILE_BYTES_MAX = 2 ** 32 - 1;

export function makeFolderNew(path: string): boolean {
  return createsNew(() => fs.mkdirSync(path, { mode: PRIVATE_FOLDER_MODE }));
}

function nameNew(from: string, to: string): boolean {
  try {
    if (createsNew(() => fs.linkSync(from, to))) return true;
    // A crash may have interrupted an earlier move before the old name was removed.
    return isSameFile(from, to);
  } catch (error) {
    if (!NO_LINKS.has(errorCode(error))) throw error;
  }
  if (!createsNew(() => fs.closeSync(fs.openSync(to, "wx", FILE_MODE)))) return false;
  renamePath(from, to);
  return true;
}

/** The owner of a folder can replace its files anyway, and a USB disk may give all to one user. */
function isTrusted(path: string): boolean {
  const uid = linkStatOf(path)?.uid;
  const owners = [process.getuid?.() ?? uid, 0, fs.lstatSync(dirname(path)).uid];
  return uid !== undefined && owners.includes(uid);
}

function moveFolderNew(from: string, to: string): boolean {
  if (process.platform === "win32") {
    if (kindOf(to) !== undefined) return false;
    renamePath(from, to); // Windows cannot replace a folder, not even an empty one.
    return true;
  }
  if (!createsNew(() => fs.mkdirSync(to))) return false;
  return createsNew(() => renamePath(from, to));
}

function setMetadata(path: string, { mode, mtimeMs }: FileMetadata): FileProperty[] {
  if (kindOf(path) === "other") throw notPlain(path);
  const refused: FileProperty[] = [];
  if (mtimeMs !== undefined) {
    // Use a date, because fractional seconds would often round down to the previous millisecond.
    const time = dateOf(mtimeMs);
    if (!unlessCode(NO_PROPERTY, () => fs.utimesSync(path, time, time))) refused.push("times");
  }
  if (mode !== undefined && !setMode(path, mode & PERMISSIONS & ~process.umask()))
    refused.push("modes");
  return refused;
}

/**
 * Reports whether the file system stored the mode. Some report success but ignore a mode, which
 * counts as refused if a private file is then readable by others, or a program not executable.
 */
function setMode(path: string, mode: number): boolean {
  if (!unlessCode(NO_PROPERTY, () => fs.chmodSync(path, mode))) return false;
  if (process.platform === "win32") return true;
  const stored = fs.lstatSync(path).mode & PERMISSIONS;
  const isExposed = (mode & OTHERS_MODE) === 0 && (stored & OTHERS_MODE) !== 0;
  return !isExposed && (mode & ~stored & OWNER_EXECUTES) === 0;
}

/** Returns false if the task fails with one of the codes. */
function unlessCode(codes: ReadonlySet<string>, task: () => void): boolean {
  try {
    task();
    return true;
  } catch (error) {
    if (!codes.has(errorCode(error))) throw error;
    return false;
  }
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

const NEW_FILE_MODE = 0o666;
const NEW = fs.constants.O_RDWR | fs.constants.O_CREAT | fs.constants.O_EXCL;

export function systemDisk(spare?: SpareDescriptors): TreeDisk {
  const use: <Opened>(open: () => Opened) => Opened = (open) =>
    spare === undefined ? open() : spare.use(open);
  const close = (fd: number) => (spare === undefined ? fs.closeSync(fd) : spare.close(fd));
  const opened = (path: string, open: () => number) => new SystemFile(path, use(open), close);
  return {
    open: (path, access) =>
      opened(path, () => openPlain(path, access === "read" ? "read" : "create")),
    list: (folder) => use(() => listFolder(folder)),
    makeFolder: createPrivateFolder,
    syncFolder: async (folder) => {
      // Windows journals folder changes itself and cannot open a folder as a file.
      if (process.platform === "win32") return;
      const fd = use(() => fs.openSync(folder, "r"));
      try {
        await callAsync((done) => fs.fsync(fd, done));
      } catch (error) {
        if (!NO_FOLDER_SYNC.has(errorCode(error))) throw error;
      } finally {
        close(fd);
      }
    },
    exists: (path) => fs.existsSync(path),
    rename: renameSoon,
    remove: removeSoon,
    search: new SearchThreads(),
    openNew: (path, mode = NEW_FILE_MODE) =>
      opened(path, () => fs.openSync(path, NEW, (mode & NEW_FILE_MODE) | FILE_MODE)),
    openPlain: (path, access) => opened(path, () => openPlain(path, access)),
    kind: kindOf,
    isTrusted,
    makeFolderNew,
    nameNew,
    moveFolderNew,
    metadata: setMetadata,
    removeFolder,
    modifiedMs: (path) => linkStatOf(path)?.mtimeMs,
    freeBytes: async (folder) => {
      const { bavail, bsize } = await fs.promises.statfs(folder);
      return bavail * bsize;
    },
    fileBytesMax: async (folder) => {
      const { type } = await fs.promises.statfs(folder);
      return type === FAT ? FAT_FILE_BYTES_MAX : Number.POSITIVE_INFINITY;
    },
    yieldNow: () => new Promise((resolve) => setImmediate(resolve)),
  };
}

/**
 * System disk for files that a user receives. Some network shares answer EIO to every sync of a
 * folder. Because the content of the files was synced without an error, a disk that fails at this
 * moment can only lose their names, and the next run downloads them again.
 */
export function downloadDisk(disk = systemDisk()): TreeDisk {
  return {
    ...disk,
    syncFolder: async (folder) => {
      await disk.syncFolder(folder).catch((error: unknown) => {
        if (errorCode(error) !== "EIO") throw error;
      });
    },
  };
}

const STAT_BLOCK_BYTES = 512;

export function diskBytesOf({ blocks }: { readonly blocks: number }): number | undefined {
  return process.platform === "win32" ? undefined : blocks * STAT_BLOCK_BYTES;
}

class SystemFile implements DiskFile {
  readonly #path: string;
  readonly #fd: number;
  readonly #close: (fd: number) => void;

  constructor(path: string, fd: number, close: (fd: number) => void) {
    this.#path = path;
    this.#fd = fd;
    this.#close = close;
  }

  sizeBytes(): number {
    return fs.fstatSync(this.#fd).size;
  }

  diskBytes(): number | undefined {
    return diskBytesOf(fs.fstatSync(this.#fd));
  }

  read(into: Uint8Array, offset: number): number {
    let done = 0;
    while (done < into.length) {
      const bytesRead = fs.readSync(this.#fd, into, done, into.length - done, offset + done);
      if (bytesRead === 0) break;
      done += bytesRead;
    }
    return done;
  }

  readLater(into: Uint8Array, offset: number): Promise<number> {
    return readAt(this.#fd, into, offset);
  }

  readBuffersLater(into: readonly Uint8Array[], offset: number): Promise<number> {
    return readBuffersAt(this.#fd, into, offset);
  }

  write(bytes: Uint8Array, offset: number): number {
    return fs.writeSync(this.#fd, bytes, 0, bytes.length, offset);
  }

  writeLater(bytes: Uint8Array, offset: number): Promise<number> {
    return callAsync((done) => fs.write(this.#fd, bytes, 0, bytes.length, offset, done));
  }

  writeBuffersLater(parts: readonly Uint8Array[], offset: number): Promise<number> {
    return callAsync((done) => fs.writev(this.#fd, parts, offset, done));
  }

  async sync(): Promise<void> {
    await callAsync((done) => fs.fdatasync(this.#fd, done));
    if (process.platform === "darwin") await flushDriveOfMac(this.#fd);
  }

  isPresent(): boolean {
    return leadsTo(this.#path, this.#fd);
  }

  truncate(sizeBytes: number): void {
    fs.ftruncateSync(this.#fd, sizeBytes);
  }

  close(): void {
    this.#close(this.#fd);
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

function listFolder(folder: string): string[] {
  try {
    return fs.readdirSync(folder).sort();
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  }
}

const F_FULLFSYNC = 51;

async function flushDriveOfMac(fd: number): Promise<void> {
  const { dlopen, FFIType } = await import("bun:ffi");
  const libc = dlopen("libSystem.B.dylib", {
    fcntl: { args: [FFIType.i32, FFIType.i32], returns: FFIType.i32 },
  });
  // Ignore the result, because some network drives do not support this call.
  libc.symbols.fcntl(fd, F_FULLFSYNC);
}
