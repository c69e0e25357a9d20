/** Stamps of files, which change with the content, and what an unchanged stamp proves. */

import * as fs from "node:fs";
import { dirname } from "node:path";
import type { StampMatch } from "../blob/interfaces.ts";

type Times = Pick<fs.BigIntStats, "mtimeNs" | "ctimeNs">;

export const NS_PER_MS_BIGINT = 1_000_000n;
const NS_PER_SECOND = 1_000_000_000n;
/** Two changes within this time can have the same timestamp. Linux kernels have ticks of 10 ms. */
const TICK_NS = 20n * NS_PER_MS_BIGINT;
/** Network and older file systems store whole seconds. */
const COARSE_TICK_NS = NS_PER_SECOND + TICK_NS;

/**
 * Types in `statfs` of file systems that may store no change time and then report the modification
 * time, which any program can set back: FUSE, FAT and exFAT.
 */
const WITHOUT_CHANGE_TIME: ReadonlySet<number> = new Set([0x65735546, 0x4d44, 0x2011bab0]);

/** Contains the change time, which programs cannot set. */
export function stampOf({ dev, ino, size, mtimeNs, ctimeNs }: fs.BigIntStats): string {
  return stampOfSize(size, `${dev}.${ino}.${mtimeNs}.${ctimeNs}`);
}

export function stampOfSize(sizeBytes: number | bigint, rest: string): string {
  return `2:${sizeBytes}:${rest}`;
}

/**
 * @param keepsChangeTime whether the file system stores a change time
 */
export function matchStamps(stored: string, current: string, keepsChangeTime: boolean): StampMatch {
  if (stored === current) return keepsChangeTime ? "same" : "unsure";
  const storedSize = sizeIn(stored);
  return storedSize === undefined || storedSize === sizeIn(current) ? "unsure" : "other";
}

function sizeIn(stamp: string): string | undefined {
  return /^2:(\d+):/.exec(stamp)?.[1];
}

/**
 * Milliseconds until every later change of the file changes its timestamps. `undefined` if this
 * cannot be known, because the clock that stamped the file is ahead.
 */
export function untilSettledMs({ ctimeNs }: Times, nowMs = Date.now()): number | undefined {
  const ageNs = BigInt(Math.trunc(nowMs)) * NS_PER_MS_BIGINT - ctimeNs;
  const tickNs = ctimeNs % NS_PER_SECOND === 0n ? COARSE_TICK_NS : TICK_NS;
  if (ageNs < -TICK_NS) return undefined;
  return ageNs > tickNs ? 0 : Number((tickNs - ageNs) / NS_PER_MS_BIGINT) + 1;
}

/** Remembers for each device whether its file system stores change times. */
export class ChangeTimes {
  readonly #byDevice = new Map<bigint, boolean>();

  /** Reports whether the file's change time is independent of its modification time. */
  areKept(path: string, stat: Times & Pick<fs.BigIntStats, "dev">): boolean {
    if (stat.ctimeNs !== stat.mtimeNs) this.#byDevice.set(stat.dev, true);
    const known = this.#byDevice.get(stat.dev);
    if (known !== undefined) return known;
    const areKept = areKeptAround(path);
    this.#byDevice.set(stat.dev, areKept);
    return areKept;
  }
}

function areKeptAround(path: string): boolean {
  try {
    if (!WITHOUT_CHANGE_TIME.has(Number(fs.statfsSync(path).type))) return true;
    const folder = fs.statSync(dirname(path), { bigint: true });
    return (
      folder.dev === fs.statSync(path, { bigint: true }).dev && folder.ctimeNs !== folder.mtimeNs
    );
  } catch {
    return true; // Unknown file systems are assumed to be like those of the platform.
  }
}
