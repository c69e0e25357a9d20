/** Interface of all disk access, and conversion of its errors to faults. */

import { Fault, msg } from "../../base/fault.ts";
import type { LineQuery, LineSpans } from "./line-matcher.ts";

/**
 * All disk access of log, index and cache, so that a simulated disk can tear, lose and refuse
 * writes. Throws the system's errors (with `code`), see `diskFault`.
 */
export interface DiskFile extends Disposable {
  sizeBytes(): number;
  /** Fills the buffer from the offset. Reads fewer bytes only at the end of the file. */
  read(into: Uint8Array, offset: number): number;
  readLater(into: Uint8Array, offset: number): Promise<number>;
  readPartsLater(into: readonly Uint8Array[], offset: number): Promise<number>;
  /** May write fewer bytes than passed. */
  write(bytes: Uint8Array, offset: number): number;
  writeLater(bytes: Uint8Array, offset: number): Promise<number>;
  /** Writes the parts in order, in one call. May write fewer bytes than passed. */
  writePartsLater(parts: readonly Uint8Array[], offset: number): Promise<number>;
  /** fdatasync, off the event loop. After a failure the state of earlier writes is unknown. */
  sync(): Promise<void>;
  truncate(sizeBytes: number): void;
  close(): void;
}

export interface Disk {
  /**
   * `write` also reads, and creates a missing file (mode 0600). Does not follow links, which
   * another user may have planted.
   * @throws ELOOP for a link, a pipe, a device, a folder
   */
  open(path: string, access: "read" | "write"): DiskFile;
  /** Names in the folder, ascending. Empty if there is no such folder. */
  list(folder: string): string[];
  /** Creates the folder (mode 0700) and its parents, if missing. */
  makeFolder(folder: string): void;
  syncFolder(folder: string): Promise<void>;
  exists(path: string): boolean;
  rename(from: string, to: string): void;
  remove(path: string): void;
  /** Searches files off the event loop. `undefined` if unsupported. */
  readonly search?: DiskSearch;
  readonly yieldNow?: () => Promise<void>;
}

/** A disk that also contains user files, beside those of other programs. */
export interface TreeDisk extends Disk {
  /**
   * Creates the file with the default mode.
   * @throws EEXIST, also for a link
   */
  openNew(path: string): DiskFile;
  /**
   * Opens an existing regular file.
   * @throws ELOOP like `open`
   */
  openPlain(path: string, access: "read" | "write"): DiskFile;
  kind(path: string): "file" | "folder" | "other" | undefined;
  /**
   * Creates one folder (mode 0700).
   * @returns false if the path exists
   */
  makeFolderNew(path: string): boolean;
  /**
   * Gives the file a second name, or renames it if the file system has no hard links.
   * @returns false if the path exists
   */
  nameNew(from: string, to: string): boolean;
  /**
   * Moves a folder of this program, and gives it the default mode.
   * @returns false if the path exists
   */
  moveFolderNew(from: string, to: string): boolean;
  /**
   * Sets mode and modification time, without following links. The mode contains only permission
   * bits and respects the umask.
   */
  metadata(path: string, metadata: FileMetadata): void;
  /** Removes the folder with its content, if it exists. Does not follow links. */
  removeFolder(path: string): Promise<void>;
  /**
   * Time of the last change of a file's content, Unix milliseconds. `undefined` if there is none.
   */
  modifiedMs(path: string): number | undefined;
  /** Free bytes on the disk of the folder. */
  freeBytes(folder: string): Promise<number>;
}

export interface FileMetadata {
  readonly mode: number;
  readonly mtimeMs?: number;
}

export interface SearchRange {
  readonly path: string;
  readonly from: number;
  readonly to: number;
}

export interface DiskSearch {
  readonly width: number;
  /**
   * Searches the ranges in order until a page is full. `undefined` for a range that was not
   * searched or not readable: any of its lines may match.
   */
  search(
    places: readonly SearchRange[],
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

/** Writes all bytes or throws. A disk that accepts no bytes is full. */
export async function writeWhole(
  file: DiskFile,
  bytes: Uint8Array,
  offset: number,
  syncBytesMax: number,
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

/** Like `writeWhole` for several parts in order, off the event loop. */
export async function writeParts(
  file: DiskFile,
  parts: readonly Uint8Array[],
  offset: number,
): Promise<void> {
  let at = offset;
  for (let remaining = parts; remaining.length > 0; ) {
    const wrote = await file.writePartsLater(remaining, at);
    if (wrote === 0) throw noBytesWritten();
    at += wrote;
    remaining = partsAfter(remaining, wrote);
  }
}

/** Returns the parts without their first `sizeBytes` bytes. */
export function partsAfter(parts: readonly Uint8Array[], sizeBytes: number): Uint8Array[] {
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
