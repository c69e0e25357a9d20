/** Outbox of posts that the server has not yet acknowledged or refused. */

import { assert, unreachable } from "../../base/assert.ts";
import { Fault } from "../../base/fault.ts";
import {
  OUTBOX_HELD_MAX,
  OUTBOX_IN_FLIGHT_CHARS_MAX,
  OUTBOX_IN_FLIGHT_MAX,
  OUTBOX_PENDING_CHARS_MAX,
  OUTBOX_PENDING_MAX,
  RECONNECT_MAX_MS,
} from "../../base/limits.ts";
import type { Answer, PostBody } from "../../wire/messages.ts";

export type Receipt = Answer<"post">;

export type PostOutcome =
  | { readonly kind: "durable"; readonly receipt: Receipt }
  | { readonly kind: "refused"; readonly fault: Fault };

export type OutboxInput =
  | { readonly kind: "post"; readonly key: number; readonly to: string; readonly body: PostBody }
  /**
   * A post restored from an earlier run. The driver adds restored posts before any `post`, lowest
   * counter first.
   */
  | {
      readonly kind: "adopt";
      readonly key: number;
      readonly counter: number;
      readonly to: string;
      readonly body: PostBody;
    }
  | { readonly kind: "withdrawn"; readonly counter: number; readonly fault: Fault }
  | { readonly kind: "acked"; readonly counter: number; readonly receipt: Receipt }
  | { readonly kind: "refused"; readonly counter: number; readonly fault: Fault }
  /**
   * The post cannot be sent yet, which must not delay posts to other targets. The server has not
   * recorded it; `isRefused` if it never will under this counter. A `tick` follows the held posts
   * of one batch.
   */
  | {
      readonly kind: "held";
      readonly counter: number;
      readonly fault: Fault;
      readonly isRefused: boolean;
    }
  | { readonly kind: "connected" }
  | { readonly kind: "lost" }
  /** Stops sending and refuses all pending posts with this fault. */
  | { readonly kind: "abandoned"; readonly fault: Fault }
  | { readonly kind: "tick" };

export type OutboxEffect =
  | {
      readonly kind: "send";
      readonly counter: number;
      readonly to: string;
      readonly body: PostBody;
    }
  /** The server records no counter below one that it has recorded, so a held post gets another. */
  | {
      readonly kind: "renumbered";
      readonly key: number;
      readonly from: number;
      readonly to: number;
      readonly target: string;
      readonly body: PostBody;
    }
  | { readonly kind: "settled"; readonly key: number; readonly outcome: PostOutcome };

interface Pending {
  readonly key: number;
  readonly to: string;
  readonly body: PostBody;
  readonly sizeChars: number;
  inFlight: boolean;
  /** Why the post was not sent when it was due. */
  held?: Fault | undefined;
}

/** Minimum delay of a retry, even if a server requests an immediate retry. */
const RETRY_MS_MIN = 50;
/** Retry delay while the server is stopping. Its link usually closes earlier. */
const SHUTDOWN_RETRY_MS = 1_000;
/** Interval between two attempts to send the held posts. */
const HELD_RETRY_MS = 2_000;

/**
 * Stores posts, over any number of links, until the server has them on disk. The server recognises
 * repeated posts by their counter, so resending is safe. No counter is sent before a lower one.
 *     pending ──send──> in flight ──acked, refused──> settled
 *        ^─────lost, refused temporarily─────┘
 * A held post was never sent, and gets a new counter before a later post is sent.
 */
export class Outbox {
  readonly #pending = new Map<number, Pending>();
  #pendingChars = 0;
  #inFlight = 0;
  #inFlightChars = 0;
  #last = 0;
  #next = 1;
  #connected = false;
  #pausedUntil: number | undefined;
  #held = 0;
  #heldUntil: number | undefined;
  /** Whether the counter of a held post is used up, or below that of a post that was sent. */
  #isHeldPassed = false;

  get last(): number {
    return this.#last;
  }

  get size(): number {
    return this.#pending.size;
  }

  /** Why nothing is sent, if all posts are held. */
  get heldFault(): Fault | undefined {
    const [first] = this.#pending.values();
    return this.#held === this.#pending.size ? first?.held : undefined;
  }

