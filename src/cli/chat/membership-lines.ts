/** Joins, departures and removals in line mode: at most one line per room and minute. */

import { MINUTE_MS } from "../../base/time.ts";
import type { Clock } from "../../io/clock.ts";
import type { DisplayRecord } from "../output/render.ts";

/** A class that joins together arrives within this time. */
const SETTLE_MS = 500;

interface PendingEvents {
  readonly records: DisplayRecord[];
  readonly cancel: () => void;
}

interface MembershipLinesOptions {
  readonly clock: Pick<Clock, "now" | "after">;
  print(records: readonly DisplayRecord[]): void;
}

export class MembershipLines {
  readonly #pending = new Map<string, PendingEvents>();
  readonly #printedAt = new Map<string, number>();

  constructor(private readonly options: MembershipLinesOptions) {}

  add(place: string, record: DisplayRecord): void {
    const pending = this.#pending.get(place);
    if (pending !== undefined) {
      pending.records.push(record);
      return;
    }
    const { clock } = this.options;
    const last = this.#printedAt.get(place) ?? Number.NEGATIVE_INFINITY;
    const waitMs = Math.max(SETTLE_MS, last + MINUTE_MS - clock.now());
    const cancel = clock.after(waitMs, () => this.#flush(place));
    this.#pending.set(place, { records: [record], cancel });
  }

  /** Call before a message is printed, so that earlier joins precede it. */
  beforeMessage(place: string): void {
    const last = this.#printedAt.get(place) ?? Number.NEGATIVE_INFINITY;
    if (this.options.clock.now() >= last + MINUTE_MS) this.#flush(place);
  }

  flushAll(): void {
    for (const place of [...this.#pending.keys()]) this.#flush(place);
  }

  #flush(place: string): void {
    const pending = this.#pending.get(place);
    if (pending === undefined) return;
    pending.cancel();
    this.#pending.delete(place);
    this.#printedAt.set(place, this.options.clock.now());
    this.options.print(pending.records);
  }
}
