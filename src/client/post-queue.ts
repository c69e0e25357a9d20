import { assert } from "../base/assert.ts";
import { Fault } from "../base/fault.ts";
import { ID_BYTES, type OutboxId, outboxId } from "../base/ids.ts";
import { OUTBOX_IN_FLIGHT_MAX, OUTBOX_KEEP_MS } from "../base/limits.ts";
import type { PostOutcome, Receipt } from "../core/outbox.ts";
import type { Clock } from "../io/clock.ts";
import type { Connection } from "../io/connection.ts";
import type { Entropy } from "../io/entropy.ts";
import { notLoggedIn } from "../io/loss.ts";
import type { KeptPost, LeftOutbox, OutboxOwner, OutboxStore } from "../io/outbox-store.ts";
import type { PostBody } from "../wire/messages.ts";
import { Posts } from "./posts.ts";

/** A writer that reads from a file or a pipe waits above this; a person never gets there. */
const PENDING_LOW = 2 * OUTBOX_IN_FLIGHT_MAX;

export interface PostQueueParts {
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly store: OutboxStore;
  /** What became of a post of an earlier run. */
  readonly adopted: (to: string, body: PostBody, outcome: PostOutcome) => void;
}

/**
 * The posts of one stay: first those that earlier runs left unsent, each outbox whole and under its
 * own id, one after the other, then those of this run.
 */
export class PostQueue {
  readonly #parts: PostQueueParts;
  readonly #own: Posts;
  /** Those of earlier runs, oldest first, then our own. As many as the home holds. */
  readonly #boxes: Posts[];
  #owner: OutboxOwner | undefined;
  #connection: Connection | undefined;
  readonly #onSettled: { readonly sizeMax: number; readonly resolve: () => void }[] = [];

  constructor(parts: PostQueueParts) {
    this.#parts = parts;
    this.#own = this.#box(outboxId(parts.entropy(ID_BYTES)));
    this.#boxes = [this.#own];
  }

  /** Whoever logged in writes here. @param adopts whether to send on what earlier runs left */
  open(owner: OutboxOwner, adopts: boolean): void {
    const isFirst = this.#owner === undefined;
    this.#owner = owner; // A server may have changed its key since the last link.
    if (!isFirst || !adopts) return;
    const left = this.#parts.store.adopt(owner);
    this.#boxes.unshift(...left.map((one) => this.#adopt(one)));
  }

  post(to: string, body: PostBody): Promise<Receipt> {
    if (this.#owner === undefined) return Promise.reject(notLoggedIn());
    return this.#own.post(to, body);
  }

  connected(connection: Connection): void {
    this.#connection = connection;
    this.#boxes[0]?.connected(connection);
    this.#advance();
  }

  lost(): void {
    this.#connection = undefined;
    this.#boxes[0]?.lost();
  }

  /** What was said goes out before whatever is asked next. */
  flush(): void {
    for (const box of this.#boxes) box.flush();
  }

  /** What is not settled waits on disk for the next run. */
  leave(fault: Fault): void {
    this.#connection = undefined;
    for (const box of this.#boxes) {
      box.leave(fault);
      this.#parts.store.release(box.id);
    }
    this.#settled();
  }

  /** Resolves when all is settled, one way or the other. */
  drained(): Promise<void> {
    return this.#below(0);
  }

  /** Resolves when another post will not have to wait long. */
  ready(): Promise<void> {
    return this.#below(PENDING_LOW);
  }

  /** Posts that are not settled. */
  get size(): number {
    let size = 0;
    for (const box of this.#boxes) size += box.size;
    return size;
  }

  #below(sizeMax: number): Promise<void> {
    if (this.size <= sizeMax) return Promise.resolve();
    return new Promise((resolve) => this.#onSettled.push({ sizeMax, resolve }));
  }

  #box(id: OutboxId): Posts {
    return new Posts(id, this.#parts.clock, {
      keep: (change) => {
        assert(this.#owner !== undefined, "somebody wrote it");
        this.#parts.store.write(id, { ...this.#owner, ...change });
      },
      adopted: ({ to, body }, outcome) => this.#parts.adopted(to, body, outcome),
      settled: () => this.#settled(),
    });
  }

  #adopt({ id, posts }: LeftOutbox): Posts {
    const box = this.#box(id as OutboxId);
    const oldest = this.#parts.clock.unixMs() - OUTBOX_KEEP_MS;
    const read = posts.map((post) => ({ ...post, parsed: bodyOf(post) }));
    const isFresh = read.filter(({ createdUnixMs }) => createdUnixMs >= oldest);
    box.adopt(isFresh);
    for (const { counter, target, createdUnixMs, parsed } of read) {
      if (createdUnixMs >= oldest) continue;
      // The server may have forgotten whether it was sent: it could be said twice.
      const fault = new Fault("interrupted", "a message waited too long, and was not sent", {
        remedy: "look whether it is there, and send it again",
      });
      this.#parts.adopted(target, parsed, { kind: "refused", fault });
      box.forget([counter]);
    }
    return box;
  }

  #settled(): void {
    this.#advance();
    const { size } = this;
    for (let i = this.#onSettled.length - 1; i >= 0; i--) {
      if (size > (this.#onSettled[i]?.sizeMax ?? 0)) continue;
      for (const { resolve } of this.#onSettled.splice(i, 1)) resolve();
    }
  }

  /** The first outbox is through: the next has its turn. */
  #advance(): void {
    for (;;) {
      const [first, next] = this.#boxes;
      if (this.#connection === undefined || next === undefined || first?.size !== 0) return;
      this.#boxes.shift();
      first.leave(notLoggedIn());
      this.#parts.store.release(first.id);
      next.connected(this.#connection);
    }
  }
}

/** Our own spelling, unless the disk has changed it: then the server says what is wrong with it. */
function bodyOf({ body }: KeptPost): PostBody {
  try {
    const value: unknown = JSON.parse(body);
    if (typeof value === "object" && value !== null && "text" in value) {
      if (typeof value.text === "string") return value as PostBody;
    }
  } catch {
    // Falls through.
  }
  return { text: "" };
}
