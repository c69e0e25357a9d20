/** Rate limit of HTTP calls for each program token. */

import { Fault } from "../../base/fault.ts";
import { CALLS_BURST, CALLS_PER_SECOND } from "../../base/limits.ts";
import { TokenBuckets } from "../../core/rate.ts";
import type { Invite } from "../../core/rooms/policy.ts";
import type { Clock } from "../../io/clock.ts";

export class CallPace {
  readonly #clock: Pick<Clock, "now">;
  /** Keyed by invite. */
  readonly #buckets = new TokenBuckets(CALLS_PER_SECOND, CALLS_BURST);

  constructor(clock: Pick<Clock, "now">) {
    this.#clock = clock;
  }

  /** @throws Fault too-fast with this message */
  take({ id }: Invite, sentence: string): void {
    const now = this.#clock.now();
    const retryAfterMs = this.#buckets.of(id, now).take(now);
    if (retryAfterMs > 0) throw new Fault("too-fast", sentence, { retryAfterMs });
  }
}
