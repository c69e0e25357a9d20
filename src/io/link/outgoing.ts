/** The sending half that all links share: queue, limits, back pressure. */

import { SEND_QUEUE_LOW_BYTES } from "../../base/limits.ts";
import type { LinkInbox } from "./inbox.ts";
import type { LinkCounters } from "./link.ts";

/**
 * Sends for all kinds of links: counts accepted bytes, and wakes waiting senders when there is
 * room. Each kind of link writes the bytes and knows how many are queued.
 */
export class LinkOutgoing {
  readonly #queuedBytes: () => number;
  #sentMessages = 0;
  #sentBytes = 0;
  /** Bounded by the senders: they wait instead of sending. */
  readonly #waiters: (() => void)[] = [];

  /** @param queuedBytes reads the link's queue; 0 once it is closed */
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

  /** Called when the queue has shrunk or is gone. */
  settle(): void {
    if (this.#waiters.length === 0 || !this.#isDrained()) return;
    for (const resolve of this.#waiters.splice(0)) resolve();
  }

  #isDrained(): boolean {
    return this.#queuedBytes() <= SEND_QUEUE_LOW_BYTES;
  }
}
