/** Deduplication of posts, which ensures that each post is recorded exactly once. */

import { ZERO } from "../../base/ascii.ts";
import { assert } from "../../base/assert.ts";
import { toBase64Url } from "../../base/bytes.ts";
import type { Fault } from "../../base/fault.ts";
import type { OutboxId, UserId } from "../../base/ids.ts";
import {
  OUTBOX_FORGET_MS,
  OUTBOX_IN_FLIGHT_MAX,
  OUTBOXES_PER_ACCOUNT_MAX,
} from "../../base/limits.ts";
import type { FoldedHead } from "../../wire/record.ts";
import { dropOldest } from "../evict.ts";

const KEYS_PER_ACCOUNT_MAX = 1_000;

/**
 * Recorded post. After a crash, the server rebuilds these entries from the record heads in the log,
 * so that it answers a repeated post with the old `seq`.
 */
export interface Posted {
  readonly seq: number;
  readonly n: number;
  readonly time: number;
}

export type PostStatus =
  | { readonly kind: "new" }
  | { readonly kind: "posted"; readonly posted: Posted }
  /** Not yet durable. A repetition of the post waits for the same result. */
  | { readonly kind: "pending" }
  /** Permanent refusal: the post must never be recorded, even if it arrives over an old link. */
  | { readonly kind: "refused"; readonly fault: Fault }
  /** Undecided: later posts are pending and may or may not be recorded. */
  | { readonly kind: "blocked" }
  /** A later post was recorded, so this post would be out of order or a duplicate. */
  | { readonly kind: "passed" };

interface Pending {
  isAppending: boolean;
}

/** Interval between searches for idle outboxes. */
const SWEEP_INTERVAL_MS = 24 * 60 * 60_000;
/**
 * Maximum time that passes between two records, because the clock of the server may have been
 * corrected between them. An outbox that is forgotten too early records a repeated post twice.
 */
const RECORD_GAP_MS_MAX = 24 * 60 * 60_000;

interface OutboxValue {
  readonly id: OutboxId;
  readonly high: number;
  readonly usedAtMs: number;
  /** Four numbers for each remembered post: counter, seq, n and time. */
  readonly posted: readonly number[];
}

const POSTED_NUMBERS = 4;
/** Shared by all outboxes without posts, to save memory. */
const NO_POSTS = new Float64Array();

export interface DedupValue {
  readonly accounts: readonly (readonly [UserId, readonly OutboxValue[]])[];
  readonly sweptAtMs: number;
  readonly elapsedMs: number;
  readonly recordedUnixMs: number;
}

export class OutboxHistory<Post extends Pending = Pending> {
  readonly pending = new Map<number, Post>();
  /** The post that holds the outbox's lock, and those that wait for it. */
  readonly #turns: Post[] = [];
  /**
   * Ring buffer of the last OUTBOX_IN_FLIGHT_MAX posts, indexed by counter modulo its size, with
   * the counter, seq, n and time of each. It grows on demand: most outboxes have few posts.
   */
  #posted = NO_POSTS;
  /**
   * Permanently refused posts, which are not in the log. Beyond OUTBOX_IN_FLIGHT_MAX, the oldest is
   * dropped.
   */
  readonly #refused = new Map<number, Fault>();
  #high = 0;
  #last = 0;
  #usedAtMs = 0;

  constructor(readonly id: OutboxId) {}

  /** @returns true if the post holds the lock now and must end with `release` */
  acquire(post: Post): boolean {
    return this.#turns.push(post) === 1;
  }

