/** Driver of one outbox. */

import { unreachable } from "../base/assert.ts";
import { Fault } from "../base/fault.ts";
import type { OutboxId } from "../base/ids.ts";
import {
  Outbox,
  type OutboxEffect,
  type OutboxInput,
  type PostOutcome,
  type Receipt,
} from "../core/client/outbox.ts";
import type { WorkEvent } from "../core/model/event.ts";
import { formatPostId } from "../core/rooms/dedup.ts";
import type { Clock } from "../io/clock.ts";
import type { KeptPost, OutboxChange } from "../io/state/outbox-store.ts";
import type { PostBody } from "../wire/messages.ts";
import type { Connection } from "./link/connection.ts";
import type { PostToSeal } from "./sealed/sealing.ts";

export type ReadPost = Omit<KeptPost, "body"> & { readonly body: PostBody };

type PostStep<Kind extends WorkEvent["kind"]> = Extract<WorkEvent, { kind: Kind }>;

/**
 * Progress of posts, for a view that shows each of them. `key` is the driver's own name for the
 * post: unique, also if the post was refused immediately; `id` is empty if there will be no record.
 */
export type PostEvent =
  | PostStep<"posted" | "stored">
  | (PostStep<"settled"> & {
      /** Set for a post of an earlier run: no caller holds a promise of it. */
      readonly adopted?: { readonly to: string; readonly body: PostBody };
    });

export interface OutboxDriverOwner {
  /**
   * Stores the change. Posts are sent only after it returns or resolves. Never called again before
   * it resolves.
   * @throws {Fault}, or rejects with one
   */
  keep(change: Pick<OutboxChange, "added" | "settled">): void | Promise<void>;
  tell(event: PostEvent): void;
  /**
   * Returns the bodies to send, in order, or a fault for a post that must not be sent.
   * @returns `undefined` if all are sent as they are
   */
  seal?(posts: readonly PostToSeal[]): Promise<readonly (PostBody | Fault)[]> | undefined;
  /** Reports that fewer posts are pending. */
  settled(): void;
}

interface Waiting {
  readonly name: string;
  /** `undefined` if the outbox refuses the post. */
  readonly counter: number | undefined;
  readonly adopted?: { readonly to: string; readonly body: PostBody };
  readonly settle?: (outcome: PostOutcome) => void;
}

type Send = Extract<OutboxEffect, { kind: "send" }>;

interface Write {
  readonly added: readonly KeptPost[];
  readonly settled: readonly number[];
  readonly sends: readonly Send[];
  readonly connection: Connection | undefined;
}

/**
 * Stores each post until it is settled, resolves its promise, resends it over links, and runs its
 * timers. All changes of one tick are one write; nothing is sent before it.
 */
export class OutboxDriver {
  readonly id: OutboxId;
  readonly #clock: Clock;
  readonly #owner: OutboxDriverOwner;
  readonly #outbox = new Outbox();
  /** Keyed by the key of the post. Bounded by the outbox. */
  readonly #waiting = new Map<number, Waiting>();
  #key = 0;
  #connection: Connection | undefined;
  /**
   * Posts that the server refused temporarily on this link: it blocks later posts until they are
   * resent. Bounded by the posts in flight.
   */
  readonly #deferred = new Set<number>();
  /**
   * Posts that may be on the server: an earlier link or run has sent them. Bounded by the outbox.
   */
  readonly #carried = new Set<number>();
  #cancelTimer: (() => void) | undefined;
  #cancelWrite: (() => void) | undefined;
  /** Changes that are not on disk yet. Bounded by the outbox, as are the next two. */
  #added: KeptPost[] = [];
  #settled: number[] = [];
  #sends: Send[] = [];
  #isWriting = false;
  /**
   * Some posts are being encrypted; others of this link queue behind them. Bounded by the outbox.
   */
  #isSealing = false;
  readonly #behind: Send[] = [];
  #onIdle: (() => void) | undefined;
  #isLeft = false;

  constructor(id: OutboxId, clock: Clock, owner: OutboxDriverOwner) {
    this.id = id;
    this.#clock = clock;
    this.#owner = owner;
  }

  get size(): number {
    return this.#outbox.size;
  }

  /** Takes over posts that an earlier run has stored. Call before any `post`. */
  adopt(posts: readonly ReadPost[]): void {
    for (const post of posts) {
      const { counter, target: to, body } = post;
      const key = ++this.#key;
      const name = this.#tellAdopted(post);
      this.#owner.tell({ kind: "stored", key: name });
      this.#waiting.set(key, { name, counter, adopted: { to, body } });
      this.#carried.add(counter);
      this.#handle({ kind: "adopt", key, counter, to, body });
    }
  }

