/** Log auditor that queues audits until its module is loaded. */

import type { AuditAlarm, LogAuditor } from "../../client/auditor.ts";
import type { Verifier } from "../../client/link/keys.ts";
import type { Platform } from "../browser/environment.ts";

export type OpenAuditor = (
  platform: Platform,
  verifier: Verifier,
  alarmed: (alarm: AuditAlarm) => void,
) => LogAuditor;

const QUEUED_CALLS_MAX = 2_048;

export class LazyAuditor {
  readonly #load: () => Promise<LogAuditor | undefined>;
  #auditor: LogAuditor | undefined;
  #queue: ((auditor: LogAuditor) => void)[] = [];
  #isLoading = false;

  constructor(load: () => Promise<LogAuditor | undefined>) {
    this.#load = load;
  }

  do(act: (auditor: LogAuditor) => void): void {
    if (this.#auditor !== undefined) act(this.#auditor);
    else if (this.#queue.length < QUEUED_CALLS_MAX) this.#queue.push(act);
  }

  fetch(): void {
    if (this.#isLoading || this.#auditor !== undefined) return;
    this.#isLoading = true;
    this.#load().then(
      (auditor) => {
        this.#auditor = auditor;
        if (auditor !== undefined) for (const act of this.#queue.splice(0)) act(auditor);
      },
      () => {
        this.#isLoading = false;
      },
    );
  }
}
