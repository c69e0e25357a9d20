/** The interface of every disk access, and the faults of its errors. */

import { Fault, msg } from "../../base/fault.ts";
import type { LineQuery, LineSpans } from "./line-matcher.ts";

/**
 * The only way by which log, index and cache touch the disk, so that a simulated one can tear,
 * forget and fail. Failures are thrown as the system's errors (with `code`): see `diskFault`.
 */
export interface DiskFile {
  sizeBytes(): number;
  /** Fills from the offset on; fewer bytes than asked for only at the end of the file. */
  read(into: Uint8Array, offset: number): number;
  readLater(into: Uint8Array, offset: number): Promise<number>;
  /** Fills all of them, one behind the other, in one trip. */
  readPartsLater(into: readonly Uint8Array[], offset: number): Promise<number>;
  /** May write fewer bytes than given. */
  write(bytes: Uint8Array, offset: number): number;
  writeLater(bytes: Uint8Array, offset: number): Promise<number>;
  /** One behind the other, in one trip. */
  writePartsLater(parts: readonly Uint8Array[], offset: number): Promise<number>;
  /** fdatasync, off the event loop. After a failure nothing is known about what was written. */
  sync(): Promise<void>;
  truncate(sizeBytes: number): void;
  close(): void;
}

export interface Disk {
  /**
   * `write` also reads, and makes the file (mode 0600) where there is none. No link is followed:
   * another user may have prepared the folder. @throws ELOOP for a link, a pipe, a device, a folder
   */
  open(path: string, access: "read" | "write"): DiskFile;
  /** Names in the folder in ascending order; empty when there is no such folder. */
  list(folder: string): string[];
  /** Makes the folder (mode 0700) and those above it; nothing happens when it is there. */
  makeFolder(folder: string): void;
  /** Makes the folder's entries durable. */
  syncFolder(folder: string): Promise<void>;
  exists(path: string): boolean;
  /** Replaces what was there. */
  rename(from: string, to: string): void;
  /** Nothing happens when there is no such file. */
  remove(path: string): void;
  /** Where the disk can be searched off the event loop. */
  readonly search?: DiskSearch;
  /** Lets the event loop go once around: long work takes one now and then. */
  readonly yieldNow?: () => Promise<void>;
}

/** A disk on which files of people arrive and go, beside others that are not ours. */
export interface TreeDisk extends Disk {
  /** Makes the file, with the mode of any new file. @throws EEXIST, also where a link stands */
  openNew(path: string): DiskFile;
  /** A regular file that is there. @throws ELOOP as `open` */
  openPlain(path: string, access: "read" | "write"): DiskFile;
  /** What is there itself, not what a link leads to. */
  kind(path: string): "file" | "folder" | "other" | undefined;
  /** Makes one folder (mode 0700). @returns false: there is something */
  makeFolderNew(path: string): boolean;
  /**
   * Gives the file another name beside the old one, or instead of it where a file has only one.
   * @returns false: there is something else
   */
  nameNew(from: string, to: string): boolean;
  /** Moves a folder of ours, with the mode of any new folder. @returns false as above */
  moveFolderNew(from: string, to: string): boolean;
  /**
   * Mode, and time of the last change; never through a link. The mode gives no user what the
   * system's umask takes from those of new files, and is nothing but permissions.
   */
  metadata(path: string, metadata: FileMetadata): void;
  /** With all that is in it, links as links. Nothing happens when there is none. */
  removeFolder(path: string): Promise<void>;
  /** Unix ms of the last change of a file's content; undefined: there is none. */
  touchedMs(path: string): number | undefined;
  /** Bytes that may still be written where the folder is. */
  freeBytes(folder: string): Promise<number>;
}

export interface FileMetadata {
  /** Permission bits. */
  readonly mode: number;
  readonly mtimeMs?: number;
}

/** Whole lines of a file that are looked through. */
export interface SearchPlace {
  readonly path: string;
  readonly from: number;
  readonly to: number;
}

export interface DiskSearch {
  /** Questions that are worked on at the same time. */
  readonly width: number;
  /**
   * Looks through the places in their order until a page is full. `undefined` for a place that was
   * not looked through, or could not be read: any line of it may match.
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

/** What a disk's error means to the person. A Fault passes through. */
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

/** Writes everything or throws; a disk that takes nothing more is full. */
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

/** The same for several, one behind the other, off the event loop. */
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

/** What is left of them behind their first bytes. */
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
