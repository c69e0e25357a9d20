/** Progress reports of transfers. */

import type { FileId } from "../../base/ids.ts";
import { STALL_REPORTED_AFTER_MS } from "../../base/limits.ts";
import { Progress, type ProgressReport, type WaitsAt } from "../../core/transfer/progress.ts";
import type { Clock } from "../../io/clock.ts";

/**
 * `doneBytes` counts what the server has checked (of an upload) or what is in the sink (of a
 * download), earlier runs included.
 */
export interface TransferProgress extends ProgressReport {
  readonly id: FileId;
  /** The sender's name for the file: clean it before showing. */
  readonly name: string;
}

/** Read when a report is due. */
export interface Whereabouts {
  readonly id: FileId;
  readonly name: string;
  readonly where: WaitsAt;
}

export interface ReporterOptions {
  readonly clock: Clock;
  readonly sizeBytes: number | undefined;
  readonly onProgress: ((progress: TransferProgress) => void) | undefined;
  readonly about: () => Whereabouts;
}

/** Reports a running transfer at a bounded rate, also while it makes no progress. */
export class Reporter {
  readonly #options: ReporterOptions;
  #progress: Progress;
  #sizeBytes: number | undefined;
  #cancel: (() => void) | undefined;

  constructor(options: ReporterOptions) {
    this.#options = options;
    this.#sizeBytes = options.sizeBytes;
    this.#progress = this.#begin(0);
    if (options.onProgress !== undefined) this.#later(STALL_REPORTED_AFTER_MS);
  }

  /** Starts with the bytes of earlier runs, and reports immediately. */
  resumed(resumedBytes: number): void {
    this.#progress = this.#begin(resumedBytes);
    if (this.#options.onProgress === undefined) return;
    this.close();
    this.#tick();
  }

  done(doneBytes: number): void {
    this.#progress.done(doneBytes, this.#options.clock.now());
  }

  sized(sizeBytes: number): void {
    this.#sizeBytes = sizeBytes;
    this.#progress.sized(sizeBytes);
  }

  finish(): void {
    this.close();
    this.#report();
  }

  /** Ends the reports. Idempotent. */
  close(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #begin(resumedBytes: number): Progress {
    const sizeBytes = this.#sizeBytes;
    const size = sizeBytes === undefined ? {} : { sizeBytes };
    return new Progress({ resumedBytes, ...size, now: this.#options.clock.now() });
  }

  #tick(): void {
    this.#report();
    const { clock } = this.#options;
    this.#later(Math.max(1, this.#progress.dueInMs(clock.now())));
  }

  #later(ms: number): void {
    this.#cancel = this.#options.clock.after(ms, () => this.#tick());
  }

  #report(): void {
    const { clock, about, onProgress } = this.#options;
    const { id, name, where } = about();
    this.#progress.waits(where);
    onProgress?.({ id, name, ...this.#progress.report(clock.now()) });
  }
}
