/** The interface of all disk access, and the faults of its errors. */

import { Fault, msg } from "../../base/fault.ts";
import type { LineQuery, LineSpans } from "./line-matcher.ts";

/**
 * The only access of log, index and cache to the disk, so that a simulated disk can tear, forget
 * and fail. Failures are thrown as the system's errors (with `code`): see `diskFault`.
 */
export interface DiskFile extends Disposable {
  sizeBytes(): number;
  /** Fills the buffer from the offset; reads fewer bytes only at the end of the file. */
  read(into: Uint8Array, offset: number): number;
  readLater(into: Uint8Array, offset: number): Promise<number>;
  /** Fills all buffers in order, in one trip. */
  readPartsLater(into: readonly Uint8Array[], offset: number): Promise<number>;
  /** May write fewer bytes than given. */
  write(bytes: Uint8Array, offset: number): number;
  writeLater(bytes: Uint8Array, offset: number): Promise<number>;
  /** Writes the parts in order, in one trip. May write fewer bytes than given. */
  writePartsLater(parts: readonly Uint8Array[], offset: number): Promise<number>;
  /** fdatasync, off the event loop. After a failure the state of earlier writes is unknown. */
  sync(): Promise<void>;
  truncate(sizeBytes: number): void;
  close(): void;
}

export interface Disk {
  /**
   * `write` also reads, and creates a missing file (mode 0600). Does not follow links: another user
   * may have prepared the folder.
   * @throws ELOOP for a link, a pipe, a device, a folder
   */
  open(path: string, access: "read" | "write"): DiskFile;
  /** Names in the folder in ascending order; empty if there is no such folder. */
  list(folder: string): string[];
  /** Creates the folder (mode 0700) and its parents. No-op if it exists. */
  makeFolder(folder: string): void;
  /** Makes the folder's entries durable. */
  syncFolder(folder: string): Promise<void>;
  exists(path: string): boolean;
  /** Replaces an existing file. */
  rename(from: string, to: string): void;
  /** No-op if there is no such file. */
  remove(path: string): void;
  /** Searches the disk off the event loop; `undefined` if unsupported. */
  readonly search?: DiskSearch;
  /** Yields to the event loop once; long work calls it now and then. */
  readonly yieldNow?: () => Promise<void>;
}

/** A disk that also holds files of the user, beside others that are not ours. */
export interface TreeDisk extends Disk {
  /**
   * Creates the file with the default mode.
   * @throws EEXIST, also for a link
   */
  openNew(path: string): DiskFile;
  /**
   * Opens an existing regular file.
   * @throws ELOOP as `open`
   */
  openPlain(path: string, access: "read" | "write"): DiskFile;
  /** Kind of the entry itself; links are not followed. */
  kind(path: string): "file" | "folder" | "other" | undefined;
  /**
   * Creates one folder (mode 0700).
   * @returns false if something exists there
   */
  makeFolderNew(path: string): boolean;
  /**
   * Gives the file a second name, or renames it if the file system allows only one.
   * @returns false if something exists there
   */
  nameNew(from: string, to: string): boolean;
  /**
   * Moves a folder of ours, and gives it the default mode.
   * @returns false as above
   */
  moveFolderNew(from: string, to: string): boolean;
  /**
   * Sets mode and modification time; does not follow links. The mode respects the system's umask
   * for new files, and contains only permission bits.
   */
  metadata(path: string, metadata: FileMetadata): void;
  /** Removes the folder with all content, links as links. No-op if there is none. */
  removeFolder(path: string): Promise<void>;
  /** Unix ms of the last change of a file's content; `undefined` if there is none. */
  touchedMs(path: string): number | undefined;
  /** Free bytes on the disk of the folder. */
  freeBytes(folder: string): Promise<number>;
}

export interface FileMetadata {
  /** Permission bits. */
  readonly mode: number;
  readonly mtimeMs?: number;
}

/** A range of whole lines of a file to be searched. */
export interface SearchPlace {
  readonly path: string;
  readonly from: number;
  readonly to: number;
}

export interface DiskSearch {
  /** Number of concurrent searches. */
  readonly width: number;
  /**
   * Searches the ranges in order until a page is full. `undefined` for a range that was not
   * searched or could not be read: any line of it may match.
   */
  search(
    places: readonly SearchPlace[],
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

/** Translates a disk's error for the user. A Fault passes through. */
export function diskFault(error: unknown, path: string): Fault {
  if (error instanceof Fault) return error;
  if (isFull(error)) return new Fault("store-full", msg`no space for ${path}`, { cause: error });
  const code = errorCode(error);
  if (code === "EACCES" || code === "EPERM" || code === "EROFS") {
    return new Fault("store-denied", msg`${path} may not be read or written`, { cause: error });
  }
  if (code === "EFBIG") {
    return new Fault("log-corrupt", msg`${path} has a line that is far too long`, { cause: error });
  }
  if (code === "ELOOP" || code === "EISDIR") {
    const what = code === "EISDIR" ? "a folder" : "a link or not a regular file";
    return new Fault("data-foreign", msg`${path} is ${what}`, {
      remedy: "put the file itself there",
      cause: error,
    });
  }
  return new Fault("store-failed", msg`the disk failed at ${path} (${code || "unknown error"})`, {
    cause: error,
  });
}

/** Writes everything or throws; a disk that accepts no bytes is full. */
export async function writeWhole(
  file: DiskFile,
  bytes: Uint8Array,
  offset: number,
  syncBytesMax: number,
): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    const rest = done === 0 ? bytes : bytes.subarray(done);
    const wrote =
      rest.length > syncBytesMax
        ? await file.writeLater(rest, offset + done)
        : file.write(rest, offset + done);
    if (wrote === 0) throw takesNothing();
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
  for (let left = parts; left.length > 0; ) {
    const wrote = await file.writePartsLater(left, at);
    if (wrote === 0) throw takesNothing();
    at += wrote;
    left = partsAfter(left, wrote);
  }
}

/** Returns what is left of the parts after their first `sizeBytes` bytes. */
export function partsAfter(parts: readonly Uint8Array[], sizeBytes: number): Uint8Array[] {
  let done = sizeBytes;
  const left: Uint8Array[] = [];
  for (const part of parts) {
    const skipped = Math.min(done, part.length);
    done -= skipped;
    if (skipped < part.length) left.push(skipped === 0 ? part : part.subarray(skipped));
  }
  return left;
}

function takesNothing(): Error {
  return Object.assign(new Error("the disk takes nothing"), { code: "ENOSPC" });
}
