/** Detection of links that are open but no longer respond. */

import { STALL_MS, STALL_PING_AFTER_MS } from "../../base/limits-page.ts";

const NEVER = Number.POSITIVE_INFINITY;

/**
 * A link has stalled if, for `stallMs`, no data was received after a request or no post was
 * acknowledged.
 */
export class Stall {
  stallMs = STALL_MS;
  #receivedAt: number;
  #requestedAt: number | undefined;
  #posts = 0;
  #postedAt: number | undefined;

  constructor(now: number) {
    this.#receivedAt = now;
  }

  requested(now: number): void {
    this.#requestedAt ??= now;
  }

  posted(now: number): void {
    this.requested(now);
    this.#posts++;
    this.#postedAt ??= now;
  }

  settled(now: number): void {
    this.#posts--;
    this.#postedAt = this.#posts === 0 ? undefined : now;
  }

  received(now: number): void {
    this.#receivedAt = now;
    this.#requestedAt = undefined;
  }

  isStalled(now: number): boolean {
    return now >= this.#stalledAt();
  }

  isPingDue(now: number): boolean {
    return this.#requestedAt === undefined && now >= this.#receivedAt + STALL_PING_AFTER_MS;
  }

  deadline(now: number): number {
    if (this.#requestedAt === undefined && this.#postedAt === undefined) {
      return this.#receivedAt + STALL_PING_AFTER_MS;
    }
    const at = this.#stalledAt();
    return now >= at ? NEVER : at;
  }

  #stalledAt(): number {
    const since = Math.min(this.#requestedAt ?? NEVER, this.#postedAt ?? NEVER);
    return since + this.stallMs;
  }
}
