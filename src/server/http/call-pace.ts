import { Fault } from "../../base/fault.ts";
import { CALLS_BURST, CALLS_PER_SECOND } from "../../base/limits.ts";
import { TokenBucket } from "../../core/rate.ts";
import type { Invite } from "../../core/rooms/policy.ts";
import type { Clock } from "../../io/clock.ts";

/** How fast the program that holds one token may call. */
export class CallPace {
  readonly #clock: Pick<Clock, "now">;
  /** By invite; bounded by those that are out. */
  readonly #buckets = new Map<string, TokenBucket>();

  constructor(clock: Pick<Clock, "now">) {
    this.#clock = clock;
  }

  /** @throws Fault too-fast, in these words */
  take({ id }: Invite, sentence: string): void {
    const now = this.#clock.now();
    const bucket = this.#buckets.get(id) ?? new TokenBucket(CALLS_PER_SECOND, CALLS_BURST, now);
    this.#buckets.set(id, bucket);
    const retryAfterMs = bucket.take(now);
    if (retryAfterMs > 0) throw new Fault("too-fast", sentence, { retryAfterMs });
  }
}