  /** Returns why posts to the target are held, if they are. */
  heldFaultOf(to: string): Fault | undefined {
    if (this.#held === 0) return undefined;
    for (const post of this.#pending.values())
      if (post.held !== undefined && post.to.toLowerCase() === to.toLowerCase()) return post.held;
    return undefined;
  }

  accepts(to: string, body: PostBody): boolean {
    return this.acceptsAll([{ to, body }]);
  }

  acceptsAll(posts: readonly { readonly to: string; readonly body: PostBody }[]): boolean {
    let chars = this.#pendingChars;
    for (const { to, body } of posts) chars += to.length + body.text.length;
    const count = this.#pending.size + posts.length;
    return count <= OUTBOX_PENDING_MAX && chars <= OUTBOX_PENDING_CHARS_MAX;
  }

  handle(input: OutboxInput, now: number): OutboxEffect[] {
    switch (input.kind) {
      case "post":
        return this.#post(input, now);
      case "adopt":
        return this.#adopt(input);
      case "withdrawn":
        return this.#withdraw(input.counter, input.fault);
      case "acked":
        return this.#settle(input.counter, { kind: "durable", receipt: input.receipt }, now);
      case "refused":
        return this.#refused(input.counter, input.fault, now);
      case "held":
        return this.#hold(input, now);
      case "connected":
        assert(!this.#connected, "an outbox has one link at a time");
        this.#connected = true;
        return this.#send(now);
      case "lost":
        this.#rewind();
        this.#connected = false;
        return [];
      case "abandoned":
        return this.#abandon(input.fault);
      case "tick":
        return this.#send(now);
      default:
        return unreachable(input);
    }
  }

  deadline(): number | undefined {
    if (!this.#connected) return undefined;
    if (this.#pausedUntil !== undefined)
      return this.#inFlight === 0 ? this.#pausedUntil : undefined;
    return this.#heldUntil;
  }

  #post(input: Extract<OutboxInput, { kind: "post" }>, now: number): OutboxEffect[] {
    const { key, to, body } = input;
    if (!this.accepts(to, body)) {
      const fault = new Fault("too-many", `${this.#pending.size} messages are already queued`);
      return [{ kind: "settled", key, outcome: { kind: "refused", fault } }];
    }
    this.#add(this.#last + 1, input);
    return this.#send(now);
  }

  #adopt(input: Extract<OutboxInput, { kind: "adopt" }>): OutboxEffect[] {
    const { counter } = input;
    assert(!this.#connected && counter > this.#last, "restored posts come first, in order");
    if (this.#pending.size === 0) this.#next = counter;
    this.#add(counter, input);
    return [];
  }

  #add(counter: number, { key, to, body }: Pick<Pending, "key" | "to" | "body">): void {
    const sizeChars = to.length + body.text.length;
    this.#last = counter;
    this.#pending.set(counter, { key, to, body, sizeChars, inFlight: false });
    this.#pendingChars += sizeChars;
  }

  #withdraw(counter: number, fault: Fault): OutboxEffect[] {
    const pending = this.#pending.get(counter);
    if (pending === undefined) return [];
    if (pending.inFlight) this.#markAnswered(pending);
    this.#forget(counter, pending);
    return [{ kind: "settled", key: pending.key, outcome: { kind: "refused", fault } }];
  }

  #hold(
    { counter, fault, isRefused }: Extract<OutboxInput, { kind: "held" }>,
    now: number,
  ): OutboxEffect[] {
    const pending = this.#pending.get(counter);
    if (pending?.inFlight !== true) return [];
    if (this.#held >= OUTBOX_HELD_MAX)
      return this.#settle(counter, { kind: "refused", fault }, now);
    this.#markAnswered(pending);
    pending.held = fault;
    this.#held += 1;
    this.#heldUntil ??= now + HELD_RETRY_MS;
    this.#isHeldPassed ||= isRefused || this.#next > counter + 1;
    return [];
  }

  /** Posts must not overtake earlier ones that are held for the same target. */
  #isHeld(pending: Pending): boolean {
    if (pending.held !== undefined) return true;
    const fault = this.#held < OUTBOX_HELD_MAX ? this.heldFaultOf(pending.to) : undefined;
    if (fault === undefined) return false;
    pending.held = fault;
    this.#held += 1;
    return true;
  }

  #release(): void {
    this.#heldUntil = undefined;
    for (const [counter, pending] of this.#pending) {
      if (pending.held === undefined) continue;
      pending.held = undefined;
      this.#next = Math.min(this.#next, counter);
    }
    this.#held = 0;
  }

  #renumberHeld(): OutboxEffect[] {
    this.#isHeldPassed = false;
    const held = [...this.#pending].filter(([, pending]) => pending.held !== undefined);
    held.sort(([, { key: a }], [, { key: b }]) => a - b);
    return held.map(([from, pending]) => {
      const to = ++this.#last;
      this.#pending.delete(from);
      this.#pending.set(to, pending);
      const { key, body } = pending;
      return { kind: "renumbered", key, from, to, target: pending.to, body };
    });
  }

  #refused(counter: number, fault: Fault, now: number): OutboxEffect[] {
    const retryAfterMs = retryDelayMs(fault);
    if (retryAfterMs === undefined) {
      return this.#settle(counter, { kind: "refused", fault }, now);
    }
    const pending = this.#pending.get(counter);
    if (pending?.inFlight !== true) return [];
    this.#markAnswered(pending);
    this.#next = Math.min(this.#next, counter);
    const waitMs = Math.min(Math.max(retryAfterMs, RETRY_MS_MIN), RECONNECT_MAX_MS);
    this.#pausedUntil = Math.max(this.#pausedUntil ?? 0, now + waitMs);
    return [];
  }

