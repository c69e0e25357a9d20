/** Fair scheduler for received messages. */

import { RECEIVE_QUEUE_PER_LINK_BYTES_MAX, RECEIVE_QUEUES_BYTES_MAX } from "../../base/limits.ts";
import type { Clock } from "../../io/clock.ts";

/**
 * Maximum cost of messages handled immediately per turn: for a sender without queued messages, and
 * for all senders with queued messages.
 */
const SENDER_COSTS_MAX = 32;
const TURN_COSTS_MAX = 64;
/** Maximum cost handled immediately per sender and turn while other senders wait. */
const SENDER_COSTS_WHEN_BUSY_MAX = 1;
const UNCOUNTED_COSTS_MAX = 8;
const SENDERS_MAX = 1_024;
const COSTS_PER_MS = 32;
/** Estimated memory of a queued message in addition to its bytes. */
const OVERHEAD_BYTES = 8 * 1024;

type Task = (now: number) => void;

export interface ScheduledSource {
  /** The source must close; its messages have already been dropped. */
  overflow(): void;
}

interface QueuedMessage {
  readonly source: ScheduledSource;
  readonly sizeBytes: number;
  readonly run: Task;
}

interface SenderQueue {
  readonly sender: string;
  messages: QueuedMessage[];
  readonly sizes: Map<ScheduledSource, number>;
  isQueued: boolean;
  sizeBytes: number;
  spent: number;
}

/**
 * A sender with many messages waits behind its own messages while other senders continue. A source
 * with too many queued messages is closed, because a socket cannot be paused.
 */
export class FairScheduler {
  readonly #senders = new Map<string, SenderQueue>();
  readonly #queue: SenderQueue[] = [];
  #sizeBytes = 0;
  #spent = 0;
  #isScheduled = false;

  constructor(private readonly clock: Pick<Clock, "now" | "after">) {}

  get queuedCount(): number {
    let count = 0;
    for (const queue of this.#queue) count += queue.messages.length;
    return count;
  }

  run(sender: string, source: ScheduledSource, sizeBytes: number, task: Task): void {
    let queue = this.#senders.get(sender);
    if (queue === undefined) {
      const sizes = new Map<ScheduledSource, number>();
      queue = { sender, messages: [], sizes, isQueued: false, sizeBytes: 0, spent: 0 };
      this.#senders.set(sender, queue);
    }
    const isBusy = this.#spent >= TURN_COSTS_MAX;
    if (
      queue.messages.length === 0 &&
      queue.spent < (isBusy ? SENDER_COSTS_WHEN_BUSY_MAX : SENDER_COSTS_MAX)
    ) {
      const cost = this.#costOf(task);
      queue.spent += cost;
      this.#spent += cost;
      if (queue.spent > UNCOUNTED_COSTS_MAX || isBusy || this.#senders.size > SENDERS_MAX)
        this.#schedule();
      return;
    }
    this.#schedule();
    if (!queue.isQueued) this.#queue.push(queue);
    queue.isQueued = true;
    queue.messages.push({ source, sizeBytes: sizeBytes + OVERHEAD_BYTES, run: task });
    this.#count(queue, source, sizeBytes + OVERHEAD_BYTES);
    if ((queue.sizes.get(source) ?? 0) > RECEIVE_QUEUE_PER_LINK_BYTES_MAX) {
      this.#overflow(queue, source);
    } else if (this.#sizeBytes > RECEIVE_QUEUES_BYTES_MAX) {
      const largest = this.#queue.reduce((a, b) => (b.sizeBytes > a.sizeBytes ? b : a));
      const [[largestSource] = [source]] = [...largest.sizes].sort(([, a], [, b]) => b - a);
      this.#overflow(largest, largestSource);
    }
  }

  drop(sender: string, source: ScheduledSource): void {
    const queue = this.#senders.get(sender);
    const sizeBytes = queue?.sizes.get(source);
    if (queue === undefined || sizeBytes === undefined) return;
    queue.messages = queue.messages.filter((arrival) => arrival.source !== source);
    this.#count(queue, source, -sizeBytes);
  }

  #overflow(queue: SenderQueue, source: ScheduledSource): void {
    this.drop(queue.sender, source);
    source.overflow();
  }

  #count(queue: SenderQueue, source: ScheduledSource, sizeBytes: number): void {
    const bytes = (queue.sizes.get(source) ?? 0) + sizeBytes;
    if (bytes > 0) queue.sizes.set(source, bytes);
    else queue.sizes.delete(source);
    queue.sizeBytes += sizeBytes;
    this.#sizeBytes += sizeBytes;
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.clock.after(0, () => this.#turn());
  }

  #turn(): void {
    this.#isScheduled = false;
    this.#spent = 0;
    for (const [sender, queue] of this.#senders) {
      queue.spent = 0;
      if (!queue.isQueued) this.#senders.delete(sender);
    }
    for (let remaining = TURN_COSTS_MAX; remaining > 0; ) {
      const queue = this.#queue.shift();
      if (queue === undefined) return;
      remaining -= this.#next(queue);
      queue.isQueued = queue.messages.length > 0;
      if (queue.isQueued) this.#queue.push(queue);
      else this.#senders.delete(queue.sender);
    }
    if (this.#senders.size > 0) this.#schedule();
  }

  #next(queue: SenderQueue): number {
    const arrival = queue.messages.shift();
    if (arrival === undefined) return 0;
    this.#count(queue, arrival.source, -arrival.sizeBytes);
    return this.#costOf(arrival.run);
  }

  #costOf(task: Task): number {
    const startedAt = this.clock.now();
    task(startedAt);
    return 1 + (this.clock.now() - startedAt) * COSTS_PER_MS;
  }
}
