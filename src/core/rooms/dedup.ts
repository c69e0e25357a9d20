import type { Fault } from "../../base/fault.ts";
import type { OutboxId, UserId } from "../../base/ids.ts";
import {
  OUTBOX_FORGET_MS,
  OUTBOX_IN_FLIGHT_MAX,
  OUTBOXES_PER_ACCOUNT_MAX,
} from "../../base/limits.ts";
import type { Head } from "../../wire/record.ts";

/**
 * What makes a post exactly once: per outbox the records of its last counters, rebuilt from the
 * heads of the log, so that a repeat after a crash is answered with the old `seq`.
 */
export interface Posted {
  readonly seq: number;
  readonly n: number;
  readonly time: number;
}

export type PostStatus =
  | { readonly kind: "new" }
  | { readonly kind: "posted"; readonly posted: Posted }
  /** On its way to the disk; a repeat waits with the first. */
  | { readonly kind: "pending" }
  /** For good: a client that was told so must not see it recorded when it comes by a late link. */
  | { readonly kind: "refused"; readonly fault: Fault }
  /** A later one went before it: recorded now, it would stand behind it, or a second time. */
  | { readonly kind: "passed" };

interface Outbox {
  high: number;
  /** Those of the last OUTBOX_IN_FLIGHT_MAX counters, pruned in `record`. */
  readonly posted: Map<number, Posted>;
  /** Counters between arrival and answer, lowest first; true: handed to the log. */
  readonly pending: Map<number, boolean>;
  /** Refused for good; the oldest of OUTBOX_IN_FLIGHT_MAX is forgotten. Not in the log. */
  readonly refused: Map<number, Fault>;
  /** The highest of `pending`, or less than `high`. */
  last: number;
  /** Record time of the last one, Unix milliseconds. */
  time: number;
}

/** Idle outboxes are looked for this often, by the time of the records. */
const SWEEP_EVERY_MS = 24 * 60 * 60_000;

export class DedupTable {
  readonly #accounts = new Map<UserId, Map<OutboxId, Outbox>>(); // Least used outbox first.
  #sweptAt = 0;

  status(user: UserId, outbox: OutboxId, counter: number): PostStatus {
    const known = this.#accounts.get(user)?.get(outbox);
    if (known === undefined) return { kind: "new" };
    const posted = known.posted.get(counter);
    if (posted !== undefined) return { kind: "posted", posted };
    if (known.pending.has(counter)) return { kind: "pending" };
    const fault = known.refused.get(counter);
    if (fault !== undefined) return { kind: "refused", fault };
    return { kind: counter < Math.max(known.high, known.last) ? "passed" : "new" };
  }

  /** Whether a later post of the outbox is in the log, or on its way and cannot be called back. */
  isOvertaken(user: UserId, outbox: OutboxId, counter: number): boolean {
    const known = this.#accounts.get(user)?.get(outbox);
    if (known === undefined) return false;
    if (counter < known.high) return true;
    return [...known.pending].some(([other, isHanded]) => other > counter && isHanded);
  }

  /** It waits for its turn; `status` was `new`. */
  begin(user: UserId, outbox: OutboxId, counter: number): void {
    const known = this.#use(user, outbox);
    known.pending.set(counter, false);
    known.last = counter;
  }

  /** It is the log's now. */
  hand(user: UserId, outbox: OutboxId, counter: number): void {
    this.#accounts.get(user)?.get(outbox)?.pending.set(counter, true);
  }

  /** It was refused: the same counter may come again. */
  abandon(user: UserId, outbox: OutboxId, counter: number): void {
    const known = this.#accounts.get(user)?.get(outbox);
    if (known?.pending.delete(counter) !== true || known.last !== counter) return;
    known.last = Math.max(0, ...known.pending.keys());
  }

  /** It was refused for good. */
  refuse(user: UserId, outbox: OutboxId, counter: number, fault: Fault): void {
    const { refused } = this.#use(user, outbox);
    refused.set(counter, fault);
    const [oldest] = refused.keys();
    if (refused.size > OUTBOX_IN_FLIGHT_MAX && oldest !== undefined) refused.delete(oldest);
  }

  /** A record is durable, now or in a log that is read again. */
  record(head: Head): void {
    const id = parsePostId(head.id);
    if (id === undefined || head.by === "server") return;
    const outbox = this.#use(head.by, id.outbox);
    outbox.pending.delete(id.counter);
    outbox.posted.set(id.counter, { seq: head.seq, n: head.n, time: head.time });
    outbox.high = Math.max(outbox.high, id.counter);
    outbox.time = head.time;
    if (outbox.posted.size > OUTBOX_IN_FLIGHT_MAX) prune(outbox);
    if (head.time - this.#sweptAt >= SWEEP_EVERY_MS) this.#sweep(head.time);
  }

  /** By the records' own time, so that a log read again forgets the same. */
  #sweep(time: number): void {
    this.#sweptAt = time;
    for (const [user, boxes] of this.#accounts) {
      for (const [id, outbox] of boxes) {
        if (outbox.pending.size > 0 || outbox.time + OUTBOX_FORGET_MS > time) continue;
        boxes.delete(id);
      }
      if (boxes.size === 0) this.#accounts.delete(user);
    }
  }

  #use(user: UserId, id: OutboxId): Outbox {
    const boxes = this.#accounts.get(user) ?? new Map<OutboxId, Outbox>();
    this.#accounts.set(user, boxes);
    const outbox = boxes.get(id) ?? {
      ...EMPTY,
      posted: new Map(),
      pending: new Map(),
      refused: new Map(),
    };
    boxes.delete(id);
    boxes.set(id, outbox);
    if (boxes.size > OUTBOXES_PER_ACCOUNT_MAX) forgetIdle(boxes);
    return outbox;
  }
}

const EMPTY = { high: 0, last: 0, time: 0 };

/** One with posts on their way to the disk is never forgotten. */
function forgetIdle(boxes: Map<OutboxId, Outbox>): void {
  for (const [id, outbox] of boxes) {
    if (outbox.pending.size > 0) continue;
    boxes.delete(id);
    return;
  }
}

/** Counters come in ascending order, so the oldest stand in front. */
function prune({ posted, high }: Outbox): void {
  for (const counter of posted.keys()) {
    if (counter + OUTBOX_IN_FLIGHT_MAX > high) return;
    posted.delete(counter);
  }
}

export function formatPostId(outbox: OutboxId, counter: number): string {
  return `${outbox}.${counter}`;
}

const OUTBOX_ID = /^[A-Za-z0-9_-]{11}$/;

export function isOutboxId(text: string): text is OutboxId {
  return OUTBOX_ID.test(text);
}

const POST_ID = /^([A-Za-z0-9_-]{11})\.([1-9]\d{0,15})$/;

export function parsePostId(id: string): { outbox: OutboxId; counter: number } | undefined {
  const [, outbox, counter] = POST_ID.exec(id) ?? [];
  if (outbox === undefined || counter === undefined) return undefined;
  return { outbox: outbox as OutboxId, counter: Number(counter) };
}