  /** Settles a post of an earlier run as refused. */
  giveUp(post: ReadPost, fault: Fault): void {
    const { counter, target: to, body } = post;
    const outcome = { kind: "refused", fault } as const;
    const key = this.#tellAdopted(post);
    this.#owner.tell({ kind: "settled", key, outcome, adopted: { to, body } });
    this.#forget(counter);
  }

  /**
   * Resolves when the post is on the server's disk.
   * @throws {Fault} if the server refused it permanently
   */
  post(to: string, body: PostBody): Promise<Receipt> {
    const key = ++this.#key;
    const { promise, resolve, reject } = Promise.withResolvers<Receipt>();
    const settle = (outcome: PostOutcome) => {
      if (outcome.kind === "durable") resolve(outcome.receipt);
      else reject(outcome.fault);
    };
    const writtenUnixMs = this.#clock.unixMs();
    const counter = this.#outbox.accepts(to, body) ? this.#outbox.last + 1 : undefined;
    const id = counter === undefined ? "" : formatPostId(this.id, counter);
    const name = counter === undefined ? `${this.id} refused ${key}` : id;
    this.#owner.tell({ kind: "posted", key: name, id, to, body, writtenUnixMs });
    this.#waiting.set(key, { name, counter, settle });
    if (counter !== undefined) {
      const line = JSON.stringify(body);
      this.#added.push({ counter, target: to, body: line, createdUnixMs: writtenUnixMs });
      this.#writeSoon();
    }
    this.#handle({ kind: "post", key, to, body });
    return promise;
  }

  connected(connection: Connection): void {
    this.#connection = connection;
    this.#deferred.clear();
    this.#handle({ kind: "connected" });
  }

  lost(): void {
    if (this.#connection === undefined) return;
    this.#connection = undefined;
    this.#sends = [];
    this.#behind.length = 0;
    this.#handle({ kind: "lost" });
  }

  /**
   * Stops sending: unsettled posts stay on disk for the next run.
   * @returns a promise while a write is in progress
   */
  leave(fault: Fault): Promise<void> | undefined {
    this.#connection = undefined;
    this.#sends = [];
    this.#behind.length = 0;
    this.#write();
    this.#isLeft = true;
    this.#handle({ kind: "abandoned", fault });
    this.#cancelTimer?.();
    if (!this.#isWriting) return undefined;
    return new Promise((resolve) => {
      this.#onIdle = resolve;
    });
  }

  #tellAdopted({ counter, target: to, body, createdUnixMs: writtenUnixMs }: ReadPost): string {
    const id = formatPostId(this.id, counter);
    this.#owner.tell({ kind: "posted", key: id, id, to, body, writtenUnixMs });
    return id;
  }

  #handle(input: OutboxInput): void {
    for (const effect of this.#outbox.handle(input, this.#clock.now())) this.#perform(effect);
    this.#arm();
  }

  #perform(effect: OutboxEffect): void {
    switch (effect.kind) {
      case "send":
        this.#sends.push(effect);
        return this.#writeSoon();
      case "settled":
        return this.#settle(effect);
      default:
        return unreachable(effect);
    }
  }

