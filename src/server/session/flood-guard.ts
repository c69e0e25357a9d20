/** Message rate limits, for accounts and for addresses before log-in. */

import { Fault } from "../../base/fault.ts";
import {
  FLOOD_REFUSED_MS,
  FLOODERS_MAX,
  IDLE_MESSAGES_BURST,
  IDLE_MESSAGES_PER_SECOND,
  RECEIVED_BYTES_BURST,
  RECEIVED_BYTES_PER_SECOND,
} from "../../base/limits.ts";
import { dropOldest } from "../../core/evict.ts";
import { TokenBucket } from "../../core/rate.ts";
import type { Clock } from "../../io/clock.ts";

interface Budgets {
  readonly idle: TokenBucket;
  readonly bytes: TokenBucket;
}

export class FloodGuard {
  readonly #clock: Pick<Clock, "now">;
  readonly #budgets = new Map<string, Budgets>();
  readonly #refusedUntil = new Map<string, number>();

  constructor(clock: Pick<Clock, "now">) {
    this.#clock = clock;
  }

  allowsIdle(sender: string): boolean {
    const now = this.#clock.now();
    return this.#budgetsOf(sender, now).idle.take(now) === 0;
  }

  allowsBytes(sender: string, sizeBytes: number): boolean {
    const now = this.#clock.now();
    return this.#budgetsOf(sender, now).bytes.take(now, sizeBytes) === 0;
  }

  recordFlood(sender: string): void {
    keepNewest(this.#refusedUntil, sender, this.#clock.now() + FLOOD_REFUSED_MS);
  }

  isRefused(sender: string): boolean {
    return this.#refusedForMs(sender) > 0;
  }

  /** @throws {Fault} too-fast if a connection of this sender was recently closed for flooding */
  check(sender: string): void {
    const retryAfterMs = this.#refusedForMs(sender);
    if (retryAfterMs <= 0) return;
    throw new Fault("too-fast", "this account sent too much too quickly", { retryAfterMs });
  }

  #refusedForMs(sender: string): number {
    return Math.ceil((this.#refusedUntil.get(sender) ?? 0) - this.#clock.now());
  }

  #budgetsOf(sender: string, now: number): Budgets {
    const known = this.#budgets.get(sender);
    if (known !== undefined) return known;
    const pace = {
      idle: new TokenBucket(IDLE_MESSAGES_PER_SECOND, IDLE_MESSAGES_BURST, now),
      bytes: new TokenBucket(RECEIVED_BYTES_PER_SECOND, RECEIVED_BYTES_BURST, now),
    };
    keepNewest(this.#budgets, sender, pace);
    return pace;
  }
}

function keepNewest<Value>(map: Map<string, Value>, key: string, value: Value): void {
  map.delete(key);
  map.set(key, value);
  dropOldest(map, FLOODERS_MAX);
}
