/** Logged-in sessions: online users, rate limits, and posts that must wait. */

import { Fault, msg } from "../../base/fault.ts";
import type { OutboxId, UserId } from "../../base/ids.ts";
import { OUTBOXES_HELD_MAX, POSTS_BURST, POSTS_PER_SECOND } from "../../base/limits.ts";
import { dropOldest } from "../evict.ts";
import { type TokenBucket, TokenBuckets } from "../rate.ts";

export type ClientId = number;

interface Entry {
  readonly session: ClientId;
  readonly user: UserId;
  readonly isPresent: boolean;
}

interface Session extends Omit<Entry, "session"> {
  readonly bucket: TokenBucket;
  /** Temporarily refused post by outbox. Later posts wait until the client resends this post. */
  readonly held: Map<OutboxId, { readonly counter: number; readonly fault: Fault }>;
}

/** The session is `undefined` for programs and for the server itself. */
interface Submitter {
  readonly user: UserId;
  readonly session: ClientId | undefined;
}

export class Presence {
  readonly #sessions = new Map<ClientId, Session>(); // At most LINKS_MAX entries.
  readonly #devices = new Map<UserId, number>();
  readonly #rates: TokenBuckets;

  constructor(postsPerSecond = POSTS_PER_SECOND, postsBurst = POSTS_BURST) {
    this.#rates = new TokenBuckets(postsPerSecond, postsBurst);
  }

  enter({ session, user, isPresent }: Entry, now: number): boolean {
    const bucket = this.#rates.of(user, now);
    this.#sessions.set(session, { user, bucket, isPresent, held: new Map() });
    if (!isPresent) return false;
    const devices = this.#devices.get(user) ?? 0;
    this.#devices.set(user, devices + 1);
    return devices === 0;
  }

  charge(user: UserId, posts: number, now: number): Fault | undefined {
    const retryAfterMs = this.#rates.of(user, now).take(now, posts);
    if (retryAfterMs === 0) return undefined;
    return new Fault("too-fast", msg`too many changes in a short time`, { retryAfterMs });
  }

  /** Charges posts after they were accepted. */
  spend(user: UserId, posts: number, now: number): void {
    this.#rates.of(user, now).spend(now, posts);
  }

  leave(id: ClientId): UserId | undefined {
    const session = this.#sessions.get(id);
    if (session === undefined) return undefined;
    this.#sessions.delete(id);
    if (!session.isPresent) return undefined;
    const devices = (this.#devices.get(session.user) ?? 1) - 1;
    if (devices > 0) {
      this.#devices.set(session.user, devices);
      return undefined;
    }
    this.#devices.delete(session.user);
    return session.user;
  }

  isConnected(id: ClientId | undefined): boolean {
    return id === undefined || this.#sessions.has(id);
  }

  #session(id: ClientId | undefined): Session | undefined {
    return id === undefined ? undefined : this.#sessions.get(id);
  }

  get onlineCount(): number {
    return this.#devices.size;
  }

  deviceCount(user: UserId): number {
    return this.#devices.get(user) ?? 0;
  }

  isOnline(user: UserId): boolean {
    return this.#devices.has(user);
  }

  /** @returns the fault if the post must wait because of the rate limit or an earlier post */
  acceptPost(
    { session: id, user }: Submitter,
    outbox: OutboxId,
    counter: number,
    now: number,
    posts = 1,
  ): Fault | undefined {
    const session = this.#session(id);
    if (session === undefined && id !== undefined) {
      return new Fault("not-logged-in", msg`you are not logged in`);
    }
    const held = session?.held.get(outbox);
    if (held !== undefined && counter > held.counter) return held.fault;
    session?.held.delete(outbox);
    const waitMs = (session?.bucket ?? this.#rates.of(user, now)).take(now, posts);
    if (waitMs === 0) return undefined;
    const fault = new Fault("too-fast", msg`too many messages in a short time`, {
      retryAfterMs: waitMs,
    });
    this.held(id, outbox, counter, fault);
    return fault;
  }

  unblock(id: ClientId | undefined, outbox: OutboxId, counter: number): void {
    const held = this.#session(id)?.held;
    if (held?.get(outbox)?.counter === counter) held.delete(outbox);
  }

  blockingFault(id: ClientId | undefined, outbox: OutboxId, counter: number): Fault | undefined {
    const held = this.#session(id)?.held.get(outbox);
    return held !== undefined && counter > held.counter ? held.fault : undefined;
  }

  held(id: ClientId | undefined, outbox: OutboxId, counter: number, fault: Fault): void {
    const held = this.#session(id)?.held;
    if (held === undefined) return;
    const first = held.get(outbox);
    if (first === undefined || counter < first.counter) held.set(outbox, { counter, fault });
    dropOldest(held, OUTBOXES_HELD_MAX);
  }
}
