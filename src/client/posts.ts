import { unreachable } from "../base/assert.ts";
import { Fault } from "../base/fault.ts";
import type { OutboxId } from "../base/ids.ts";
import {
  Outbox,
  type OutboxEffect,
  type OutboxInput,
  type PostOutcome,
  type Receipt,
} from "../core/outbox.ts";
import type { Clock } from "../io/clock.ts";
import type { Connection } from "../io/connection.ts";
import type { KeptPost, OutboxChange } from "../io/outbox-store.ts";
import type { PostBody } from "../wire/messages.ts";

export interface PostsOwner {
  /** Resolves the moment it is on disk; after it, and only then, posts go out. @throws Fault */
  keep(change: Pick<OutboxChange, "added" | "settled">): void;
  /** What became of a post of an earlier run: nobody holds a promise of it. */
  adopted(post: { readonly to: string; readonly body: PostBody }, outcome: PostOutcome): void;
  /** Fewer posts wait than before. */
  settled(): void;
}

interface Waiting {
  /** Known as soon as the outbox has taken it. */
  counter: number | undefined;
  readonly settle: (outcome: PostOutcome) => void;
}

type Send = Extract<OutboxEffect, { kind: "send" }>;

/**
 * Drives one outbox: keeps each post on disk until it is settled, gives it a promise, carries it
 * over links, keeps its time. What happens in one tick is one write; nothing is sent before it.
 */
export class Posts {
  readonly id: OutboxId;
  readonly #clock: Clock;
  readonly #owner: PostsOwner;
  readonly #outbox = new Outbox();
  /** By key; as many as the outbox holds. */
  readonly #waiting = new Map<number, Waiting>();
  #key = 0;
  #connection: Connection | undefined;
  #cancelTimer: (() => void) | undefined;
  #cancelWrite: (() => void) | undefined;
  /** Not on disk yet. Bounded like the outbox, as are the next two. */
  #added: KeptPost[] = [];
  #settled: number[] = [];
  /** Wait for the write. */
  #sends: Send[] = [];
  #isLeft = false;

  constructor(id: OutboxId, clock: Clock, owner: PostsOwner) {
    this.id = id;
    this.#clock = clock;
    this.#owner = owner;
  }

  get size(): number {
    return this.#outbox.size;
  }

  /** Posts that an earlier run has kept, before any of this one. */
  adopt(posts: readonly (KeptPost & { readonly parsed: PostBody })[]): void {
    for (const { counter, target: to, parsed: body } of posts) {
      const key = ++this.#key;
      const settle = (outcome: PostOutcome) => {
        if (!this.#isLeft) this.#owner.adopted({ to, body }, outcome);
      };
      this.#waiting.set(key, { counter, settle });
      this.#handle({ kind: "adopt", key, counter, to, body });
    }
  }

  /** Posts that shall not be sent any more. */
  forget(counters: readonly number[]): void {
    this.#settled.push(...counters);
    this.#writeSoon();
  }

  /** Resolves when it is on the server's disk. @throws Fault as the server refused it for good */
  post(to: string, body: PostBody): Promise<Receipt> {
    const key = ++this.#key;
    const { promise, resolve, reject } = Promise.withResolvers<Receipt>();
    const settle = (outcome: PostOutcome) => {
      if (outcome.kind === "durable") resolve(outcome.receipt);
      else reject(outcome.fault);
    };
    const waiting: Waiting = { counter: undefined, settle };
    this.#waiting.set(key, waiting);
    this.#handle({ kind: "post", key, to, body });
    if (!this.#waiting.has(key)) return promise; // Refused: too many wait.
    const counter = this.#outbox.last;
    waiting.counter = counter;
    const createdUnixMs = this.#clock.unixMs();
    this.#added.push({ counter, target: to, body: JSON.stringify(body), createdUnixMs });
    this.#writeSoon();
    return promise;
  }

  connected(connection: Connection): void {
    this.#connection = connection;
    this.#handle({ kind: "connected" });
  }

  lost(): void {
    if (this.#connection === undefined) return;
    this.#connection = undefined;
    this.#sends = [];
    this.#handle({ kind: "lost" });
  }

  /** Nobody here will send any more: what is not settled stays on disk for the next run. */
  leave(fault: Fault): void {
    this.#connection = undefined;
    this.#sends = [];
    this.#write();
    this.#isLeft = true;
    this.#handle({ kind: "abandoned", fault });
    this.#cancelTimer?.();
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
    if (waiting?.counter !== undefined && !this.#isLeft) this.forget([waiting.counter]);
    waiting?.settle(outcome);
    this.#owner.settled();
  }

  #send({ counter, to, body }: Send): void {
    const connection = this.#connection;
    connection?.askThen("post", { outbox: this.id, counter, to, body }, (outcome) => {
      // What a dying link refuses was not refused by the server: the next link sends it again.
      if (this.#connection !== connection || connection.isClosed) {
        if (outcome.kind === "refused") return;
      }
      if (outcome.kind === "answered") {
        this.#handle({ kind: "acked", counter, receipt: outcome.answer });
      } else {
        this.#handle({ kind: "refused", counter, fault: outcome.fault });
      }
    });
  }

  /** What was said goes out before whatever is asked next. */
  flush(): void {
    if (this.#cancelWrite !== undefined) this.#write();
  }

  #writeSoon(): void {
    this.#cancelWrite ??= this.#clock.after(0, () => this.#write());
  }

  /**
   * The server knows the last 256 counters of an outbox: so many may be in flight, and whatever is
   * settled before those is off the disk before more goes out. So whoever sends the rest again is
   * never taken for new.
   */
  #write(): void {
    this.#cancelWrite?.();
    this.#cancelWrite = undefined;
    const [added, settled, sends] = [this.#added, this.#settled, this.#sends];
    [this.#added, this.#settled, this.#sends] = [[], [], []];
    try {
      if (added.length + settled.length > 0) this.#owner.keep({ added, settled });
    } catch (fault) {
      if (!(fault instanceof Fault)) throw fault;
      return this.#withdraw(added, settled, sends, fault);
    }
    for (const send of sends) this.#send(send);
  }

  /** The disk took nothing: what it does not hold is not sent. */
  #withdraw(
    added: readonly KeptPost[],
    settled: readonly number[],
    sends: readonly Send[],
    fault: Fault,
  ): void {
    const lost = new Set(added.map(({ counter }) => counter));
    this.#settled.push(...settled); // With the next write that succeeds.
    for (const counter of lost) this.#handle({ kind: "withdrawn", counter, fault });
    for (const send of sends) if (!lost.has(send.counter)) this.#send(send);
  }

  #arm(): void {
    const deadline = this.#outbox.deadline();
    if (deadline === undefined || this.#cancelTimer !== undefined) return;
    const delayMs = Math.max(1, Math.ceil(deadline - this.#clock.now()));
    this.#cancelTimer = this.#clock.after(delayMs, () => {
      this.#cancelTimer = undefined;
      this.#handle({ kind: "tick" });
    });
  }
}
