/** Requests for many items. */

import { REQUESTS_BURST, REQUESTS_PER_SECOND } from "../../base/limits.ts";
import { TokenBucket } from "../../core/rate.ts";
import { type Clock, delay } from "../../io/clock.ts";

/** More requests would not be faster, because the server's disk limits the speed. */
const CONCURRENT_REQUESTS_MAX = 64;
/** The rest is for the other requests of the command. */
const PACE_SHARE = 0.75;

/** Sends requests as fast as a server accepts them from one client, which it otherwise closes. */
export class BulkRequests {
  readonly #pace;

  constructor(private readonly clock: Pick<Clock, "now" | "after">) {
    const [perSecond, burst] = [REQUESTS_PER_SECOND * PACE_SHARE, REQUESTS_BURST * PACE_SHARE];
    this.#pace = new TokenBucket(perSecond, burst, clock.now());
  }

  /** Yields the outcomes in the order of the items. */
  async *each<Item, Answer>(
    items: readonly Item[],
    send: (item: Item) => Promise<Answer>,
  ): AsyncGenerator<{ readonly item: Item; readonly answer?: Answer; readonly fault?: unknown }> {
    for (let from = 0; from < items.length; from += CONCURRENT_REQUESTS_MAX) {
      const batch = items.slice(from, from + CONCURRENT_REQUESTS_MAX);
      for (;;) {
        const waitMs = this.#pace.take(this.clock.now(), batch.length);
        if (waitMs === 0) break;
        await delay(this.clock, waitMs);
      }
      const outcomes = await Promise.allSettled(batch.map(send));
      for (const [index, outcome] of outcomes.entries()) {
        const item = batch[index] as Item;
        if (outcome.status === "rejected") yield { item, fault: outcome.reason };
        else yield { item, answer: outcome.value };
      }
    }
  }
}
