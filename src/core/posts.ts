import type { OutboxId, UserId } from "../base/ids.ts";
import { OUTBOX_IN_FLIGHT_MAX, OUTBOXES_PER_ACCOUNT_MAX } from "../base/limits.ts";
import type { Head } from "../wire/record.ts";

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
  /** On its way to the disk; whoever asks again waits with the first. */
  | { readonly kind: "pending" }
  /** So long ago that the answer is forgotten. */
  | { readonly kind: "forgotten" };

interface Outbox {
  high: number;
  readonly posted: Map<number, Posted>; // At most OUTBOX_IN_FLIGHT_MAX, pruned in `#prune`.
  readonly pending: Set<number>;
}

export class Posts {
  readonly #accounts = new Map<UserId, Map<OutboxId, Outbox>>(); // Least used outbox first.

  status(user: UserId, outbox: OutboxId, counter: number): PostStatus {
    const known = this.#accounts.get(user)?.get(outbox);
    if (known === undefined) return { kind: "new" };
    const posted = known.posted.get(counter);
    if (posted !== undefined) return { kind: "posted", posted };
    if (known.pending.has(counter)) return { kind: "pending" };
    return counter + OUTBOX_IN_FLIGHT_MAX <= known.high ? { kind: "forgotten" } : { kind: "new" };
  }

  begin(user: UserId, outbox: OutboxId, counter: number): void {
    this.#use(user, outbox).pending.add(counter);
  }

  /** It was refused: the same counter may come again. */
  abandon(user: UserId, outbox: OutboxId, counter: number): void {
    this.#accounts.get(user)?.get(outbox)?.pending.delete(counter);
  }

  /** A record is durable, now or in a log that is read again. */
  record(head: Head): void {
    const id = parsePostId(head.id);
    if (id === undefined || head.by === "server") return;
    const outbox = this.#use(head.by, id.outbox);
    outbox.pending.delete(id.counter);
    outbox.posted.set(id.counter, { seq: head.seq, n: head.n, time: head.time });
    outbox.high = Math.max(outbox.high, id.counter);
    prune(outbox);
  }

  #use(user: UserId, id: OutboxId): Outbox {
    const boxes = this.#accounts.get(user) ?? new Map<OutboxId, Outbox>();
    this.#accounts.set(user, boxes);
    const outbox = boxes.get(id) ?? { high: 0, posted: new Map(), pending: new Set() };
    boxes.delete(id);
    boxes.set(id, outbox);
    if (boxes.size > OUTBOXES_PER_ACCOUNT_MAX) forgetIdle(boxes);
    return outbox;
  }
}

/** One with posts on their way to the disk is never forgotten. */
function forgetIdle(boxes: Map<OutboxId, Outbox>): void {
  for (const [id, outbox] of boxes) {
    if (outbox.pending.size > 0) continue;
    boxes.delete(id);
    return;
  }
}

function prune(outbox: Outbox): void {
  for (const counter of outbox.posted.keys()) {
    if (outbox.posted.size <= OUTBOX_IN_FLIGHT_MAX) return;
    outbox.posted.delete(counter);
  }
}

export function formatPostId(outbox: OutboxId, counter: number): string {
  return `${outbox}.${counter}`;
}

const POST_ID = /^([A-Za-z0-9_-]{11})\.([1-9]\d{0,15})$/;

export function parsePostId(id: string): { outbox: OutboxId; counter: number } | undefined {
  const [, outbox, counter] = POST_ID.exec(id) ?? [];
  if (outbox === undefined || counter === undefined) return undefined;
  return { outbox: outbox as OutboxId, counter: Number(counter) };
}
