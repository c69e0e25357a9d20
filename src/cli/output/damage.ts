/** Reports damaged records. */

import { Fault } from "../../base/fault.ts";
import { type DisplayRecord, destinationName } from "./render.ts";

/** Damaged records in a command's output, which cause exit code 6. */
export class DamageReport {
  readonly #remedy: string;
  #first: DisplayRecord | undefined;
  #count = 0;

  /** @param remedy for damage that is not on the server */
  constructor(remedy = "ask the server's owner to run chat verify") {
    this.#remedy = remedy;
  }

  add(records: readonly DisplayRecord[]): void {
    for (const record of records) {
      if (record.kind !== "damaged") continue;
      this.#first ??= record;
      this.#count++;
    }
  }

  /** Fault of the first damaged record; `undefined` if there is none. */
  get fault(): Fault | undefined {
    if (this.#first === undefined) return undefined;
    const { seq } = this.#first;
    const destination = destinationName(this.#first, undefined);
    const moreText = this.#count === 1 ? "" : `, and ${this.#count - 1} more`;
    const message = `record ${seq} of ${destination} is damaged or withheld${moreText}`;
    return new Fault("log-corrupt", message, { remedy: this.#remedy });
  }

  /** @throws {Fault} log-corrupt if there are damaged records */
  check(): void {
    if (this.fault !== undefined) throw this.fault;
  }
}
