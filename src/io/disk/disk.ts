/** Interface for all disk access, whole files and folders, and faults of the disk. */

import { dirname, resolve } from "node:path";
import { Fault, msg } from "../../base/fault.ts";
import { BATCH_SYNC_BYTES_MAX } from "../../base/limits.ts";

export interface DiskFile extends Disposable {
  sizeBytes(): number;
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
  rename(from: string, to: string): void;
  remove(path: string): void;
  readonly search?: DiskSearch;
  readonly yieldNow?: () => Promise<void>;
}

export interface TreeDisk extends Disk {
  /** @throws {Error} EEXIST if the path exists, even if it is a link */
  openNew(path: string): DiskFile;
  /** @throws {Error} ELOOP if the path is not a regular file */
  openPlain(path: string, access: "read" | "write"): DiskFile;
  kind(path: string): "file" | "folder" | "other" | undefined;
  makeFolderNew(path: string): boolean;
  /**
   * Adds a hard link, or renames the file if the file system has no hard links. Returns false if
   * the target exists.
   */
  nameNew(from: string, to: string): boolean;
  /** Moves a folder and gives it the default mode. Returns false if the target exists. */
  moveFolderNew(from: string, to: string): boolean;
  /**
   * Never follows links. Only the permission bits of the mode are set, subject to the umask.
   * Returns the properties that the file system refuses to store.
   */
  metadata(path: string, metadata: FileMetadata): readonly FileProperty[];
  removeFolder(path: string): Promise<void>;
  modifiedMs(path: string): number | undefined;
  freeBytes(folder: string): Promise<number>;
}

export interface FileMetadata {
  readonly mode: number;
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

export function isFull(error: unknown): boolean {
  const code = errorCode(error);
  return code === "ENOSPC" || code === "EDQUOT";
}

export function diskFault(error: unknown, path: string): Fault {
  if (error instanceof Fault) return error;
  if (isFull(error)) return new Fault("store-full", msg`no space for ${path}`, { cause: error });
  const code = errorCode(error);
  if (code === "EACCES" || code === "EPERM" || code === "EROFS") {
    return new Fault("store-denied", msg`permission denied: ${path}`, { cause: error });
  }
  if (code === "EFBIG") {
    return new Fault("log-corrupt", msg`${path} has an overlong line`, { cause: error });
  }
  if (code === "ELOOP" || code === "EISDIR") {
    const reason = code === "EISDIR" ? "a folder" : "a link or not a regular file";
    return new Fault("data-foreign", msg`${path} is ${reason}`, {
      remedy: "replace it with a regular file",
      cause: error,
    });
  }
  return new Fault("store-failed", msg`the disk failed at ${path} (${code || "unknown error"})`, {
    cause: error,
  });
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
  for (let remaining = parts; remaining.length > 0; ) {
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
  disk.remove(temporary);
  await writeSynced(disk, temporary, bytes);
  disk.rename(temporary, path);
}

export async function writeSynced(disk: Disk, path: string, bytes: Uint8Array): Promise<void> {
  using file = disk.open(path, "write");
  await writeWhole(file, bytes, 0);
  await file.sync();
}

/** Syncs the parents too, because a process may have been killed after creating them. */
export async function syncWithParents(disk: Disk, folder: string): Promise<void> {
  await disk.syncFolder(folder);
  for (let path = resolve(folder); dirname(path) !== path; path = dirname(path)) {
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
    disk.remove(path);
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
    disk.remove(reservePath);
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
  readonly re?: number;
  readonly limit: number;
  readonly bytesMax: number;
}

export interface LineSpans {
  readonly starts: number[];
  readonly ends: number[];
}
