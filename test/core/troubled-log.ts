import { Fault } from "../../src/base/fault.ts";
import type { EngineInput } from "../../src/core/rooms/engine-io.ts";
import type { Draft, LogRecord } from "../../src/wire/record.ts";
import { CheckedLedger } from "./checked-ledger.ts";
import type { Ledger } from "./ledger.ts";

export interface Append {
  readonly token: number;
  readonly drafts: readonly Draft[];
  readonly follows?: number | undefined;
}

export interface Weather {
  readonly logFailPercent: number;
  readonly lostLinkPercent: number;
  readonly postsPerSecond: number;
}

export class TroubledLog {
  isTroubled = true;
  readonly #checked = new CheckedLedger();
  readonly #random: () => number;
  readonly #weather: Weather;
  readonly #engine: (input: EngineInput) => void;
  readonly #queue: Append[] = [];
  readonly #refusals: { readonly token: number; readonly fault: Fault }[] = [];

  constructor(random: () => number, weather: Weather, engine: (input: EngineInput) => void) {
    this.#random = random;
    this.#weather = weather;
    this.#engine = engine;
  }

  get ledger(): Ledger {
    return this.#checked.ledger;
  }

  get isIdle(): boolean {
    return this.#queue.length + this.#refusals.length === 0;
  }

  found(draft: Draft): void {
    this.#queue.push({ token: 0, drafts: [draft] });
    this.#commit(1, undefined);
  }

  append(append: Append): void {
    const isFull = this.isTroubled && this.#random() * 100 < this.#weather.logFailPercent;
    if (!isFull) this.#queue.push(append);
    else this.#refusals.push({ token: append.token, fault: busy() });
  }

  step(): void {
    const refusal = this.#refusals.shift();
    if (refusal !== undefined) this.#engine({ kind: "failed", ...refusal });
    else if (this.#queue.length > 0) {
      const failing = this.isTroubled && this.#random() * 100 < this.#weather.logFailPercent;
      const size = 1 + Math.floor(this.#random() * this.#queue.length);
      this.#commit(size, failing ? new Fault("store-full", "no space") : undefined);
    }
  }

  #commit(size: number, fault: Fault | undefined): void {
    const batch = this.#queue.splice(0, size);
    if (fault !== undefined) {
      for (const { token, drafts } of batch) {
        // A full disk may split the drafts of one decision.
        const fitting = Math.floor(this.#random() * drafts.length);
        for (const draft of drafts.slice(0, fitting)) this.#record(draft);
        this.#engine({ kind: "failed", token, fault });
      }
      return;
    }
    const lasts = batch.map(({ drafts }) => drafts.map((draft) => this.#record(draft)).at(-1));
    for (const [i, { token }] of batch.entries()) {
      const record = lasts[i];
      if (record !== undefined && token > 0) this.#engine({ kind: "appended", token, record });
    }
  }

  #record(draft: Draft): LogRecord {
    const record = this.#checked.append(draft);
    this.#engine({ kind: "record", record });
    return record;
  }
}

function busy(): Fault {
  return new Fault("too-many", "the disk is behind", { retryAfterMs: 100 });
}
