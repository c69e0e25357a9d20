/** Replaces runs of unreadable records by one line each. */

import { kindsWith } from "../../wire/kinds.ts";
import { type DisplayRecord, destinationName } from "./render.ts";

/** Reason of an encrypted message whose key this device will never have. */
export const NO_KEY = "sealed, and this device has no key";

interface UnreadableRun {
  readonly last: DisplayRecord;
  readonly count: number | undefined;
}

/**
 * Replaces each run of unreadable records in a sealed room by one line before the next readable
 * message. Join and leave events do not end a run.
 */
export class UnreadableRuns {
  /** Last record of each run, keyed by room. Bounded by the rooms of the reader. */
  readonly #runs = new Map<string, UnreadableRun>();
  readonly #me: string | undefined;

  /** @param me the reader; both directions of a conversation count as one room */
  constructor(me: string | undefined) {
    this.#me = me;
  }

  /** Returns the records to display. */
  fold(records: readonly DisplayRecord[]): DisplayRecord[] {
    return records.flatMap((record) => this.#fold(record));
  }

  /** Streaming variant of `fold`. Emits the line at the start of a run, without a count. */
  next(record: DisplayRecord): DisplayRecord | undefined {
    const room = destinationName(record, this.#me);
    if (!lacksKey(record)) {
      if (ENDS_RUN.has(record.kind)) this.#runs.delete(room);
      return record;
    }
    const isFirst = !this.#runs.has(room);
    this.#runs.set(room, { last: record, count: undefined });
    return isFirst ? gapOf({ last: record, count: undefined }) : undefined;
  }

  /** Returns and clears unfinished runs. */
  remaining(): DisplayRecord[] {
    const gaps = [...this.#runs.values()].map(gapOf);
    this.#runs.clear();
    return gaps;
  }

  #fold(record: DisplayRecord): DisplayRecord[] {
    const room = destinationName(record, this.#me);
    const before = this.#runs.get(room);
    if (lacksKey(record)) {
      this.#runs.set(room, { last: record, count: (before?.count ?? 0) + 1 });
      return [];
    }
    if (before === undefined || !ENDS_RUN.has(record.kind)) return [record];
    this.#runs.delete(room);
    return [gapOf(before), record];
  }
}

const ENDS_RUN: ReadonlySet<string> = new Set([...kindsWith("authored"), "edited"]);

function lacksKey(record: DisplayRecord): boolean {
  return record.kind === "unreadable" && record.reason === NO_KEY;
}

function gapOf({ last, count }: UnreadableRun): DisplayRecord {
  const { seq, timeUnixMs, destination, from } = last;
  return { seq, timeUnixMs, destination, from, kind: "gap", count };
}
