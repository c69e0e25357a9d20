/** Interface for all disk access, whole files and folders, and faults of the disk. */

import { basename, dirname } from "node:path";
import { Fault, fixedText, msg, type Translatable } from "../../base/fault.ts";
import { BATCH_SYNC_BYTES_MAX } from "../../base/limits.ts";
import { retryWhileOpenLater } from "./retry-while-open.ts";
import { absolutePath } from "./working-folder.ts";

export interface DiskFile extends Disposable {
  sizeBytes(): number;
  /** Space that the file uses on the disk, without its holes. `undefined` if unknown. */
  diskBytes?(): number | undefined;
  /** Reads fewer bytes than requested only at the end of the file. */
  read(into: Uint8Array, offset: number): number;
  readLater(into: Uint8Array, offset: number): Promise<number>;
  readBuffersLater(into: readonly Uint8Array[], offset: number): Promise<number>;
  /** May write fewer bytes than passed. */
  write(bytes: Uint8Array, offset: number): number;
  writeLater(bytes: Uint8Array, offset: number): Promise<number>;
  /** A single system call, which may write fewer bytes than passed. */
  writeBuffersLater(parts: readonly Uint8Array[], offset: number): Promise<number>;
  /** Runs fdatasync off the event loop. After a failure, the state of earlier writes is unknown. */
  sync(): Promise<void>;
  /**
   * Reports whether the path that was opened still leads to this file. Writing and syncing a file
   * that was removed or replaced succeeds, but what is written is lost when it is closed.
   */
  isPresent(): boolean;
  truncate(sizeBytes: number): void;
  close(): void;
}

export interface Disk {
  /**
   * `write` also allows reading, and creates a missing file with mode 0600. Never follows links,
   * which another user may have planted.
   * @throws {Error} ELOOP if the path is a link, pipe, device or folder
   */
  open(path: string, access: "read" | "write"): DiskFile;
  list(folder: string): string[];
  makeFolder(folder: string): void;
  syncFolder(folder: string): Promise<void>;
  exists(path: string): boolean;
  /** A server's tasks call `moveFile` instead, because another program may hold the file open. */
  rename(from: string, to: string): void;
  /** A server's tasks call `removeFile` instead. */
  remove(path: string): void;
  readonly search?: DiskSearch;
  readonly yieldNow?: () => Promise<void>;
}

export interface TreeDisk extends Disk {
  /**
   * @param mode subject to the umask; always writable by its owner, and never executable
   * @throws {Error} EEXIST if the path exists, even if it is a link
   */
  openNew(path: string, mode?: number): DiskFile;
  /** @throws {Error} ELOOP if the path is not a regular file */
  openPlain(path: string, access: "read" | "write"): DiskFile;
  kind(path: string): "file" | "folder" | "other" | undefined;
  /** Reports whether this user or the folder's owner owns the path, so that no other can write. */
  isTrusted(path: string): boolean;
  makeFolderNew(path: string): boolean;
  /**
   * Adds a hard link, or renames the file if the file system has no hard links. Returns false if
   * the target exists.
   */
  nameNew(from: string, to: string): boolean;
  /** Moves a folder, which keeps its mode and time. Returns false if the target exists. */
  moveFolderNew(from: string, to: string): boolean;
  /**
   * Never follows links. Only the permission bits of the mode are set, subject to the umask.
   * Returns the properties that the file system refuses to store.
   */
  metadata(path: string, metadata: FileMetadata): readonly FileProperty[];
  removeFolder(path: string): Promise<void>;
  modifiedMs(path: string): number | undefined;
  freeBytes(folder: string): Promise<number>;
  /** Size of the largest file that the file system stores. Infinity if it is unknown. */
  fileBytesMax(folder: string): Promise<number>;
}

export interface FileMetadata {
  /** `undefined` to keep the mode. */
  readonly mode?: number;
  readonly mtimeMs?: number;
}

/** Property of a received file that some file systems, such as exFAT, cannot store. */
export type FileProperty = "modes" | "times";

export interface SearchRange {
  readonly path: string;
  readonly from: number;
  readonly to: number;
}

export interface DiskSearch {
  readonly width: number;
  /**
   * Searches the ranges until a page is full. The result for a range is `undefined` if it was not
   * searched or is unreadable; any of its lines may match.
   */
  search(
    ranges: readonly SearchRange[],
    query: LineQuery,
  ): Promise<readonly (LineSpans | undefined)[]>;
}

