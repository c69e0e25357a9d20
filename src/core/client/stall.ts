/** Detects a link that is open but no longer answers. */

import { STALL_ASK_AFTER_MS, STALL_MS } from "../../base/limits-page.ts";

const NEVER = Number.POSITIVE_INFINITY;

/**
 * Reports whether a link that is still open has stalled: nothing was heard since a question was
 * sent, or no post was acknowledged, for STALL_MS. Pure: it is given the time.
 */
export class Stall {
  #heardAt: number;
  /** When the first question was sent since something was heard. */
  #askedAt: number | undefined;
  #posts = 0;
  /** Since when posts wait without one of them being acknowledged. */
  #postedAt: number | undefined;

  constructor(now: number) {
    this.#heardAt = now;
  }

  /** A ping, or a request, was sent. */
  asked(now: number): void {
    this.#askedAt ??= now;
  }

  posted(now: number): void {
    this.asked(now);
    this.#posts++;
    this.#postedAt ??= now;
  }

  /** A post was acknowledged or refused. */
  settled(now: number): void {
    this.#posts--;
    this.#postedAt = this.#posts === 0 ? undefined : now;
  }

  heard(now: number): void {
    this.#heardAt = now;
    this.#askedAt = undefined;
  }

  isStalled(now: number): boolean {
    return now >= this.#stalledAt();
  }

  /** A silent link is asked whether it is alive. */
  isSilent(now: number): boolean {
    return this.#askedAt === undefined && now >= this.#heardAt + STALL_ASK_AFTER_MS;
  }

  /** When either may change without anything being sent or heard; infinite if neither will. */
  deadline(now: number): number {
    if (this.#askedAt === undefined && this.#postedAt === undefined) {
      return this.#heardAt + STALL_ASK_AFTER_MS;
    }
    const at = this.#stalledAt();
    return now >= at ? NEVER : at;
  }

  #stalledAt(): number {
    const since = Math.min(this.#askedAt ?? NEVER, this.#postedAt ?? NEVER);
    return since + STALL_MS;
  }
}
