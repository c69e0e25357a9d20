/** Timer for the delays between reconnection attempts. */

import type { Fault } from "../base/fault.ts";
import { RECONNECT_MAX_MS, RECONNECT_PENDING_MAX_MS } from "../base/limits.ts";
import { Backoff } from "../core/backoff.ts";
import type { Clock } from "../io/clock.ts";
import type { Entropy } from "../io/entropy.ts";

interface ScheduledDial {
  readonly dueAt: number;
  readonly notBefore: number;
  readonly dial: () => void;
  readonly cancel: () => void;
}

/** Backs off while idle, and retries often while a request or post is pending. */
export class ReconnectTimer {
  readonly #clock: Clock;
  readonly #entropy: Entropy;
  readonly #backoff = new Backoff();
  #scheduled: ScheduledDial | undefined;

  constructor({ clock, entropy }: { readonly clock: Clock; readonly entropy: Entropy }) {
    this.#clock = clock;
    this.#entropy = entropy;
  }

  /** Returns the planned delay in milliseconds. */
  schedule({ retryAfterMs = 0 }: Fault, isUrgent: boolean, dial: () => void): number {
    const now = this.#clock.now();
    const maxMs = isUrgent ? RECONNECT_PENDING_MAX_MS : RECONNECT_MAX_MS;
    const serverDelayMs = Math.min(retryAfterMs, RECONNECT_MAX_MS);
    const delayMs = Math.max(this.#backoff.next(this.#random(), maxMs), serverDelayMs);
    this.#set(now + delayMs, now + serverDelayMs, dial);
    return delayMs;
  }

  expedite(): void {
    if (this.#scheduled === undefined) return;
    const now = this.#clock.now();
    const { dueAt, notBefore, dial } = this.#scheduled;
    // Add jitter, because after an outage many users write at the same time.
    const shorterMs = RECONNECT_PENDING_MAX_MS * (0.5 + this.#random() / 2);
    const earlierAt = Math.max(now + shorterMs, notBefore);
    if (earlierAt < dueAt && dueAt - now > RECONNECT_PENDING_MAX_MS)
      this.#set(earlierAt, notBefore, dial);
  }

  succeeded(): void {
    this.#backoff.reset();
  }

  cancel(): void {
    this.#scheduled?.cancel();
    this.#scheduled = undefined;
  }

  #set(dueAt: number, notBefore: number, dial: () => void): void {
    this.cancel();
    const cancel = this.#clock.after(dueAt - this.#clock.now(), () => {
      this.#scheduled = undefined;
      dial();
    });
    this.#scheduled = { dueAt, notBefore, dial, cancel };
  }

  #random(): number {
    const [byte = 0] = this.#entropy(1);
    return byte / 256;
  }
}
