/** Instants of the local times in a log. */

import { localInstants, MINUTE_MS, type OffsetMinutes } from "../../base/time.ts";
import type { LogTime } from "./time-format.ts";

export interface EntryTime {
  readonly timeUnixMs: number;
  /** Local time in the log as if it were UTC; absent if the log has the instant. */
  readonly localUnixMs?: number;
}

/** Network delays may disorder lines by this much; a longer step back is a change of clocks. */
const DISORDER_MS = MINUTE_MS;

/**
 * The order of the lines tells apart the two passes of an hour that a change of clocks repeats: a
 * time before that of the line above belongs to the second pass.
 */
export class LogClock {
  #lastUnixMs = Number.NEGATIVE_INFINITY;

  constructor(private readonly offsetMinutes: OffsetMinutes) {}

  at({ isLocal, unixMs }: LogTime): EntryTime {
    if (Number.isNaN(unixMs)) return { timeUnixMs: unixMs };
    if (!isLocal) {
      this.#lastUnixMs = unixMs;
      return { timeUnixMs: unixMs };
    }
    const { first, last } = localInstants(unixMs, this.offsetMinutes);
    const timeUnixMs = first < this.#lastUnixMs - DISORDER_MS ? last : first;
    this.#lastUnixMs = timeUnixMs;
    return { timeUnixMs, localUnixMs: unixMs };
  }
}
