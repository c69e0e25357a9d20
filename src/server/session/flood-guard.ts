import { Fault } from "../../base/fault.ts";
import {
  FLOOD_REFUSED_MS,
  FLOODERS_MAX,
  IDLE_MESSAGES_BURST,
  IDLE_MESSAGES_PER_SECOND,
  RECEIVED_BYTES_BURST,
  RECEIVED_BYTES_PER_SECOND,
} from "../../base/limits.ts";
import { dropOldest } from "../../core/oldest.ts";
import { TokenBucket } from "../../core/rate.ts";
import type { Clock } from "../../io/clock.ts";

interface Pace {
  /** For messages that do nothing. */
  readonly idle: TokenBucket;
  readonly bytes: TokenBucket;
}

/**
 * Limits what one account, or one address before log-in, may send. The keys are those by which the
 * scheduler takes turns.
 */
export class FloodGuard {
  readonly #clock: Pick<Clock, "now">;
  /** Budgets by sender, oldest first. Bounded by FLOODERS_MAX. */
  readonly #paces = new Map<string, Pace>();
  /** Monotonic ms, by sender, the oldest first. Bounded by FLOODERS_MAX. */
  readonly #refusedUntil = new Map<string, number>();

  constructor(clock: Pick<Clock, "now">) {
    this.#clock = clock;
  }

  /** Counts a message that did nothing. False: the sender has sent too many of them. */
  allowsIdle(sender: string): boolean {
    const now = this.#clock.now();
    return this.#paceOf(sender, now).idle.take(now) === 0;
  }

  /** Counts received bytes. False: the sender has sent too many of them. */
  allowsBytes(sender: string, sizeBytes: number): boolean {
    const now = this.#clock.now();
    return this.#paceOf(sender, now).bytes.take(now, sizeBytes) === 0;
  }

  flooded(sender: string): void {
    keepNewest(this.#refusedUntil, sender, this.#clock.now() + FLOOD_REFUSED_MS);
  }

  isRefused(sender: string): boolean {
    return this.#refusedForMs(sender) > 0;
  }

  /** @throws Fault too-fast if a connection of this sender was closed for a flood just now */
  check(sender: string): void {
    const retryAfterMs = this.#refusedForMs(sender);
    if (retryAfterMs <= 0) return;
    throw new Fault("too-fast", "this account sent too much at once", { retryAfterMs });
  }

  #refusedForMs(sender: string): number {
    return Math.ceil((this.#refusedUntil.get(sender) ?? 0) - this.#clock.now());
  }

  #paceOf(sender: string, now: number): Pace {
    const known = this.#paces.get(sender);
    if (known !== undefined) return known;
    const pace = {
      idle: new TokenBucket(IDLE_MESSAGES_PER_SECOND, IDLE_MESSAGES_BURST, now),
      bytes: new TokenBucket(RECEIVED_BYTES_PER_SECOND, RECEIVED_BYTES_BURST, now),
    };
    keepNewest(this.#paces, sender, pace);
    return pace;
  }
}

function keepNewest<Value>(map: Map<string, Value>, key: string, value: Value): void {
  map.delete(key);
  map.set(key, value);
  dropOldest(map, FLOODERS_MAX);
}
