/** Free space on a server's disk, and its text for operators. */

import { formatSize } from "./sizes.ts";

/** What is left of a server's disk. */
export interface DiskSpace {
  readonly freeBytes: number;
  /** With less left files are refused. */
  readonly keepFreeBytes: number;
  /** Soon there is not more than that. */
  readonly isLow: boolean;
}

/** With less than is kept free, files are refused. */
export function isDiskFull({ freeBytes, keepFreeBytes }: Omit<DiskSpace, "isLow">): boolean {
  return freeBytes < keepFreeBytes;
}

/** What an operator reads of it on a terminal. */
export function diskSentence(space: DiskSpace): string {
  const { freeBytes, keepFreeBytes, isLow } = space;
  const [free, keep] = [formatSize(freeBytes), formatSize(keepFreeBytes)];
  if (!isLow) return `the server's disk has room again: ${free} free`;
  return isDiskFull(space)
    ? `the server's disk is full: ${free} free; files are refused until ${keep} are`
    : `the server's disk is nearly full: ${free} free; below ${keep} files are refused`;
}
