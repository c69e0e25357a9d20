/** Fair scheduler of received messages. */

import { RECEIVE_QUEUE_PER_LINK_BYTES_MAX, RECEIVE_QUEUES_BYTES_MAX } from "../../base/limits.ts";
import type { Clock } from "../../io/clock.ts";

/** Costs allowed per sender without waiting, and for all waiting senders, in one turn. */
const SHARE = 32;
const TURN = 64;
/** Immediate costs per sender and turn while others wait, as part of the turn's total. */
const SHARE_WHEN_BUSY = 1;
/** Costs so small that they need not be reset at the end of a turn; the senders are bounded. */
const UNCOUNTED = 8;
const SENDERS_MAX = 1_024;
/** A cost is one message; a slow message costs this many per millisecond. */
const COSTS_PER_MS = 32;
/**
 * Memory cost of a queued message besides its bytes: one source can queue at most 2,304 messages.
 */
const OVERHEAD_BYTES = 8 * 1024;

/** @param now start of the task */
type Task = (now: number) => void;

/** A connection whose messages take turns with those of others. */
export interface Source {
  /**
   * Called when its queue has overflowed: the source must be closed. Its queue is already dropped.
   */
  overflow(): void;
}

interface QueuedMessage {
  readonly source: Source;
  readonly sizeBytes: number;
  readonly run: Task;
}

interface SenderQueue {
  readonly sender: string;
  messages: QueuedMessage[];
  /** Queued bytes by source. Only sources with queued messages. */
  readonly sizes: Map<Source, number>;
  isQueued: boolean;
  sizeBytes: number;
  /** Costs in this turn. */
  spent: number;
}

/**
 * Messages are handled in turns: a sender of many waits behind itself, and the others continue in
 * between. Between two turns the event loop sees who else has messages. A socket cannot be asked to
 * wait, so a source that queues too much is closed. Its messages are never handled early: that
 * would take the time of the others.
 */
export class FairScheduler {
  readonly #clock: Pick<Clock, "now" | "after">;
  /** Recent and waiting senders. */
  readonly #senders = new Map<string, SenderQueue>();
  /** Waiting senders, the longest waiting first. */
  readonly #queue: SenderQueue[] = [];
  #sizeBytes = 0;
  /** Costs in this turn before any sender had to wait. */
  #spent = 0;
  #isScheduled = false;

  constructor(clock: Pick<Clock, "now" | "after">) {
    this.#clock = clock;
  }

  get queuedCount(): number {
    let count = 0;
    for (const line of this.#queue) count += line.messages.length;
    return count;
  }

  /** Runs the task now or in its turn; tasks of one sender stay in order. */
  run(sender: string, source: Source, sizeBytes: number, work: Task): void {
    let line = this.#senders.get(sender);
    if (line === undefined) {
      const sizes = new Map<Source, number>();
      line = { sender, messages: [], sizes, isQueued: false, sizeBytes: 0, spent: 0 };
      this.#senders.set(sender, line);
    }
    const isBusy = this.#spent >= TURN;
    if (line.messages.length === 0 && line.spent < (isBusy ? SHARE_WHEN_BUSY : SHARE)) {
      const cost = this.#costOf(work);
      line.spent += cost;
      this.#spent += cost;
      if (line.spent > UNCOUNTED || isBusy || this.#senders.size > SENDERS_MAX) this.#schedule();
      return;
    }
    this.#schedule();
    if (!line.isQueued) this.#queue.push(line);
    line.isQueued = true;
    line.messages.push({ source, sizeBytes: sizeBytes + OVERHEAD_BYTES, run: work });
    this.#count(line, source, sizeBytes + OVERHEAD_BYTES);
    if ((line.sizes.get(source) ?? 0) > RECEIVE_QUEUE_PER_LINK_BYTES_MAX) {
      this.#overflow(line, source);
    } else if (this.#sizeBytes > RECEIVE_QUEUES_BYTES_MAX) {
      const largest = this.#queue.reduce((a, b) => (b.sizeBytes > a.sizeBytes ? b : a));
      const [[greediest] = [source]] = [...largest.sizes].sort(([, a], [, b]) => b - a);
      this.#overflow(largest, greediest);
    }
  }

  drop(sender: string, source: Source): void {
    const line = this.#senders.get(sender);
    const sizeBytes = line?.sizes.get(source);
    if (line === undefined || sizeBytes === undefined) return;
    line.messages = line.messages.filter((arrival) => arrival.source !== source);
    this.#count(line, source, -sizeBytes);
  }

  #overflow(line: SenderQueue, source: Source): void {
    this.drop(line.sender, source);
    source.overflow();
  }

  #count(line: SenderQueue, source: Source, sizeBytes: number): void {
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
    for (const [sender, line] of this.#senders) {
      line.spent = 0;
      if (!line.isQueued) this.#senders.delete(sender);
    }
    for (let left = TURN; left > 0; ) {
      const line = this.#queue.shift();
      if (line === undefined) return;
      left -= this.#next(line);
      line.isQueued = line.messages.length > 0;
      if (line.isQueued)
        this.#queue.push(line); // Back to the end of the queue.
      else this.#senders.delete(line.sender);
    }
    if (this.#senders.size > 0) this.#schedule();
  }

  /** @returns its cost */
  #next(line: SenderQueue): number {
    const arrival = line.messages.shift();
    if (arrival === undefined) return 0;
    this.#count(line, arrival.source, -arrival.sizeBytes);
    return this.#costOf(arrival.run);
  }

  #costOf(work: Task): number {
    const begun = this.#clock.now();
    work(begun);
    return 1 + (this.#clock.now() - begun) * COSTS_PER_MS;
  }
}