export function errorCode(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

function systemCall(error: unknown): string {
  return error instanceof Error && "syscall" in error ? String(error.syscall) : "";
}

export function isFull(error: unknown): boolean {
  return errorCode(error) === "ENOSPC" || isQuotaReached(error);
}

export function isQuotaReached(error: unknown): boolean {
  return errorCode(error) === "EDQUOT";
}

/** A log contains a line that is longer than any line that this program writes. */
export class OverlongLine extends Error {}

interface DiskErrorRow {
  readonly code: "store-full" | "store-failed" | "store-denied" | "data-foreign";
  /** @param path path that the user knows, not the name of an internal file */
  readonly message: (path: string) => Translatable;
  readonly remedy?: string;
  /** Message for clients of a server with this error. Names no path. */
  readonly ofServer?: string;
}

const FREE_UP_SPACE = "free up disk space, or ask the administrator for a larger quota";
const OTHER_DISK = "choose a folder on another disk";
const OTHER_NAME = "use a shorter name, or choose another folder";
const RECONNECT = "connect it again, then try again";
const CLOSE_PROGRAM = "close the program that uses it, then try again";
const RAISE_LIMIT = "close some programs, or raise the limit: ulimit -n";

const denied: DiskErrorRow = {
  code: "store-denied",
  message: (path) => msg`permission denied: ${path}`,
};
const foreignFile: Pick<DiskErrorRow, "code" | "remedy"> = {
  code: "data-foreign",
  remedy: "replace it with a regular file",
};
const invalidName: DiskErrorRow = {
  code: "store-failed",
  message: (path) => msg`the disk of ${dirname(path)} does not accept ${path}`,
  remedy: "rename it, or choose a folder on another disk",
};
const disconnected: DiskErrorRow = {
  code: "store-failed",
  message: (path) => msg`the drive of ${path} is no longer connected`,
  remedy: RECONNECT,
  ofServer: "the server's drive is not connected",
};
const silent: DiskErrorRow = {
  code: "store-failed",
  message: (path) => msg`the network drive of ${path} does not answer`,
  remedy: RECONNECT,
  ofServer: "the server's network drive does not answer",
};
const damaged: DiskErrorRow = {
  code: "store-failed",
  message: (path) => msg`the file system of ${path} is damaged`,
  remedy: "back up the disk and repair its file system",
};
const inUse: DiskErrorRow = {
  code: "store-failed",
  message: (path) => msg`${path} is in use by another program`,
  remedy: CLOSE_PROGRAM,
};
const unsupported: DiskErrorRow = {
  code: "store-failed",
  message: (path) => msg`the disk of ${dirname(path)} does not support what chat needs`,
  remedy: OTHER_DISK,
};

/**
 * Every error that a disk may answer, by its errno. `store-failed` with the errno stands for all
 * others.
 */
const DISK_ERRORS: Readonly<Record<string, DiskErrorRow>> = {
  ENOSPC: { code: "store-full", message: (path) => msg`no space for ${path}` },
  EDQUOT: {
    code: "store-full",
    message: (path) => msg`the disk quota is used up; no space for ${path}`,
    remedy: FREE_UP_SPACE,
    ofServer: "the server's disk quota is used up",
  },
  EFBIG: {
    code: "store-failed",
    message: (path) => {
      const [name, disk] = [basename(path), dirname(path)];
      return msg`${name} is too large: the disk of ${disk} cannot store files of this size`;
    },
    remedy: OTHER_DISK,
    ofServer: "the server's disk cannot store files of this size",
  },
  EACCES: denied,
  EPERM: denied,
  EROFS: {
    code: "store-denied",
    message: (path) => msg`the disk of ${path} is read-only`,
    remedy: "make it writable, or choose another folder",
    ofServer: "the server's disk is read-only",
  },
  ENAMETOOLONG: {
    code: "store-failed",
    message: (path) => msg`the name of ${path} is too long for its disk`,
    remedy: OTHER_NAME,
  },
  EINVAL: invalidName,
  EILSEQ: invalidName,
  ENOENT: {
    code: "store-failed",
    message: (path) => msg`${path} does not exist`,
    remedy: "check the path",
  },
  ENOTDIR: {
    code: "store-failed",
    message: (path) => msg`a part of ${path} is not a folder`,
    remedy: "choose another folder",
  },
  EISDIR: { ...foreignFile, message: (path) => msg`${path} is a folder` },
  ELOOP: { ...foreignFile, message: (path) => msg`${path} is a link or not a regular file` },
  EEXIST: {
    code: "store-failed",
    message: (path) => msg`${path} already exists`,
    remedy: "move it elsewhere",
  },
  ETXTBSY: {
    code: "store-failed",
    message: (path) => msg`${path} is a program that is running`,
    remedy: CLOSE_PROGRAM,
  },
  EBUSY: inUse,
  EDEADLK: inUse,
  ENOLCK: unsupported,
  ENOTSUP: unsupported,
  EOPNOTSUPP: unsupported,
  ENOSYS: unsupported,
  EXDEV: unsupported,
  EIO: {
    code: "store-failed",
    message: (path) => msg`the disk failed at ${path}: it cannot be read or written`,
    remedy: "check that the disk is connected and works",
  },
  ENXIO: disconnected,
  ENODEV: disconnected,
  ENOMEDIUM: disconnected,
  ENOTCONN: disconnected,
  ESHUTDOWN: disconnected,
  ESTALE: {
    code: "store-failed",
    message: (path) => msg`the network drive of ${path} was disconnected or has changed`,
    remedy: RECONNECT,
    ofServer: "the server's network drive was disconnected",
  },
  ETIMEDOUT: silent,
  EHOSTDOWN: silent,
  EHOSTUNREACH: silent,
  ENETUNREACH: silent,
  ECONNRESET: silent,
  EREMOTEIO: silent,
  EUCLEAN: damaged,
  EBADMSG: damaged,
  EMFILE: {
    code: "store-failed",
    message: (path) => msg`chat has too many open files to use ${path}`,
    remedy: RAISE_LIMIT,
    ofServer: "the server has too many open files",
  },
  ENFILE: {
    code: "store-failed",
    message: (path) => msg`this machine has too many open files to use ${path}`,
    remedy: RAISE_LIMIT,
    ofServer: "the server has too many open files",
  },
  ENOMEM: {
    code: "store-failed",
    message: (path) => msg`this machine has too little memory to use ${path}`,
    remedy: "close some programs, then try again",
    ofServer: "the server has too little memory",
  },
};

/** System calls on an open file, which cannot refuse its name. */
const WITHOUT_PATH = /^(read|write|pread|pwrite|fsync|fdatasync|ftruncate|fallocate|futime)/;

function diskErrorRow(error: unknown): DiskErrorRow | undefined {
  const code = errorCode(error);
  if (code === "EINVAL" && WITHOUT_PATH.test(systemCall(error))) return unsupported;
  return Object.hasOwn(DISK_ERRORS, code) ? DISK_ERRORS[code] : undefined;
}

/** Message for clients of a server whose disk failed with this error, if it has its own. */
export function serverDiskMessage(error: unknown): string | undefined {
  return diskErrorRow(error)?.ofServer;
}

/** @param path path that the user knows, not the name of an internal file */
export function diskFault(error: unknown, path: string): Fault {
  if (error instanceof Fault) return error;
  if (error instanceof OverlongLine) {
    return new Fault("log-corrupt", msg`${path} has an overlong line`, { cause: error });
  }
  const row = diskErrorRow(error);
  if (row !== undefined) {
    const remedy = row.remedy === undefined ? undefined : fixedText(row.remedy);
    return new Fault(row.code, row.message(path), { remedy, cause: error });
  }
  const reason = errorCode(error) || "unknown error";
  return new Fault("store-failed", msg`the disk failed at ${path} (${reason})`, { cause: error });
}

/** Same fault as of a disk that refuses to write more of a file, before anything is written. */
export function tooLargeFault(path: string): Fault {
  return diskFault(Object.assign(new Error("the file is too large"), { code: "EFBIG" }), path);
}

/** Runs a task, and converts its errors to faults of the disk at this path. */
export function onDisk<Result>(path: string, task: () => Result): Result {
  const fail = (error: unknown): never => {
    throw diskFault(error, path);
  };
  try {
    const result = task();
    return result instanceof Promise ? (result.catch(fail) as Result) : result;
  } catch (error) {
    return fail(error);
  }
}

export async function writeWhole(
  file: DiskFile,
  bytes: Uint8Array,
  offset: number,
  syncBytesMax = 64 * 1024,
): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    const remaining = done === 0 ? bytes : bytes.subarray(done);
    const wrote =
      remaining.length > syncBytesMax
        ? await file.writeLater(remaining, offset + done)
        : file.write(remaining, offset + done);
    if (wrote === 0) throw noBytesWritten();
    done += wrote;
  }
}

