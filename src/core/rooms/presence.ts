/** Which users are online. */

import { Fault } from "../../base/fault.ts";
import type { OutboxId, UserId } from "../../base/ids.ts";
import { OUTBOXES_HELD_MAX, POSTS_BURST, POSTS_PER_SECOND } from "../../base/limits.ts";
import { dropOldest } from "../oldest.ts";
import { type TokenBucket, TokenBuckets } from "../rate.ts";

/** Sessions that are in: who is online, and whose posts must wait. */
export type ClientId = number;

interface Visitor {
  readonly user: UserId;
  readonly bucket: TokenBucket;
  /** Shows no presence: not online by this. */
  readonly isCaller: boolean;
  /** Per outbox the counter that was refused for a while: later ones wait for it. */
  readonly held: Map<OutboxId, { readonly counter: number; readonly fault: Fault }>;
}

export class Presence {
  readonly #byClient = new Map<ClientId, Visitor>(); // Bounded by LINKS_MAX.
  readonly #devices = new Map<UserId, number>();
  /** Rates by account: further sessions share them. */
  readonly #paces: TokenBuckets;

  constructor(postsPerSecond = POSTS_PER_SECOND, postsBurst = POSTS_BURST) {
    this.#paces = new TokenBuckets(postsPerSecond, postsBurst);
  }

  /** @returns whether the account was offline until now */
  arrive(client: ClientId, user: UserId, now: number): boolean {
    this.#add(client, user, now, false);
    const devices = this.#devices.get(user) ?? 0;
    this.#devices.set(user, devices + 1);
    return devices === 0;
  }

  /** Comes only to say or ask something, until it departs: not online by that. */
  call(client: ClientId, user: UserId, now: number): void {
    this.#add(client, user, now, true);
  }

  #add(client: ClientId, user: UserId, now: number, isCaller: boolean): void {
    const bucket = this.#paces.of(user, now);
    this.#byClient.set(client, { user, bucket, isCaller, held: new Map() });
  }

  /** Charges another request than a post for what it records. @param posts as many as it counts */
  charge(user: UserId, posts: number, now: number): Fault | undefined {
    const retryAfterMs = this.#paces.of(user, now).take(now, posts);
    if (retryAfterMs === 0) return undefined;
    return new Fault("too-fast", "these changes come too fast", { retryAfterMs });
  }

  /** @returns the account, when this was its last session */
  depart(client: ClientId): UserId | undefined {
    const visitor = this.#byClient.get(client);
    if (visitor === undefined) return undefined;
    this.#byClient.delete(client);
    if (visitor.isCaller) return undefined;
    const devices = (this.#devices.get(visitor.user) ?? 1) - 1;
    if (devices > 0) {
      this.#devices.set(visitor.user, devices);
      return undefined;
    }
    this.#devices.delete(visitor.user);
    return visitor.user;
  }

  /** Whether this session is in. */
  isHere(client: ClientId): boolean {
    return this.#byClient.has(client);
  }

  isOnline(user: UserId): boolean {
    return this.#devices.has(user);
  }

  /** The fault of a post that must wait: it came too fast, or one before it did. */
  hold(
    client: ClientId,
    outbox: OutboxId,
    counter: number,
    now: number,
    posts = 1,
  ): Fault | undefined {
    const visitor = this.#byClient.get(client);
    if (visitor === undefined) return new Fault("not-logged-in", "you are not logged in");
    const held = visitor.held.get(outbox);
    if (held !== undefined && counter > held.counter) return held.fault;
    visitor.held.delete(outbox);
    const waitMs = visitor.bucket.take(now, posts);
    if (waitMs === 0) return undefined;
    const fault = new Fault("too-fast", "these messages come too fast", { retryAfterMs: waitMs });
    this.held(client, outbox, counter, fault);
    return fault;
  }

  /** The post that later ones wait for came again, whatever becomes of it now. */
  release(client: ClientId, outbox: OutboxId, counter: number): void {
    const held = this.#byClient.get(client)?.held;
    if (held?.get(outbox)?.counter === counter) held.delete(outbox);
  }

  /** The fault with which a post before this one was refused for a while. */
  waitsBehind(client: ClientId, outbox: OutboxId, counter: number): Fault | undefined {
    const held = this.#byClient.get(client)?.held.get(outbox);
    return held !== undefined && counter > held.counter ? held.fault : undefined;
  }

  /** A post was refused for a while: those after it wait until it comes again. */
  held(client: ClientId, outbox: OutboxId, counter: number, fault: Fault): void {
    const held = this.#byClient.get(client)?.held;
    if (held === undefined) return;
    const first = held.get(outbox);
    if (first === undefined || counter < first.counter) held.set(outbox, { counter, fault });
    dropOldest(held, OUTBOXES_HELD_MAX);
  }
}
