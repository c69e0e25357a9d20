/** Fault reports for damaged records. */

import { Fault } from "../../base/fault.ts";
import { type DisplayRecord, destinationName } from "./render.ts";

/** Counts the damaged records in a command's output. Damaged records result in exit code 6. */
export class DamageReport {
  readonly #remedy: string;
  #first: DisplayRecord | undefined;
  #count = 0;

  /** @param remedy advice to the user; the default assumes that a server sent the records */
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

  get fault(): Fault | undefined {
    if (this.#first === undefined) return undefined;
    const { seq } = this.#first;
    const destination = destinationName(this.#first, undefined);
    const moreText = this.#count === 1 ? "" : `, and ${this.#count - 1} more`;
    const message = `record ${seq} of ${destination} is damaged or withheld${moreText}`;
    return new Fault("log-corrupt", message, { remedy: this.#remedy });
  }

  /** @throws {Fault} log-corrupt if a record is damaged */
  check(): void {
    if (this.fault !== undefined) throw this.fault;
  }
}
