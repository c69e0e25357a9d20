/**
 * Detects that a file or folder was removed or replaced. What is open can still be written and
 * synced then, but is lost when it is closed.
 */

import { closeSync, fstatSync, futimesSync, lstatSync, openSync } from "node:fs";
import { type Clock, every } from "../clock.ts";
import { errorCode } from "./disk.ts";

/** Reports whether a path still leads to the file or folder that it led to at the beginning. */
export class FilePresence {
  readonly #fd: number | undefined;
  #isClosed = false;

  /** @throws {Error} the disk's error if the path cannot be opened */
  constructor(private readonly path: string) {
    this.#fd = openAny(path);
  }

  isPresent(): boolean {
    return !this.#isClosed && leadsTo(this.path, this.#fd);
  }

  /** On a file with POSIX locks of this process, releases them. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (this.#fd !== undefined) closeSync(this.#fd);
  }
}

const PRESENCE_INTERVAL_MS = 1_000;

/** @returns function that stops watching */
export function watchPresence(
  clock: Pick<Clock, "after">,
  isPresent: () => boolean,
  onRemoved: () => void,
): () => void {
  const stop = every(clock, PRESENCE_INTERVAL_MS, () => {
    if (isPresent()) return;
    stop();
    onRemoved();
  });
  return stop;
}

/** Windows cannot open folders, and does not let anybody remove one in which a file is open. */
function openAny(path: string): number | undefined {
  return process.platform === "win32" && lstatSync(path).isDirectory()
    ? undefined
    : openSync(path, "r");
}

const GONE_CODES = new Set(["ENOENT", "ENOTDIR", "ELOOP", "ESTALE"]);

/** @param fd open file or folder; `undefined` if only a folder must exist at the path */
export function leadsTo(path: string, fd: number | undefined): boolean {
  try {
    const named = lstatSync(path);
    if (fd === undefined) return named.isDirectory();
    const opened = fstatSync(fd);
    if (opened.ino === named.ino && opened.dev === named.dev) return true;
    if (opened.nlink === 0) return false;
    // Some network file systems number files again, so a time that is set through one must appear
    // in the other.
    const mark = (Math.floor(opened.mtimeMs / STEP_MS) - 1) * STEP_MS;
    futimesSync(fd, mark / 1_000, mark / 1_000);
    return lstatSync(path).mtimeMs === mark;
  } catch (error) {
    return !GONE_CODES.has(errorCode(error));
  }
}

/** Coarsest resolution of times, on FAT. */
const STEP_MS = 2_000;
