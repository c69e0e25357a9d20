/** Progress reports on transfers. */

import type { FileId } from "../../base/ids.ts";
import { STALL_REPORTED_AFTER_MS } from "../../base/limits.ts";
import { type PauseCause, Progress, type ProgressReport } from "../../core/transfer/progress.ts";
import type { Clock } from "../../io/clock.ts";

/**
 * Bytes count as done when the server has verified them (upload) or they are in the sink
 * (download), including those of earlier runs.
 */
export interface TransferProgress extends ProgressReport {
  readonly id: FileId;
  /** Name chosen by the sender, not sanitised. */
  readonly name: string;
}

export interface TransferStatus {
  readonly id: FileId;
  readonly name: string;
  readonly waitsAt: PauseCause;
}

export interface ReporterOptions {
  readonly clock: Clock;
  readonly sizeBytes: number | undefined;
  readonly onProgress: ((progress: TransferProgress) => void) | undefined;
  readonly status: () => TransferStatus;
}

export class Reporter {
  #progress: Progress;
  #sizeBytes: number | undefined;
  #cancel: (() => void) | undefined;

  constructor(private readonly options: ReporterOptions) {
    this.#sizeBytes = options.sizeBytes;
    this.#progress = this.#newProgress(0);
    if (options.onProgress !== undefined) this.#schedule(STALL_REPORTED_AFTER_MS);
  }

  resume(resumedBytes: number): void {
    this.#progress = this.#newProgress(resumedBytes);
    if (this.options.onProgress === undefined) return;
    this.close();
    this.#tick();
  }

  update(doneBytes: number): void {
    this.#progress.setDone(doneBytes, this.options.clock.now());
  }

  setSize(sizeBytes: number): void {
    this.#sizeBytes = sizeBytes;
    this.#progress.setSize(sizeBytes);
  }

  finish(): void {
    this.close();
    this.#report();
  }

  close(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #newProgress(resumedBytes: number): Progress {
    const sizeBytes = this.#sizeBytes;
    const size = sizeBytes === undefined ? {} : { sizeBytes };
    return new Progress({ resumedBytes, ...size, now: this.options.clock.now() });
  }

  #tick(): void {
    this.#report();
    const { clock } = this.options;
    this.#schedule(Math.max(1, this.#progress.dueInMs(clock.now())));
  }

  #schedule(ms: number): void {
    this.#cancel = this.options.clock.after(ms, () => this.#tick());
  }

  #report(): void {
    const { clock, status, onProgress } = this.options;
    const { id, name, waitsAt } = status();
    this.#progress.setPauseCause(waitsAt);
    onProgress?.({ id, name, ...this.#progress.report(clock.now()) });
  }
}
