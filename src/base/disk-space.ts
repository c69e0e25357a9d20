/** Free space on a server's disk, and its text for operators. */

import { formatSize } from "./sizes.ts";

/** Free space on a server's disk. */
export interface DiskSpace {
  readonly freeBytes: number;
  /** Below this the server refuses files. */
  readonly keepFreeBytes: number;
  /** The free space is close to `keepFreeBytes`. */
  readonly isLow: boolean;
}

export function isDiskFull({ freeBytes, keepFreeBytes }: Omit<DiskSpace, "isLow">): boolean {
  return freeBytes < keepFreeBytes;
}

export function diskSpaceText(space: DiskSpace): string {
  const { freeBytes, keepFreeBytes, isLow } = space;
  const [free, keep] = [formatSize(freeBytes), formatSize(keepFreeBytes)];
  if (!isLow) return `the server's disk has room again: ${free} free`;
  return isDiskFull(space)
    ? `the server's disk is full: ${free} free; files are refused until ${keep} are`
    : `the server's disk is nearly full: ${free} free; below ${keep} files are refused`;
}
