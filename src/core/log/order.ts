import { assert } from "../../base/assert.ts";
import type { Head } from "../../wire/record.ts";

interface Last {
  n: number;
  seq: number;
}

/**
 * What the order of a log demands of its next record: `seq` dense over all, `n` dense per room,
 * `time` never falling. The writer takes its numbers from here, the reader checks them here.
 */
export class LogOrder {
  /** One entry a room or account: as many as there are, ROOMS_MAX or ACCOUNTS_MAX. */
  readonly #last = new Map<string, Last>();
  #seq = 0;
  #time = 0;

  get seq(): number {
    return this.#seq;
  }

  get time(): number {
    return this.#time;
  }

  /** Seq of the room's last record, 0 = none. */
  lastSeq(room: string): number {
    return this.#last.get(room)?.seq ?? 0;
  }

  lastN(room: string): number {
    return this.#last.get(room)?.n ?? 0;
  }

  /** Why this record cannot come next; undefined when it can. */
  objection(head: Head): string | undefined {
    if (head.seq !== this.#seq + 1) return `seq ${head.seq} follows ${this.#seq}`;
    if (head.time < this.#time) return `the time of seq ${head.seq} falls`;
    const n = this.lastN(head.room);
    if (head.n !== n + 1) return `n ${head.n} of ${head.room} follows ${n}`;
    return undefined;
  }

  advance(head: Head): void {
    assert(this.objection(head) === undefined, "a record advances the order it was given");
    this.#seq = head.seq;
    this.#time = head.time;
    const last = this.#last.get(head.room);
    if (last === undefined) {
      this.#last.set(head.room, { n: head.n, seq: head.seq });
    } else {
      last.n = head.n;
      last.seq = head.seq;
    }
  }
}
