/** The sending half that all links share: queue, limits, back pressure. */

import { SEND_QUEUE_LOW_BYTES } from "../../base/limits.ts";
import type { LinkInbox } from "./inbox.ts";
import type { LinkCounters } from "./link.ts";

/**
 * The sending side that all links share: counts what was accepted, and wakes what waits until
 * there is room. How bytes leave, and how many still wait, is each link's own.
 */
export class LinkOutgoing {
  readonly #queuedBytes: () => number;
  #sentMessages = 0;
  #sentBytes = 0;
  /** Bounded by who sends: they wait instead of sending. */
  readonly #waiters: (() => void)[] = [];

  /** @param queuedBytes what the link's own method says: 0 once it is closed */
  constructor(queuedBytes: () => number) {
    this.#queuedBytes = queuedBytes;
  }

  count(messages: number, sizeBytes: number): void {
    this.#sentMessages += messages;
    this.#sentBytes += sizeBytes;
  }

  counters({ receivedMessages, receivedBytes }: LinkInbox): LinkCounters {
    const [sentMessages, sentBytes] = [this.#sentMessages, this.#sentBytes];
    return { sentMessages, sentBytes, receivedMessages, receivedBytes };
  }

  drained(): Promise<void> {
    if (this.#isDrained()) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  /** The queue is shorter, or gone. */
  settle(): void {
    if (this.#waiters.length === 0 || !this.#isDrained()) return;
    for (const resolve of this.#waiters.splice(0)) resolve();
  }

  #isDrained(): boolean {
    return this.#queuedBytes() <= SEND_QUEUE_LOW_BYTES;
  }
}
