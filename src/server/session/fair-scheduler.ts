import { ARRIVALS_WAITING_BYTES_MAX, ARRIVALS_WAITING_EACH_BYTES_MAX } from "../../base/limits.ts";
import type { Clock } from "../../io/clock.ts";

/** What one sender may have done at once, and what is done for all who wait, in one turn. */
const SHARE = 32;
const TURN = 64;
/** Immediate work per sender and turn, as a share of the turn's total. */
const SHARE_WHEN_BUSY = 1;
/** So little needs no end of a turn to be forgotten; but those who said so little are bounded. */
const UNCOUNTED = 8;
const LINES_MAX = 1_024;
/** Costs are counted in messages; one that takes this many of them long counts as so many. */
const COSTS_PER_MS = 32;
/** Cost of a queued message beside its bytes: one source can queue 2,304 messages at most. */
const OVERHEAD_BYTES = 8 * 1024;

/** @param now when it begins */
type Work = (now: number) => void;

/** A connection whose messages take turns with those of others. */
export interface Source {
  /** Its queue overflowed: it is to be closed. What it had queued is dropped already. */
  overflow(): void;
}

interface Arrival {
  readonly source: Source;
  readonly sizeBytes: number;
  readonly work: Work;
}

interface Line {
  readonly sender: string;
  waiting: Arrival[];
  /** Queued bytes of each source; only of those that have any. */
  readonly sizes: Map<Source, number>;
  /** It is among the lines that take turns. */
  isQueued: boolean;
  sizeBytes: number;
  /** In this turn. */
  spent: number;
}

/**
 * What arrives is dealt with by turns: a sender of much at once waits behind itself, and the
 * others go on in between. Between two turns the event loop sees who else has something to say.
 *
 * A socket cannot be asked to wait, so a source that queues too much is closed. Its work is never
 * run early: that would take the time of the others.
 */
export class FairScheduler {
  readonly #clock: Pick<Clock, "now" | "after">;
  /** Senders of late, and those that wait. */
  readonly #lines = new Map<string, Line>();
  /** Those of them that wait; next is the one that waits longest. */
  readonly #queue: Line[] = [];
  #sizeBytes = 0;
  /** In this turn, before anybody had to wait. */
  #spent = 0;
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
  take(sender: string, source: Source, sizeBytes: number, work: Work): void {
    let line = this.#lines.get(sender);
    if (line === undefined) {
      const sizes = new Map<Source, number>();
      line = { sender, waiting: [], sizes, isQueued: false, sizeBytes: 0, spent: 0 };
      this.#lines.set(sender, line);
    }
    const isBusy = this.#spent >= TURN;
    if (line.waiting.length === 0 && line.spent < (isBusy ? SHARE_WHEN_BUSY : SHARE)) {
      const cost = this.#costOf(work);
      line.spent += cost;
      this.#spent += cost;
      if (line.spent > UNCOUNTED || isBusy || this.#lines.size > LINES_MAX) this.#schedule();
      return;
    }
    this.#schedule();
    if (!line.isQueued) this.#queue.push(line);
    line.isQueued = true;
    line.waiting.push({ source, sizeBytes: sizeBytes + OVERHEAD_BYTES, work });
    this.#count(line, source, sizeBytes + OVERHEAD_BYTES);
    if ((line.sizes.get(source) ?? 0) > ARRIVALS_WAITING_EACH_BYTES_MAX) {
      this.#overflow(line, source);
    } else if (this.#sizeBytes > ARRIVALS_WAITING_BYTES_MAX) {
      const largest = this.#queue.reduce((a, b) => (b.sizeBytes > a.sizeBytes ? b : a));
      const [[greediest] = [source]] = [...largest.sizes].sort(([, a], [, b]) => b - a);
      this.#overflow(largest, greediest);
    }
  }

  /** Drops what this source has queued. */
  drop(sender: string, source: Source): void {
    const line = this.#lines.get(sender);
    const sizeBytes = line?.sizes.get(source);
    if (line === undefined || sizeBytes === undefined) return;
    line.waiting = line.waiting.filter((arrival) => arrival.source !== source);
    this.#count(line, source, -sizeBytes);
  }

  #overflow(line: Line, source: Source): void {
    this.drop(line.sender, source);
    source.overflow();
  }

  #count(line: Line, source: Source, sizeBytes: number): void {
    const left = (line.sizes.get(source) ?? 0) + sizeBytes;
    if (left > 0) line.sizes.set(source, left);
    else line.sizes.delete(source);
    line.sizeBytes += sizeBytes;
    this.#sizeBytes += sizeBytes;
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#clock.after(0, () => this.#turn());
  }

  #turn(): void {
    this.#isScheduled = false;
    this.#spent = 0;
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
    this.#count(line, arrival.source, -arrival.sizeBytes);
    return this.#costOf(arrival.work);
  }

  #costOf(work: Work): number {
    const begun = this.#clock.now();
    work(begun);
    return 1 + (this.#clock.now() - begun) * COSTS_PER_MS;
  }
}
