/** Progress of a transfer: bytes, rate, remaining time, and the cause of a pause. */

import { STALL_REPORTED_AFTER_MS } from "../../base/limits.ts";

/**
 * `source`: the sender's disk or pipe. `sender`: the sender of a file that is downloaded during its
 * upload. `disk`: the receiver's disk. `server`: no connection to the server.
 */
export type PauseCause = "source" | "network" | "server-disk" | "sender" | "disk" | "server";

export interface ProgressReport {
  readonly doneBytes: number;
  readonly sizeBytes?: number;
  readonly resumedBytes: number;
  /** Average over the last seconds; 0 during a pause. */
  readonly ratePerS: number;
  readonly leftMs?: number;
  readonly elapsedMs: number;
  readonly pause?: { readonly cause: PauseCause; readonly durationMs: number };
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

const REPORT_INTERVAL_MS = 250;
const RATE_PERIOD_MS = 5_000;
const SAMPLE_INTERVAL_MS = 100;

export class Progress {
  readonly #resumedBytes: number;
  readonly #startedAt: number;
  readonly #samples: Sample[];
  #sizeBytes: number | undefined;
  #doneBytes: number;
  #progressedAt: number;
  #pauseCause: PauseCause = "network";
  #reportedAt = Number.NEGATIVE_INFINITY;

  constructor(options: ProgressOptions) {
    this.#resumedBytes = options.resumedBytes;
    this.#sizeBytes = options.sizeBytes;
    this.#startedAt = options.now;
    this.#doneBytes = options.resumedBytes;
    this.#progressedAt = options.now;
    this.#samples = [{ at: options.now, bytes: options.resumedBytes }];
  }

  setDone(doneBytes: number, now: number): void {
    if (doneBytes < this.#doneBytes) this.#samples.length = 0;
    if (doneBytes !== this.#doneBytes) this.#progressedAt = now;
    this.#doneBytes = doneBytes;
    const last = this.#samples.at(-1);
    if (last !== undefined && now - last.at < SAMPLE_INTERVAL_MS) return;
    this.#samples.push({ at: now, bytes: doneBytes });
    this.#forget(now);
  }

  setSize(sizeBytes: number): void {
    this.#sizeBytes = sizeBytes;
  }

  setPauseCause(cause: PauseCause): void {
    this.#pauseCause = cause;
  }

  dueInMs(now: number): number {
    return Math.max(0, this.#reportedAt + REPORT_INTERVAL_MS - now);
  }

  report(now: number): ProgressReport {
    this.#reportedAt = now;
    this.#forget(now);
    const ratePerS = this.#ratePerS(now);
    const pausedMs = now - this.#progressedAt;
    const isPaused = pausedMs >= STALL_REPORTED_AFTER_MS && this.#doneBytes !== this.#sizeBytes;
    return {
      doneBytes: this.#doneBytes,
      sizeBytes: this.#sizeBytes,
      resumedBytes: this.#resumedBytes,
      ratePerS,
      ...this.#remainingMs(ratePerS),
      elapsedMs: now - this.#startedAt,
      pause: isPaused ? { cause: this.#pauseCause, durationMs: pausedMs } : undefined,
    };
  }

  #remainingMs(ratePerS: number): { leftMs?: number } {
    if (this.#sizeBytes === undefined) return {};
    const remainingBytes = Math.max(0, this.#sizeBytes - this.#doneBytes);
    if (remainingBytes === 0) return { leftMs: 0 };
    return ratePerS > 0 ? { leftMs: Math.ceil((remainingBytes / ratePerS) * 1_000) } : {};
  }

  #ratePerS(now: number): number {
    const [oldest] = this.#samples;
    if (oldest === undefined || now <= oldest.at) return 0;
    return ((this.#doneBytes - oldest.bytes) / (now - oldest.at)) * 1_000;
  }

  #forget(now: number): void {
    while ((this.#samples[1]?.at ?? Number.POSITIVE_INFINITY) <= now - RATE_PERIOD_MS) {
      this.#samples.shift();
    }
  }
}