  /** @returns the waiting post that holds the lock now */
  release(): Post | undefined {
    assert(this.#turns.length > 0, "only a post that holds the lock releases it");
    this.#turns.shift();
    return this.#turns[0];
  }

  status(counter: number): PostStatus {
    const at = POSTED_NUMBERS * (counter % OUTBOX_IN_FLIGHT_MAX);
    const posted = this.#posted;
    if (posted[at] === counter) {
      const [seq = 0, n = 0, time = 0] = [posted[at + 1], posted[at + 2], posted[at + 3]];
      return { kind: "posted", posted: { seq, n, time } };
    }
    if (this.pending.has(counter)) return PENDING;
    const fault = this.#refused.get(counter);
    if (fault !== undefined) return { kind: "refused", fault };
    if (this.hasLaterRecord(counter)) return PASSED;
    return counter < this.#last ? BLOCKED : NEW;
  }

  /** Reports whether a later post was recorded or irrevocably passed to the log. */
  isOvertaken(counter: number): boolean {
    if (this.hasLaterRecord(counter)) return true;
    for (const [other, { isAppending: isPassedOn }] of this.pending)
      if (other > counter && isPassedOn) return true;
    return false;
  }

  begin(counter: number, post: Post): void {
    this.pending.set(counter, post);
    this.#last = counter;
  }

  hasLaterRecord(counter: number): boolean {
    return counter < this.#high;
  }

  pendingBefore(counter: number): number | undefined {
    if (this.pending.has(counter - 1)) return counter - 1;
    let before: number | undefined;
    for (const other of this.pending.keys()) {
      if (other < counter) before = other;
    }
    return before;
  }

  abandon(counter: number): void {
    this.pending.delete(counter);
    this.#last = Math.max(0, ...this.pending.keys());
  }

  /** A request with an idempotency key may be repeated after its refusal. */
  refuse(counter: number, fault: Fault): void {
    if (isKeyedOutbox(this.id)) return;
    this.#refused.set(counter, fault);
    dropOldest(this.#refused, OUTBOX_IN_FLIGHT_MAX);
  }

  /** @param usedAtMs time that had passed before the record, as `DedupTable` measures it */
  record(counter: number, { seq, n, time }: Posted, usedAtMs = 0): void {
    this.pending.delete(counter);
    const at = POSTED_NUMBERS * (counter % OUTBOX_IN_FLIGHT_MAX);
    if (at >= this.#posted.length) {
      const length = Math.max(at + POSTED_NUMBERS, 2 * this.#posted.length);
      const grown = new Float64Array(Math.min(length, POSTED_NUMBERS * OUTBOX_IN_FLIGHT_MAX));
      grown.set(this.#posted);
      this.#posted = grown;
    }
    const posted = this.#posted;
    posted[at] = counter;
    posted[at + 1] = seq;
    posted[at + 2] = n;
    posted[at + 3] = time;
    this.#high = Math.max(this.#high, counter);
    this.#usedAtMs = usedAtMs;
  }

  value(): OutboxValue | undefined {
    if (this.#high === 0) return undefined;
    const posted: number[] = [];
    for (let at = 0; at < this.#posted.length; at += POSTED_NUMBERS) {
      if (this.#posted[at] !== 0) posted.push(...this.#posted.subarray(at, at + POSTED_NUMBERS));
    }
    return { id: this.id, high: this.#high, usedAtMs: this.#usedAtMs, posted };
  }

  load({ high, usedAtMs, posted }: OutboxValue): void {
    for (let at = 0; at < posted.length; at += POSTED_NUMBERS) {
      const [counter = 0, seq = 0, n = 0, when = 0] = posted.slice(at, at + POSTED_NUMBERS);
      this.record(counter, { seq, n, time: when });
    }
    this.#high = high;
    this.#usedAtMs = usedAtMs;
  }

  isExpired(elapsedMs: number): boolean {
    return this.pending.size === 0 && this.#usedAtMs + OUTBOX_FORGET_MS <= elapsedMs;
  }
}

const NEW = { kind: "new" } as const;
const PENDING = { kind: "pending" } as const;
const BLOCKED = { kind: "blocked" } as const;
const PASSED = { kind: "passed" } as const;

export class DedupTable<Post extends Pending = Pending> {
  /** At most OUTBOXES_PER_ACCOUNT_MAX outboxes each, the most recently used last. */
  readonly #devices = new Map<UserId, OutboxHistory<Post>[]>();
  /** Outboxes of idempotency keys, so that they do not displace those of devices. */
  readonly #keyed = new Map<UserId, OutboxHistory<Post>[]>();
  /**
   * Time that has passed, measured by records instead of the clock, so that a server reading the
   * log forgets the same outboxes.
   */
  #elapsedMs = 0;
  #recordedUnixMs = 0;
  #sweptAtMs = 0;

  find(user: UserId, id: OutboxId): OutboxHistory<Post> | undefined {
    return this.#accountsOf(id)
      .get(user)
      ?.find((outbox) => outbox.id === id);
  }

  #accountsOf(id: OutboxId): Map<UserId, OutboxHistory<Post>[]> {
    return isKeyedOutbox(id) ? this.#keyed : this.#devices;
  }

  /** Returns the outbox, creating it if unknown, and marks it as most recently used. */
  use(user: UserId, id: OutboxId): OutboxHistory<Post> {
    const accounts = this.#accountsOf(id);
    const outboxes = accounts.get(user);
    if (outboxes === undefined) {
      const outbox = new OutboxHistory<Post>(id);
      accounts.set(user, [outbox]);
      return outbox;
    }
    const recent = outboxes[outboxes.length - 1];
    if (recent?.id === id) return recent;
    const at = outboxes.findIndex((outbox) => outbox.id === id);
    const [outbox = new OutboxHistory<Post>(id)] = at < 0 ? [] : outboxes.splice(at, 1);
    outboxes.push(outbox);
    const countMax = isKeyedOutbox(id) ? KEYS_PER_ACCOUNT_MAX : OUTBOXES_PER_ACCOUNT_MAX;
    if (outboxes.length > countMax) forgetIdle(outboxes);
    return outbox;
  }

  record({ id, by, seq, n, time }: FoldedHead): void {
    const counter = by === "server" ? undefined : counterIn(id);
    if (counter === undefined || by === "server") return;
    this.#elapse(time);
    const outboxes = this.#devices.get(by);
    const recent = outboxes?.[outboxes.length - 1];
    if (recent !== undefined && id.startsWith(recent.id)) {
      recent.record(counter, { seq, n, time }, this.#elapsedMs);
    } else {
      const outbox = id.slice(0, OUTBOX_LETTERS);
      if (!isOutboxId(outbox)) return;
      this.use(by, outbox).record(counter, { seq, n, time }, this.#elapsedMs);
    }
    if (this.#elapsedMs - this.#sweptAtMs >= SWEEP_INTERVAL_MS) this.#sweep();
  }

  #elapse(unixMs: number): void {
    const gapMs = this.#recordedUnixMs === 0 ? 0 : unixMs - this.#recordedUnixMs;
    this.#elapsedMs += Math.min(Math.max(gapMs, 0), RECORD_GAP_MS_MAX);
    this.#recordedUnixMs = unixMs;
  }

  value(): DedupValue {
    const accounts: [UserId, OutboxValue[]][] = [];
    for (const [user, boxes] of [...this.#devices, ...this.#keyed]) {
      const values = boxes.map((outbox) => outbox.value());
      accounts.push([user, values.filter((value) => value !== undefined)]);
    }
    return {
      accounts: accounts.filter(([, values]) => values.length > 0),
      sweptAtMs: this.#sweptAtMs,
      elapsedMs: this.#elapsedMs,
      recordedUnixMs: this.#recordedUnixMs,
    };
  }

  load({ accounts, sweptAtMs, elapsedMs, recordedUnixMs }: DedupValue): void {
    for (const [user, values] of accounts) {
      for (const value of values) this.use(user, value.id).load(value);
    }
    this.#sweptAtMs = sweptAtMs;
    this.#elapsedMs = elapsedMs;
    this.#recordedUnixMs = recordedUnixMs;
  }

  #sweep(): void {
    this.#sweptAtMs = this.#elapsedMs;
    for (const accounts of [this.#devices, this.#keyed]) {
      for (const [user, boxes] of accounts) {
        const remaining = boxes.filter((outbox) => !outbox.isExpired(this.#elapsedMs));
        if (remaining.length === 0) accounts.delete(user);
        else accounts.set(user, remaining);
      }
    }
  }
}

function forgetIdle<Post extends Pending>(boxes: OutboxHistory<Post>[]): void {
  const idle = boxes.findIndex(({ pending }) => pending.size === 0);
  if (idle >= 0) boxes.splice(idle, 1);
}

export function formatPostId(outbox: OutboxId, counter: number): string {
  return `${outbox}.${counter}`;
}

const OUTBOX_ID = /^[A-Za-z0-9_-]{11}$/;

export function isOutboxId(text: string): text is OutboxId {
  return OUTBOX_ID.test(text);
}

const OUTBOX_LETTERS = 11;
/** The last letter of a random id has only four bits, and is never this one. */
const KEYED_LAST = "B";

/**
 * Outbox of one message, the same on each server and after each restart.
 * @param hash of the token and the idempotency key
 */
export function keyedOutboxId(hash: Uint8Array): OutboxId {
  return `${toBase64Url(hash).slice(0, OUTBOX_LETTERS - 1)}${KEYED_LAST}` as OutboxId;
}

function isKeyedOutbox(id: OutboxId): boolean {
  return id.endsWith(KEYED_LAST);
}

const COUNTER_DIGITS_MAX = 16;
const DOT = 0x2e;

export function parsePostId(id: string): { outbox: OutboxId; counter: number } | undefined {
  const counter = counterIn(id);
  const outbox = id.slice(0, OUTBOX_LETTERS);
  if (counter === undefined || !isOutboxId(outbox)) return undefined;
  return { outbox, counter };
}

/** A loop is faster than a regular expression, and a starting server parses every record's id. */
function counterIn(id: string): number | undefined {
  const digits = id.length - OUTBOX_LETTERS - 1;
  if (digits < 1 || digits > COUNTER_DIGITS_MAX) return undefined;
  if (id.charCodeAt(OUTBOX_LETTERS) !== DOT) return undefined;
  let counter = 0;
  for (let i = OUTBOX_LETTERS + 1; i < id.length; i++) {
    const digit = id.charCodeAt(i) - ZERO;
    if (digit < 0 || digit > 9 || (counter === 0 && digit === 0)) return undefined;
    counter = counter * 10 + digit;
  }
  return counter;
}
