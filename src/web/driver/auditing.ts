import type { AuditAlarm, LogAuditor } from "../../client/auditor.ts";
import type { Verifier } from "../../client/link/keys.ts";
import type { Platform } from "../browser/environment.ts";

/** Makes what asks for proofs of the log; its code is fetched after the first screen. */
export type OpenAuditor = (
  platform: Platform,
  verifier: Verifier,
  alarmed: (alarm: AuditAlarm) => void,
) => LogAuditor;

/** What is kept for the code until it is here; a page that waits so long has other worries. */
const WAITING_MAX = 2_048;

/** Does with the auditor what is asked, in order, once its code is here. */
export class LazyAuditor {
  readonly #load: () => Promise<LogAuditor | undefined>;
  #auditor: LogAuditor | undefined;
  /** Bounded by WAITING_MAX. */
  #waiting: ((auditor: LogAuditor) => void)[] = [];
  #isLoading = false;

  constructor(load: () => Promise<LogAuditor | undefined>) {
    this.#load = load;
  }

  do(act: (auditor: LogAuditor) => void): void {
    if (this.#auditor !== undefined) act(this.#auditor);
    else if (this.#waiting.length < WAITING_MAX) this.#waiting.push(act);
  }

  /** Where the code cannot be fetched, it is asked for again with the next link. */
  fetch(): void {
    if (this.#isLoading || this.#auditor !== undefined) return;
    this.#isLoading = true;
    this.#load().then(
      (auditor) => {
        this.#auditor = auditor;
        if (auditor !== undefined) for (const act of this.#waiting.splice(0)) act(auditor);
      },
      () => {
        this.#isLoading = false;
      },
    );
  }
}