export async function writeBuffers(
  file: DiskFile,
  parts: readonly Uint8Array[],
  offset: number,
): Promise<void> {
  let at = offset;
  // A write of empty parts alone would look like a full disk.
  for (let remaining: readonly Uint8Array[] = skipBytes(parts, 0); remaining.length > 0; ) {
    const wrote = await file.writeBuffersLater(remaining, at);
    if (wrote === 0) throw noBytesWritten();
    at += wrote;
    remaining = skipBytes(remaining, wrote);
  }
}

export function skipBytes(parts: readonly Uint8Array[], sizeBytes: number): Uint8Array[] {
  let done = sizeBytes;
  const remaining: Uint8Array[] = [];
  for (const part of parts) {
    const skipped = Math.min(done, part.length);
    done -= skipped;
    if (skipped < part.length) remaining.push(skipped === 0 ? part : part.subarray(skipped));
  }
  return remaining;
}

function noBytesWritten(): Error {
  return Object.assign(new Error("the disk takes nothing"), { code: "ENOSPC" });
}

/** @throws {Fault} store-… if the file cannot be read, data-foreign if it is too large */
export function readWholeFile(
  disk: Disk,
  path: string,
  sizeBytesMax: number,
): Uint8Array | undefined {
  if (!disk.exists(path)) return undefined;
  return onDisk(path, () => {
    using file = disk.open(path, "read");
    const sizeBytes = file.sizeBytes();
    if (sizeBytes > sizeBytesMax) {
      throw new Fault("data-foreign", msg`${path} is too large`);
    }
    const bytes = new Uint8Array(sizeBytes);
    return bytes.subarray(0, file.read(bytes, 0));
  });
}

