/** Free disk space on a server, formatted for operators. */

import { formatSize } from "./sizes.ts";

export interface DiskSpace {
  readonly freeBytes: number;
  readonly keepFreeBytes: number;
  readonly isLow: boolean;
}

export function isDiskFull({ freeBytes, keepFreeBytes }: Omit<DiskSpace, "isLow">): boolean {
  return freeBytes < keepFreeBytes;
}

export function diskSpaceText(space: DiskSpace): string {
  const { freeBytes, keepFreeBytes, isLow } = space;
  const [free, keep] = [formatSize(freeBytes), formatSize(keepFreeBytes)];
  if (!isLow) return `the server has enough disk space again: ${free} free`;
  return isDiskFull(space)
    ? `the server's disk is full: ${free} free; only operators can post until ${keep} is free`
    : `the server's disk is nearly full: ${free} free; below ${keep} only operators can post`;
}
