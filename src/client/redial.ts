/** Delays between attempts to reconnect. */

import type { Fault } from "../base/fault.ts";
import { RECONNECT_MAX_MS, RECONNECT_PENDING_MAX_MS } from "../base/limits.ts";
import { Backoff } from "../core/backoff.ts";
import type { Clock } from "../io/clock.ts";
import type { Entropy } from "../io/entropy.ts";

interface Wait {
  readonly dueAt: number;
  /** Earliest time that the server has asked for. */
  readonly notBefore: number;
  readonly dial: () => void;
  readonly cancel: () => void;
}

/**
 * Backs off while nothing waits for the link, and retries often while something does, which may
 * begin in the middle of a wait.
 */
export class Redial {
  readonly #clock: Clock;
  readonly #entropy: Entropy;
  readonly #backoff = new Backoff();
  #wait: Wait | undefined;

  constructor({ clock, entropy }: { readonly clock: Clock; readonly entropy: Entropy }) {
    this.#clock = clock;
    this.#entropy = entropy;
  }

  /** @returns milliseconds until the callback, as planned now */
  after({ retryAfterMs = 0 }: Fault, isAwaited: boolean, dial: () => void): number {
    const now = this.#clock.now();
    const boundMs = isAwaited ? RECONNECT_PENDING_MAX_MS : RECONNECT_MAX_MS;
    const askedMs = Math.min(retryAfterMs, RECONNECT_MAX_MS);
    const waitMs = Math.max(this.#backoff.next(this.#chance(), boundMs), askedMs);
    this.#arm(now + waitMs, now + askedMs, dial);
    return waitMs;
  }

  /** Shortens the delay: something waits for the link. */
  awaited(): void {
    if (this.#wait === undefined) return;
    const now = this.#clock.now();
    const { dueAt, notBefore, dial } = this.#wait;
    // Spread the retries of clients: an outage makes many users write at the same time.
    const soonMs = RECONNECT_PENDING_MAX_MS * (0.5 + this.#chance() / 2);
    const soonAt = Math.max(now + soonMs, notBefore);
    if (soonAt < dueAt && dueAt - now > RECONNECT_PENDING_MAX_MS)
      this.#arm(soonAt, notBefore, dial);
  }

  succeeded(): void {
    this.#backoff.reset();
  }

  cancel(): void {
    this.#wait?.cancel();
    this.#wait = undefined;
  }

  #arm(dueAt: number, notBefore: number, dial: () => void): void {
    this.cancel();
    const cancel = this.#clock.after(dueAt - this.#clock.now(), () => {
      this.#wait = undefined;
      dial();
    });
    this.#wait = { dueAt, notBefore, dial, cancel };
  }

  #chance(): number {
    const [byte = 0] = this.#entropy(1);
    return byte / 256;
  }
}
