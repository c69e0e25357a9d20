/** Message rate limits, for accounts and for addresses before log-in. */

import { Fault, msg } from "../../base/fault.ts";
import {
  FLOOD_REFUSED_MS,
  FLOODERS_MAX,
  IDLE_MESSAGES_BURST,
  IDLE_MESSAGES_PER_SECOND,
  RECEIVED_BYTES_BURST,
  RECEIVED_BYTES_PER_SECOND,
} from "../../base/limits.ts";
import { NewestMap } from "../../core/evict.ts";
import { TokenBuckets } from "../../core/rate.ts";
import type { Clock } from "../../io/clock.ts";

export class FloodGuard {
  readonly #idle = new TokenBuckets(IDLE_MESSAGES_PER_SECOND, IDLE_MESSAGES_BURST, FLOODERS_MAX);
  readonly #bytes = new TokenBuckets(RECEIVED_BYTES_PER_SECOND, RECEIVED_BYTES_BURST, FLOODERS_MAX);
  readonly #refusedUntil = new NewestMap<string, number>(FLOODERS_MAX);

  constructor(private readonly clock: Pick<Clock, "now">) {}

  allowsIdle(sender: string): boolean {
    const now = this.clock.now();
    return this.#idle.of(sender, now).take(now) === 0;
  }

  allowsBytes(sender: string, sizeBytes: number): boolean {
    const now = this.clock.now();
    return this.#bytes.of(sender, now).take(now, sizeBytes) === 0;
  }

  recordFlood(sender: string): void {
    const until = this.clock.now() + FLOOD_REFUSED_MS;
    this.#refusedUntil.set(sender, until);
  }

  isRefused(sender: string): boolean {
    return this.#refusedForMs(sender) > 0;
  }

  /** @throws {Fault} too-fast if a connection of this sender was recently closed for flooding */
  check(sender: string): void {
    const retryAfterMs = this.#refusedForMs(sender);
    if (retryAfterMs <= 0) return;
    throw new Fault("too-fast", msg`this account sent too much too quickly`, { retryAfterMs });
  }

  #refusedForMs(sender: string): number {
    return Math.ceil((this.#refusedUntil.get(sender) ?? 0) - this.clock.now());
  }
}
