/** Reports damaged records. */

import { Fault } from "../../base/fault.ts";
import { type DisplayRecord, destinationName } from "./render.ts";

/** Damaged records in a command's output; they cause exit code 6. */
export class DamageReport {
  readonly #remedy: string;
  #first: DisplayRecord | undefined;
  #count = 0;

  /** @param remedy for damage that is not on the server */
  constructor(remedy = "ask the server's owner to run chat verify") {
    this.#remedy = remedy;
  }

  note(records: readonly DisplayRecord[]): void {
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
    const where = destinationName(this.#first, undefined);
    const others = this.#count === 1 ? "" : `, and ${this.#count - 1} more`;
    const sentence = `record ${seq} of ${where} is damaged or withheld${others}`;
    return new Fault("log-corrupt", sentence, { remedy: this.#remedy });
  }

  /** @throws Fault log-corrupt if there was one */
  check(): void {
    if (this.fault !== undefined) throw this.fault;
  }
}