  #settle(counter: number, outcome: PostOutcome, now: number): OutboxEffect[] {
    const pending = this.#pending.get(counter);
    if (pending?.inFlight !== true) return [];
    this.#markAnswered(pending);
    this.#forget(counter, pending);
    return [{ kind: "settled", key: pending.key, outcome }, ...this.#send(now)];
  }

  #abandon(fault: Fault): OutboxEffect[] {
    const outcome = { kind: "refused", fault } as const;
    const effects = [...this.#pending.values()].map(
      ({ key }) => ({ kind: "settled", key, outcome }) as const,
    );
    this.#pending.clear();
    this.#held = 0;
    this.#heldUntil = undefined;
    this.#pendingChars = 0;
    this.#inFlight = 0;
    this.#inFlightChars = 0;
    this.#next = this.#last + 1;
    return effects;
  }

  #send(now: number): OutboxEffect[] {
    if (!this.#connected || !this.#canSend(now)) return [];
    if (this.#heldUntil !== undefined && now >= this.#heldUntil) this.#release();
    const effects: OutboxEffect[] = [];
    const { last } = this;
    for (; this.#next <= last && this.#inFlight < OUTBOX_IN_FLIGHT_MAX; this.#next++) {
      const pending = this.#pending.get(this.#next);
      if (pending === undefined || this.#isHeld(pending)) continue;
      assert(!pending.inFlight, "a post is sent once per link unless it was refused");
      const chars = this.#inFlightChars + pending.sizeChars;
      if (this.#inFlight > 0 && chars > OUTBOX_IN_FLIGHT_CHARS_MAX) break;
      pending.inFlight = true;
      this.#inFlight += 1;
      this.#inFlightChars = chars;
      const { to, body } = pending;
      effects.push({ kind: "send", counter: this.#next, to, body });
    }
    const isHeldPassed = this.#held > 0 && (this.#isHeldPassed || effects.length > 0);
    return isHeldPassed ? [...this.#renumberHeld(), ...effects] : effects;
  }

  /**
   * After a temporary refusal, the server refuses all later counters until the refused post is
   * resent. Resending before all of these refusals have arrived could let a later post overtake an
   * earlier one.
   */
  #canSend(now: number): boolean {
    if (this.#pausedUntil === undefined) return true;
    if (this.#inFlight > 0 || now < this.#pausedUntil) return false;
    this.#pausedUntil = undefined;
    return true;
  }

  #rewind(): void {
    this.#release();
    for (const pending of this.#pending.values()) pending.inFlight = false;
    this.#next = this.#pending.keys().next().value ?? this.#last + 1;
    this.#inFlight = 0;
    this.#inFlightChars = 0;
    this.#pausedUntil = undefined;
  }

  #markAnswered(pending: Pending): void {
    pending.inFlight = false;
    this.#inFlight -= 1;
    this.#inFlightChars -= pending.sizeChars;
  }

  #forget(counter: number, pending: Pending): void {
    this.#pending.delete(counter);
    if (pending.held !== undefined) this.#held -= 1;
    this.#pendingChars -= pending.sizeChars;
  }
}

/** A stopping server refuses all posts, but accepts them after its restart. */
function retryDelayMs({ code, retryAfterMs }: Fault): number | undefined {
  return retryAfterMs ?? (code === "shutting-down" ? SHUTDOWN_RETRY_MS : undefined);
}