  #settle({ key, outcome }: Extract<OutboxEffect, { kind: "settled" }>): void {
    const waiting = this.#waiting.get(key);
    this.#waiting.delete(key);
    if (waiting === undefined) return;
    const { name, counter, adopted, settle } = waiting;
    if (counter !== undefined) this.#carried.delete(counter);
    if (!this.#isLeft) {
      if (counter !== undefined) this.#forget(counter);
      const whose = adopted === undefined ? {} : { adopted };
      this.#owner.tell({ kind: "settled", key: name, outcome, ...whose });
    }
    settle?.(outcome);
    this.#owner.settled();
  }

  #send({ counter, to, body }: Send): void {
    const connection = this.#connection;
    if (connection !== undefined) this.#carried.add(counter);
    connection?.askThen("post", { outbox: this.id, counter, to, body }, (outcome) => {
      // A refusal by a lost link is not the server's: the next link resends the post.
      if (this.#connection !== connection || connection.isClosed) {
        if (outcome.kind === "refused") return;
      }
      this.#deferred.delete(counter);
      if (outcome.kind === "answered") {
        this.#handle({ kind: "acked", counter, receipt: outcome.answer });
      } else {
        if (outcome.fault.retryAfterMs !== undefined) this.#deferred.add(counter);
        this.#handle({ kind: "refused", counter, fault: outcome.fault });
      }
    });
  }

  /**
   * Settles a post that cannot be encrypted any more. If the server may have it, or waits for it,
   * sends an empty post under its number: the server answers with the receipt of what it has, or
   * refuses it permanently.
   */
  #giveUp({ counter, to }: Send, fault: Fault): void {
    const refused = { kind: "refused", counter, fault } as const;
    const connection = this.#connection;
    if (fault.retryAfterMs !== undefined || connection === undefined) return this.#handle(refused);
    const isAwaited = this.#deferred.delete(counter);
    if (!isAwaited && !this.#carried.has(counter)) return this.#handle(refused);
    const nothing = { outbox: this.id, counter, to, body: { text: "" } };
    connection.askThen("post", nothing, (outcome) => {
      if (outcome.kind === "answered") {
        this.#handle({ kind: "acked", counter, receipt: outcome.answer });
      } else if (this.#connection === connection && !connection.isClosed) this.#handle(refused);
    });
  }

  #forget(counter: number): void {
    // A post that was settled before it was stored need not be stored.
    const isKept = !this.#added.some((post) => post.counter === counter);
    if (isKept) this.#settled.push(counter);
    else this.#added = this.#added.filter((post) => post.counter !== counter);
    this.#writeSoon();
  }

  /** Sends pending posts, so that they precede the next request. */
  flush(): void {
    if (this.#cancelWrite !== undefined) this.#write();
  }

  #writeSoon(): void {
    this.#cancelWrite ??= this.#clock.after(0, () => this.#write());
  }

  /**
   * The server remembers the last 256 counters of an outbox: no more may be in flight, and posts
   * settled before those leave the disk before others are sent. So a client that resends the rest
   * never repeats a post that the server takes for new.
   */
  #write(): void {
    this.#cancelWrite?.();
    this.#cancelWrite = undefined;
    if (this.#isWriting) return; // `#afterWrite` writes the rest.
    const write: Write = {
      added: this.#added,
      settled: this.#settled,
      sends: this.#sends,
      connection: this.#connection,
    };
    [this.#added, this.#settled, this.#sends] = [[], [], []];
    const { added, settled } = write;
    if (added.length + settled.length === 0) return this.#written(write);
    try {
      const kept = this.#owner.keep({ added, settled });
      if (kept === undefined) return this.#written(write);
      this.#isWriting = true;
      kept.then(
        () => this.#afterWrite(() => this.#written(write)),
        (fault: unknown) => this.#afterWrite(() => this.#withdraw(write, fault)),
      );
    } catch (fault) {
      this.#withdraw(write, fault);
    }
  }

  #afterWrite(act: () => void): void {
    this.#isWriting = false;
    act();
    if (this.#added.length + this.#settled.length + this.#sends.length > 0) this.#write();
    if (!this.#isWriting) this.#onIdle?.();
  }

  #written({ added, sends, connection }: Write): void {
    if (!this.#isLeft) {
      for (const { counter } of added) {
        this.#owner.tell({ kind: "stored", key: formatPostId(this.id, counter) });
      }
    }
    if (connection !== this.#connection) return; // The next link has requested these posts again.
    this.#sendAll(sends);
  }

  /**
   * Keeps the order of posts, also while some are encrypted: readers keep few keys for late
   * messages. Posts that arrive meanwhile are encrypted together.
   */
  #sendAll(sends: readonly Send[]): void {
    if (this.#isSealing) return void this.#behind.push(...sends);
    const posts = sends.map(({ counter, to, body }) => {
      return { id: formatPostId(this.id, counter), to, body };
    });
    const sealed = sends.length === 0 ? undefined : this.#owner.seal?.(posts);
    if (sealed === undefined) {
      for (const send of sends) this.#send(send);
      return;
    }
    this.#isSealing = true;
    const connection = this.#connection;
    const work = async () => {
      const bodies = await sealed;
      if (connection !== this.#connection) return;
      for (const [at, send] of sends.entries()) {
        const body = bodies[at] ?? send.body;
        if (body instanceof Fault) this.#giveUp(send, body);
        else this.#send({ ...send, body });
      }
    };
    void work().finally(() => {
      this.#isSealing = false;
      this.#sendAll(this.#behind.splice(0));
    });
  }

  /** Handles a failed write: posts that are not on disk are not sent. */
  #withdraw({ added, settled, sends, connection }: Write, fault: unknown): void {
    if (!(fault instanceof Fault)) throw fault;
    const lost = new Set(added.map(({ counter }) => counter));
    for (const counter of lost) this.#handle({ kind: "withdrawn", counter, fault });
    // The next successful write retries these; posts that were never stored need none.
    this.#settled = this.#settled.filter((counter) => !lost.has(counter));
    this.#settled.push(...settled);
    if (connection !== this.#connection) return;
    this.#sendAll(sends.filter(({ counter }) => !lost.has(counter)));
  }

  #arm(): void {
    const deadline = this.#outbox.deadline();
    if (deadline === undefined || this.#cancelTimer !== undefined || this.#isLeft) return;
    const delayMs = Math.max(1, Math.ceil(deadline - this.#clock.now()));
    this.#cancelTimer = this.#clock.after(delayMs, () => {
      this.#cancelTimer = undefined;
      this.#handle({ kind: "tick" });
    });
  }
}
