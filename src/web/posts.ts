import { unreachable } from "../base/assert.ts";
import { Fault } from "../base/fault.ts";
import type { OutboxId } from "../base/ids.ts";
import type { WorkEvent } from "../core/model-event.ts";
import { Outbox, type OutboxEffect, type OutboxInput } from "../core/outbox.ts";
import { formatPostId } from "../core/posts.ts";
import type { Clock } from "../io/clock.ts";
import type { Connection } from "../io/connection.ts";
import type { PostBody } from "../wire/messages.ts";
import type { Change, Store } from "./store.ts";

/** A post as the browser keeps it. */
export interface KeptPost {
  readonly outbox: OutboxId;
  readonly counter: number;
  readonly to: string;
  readonly body: PostBody;
  readonly writtenUnixMs: number;
}

export interface PostsParts {
  readonly clock: Clock;
  readonly store: Store;
  /** Where the posts of this outbox are kept: a prefix of keys. */
  readonly prefix: string;
  readonly tell: (event: WorkEvent) => void;
  /** Fewer posts wait than before. */
  readonly settled: () => void;
}

type Send = Extract<OutboxEffect, { kind: "send" }>;

/** Keys sort like counters. */
const DIGITS = 16;

/**
 * Drives one outbox: keeps each post in the browser until it is settled and carries it over links.
 * What is written while the browser stores goes with the next write; nothing is sent before it.
 */
export class Posts {
  readonly id: OutboxId;
  readonly #parts: PostsParts;
  readonly #outbox = new Outbox();
  #connection: Connection | undefined;
  #cancelTimer: (() => void) | undefined;
  /** Not stored yet. Bounded like the outbox, as are the next two. */
  #added: KeptPost[] = [];
  #settled: number[] = [];
  /** Wait for the write. */
  #sends: Send[] = [];
  #isWriting = false;
  #isLeft = false;

  constructor(id: OutboxId, parts: PostsParts) {
    this.id = id;
    this.#parts = parts;
  }

  get size(): number {
    return this.#outbox.size;
  }

  /** Posts that a page which is gone has left, in order, before any of this one. */
  adopt(posts: readonly KeptPost[]): void {
    for (const post of posts) {
      const { counter, to, body } = post;
      this.#tellPosted(post);
      this.#tellStored(post);
      this.#handle({ kind: "adopt", key: counter, counter, to, body });
    }
  }

  /** Kept too long: the server may have forgotten whether it was sent. */
  giveUp(post: KeptPost): void {
    this.#tellPosted(post);
    const fault = new Fault("interrupted", "a message waited too long, and was not sent", {
      remedy: "look whether it is there, and send it again",
    });
    this.#tellSettled(post.counter, { kind: "refused", fault });
    this.#settled.push(post.counter);
    this.#writeSoon();
  }

  post(to: string, body: PostBody): void {
    const counter = this.#outbox.last + 1;
    const writtenUnixMs = this.#parts.clock.unixMs();
    const post = { outbox: this.id, counter, to, body, writtenUnixMs };
    this.#tellPosted(post);
    this.#added.push(post);
    this.#handle({ kind: "post", key: counter, to, body });
    this.#writeSoon();
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

  /** Nobody here will send any more; what is not settled stays for another page. */
  leave(): void {
    this.#connection = undefined;
    this.#sends = [];
    this.#isLeft = true;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  #handle(input: OutboxInput): void {
    for (const effect of this.#outbox.handle(input, this.#parts.clock.now())) this.#perform(effect);
    this.#arm();
  }

  #perform(effect: OutboxEffect): void {
    switch (effect.kind) {
      case "send":
        this.#sends.push(effect);
        return this.#writeSoon();
      case "settled": {
        const { key: counter, outcome } = effect;
        this.#added = this.#added.filter((post) => post.counter !== counter);
        this.#settled.push(counter);
        this.#tellSettled(counter, outcome);
        this.#parts.settled();
        return this.#writeSoon();
      }
      default:
        return unreachable(effect);
    }
  }

  #tellPosted({ counter, to, body, writtenUnixMs }: KeptPost): void {
    const id = formatPostId(this.id, counter);
    this.#parts.tell({ kind: "posted", key: id, id, to, body, writtenUnixMs });
  }

  #tellStored({ counter }: Pick<KeptPost, "counter">): void {
    this.#parts.tell({ kind: "stored", key: formatPostId(this.id, counter) });
  }

  #tellSettled(
    counter: number,
    outcome: Extract<OutboxEffect, { kind: "settled" }>["outcome"],
  ): void {
    this.#parts.tell({ kind: "settled", key: formatPostId(this.id, counter), outcome });
  }

  #send({ counter, to, body }: Send): void {
    const connection = this.#connection;
    connection?.askThen("post", { outbox: this.id, counter, to, body }, (outcome) => {
      if (this.#isLeft) return;
      // What a dying link refuses was not refused by the server: the next link sends it again.
      const isGone = this.#connection !== connection || connection.isClosed;
      if (isGone && outcome.kind === "refused") return;
      if (outcome.kind === "answered") {
        this.#handle({ kind: "acked", counter, receipt: outcome.answer });
      } else {
        this.#handle({ kind: "refused", counter, fault: outcome.fault });
      }
    });
  }

  #writeSoon(): void {
    if (this.#isWriting) return;
    this.#isWriting = true;
    void this.#writeAll();
  }

  async #writeAll(): Promise<void> {
    await Promise.resolve(); // What happens in one turn is one write.
    while (this.#added.length + this.#settled.length + this.#sends.length > 0) await this.#write();
    this.#isWriting = false;
  }

  /** Settled ones go before more is sent: whoever sends the rest again is never taken for new. */
  async #write(): Promise<void> {
    const [added, settled, sends] = [this.#added, this.#settled, this.#sends];
    [this.#added, this.#settled, this.#sends] = [[], [], []];
    const connection = this.#connection;
    const changes: Change[] = [
      ...added.map((post) => ({ ...this.#placeOf(post.counter), value: post })),
      ...settled.map((counter) => ({ ...this.#placeOf(counter), value: undefined })),
    ];
    let lost = new Set<number>();
    try {
      if (changes.length > 0) await this.#parts.store.write(changes);
      for (const post of added) this.#tellStored(post);
    } catch (fault) {
      if (!(fault instanceof Fault)) throw fault;
      lost = new Set(added.map(({ counter }) => counter));
      this.#withdraw(lost, fault);
    }
    if (connection === undefined || connection !== this.#connection) return;
    for (const send of sends) if (!lost.has(send.counter)) this.#send(send);
  }

  /** What the browser does not keep is not sent. */
  #withdraw(counters: ReadonlySet<number>, fault: Fault): void {
    for (const counter of counters) this.#handle({ kind: "withdrawn", counter, fault });
    this.#settled = []; // They stand there still, and are known at the server.
  }

  #placeOf(counter: number): Pick<Change, "table" | "key"> {
    const digits = String(counter).padStart(DIGITS, "0");
    return { table: "outbox", key: `${this.#parts.prefix}${this.id} ${digits}` };
  }

  #arm(): void {
    const deadline = this.#outbox.deadline();
    if (deadline === undefined || this.#cancelTimer !== undefined || this.#isLeft) return;
    const delayMs = Math.max(1, Math.ceil(deadline - this.#parts.clock.now()));
    this.#cancelTimer = this.#parts.clock.after(delayMs, () => {
      this.#cancelTimer = undefined;
      this.#handle({ kind: "tick" });
    });
  }
}
