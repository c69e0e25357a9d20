/** Sequence numbers and hashes required of the next record. */

import { assert } from "../../base/assert.ts";

/** Fields of a head that give its position in the log. */
interface RecordPosition {
  readonly seq: number;
  readonly time: number;
  readonly room: string;
  readonly n: number;
}

interface LastRecord {
  n: number;
  seq: number;
}

export interface LogOrderValue {
  readonly seq: number;
  readonly time: number;
  readonly rooms: readonly (readonly [room: string, n: number, seq: number])[];
}

/**
 * Requirements on the next record of a log: `seq` without gaps in the log, `n` without gaps per
 * room, and `time` that never decreases. The writer takes its numbers from here, and the reader
 * checks them here.
 */
export class LogOrder {
  /** An entry per room or account, at most ROOMS_MAX or ACCOUNTS_MAX. */
  readonly #last = new Map<string, LastRecord>();
  #seq = 0;
  #time = 0;
  /** The last checked room, because a record is checked and then added immediately. */
  #cachedRoom: string | undefined;
  #cachedLast: LastRecord | undefined;

  get seq(): number {
    return this.#seq;
  }

  get time(): number {
    return this.#time;
  }

  lastSeq(room: string): number {
    return this.#last.get(room)?.seq ?? 0;
  }

  lastN(room: string): number {
    return this.#last.get(room)?.n ?? 0;
  }

  /** Returns a snapshot for `load`. */
  value(): LogOrderValue {
    const rooms = [...this.#last].map(([room, { n, seq }]) => [room, n, seq] as const);
    return { seq: this.#seq, time: this.#time, rooms };
  }

  /** Loads a snapshot into an empty order. */
  load({ seq, time, rooms }: LogOrderValue): void {
    this.#cachedRoom = undefined;
    for (const [room, n, last] of rooms) this.#last.set(room, { n, seq: last });
    this.#seq = seq;
    this.#time = time;
  }

  /** @returns the reason for which this record cannot be the next one, or `undefined` */
  violation(head: RecordPosition): string | undefined {
    return this.#violation(head, this.#lastOf(head.room));
  }

  #violation(head: RecordPosition, last: LastRecord | undefined): string | undefined {
    if (head.seq !== this.#seq + 1) return `seq ${head.seq} follows ${this.#seq}`;
    if (head.time < this.#time) return `the time of seq ${head.seq} falls`;
    const n = last?.n ?? 0;
    if (head.n !== n + 1) return `n ${head.n} of ${head.room} follows ${n}`;
    return undefined;
  }

  advance(head: RecordPosition): void {
    const last = this.#lastOf(head.room);
    const violation = this.#violation(head, last);
    assert(violation === undefined, "the record is the next one");
    this.#seq = head.seq;
    this.#time = head.time;
    if (last === undefined) {
      this.#add(head.room, { n: head.n, seq: head.seq });
    } else {
      last.n = head.n;
      last.seq = head.seq;
    }
  }

  /** Skips damaged records: the next record follows this seq. */
  skipTo(seq: number): void {
    this.#seq = seq;
  }

  /** Skips damaged records: this record is the next one, as if the preceding ones were valid. */
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
