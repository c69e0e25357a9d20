import type { FileId } from "../../base/ids.ts";
import { STALL_SHOWN_MS } from "../../base/limits.ts";
import { Progress, type ProgressReport, type WaitsAt } from "../../core/transfer/progress.ts";
import type { Clock } from "../../io/clock.ts";

/**
 * `doneBytes`: of a sender, what the server has, and found right; of a receiver, what is in its
 * folder. Both with what an earlier run had done.
 */
export interface TransferProgress extends ProgressReport {
  readonly id: FileId;
  /** As the sender calls it: clean it before showing. */
  readonly name: string;
}

/** What is asked when a report is due. */
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

/** Tells of a transfer that runs, so often and no more, also while nothing moves. */
export class Reporter {
  readonly #options: ReporterOptions;
  #progress: Progress;
  #sizeBytes: number | undefined;
  #cancel: (() => void) | undefined;

  constructor(options: ReporterOptions) {
    this.#options = options;
    this.#sizeBytes = options.sizeBytes;
    this.#progress = this.#begin(0);
    if (options.onProgress !== undefined) this.#later(STALL_SHOWN_MS);
  }

  /** So much was done before: what follows is counted from there. The first report is due. */
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

  /** The last report, at once. */
  finish(): void {
    this.close();
    this.#report();
  }

  /** Says nothing more. Idempotent. */
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
