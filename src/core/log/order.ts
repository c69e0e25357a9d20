/** The sequence numbers and hashes that the next record must have. */

import { assert } from "../../base/assert.ts";

/** The fields of a head that give its position in the log. */
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
 * Requirements on the next record of a log: `seq` dense over all, `n` dense per room, `time` never
 * decreasing. The writer takes its numbers from here, and the reader checks them here.
 */
export class LogOrder {
  /** An entry per room or account, at most ROOMS_MAX or ACCOUNTS_MAX. */
  readonly #last = new Map<string, LastRecord>();
  #seq = 0;
  #time = 0;
  /** The last room asked for: a record is checked and then added immediately. */
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

  /** Snapshot, restored by `load`. */
  value(): LogOrderValue {
    const rooms = [...this.#last].map(([room, { n, seq }]) => [room, n, seq] as const);
    return { seq: this.#seq, time: this.#time, rooms };
  }

  /** Requires an empty order. */
  load({ seq, time, rooms }: LogOrderValue): void {
    this.#cachedRoom = undefined;
    for (const [room, n, last] of rooms) this.#last.set(room, { n, seq: last });
    this.#seq = seq;
    this.#time = time;
  }

  /** Why this record cannot be the next one; `undefined` if it can. */
  objection(head: RecordPosition): string | undefined {
    return this.#objection(head, this.#lastOf(head.room));
  }

  #objection(head: RecordPosition, last: LastRecord | undefined): string | undefined {
    if (head.seq !== this.#seq + 1) return `seq ${head.seq} follows ${this.#seq}`;
    if (head.time < this.#time) return `the time of seq ${head.seq} falls`;
    const n = last?.n ?? 0;
    if (head.n !== n + 1) return `n ${head.n} of ${head.room} follows ${n}`;
    return undefined;
  }

  advance(head: RecordPosition): void {
    const last = this.#lastOf(head.room);
    const objection = this.#objection(head, last);
    assert(objection === undefined, "a record advances the order it was given");
    this.#seq = head.seq;
    this.#time = head.time;
    if (last === undefined) {
      this.#add(head.room, { n: head.n, seq: head.seq });
    } else {
      last.n = head.n;
      last.seq = head.seq;
    }
  }

  /** Skips damage: the record after this seq is the next one. */
  skipTo(seq: number): void {
    this.#seq = seq;
  }

  /** Skips damage: this record is the next one, as if those before it were valid. */
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
