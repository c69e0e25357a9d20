/** Damaged and unreadable records in the output. */

import { Fault } from "../../base/fault.ts";
import { counted } from "../../base/sizes.ts";
import { cleanText } from "../../base/text.ts";
import { ENGLISH } from "../../ui/messages/en/page.ts";
import { kindsWith } from "../../wire/kinds.ts";
import { NO_KEY } from "./records.ts";
import { type DisplayRecord, destinationName } from "./render.ts";

/** Counts the damaged records in a command's output. Damaged records result in exit code 6. */
export class DamageReport {
  #first: DisplayRecord | undefined;
  #count = 0;

  /** @param remedy advice to the user; the default assumes that a server sent the records */
  constructor(private readonly remedy = "ask the server's owner to run chat verify") {}

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
    return new Fault("log-corrupt", message, { remedy: this.remedy });
  }

  /** @throws {Fault} log-corrupt if a record is damaged */
  check(): void {
    if (this.fault !== undefined) throw this.fault;
  }
}

/** Counts the records in a command's output that only other devices can read. */
export class UnreadableCount {
  records = 0;
  unreadable = 0;
  /** Numbers of the unreadable records by the user about whose key the reader must decide. */
  readonly #waiting = new Map<string, number>();

  add(records: readonly DisplayRecord[]): void {
    this.records += records.length;
    for (const record of records) {
      const user = waitsFor(record);
      if (lacksKey(record)) this.unreadable++;
      if (user !== undefined) this.#waiting.set(user, (this.#waiting.get(user) ?? 0) + 1);
    }
  }

  /** Number of records that only other devices can read. */
  get lacking(): number {
    return [...this.#waiting.values()].reduce((rest, count) => rest - count, this.unreadable);
  }

  /** Empty if this device can read all records, or will be able to. */
  get text(): string {
    if (this.lacking === 0) return "";
    const total = counted(this.records, "record");
    return `${this.lacking} of ${total} are encrypted and unreadable on this device`;
  }

  /** Fault of the records that this device can read after its user has accepted a key. */
  get waitingFault(): Fault | undefined {
    const [first] = this.#waiting;
    if (first === undefined) return undefined;
    const about = this.waiting.join(" and ");
    return new Fault("incomplete", `some messages are not readable yet: ${about}`, {
      remedy: `compare it, then accept it: chat verify-user ${cleanText(first[0])} --accept`,
    });
  }

  /** A phrase for each user about whose key the reader must decide. */
  get waiting(): readonly string[] {
    return [...this.#waiting].map(([user, count]) =>
      ENGLISH.waitingMessages(count, cleanText(user)),
    );
  }
}

interface UnreadableRun {
  readonly last: DisplayRecord;
  readonly count: number | undefined;
}

/**
 * Replaces each run with one line, printed before the next readable message. Join and leave events
 * do not end a run.
 */
export class UnreadableRuns {
  readonly #runs = new Map<string, UnreadableRun>();

  /** @param me user who reads the records; messages to and from one peer belong to the same run */
  constructor(private readonly me: string | undefined) {}

  fold(records: readonly DisplayRecord[]): DisplayRecord[] {
    return records.flatMap((record) => this.#fold(record));
  }

  /**
   * For live records: returns a line without a count at the start of a run, and `undefined` for the
   * rest of the run.
   */
  next(record: DisplayRecord): DisplayRecord | undefined {
    if (isHidden(record)) return undefined;
    const room = destinationName(record, this.me);
    if (!lacksKey(record)) {
      if (ENDS_RUN.has(record.kind)) this.#runs.delete(room);
      return record;
    }
    const before = this.#runs.get(room);
    const isFirst = before === undefined || waitsFor(before.last) !== waitsFor(record);
    this.#runs.set(room, { last: record, count: undefined });
    return isFirst ? gapOf({ last: record, count: undefined }) : undefined;
  }

  remaining(): DisplayRecord[] {
    const gaps = [...this.#runs.values()].map(gapOf);
    this.#runs.clear();
    return gaps;
  }

  #fold(record: DisplayRecord): DisplayRecord[] {
    if (isHidden(record)) return [];
    const room = destinationName(record, this.me);
    const before = this.#runs.get(room);
    if (lacksKey(record)) {
      const isSame = before !== undefined && waitsFor(before.last) === waitsFor(record);
      this.#runs.set(room, { last: record, count: isSame ? (before.count ?? 0) + 1 : 1 });
      return before === undefined || isSame ? [] : [gapOf(before)];
    }
    if (before === undefined || !ENDS_RUN.has(record.kind)) return [record];
    this.#runs.delete(room);
    return [gapOf(before), record];
  }
}

const ENDS_RUN: ReadonlySet<string> = new Set([...kindsWith("authored"), "edited"]);

/** Only JSON has a line for it. */
function isHidden(record: DisplayRecord): boolean {
  if (record.kind === "wall") return true;
  return record.kind === "erased" && record.isHidden === true;
}

function lacksKey(record: DisplayRecord): boolean {
  if (record.kind !== "unreadable") return false;
  return record.reason === NO_KEY || record.waitsFor !== undefined;
}

function waitsFor(record: DisplayRecord): string | undefined {
  return record.kind === "unreadable" ? record.waitsFor : undefined;
}

function gapOf({ last, count }: UnreadableRun): DisplayRecord {
  const { seq, timeUnixMs, destination, from } = last;
  return { seq, timeUnixMs, destination, from, kind: "gap", count, waitsFor: waitsFor(last) };
}
