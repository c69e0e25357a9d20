/** Folds runs of unreadable records into one line. */

import { destinationName, type ShownRecord } from "./render.ts";

/** Of a message of a sealed room that this reader has no key for, and never will have. */
export const NO_KEY = "sealed, and this device has no key";

interface Stretch {
  readonly last: ShownRecord;
  readonly count: number | undefined;
}

/**
 * Puts one line for each stretch of a sealed room that this device cannot open in front of the next
 * message that it can. Who came and went meanwhile does not end a stretch.
 */
export class GapFolder {
  /** By room: the last of its stretch. Bounded by the rooms of a reader. */
  readonly #open = new Map<string, Stretch>();
  readonly #me: string | undefined;

  /** @param me the reader, of whose conversations both directions are one */
  constructor(me: string | undefined) {
    this.#me = me;
  }

  /** The records that are to be shown once these have come. */
  fold(records: readonly ShownRecord[]): ShownRecord[] {
    return records.flatMap((record) => this.#fold(record));
  }

  /** The same for a reader that does not wait: the line stands for what it begins, uncounted. */
  next(record: ShownRecord): ShownRecord | undefined {
    const room = destinationName(record, this.#me);
    if (!isUnopened(record)) {
      if (SAID.has(record.kind)) this.#open.delete(room);
      return record;
    }
    const isFirst = !this.#open.has(room);
    this.#open.set(room, { last: record, count: undefined });
    return isFirst ? gapOf({ last: record, count: undefined }) : undefined;
  }

  /** The stretches that nothing has ended. */
  rest(): ShownRecord[] {
    const rest = [...this.#open.values()].map(gapOf);
    this.#open.clear();
    return rest;
  }

  #fold(record: ShownRecord): ShownRecord[] {
    const room = destinationName(record, this.#me);
    const before = this.#open.get(room);
    if (isUnopened(record)) {
      this.#open.set(room, { last: record, count: (before?.count ?? 0) + 1 });
      return [];
    }
    if (before === undefined || !SAID.has(record.kind)) return [record];
    this.#open.delete(room);
    return [gapOf(before), record];
  }
}

const SAID: ReadonlySet<string> = new Set(["text", "action", "file", "edited", "reaction"]);

function isUnopened(record: ShownRecord): boolean {
  return record.kind === "unreadable" && record.reason === NO_KEY;
}

function gapOf({ last, count }: Stretch): ShownRecord {
  const { seq, timeUnixMs, destination, from } = last;
  return { seq, timeUnixMs, destination, from, kind: "gap", count };
}
