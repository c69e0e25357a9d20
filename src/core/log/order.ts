/** Rules for the sequence numbers and the time of a log's next record. */

import { assert } from "../../base/assert.ts";
import { hasTrait, type RecordKind } from "../../wire/kinds.ts";

interface RecordPosition {
  readonly seq: number;
  readonly time: number;
  readonly kind: RecordKind;
  readonly room: string;
  readonly n: number;
}

interface LastRecord {
  n: number;
  seq: number;
}

/** Record at which the log's time falls, because the server's clock was wrong before it. */
export interface TimeFall {
  readonly seq: number;
  readonly time: number;
}

export interface LogOrderValue {
  readonly seq: number;
  readonly time: number;
  readonly falls: readonly TimeFall[];
  readonly rooms: readonly (readonly [room: string, n: number, seq: number])[];
}

/**
 * Number of falls that a log remembers, each an hour apart or more. Without an older one, the
 * records before it count as recorded at the next fall, and so expire later.
 */
const TIME_FALLS_MAX = 1_000;

export function mayFall(head: Pick<RecordPosition, "kind">): boolean {
  return hasTrait(head.kind, "sets-time");
}

/** Latest time at which a record can have been written: its own, or that of a fall after it. */
export function latestTime(head: TimeFall, falls: readonly TimeFall[]): number {
  const next = falls.find(({ seq }) => seq > head.seq);
  return next === undefined ? head.time : Math.min(head.time, next.time);
}

/**
 * Requirements for the next record: `seq` without gaps in the log, `n` without gaps per room, and
 * `time` that decreases only at a record that sets it. Writers take the numbers from this class;
 * readers check records.
 */
export class LogOrder {
  readonly #last = new Map<string, LastRecord>();
  /** Ascending in `seq` and in `time`: a fall replaces earlier falls to a later time. */
  #falls: readonly TimeFall[] = [];
  #seq = 0;
  #time = 0;
  #cachedRoom: string | undefined;
  #cachedLast: LastRecord | undefined;

  get seq(): number {
    return this.#seq;
  }

  get time(): number {
    return this.#time;
  }

  get falls(): readonly TimeFall[] {
    return this.#falls;
  }

  lastSeq(room: string): number {
    return this.#last.get(room)?.seq ?? 0;
  }

  lastN(room: string): number {
    return this.#last.get(room)?.n ?? 0;
  }

  value(): LogOrderValue {
    const rooms = [...this.#last].map(([room, { n, seq }]) => [room, n, seq] as const);
    return { seq: this.#seq, time: this.#time, falls: this.#falls, rooms };
  }

  load({ seq, time, falls, rooms }: LogOrderValue): void {
    this.#cachedRoom = undefined;
    for (const [room, n, last] of rooms) this.#last.set(room, { n, seq: last });
    this.#seq = seq;
    this.#time = time;
    this.#falls = falls;
  }

  /** @returns the reason why this record cannot be next, or `undefined` if it can */
  violation(head: RecordPosition): string | undefined {
    return this.#violation(head, this.#lastOf(head.room));
  }

  #violation(head: RecordPosition, last: LastRecord | undefined): string | undefined {
    if (head.seq !== this.#seq + 1) return `seq ${head.seq} follows ${this.#seq}`;
    if (head.time < this.#time && !mayFall(head))
      return `record ${head.seq} is older than the record before it`;
    const n = last?.n ?? 0;
    if (head.n !== n + 1) return `record number ${head.n} of room ${head.room} follows number ${n}`;
    return undefined;
  }

  advance(head: RecordPosition): void {
    const last = this.#lastOf(head.room);
    const violation = this.#violation(head, last);
    assert(violation === undefined, "the record is the next one");
    if (head.time < this.#time) {
      const { seq, time } = head;
      const earlier = this.#falls.filter((fall) => fall.time < time);
      this.#falls = [...earlier, { seq, time }].slice(-TIME_FALLS_MAX);
    }
    this.#seq = head.seq;
    this.#time = head.time;
    if (last === undefined) {
      this.#add(head.room, { n: head.n, seq: head.seq });
    } else {
      last.n = head.n;
      last.seq = head.seq;
    }
  }

  skipTo(seq: number): void {
    this.#seq = seq;
  }

  /** Accepts this record after damaged records, as if they were valid. */
  skipBefore({ seq, time, n, room }: RecordPosition): void {
    this.#seq = seq - 1;
    this.#time = Math.min(this.#time, time);
    const last = this.#lastOf(room);
    if (last === undefined) this.#add(room, { n: n - 1, seq: 0 });
    else last.n = n - 1;
  }

  #lastOf(room: string): LastRecord | undefined {
    if (room !== this.#cachedRoom) {
      this.#cachedLast = this.#last.get(room);
      this.#cachedRoom = room;
    }
    return this.#cachedLast;
  }

  #add(room: string, last: LastRecord): void {
    this.#last.set(room, last);
    this.#cachedRoom = room;
    this.#cachedLast = last;
  }
}