/** Replaces the file atomically and durably. */
export async function writeWholeFile(disk: Disk, path: string, bytes: Uint8Array): Promise<void> {
  await onDisk(path, async () => {
    await replaceFile(disk, path, bytes);
    await disk.syncFolder(dirname(path));
  });
}

/** Replaces the file atomically. The caller must sync the folder. */
export async function replaceFile(disk: Disk, path: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${path}.tmp`;
  // A killed run may have left a file, or an attacker a link.
  await removeFile(disk, temporary);
  await writeSynced(disk, temporary, bytes);
  await moveFile(disk, temporary, path);
}

/** Waits up to a second for another program that holds one of the files open. */
export function moveFile(disk: Disk, from: string, to: string): Promise<void> {
  return retryWhileOpenLater(() => disk.rename(from, to), [to, from]);
}

/** Waits up to a second for another program that holds the file open. */
export function removeFile(disk: Disk, path: string): Promise<void> {
  return retryWhileOpenLater(() => disk.remove(path), [path]);
}

export async function writeSynced(disk: Disk, path: string, bytes: Uint8Array): Promise<void> {
  using file = disk.open(path, "write");
  await writeWhole(file, bytes, 0);
  await file.sync();
}

/** Syncs the parents too, because a process may have been killed after creating them. */
export async function syncWithParents(disk: Disk, folder: string): Promise<void> {
  await disk.syncFolder(folder);
  for (let path = absolutePath(folder); dirname(path) !== path; path = dirname(path)) {
    try {
      await disk.syncFolder(dirname(path));
    } catch (error) {
      // This program did not create a folder that it cannot read, so the folder needs no sync.
      if (diskFault(error, path).code !== "store-denied") throw error;
      return;
    }
  }
}

export async function ensureReserve(disk: Disk, path: string, sizeBytes: number): Promise<void> {
  if (disk.exists(path)) return;
  try {
    using file = disk.open(path, "write");
    await writeWhole(file, new Uint8Array(sizeBytes), 0, BATCH_SYNC_BYTES_MAX);
  } catch (error) {
    if (!isFull(error)) throw error;
    await removeFile(disk, path);
  }
}

export async function withReserve<Result>(
  disk: Disk,
  reservePath: string,
  write: () => Promise<Result>,
): Promise<Result> {
  try {
    return await write();
  } catch (error) {
    if (!isFull(error)) throw error;
    await removeFile(disk, reservePath);
    return await write();
  }
}

export interface LineQuery {
  readonly needle?: Uint8Array;
  readonly pattern?: RegExp;
  readonly rooms?: ReadonlySet<string>;
  readonly kinds?: ReadonlySet<string>;
  readonly by?: string;
  readonly afterSeq?: number;
  readonly beforeSeq?: number;
  readonly sinceMs?: number;
  readonly untilMs?: number;
  readonly grep?: string;
  readonly ignoreCase?: boolean;
  /** Folded; each must occur. */
  readonly words?: readonly string[];
  readonly re?: number;
  readonly limit: number;
  readonly bytesMax: number;
}

export interface LineSpans {
  readonly starts: number[];
  readonly ends: number[];
}
