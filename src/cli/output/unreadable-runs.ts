/** Folds runs of unreadable records into one line. */

import { kindsWith } from "../../wire/kinds.ts";
import { type DisplayRecord, destinationName } from "./render.ts";

/** Reason of an encrypted message whose key this device will never have. */
export const NO_KEY = "sealed, and this device has no key";

interface UnreadableRun {
  readonly last: DisplayRecord;
  readonly count: number | undefined;
}

/**
 * Puts one line for each run of unreadable records of a sealed room before the next readable
 * message. Join and leave events do not end a run.
 */
export class UnreadableRuns {
  /** Keyed by room: the last record of its run. Bounded by the rooms of a reader. */
  readonly #runs = new Map<string, UnreadableRun>();
  readonly #me: string | undefined;

  /** @param me the reader; both directions of a conversation count as one */
  constructor(me: string | undefined) {
    this.#me = me;
  }

  /** Returns the records to show after these have arrived. */
  fold(records: readonly DisplayRecord[]): DisplayRecord[] {
    return records.flatMap((record) => this.#fold(record));
  }

  /** Streaming variant of `fold`: emits the line, without a count, at the start of a run. */
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

  /** Returns and clears the unfinished runs. */
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
