/** Errors of background tasks, which nobody awaits. */

import { endsOnlyTask } from "../io/terminal/process-end.ts";

/** Different errors that are reported. */
const REPORTS_MAX = 20;

/** Reports each error once, and later if other output occupies the terminal. */
export class ContainedErrors {
  readonly #seen = new Set<string>();
  readonly #pending: unknown[] = [];

  constructor(
    private readonly isOccupied: () => boolean,
    private readonly report: (error: unknown) => void,
  ) {}

  /** @returns false if the error must end the program */
  contain(error: unknown): boolean {
    if (!endsOnlyTask(error)) return false;
    const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    if (this.#seen.has(text) || this.#seen.size >= REPORTS_MAX) return true;
    this.#seen.add(text);
    if (this.isOccupied()) this.#pending.push(error);
    else this.report(error);
    return true;
  }

  /** Reports what has been held back. */
  flush(): void {
    for (const error of this.#pending.splice(0)) this.report(error);
  }
}
