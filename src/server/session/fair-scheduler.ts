import { ARRIVALS_WAITING_BYTES_MAX, ARRIVALS_WAITING_EACH_BYTES_MAX } from "../../base/limits.ts";
import type { Clock } from "../../io/clock.ts";

/** What one sender may have done at once, and what is done for all who wait, in one turn. */
const SHARE = 32;
const TURN = 64;
/** So little needs no end of a turn to be forgotten; but those who said so little are bounded. */
const UNCOUNTED = 8;
const LINES_MAX = 1_024;
/** Costs are counted in messages; one that takes this many of them long counts as so many. */
const COSTS_PER_MS = 32;
/** What waits costs beside its bytes, so that a line of empty messages is bounded too. */
const OVERHEAD_BYTES = 256;

/** @param now when it begins */
type Work = (now: number) => void;

interface Arrival {
  readonly sizeBytes: number;
  readonly work: Work;
}

interface Line {
  readonly sender: string;
  readonly waiting: Arrival[];
  /** It is among the lines that take turns. */
  isQueued: boolean;
  sizeBytes: number;
  /** In this turn. */
  spent: number;
}

/**
 * What arrives is dealt with by turns: a sender of much at once waits behind itself, and the
 * others go on in between. Between two turns the event loop sees who else has something to say.
 */
export class FairScheduler {
  readonly #clock: Pick<Clock, "now" | "after">;
  /** Senders of late, and those that wait. */
  readonly #lines = new Map<string, Line>();
  /** Those of them that wait; next is the one that waits longest. */
  readonly #queue: Line[] = [];
  #sizeBytes = 0;
  #isScheduled = false;

  constructor(clock: Pick<Clock, "now" | "after">) {
    this.#clock = clock;
  }

  /** Messages that wait for their turn. */
  get waiting(): number {
    let count = 0;
    for (const line of this.#queue) count += line.waiting.length;
    return count;
  }

  /** Does it, at once or in its turn; what is of one sender stays in order. */
  take(sender: string, sizeBytes: number, work: Work): void {
    let line = this.#lines.get(sender);
    if (line === undefined) {
      line = { sender, waiting: [], isQueued: false, sizeBytes: 0, spent: 0 };
      this.#lines.set(sender, line);
    }
    if (line.waiting.length === 0 && line.spent < SHARE) {
      line.spent += this.#costOf(work);
      if (line.spent > UNCOUNTED || this.#lines.size > LINES_MAX) this.#schedule();
      return;
    }
    this.#schedule();
    const arrival = { sizeBytes: sizeBytes + OVERHEAD_BYTES, work };
    if (!line.isQueued) this.#queue.push(line);
    line.isQueued = true;
    line.waiting.push(arrival);
    line.sizeBytes += arrival.sizeBytes;
    this.#sizeBytes += arrival.sizeBytes;
    // A socket cannot be asked to wait: what is too much to keep is dealt with.
    while (
      line.sizeBytes > ARRIVALS_WAITING_EACH_BYTES_MAX ||
      (this.#sizeBytes > ARRIVALS_WAITING_BYTES_MAX && line.waiting.length > 0)
    ) {
      this.#next(line);
    }
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#clock.after(0, () => this.#turn());
  }

  #turn(): void {
    this.#isScheduled = false;
    for (const [sender, line] of this.#lines) {
      line.spent = 0;
      if (!line.isQueued) this.#lines.delete(sender);
    }
    for (let left = TURN; left > 0; ) {
      const line = this.#queue.shift();
      if (line === undefined) return;
      left -= this.#next(line);
      line.isQueued = line.waiting.length > 0;
      if (line.isQueued)
        this.#queue.push(line); // And behind the others again.
      else this.#lines.delete(line.sender);
    }
    if (this.#lines.size > 0) this.#schedule();
  }

  /** @returns what it cost */
  #next(line: Line): number {
    const arrival = line.waiting.shift();
    if (arrival === undefined) return 0;
    line.sizeBytes -= arrival.sizeBytes;
    this.#sizeBytes -= arrival.sizeBytes;
    return this.#costOf(arrival.work);
  }

  #costOf(work: Work): number {
    const begun = this.#clock.now();
    work(begun);
    return 1 + (this.#clock.now() - begun) * COSTS_PER_MS;
  }
}
