/**
 * What a person is told of a transfer that runs: how much is done, how fast, how long it will take,
 * and, when it stands still, where and for how long.
 */

import { STALL_SHOWN_MS } from "../../base/limits.ts";

/**
 * Where it waits. `source`: the sender's own disk or pipe; `network`; `server-disk`; `sender`: of
 * an upload that runs while it is fetched; `disk`: where it arrives; `server`: no connection.
 */
export type WaitsAt = "source" | "network" | "server-disk" | "sender" | "disk" | "server";

export interface ProgressReport {
  readonly doneBytes: number;
  readonly sizeBytes?: number;
  /** Of `doneBytes`, what an earlier run had done. */
  readonly resumedBytes: number;
  /** Of late; 0 while it stands still. */
  readonly ratePerS: number;
  readonly leftMs?: number;
  /** Since it began or was resumed. */
  readonly elapsedMs: number;
  readonly waits?: { readonly where: WaitsAt; readonly forMs: number };
}

export interface ProgressOptions {
  readonly resumedBytes: number;
  readonly sizeBytes?: number;
  readonly now: number;
}

interface Sample {
  readonly at: number;
  readonly bytes: number;
}

/** A report is worth no more often. */
const REPORT_EVERY_MS = 250;
/** The rate is that of the last so many milliseconds. */
const RATE_OVER_MS = 5_000;
/** One sample in so many milliseconds is enough for that. */
const SAMPLE_EVERY_MS = 100;

export class Progress {
  readonly #resumedBytes: number;
  readonly #startedAt: number;
  /** Oldest first. Bounded by RATE_OVER_MS / SAMPLE_EVERY_MS and the one before them. */
  readonly #samples: Sample[];
  #sizeBytes: number | undefined;
  #doneBytes: number;
  #movedAt: number;
  #waitsAt: WaitsAt;
  #reportedAt = Number.NEGATIVE_INFINITY;

  /** @param first where it waits for its first byte */
  constructor(options: ProgressOptions, first: WaitsAt = "network") {
    this.#resumedBytes = options.resumedBytes;
    this.#sizeBytes = options.sizeBytes;
    this.#startedAt = options.now;
    this.#doneBytes = options.resumedBytes;
    this.#movedAt = options.now;
    this.#waitsAt = first;
    this.#samples = [{ at: options.now, bytes: options.resumedBytes }];
  }

  /** @param doneBytes in all, with what was resumed; less than before when it began again */
  done(doneBytes: number, now: number): void {
    if (doneBytes < this.#doneBytes) this.#samples.length = 0;
    if (doneBytes !== this.#doneBytes) this.#movedAt = now;
    this.#doneBytes = doneBytes;
    const last = this.#samples.at(-1);
    if (last !== undefined && now - last.at < SAMPLE_EVERY_MS) return;
    this.#samples.push({ at: now, bytes: doneBytes });
    this.#forget(now);
  }

  sized(sizeBytes: number): void {
    this.#sizeBytes = sizeBytes;
  }

  /** Where it waits from now on for the next byte; how long is counted from the last one. */
  waits(where: WaitsAt): void {
    this.#waitsAt = where;
  }

  /** Milliseconds until the next report is due; 0: now. */
  dueInMs(now: number): number {
    return Math.max(0, this.#reportedAt + REPORT_EVERY_MS - now);
  }

  report(now: number): ProgressReport {
    this.#reportedAt = now;
    this.#forget(now);
    const ratePerS = this.#ratePerS(now);
    const stoodMs = now - this.#movedAt;
    const waits = stoodMs >= STALL_SHOWN_MS && this.#doneBytes !== this.#sizeBytes;
    return {
      doneBytes: this.#doneBytes,
      ...(this.#sizeBytes === undefined ? {} : { sizeBytes: this.#sizeBytes }),
      resumedBytes: this.#resumedBytes,
      ratePerS,
      ...this.#left(ratePerS),
      elapsedMs: now - this.#startedAt,
      ...(waits ? { waits: { where: this.#waitsAt, forMs: stoodMs } } : {}),
    };
  }

  #left(ratePerS: number): { leftMs?: number } {
    if (this.#sizeBytes === undefined) return {};
    const leftBytes = Math.max(0, this.#sizeBytes - this.#doneBytes);
    if (leftBytes === 0) return { leftMs: 0 };
    return ratePerS > 0 ? { leftMs: Math.ceil((leftBytes / ratePerS) * 1_000) } : {};
  }

  #ratePerS(now: number): number {
    const [oldest] = this.#samples;
    if (oldest === undefined || now <= oldest.at) return 0;
    return ((this.#doneBytes - oldest.bytes) / (now - oldest.at)) * 1_000;
  }

  /** Keeps one sample that is older than the window: the rate reaches back over all of it. */
  #forget(now: number): void {
    while ((this.#samples[1]?.at ?? Number.POSITIVE_INFINITY) <= now - RATE_OVER_MS) {
      this.#samples.shift();
    }
  }
}
