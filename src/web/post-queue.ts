import { Fault } from "../base/fault.ts";
import { ID_BYTES, type OutboxId, outboxId } from "../base/ids.ts";
import { OUTBOX_KEEP_MS } from "../base/limits.ts";
import type { WorkEvent } from "../core/model-event.ts";
import { isOutboxId } from "../core/posts.ts";
import type { Connection } from "../io/connection.ts";
import type { PostBody } from "../wire/messages.ts";
import { type KeptPost, Posts } from "./posts.ts";
import type { Surroundings } from "./surroundings.ts";

/** Whose words they are: a server, and a user in any spelling. */
export interface Owner {
  readonly fingerprint: string;
  readonly user: string;
}

/**
 * The posts of one account in this tab: first what pages that are gone have left unsent, each
 * outbox whole and under its own id, then those of this page. Each outbox is of one tab at a time.
 */
export class PostQueue {
  readonly #parts: Surroundings;
  readonly #prefix: string;
  readonly #tell: (event: WorkEvent) => void;
  readonly #own: Posts;
  /** Those that were left, oldest first, then our own. As many as the browser keeps. */
  readonly #boxes: Posts[];
  readonly #held = new Map<string, () => void>(); // Locks of the boxes, by outbox.
  #connection: Connection | undefined;
  /** What was left is known: it goes first. */
  #isReady = false;
  /** Those that the present link carries. */
  readonly #linked = new Set<Posts>();
  #isLeft = false;

  constructor(parts: Surroundings, owner: Owner, tell: (event: WorkEvent) => void) {
    this.#parts = parts;
    this.#prefix = `${owner.fingerprint} ${owner.user.toLowerCase()} `;
    this.#tell = tell;
    this.#own = this.#box(outboxId(parts.entropy(ID_BYTES)));
    this.#boxes = [this.#own];
  }

  /** Shows that this tab lives, and takes over what is left. Posts may be made before. */
  async open(): Promise<void> {
    await this.#hold(this.#own.id);
    await this.adopt();
    this.#isReady = true;
    this.#advance();
  }

  /** Takes over what tabs that are gone have left. */
  async adopt(): Promise<void> {
    const left = await this.#left();
    for (const [id, posts] of left) {
      if (this.#held.has(id) || this.#isLeft || !(await this.#hold(id))) continue;
      const box = this.#box(id);
      const oldest = this.#parts.clock.unixMs() - OUTBOX_KEEP_MS;
      box.adopt(posts.filter(({ writtenUnixMs }) => writtenUnixMs >= oldest));
      for (const post of posts) if (post.writtenUnixMs < oldest) box.giveUp(post);
      this.#boxes.splice(-1, 0, box); // What is said now follows it, unless it is under way.
    }
    this.#advance();
  }

  post(to: string, body: PostBody): void {
    this.#own.post(to, body);
  }

  connected(connection: Connection): void {
    this.#connection = connection;
    this.#advance();
  }

  lost(): void {
    this.#connection = undefined;
    this.#linked.clear();
    for (const box of this.#boxes) box.lost();
  }

  /** What is not settled waits in the browser for another page. */
  leave(): void {
    this.#isLeft = true;
    this.#connection = undefined;
    for (const box of this.#boxes) box.leave();
    for (const release of this.#held.values()) release();
    this.#held.clear();
  }

  get size(): number {
    return this.#boxes.reduce((sum, box) => sum + box.size, 0);
  }

  #box(id: OutboxId): Posts {
    const { clock, store } = this.#parts;
    const settled = () => this.#advance();
    return new Posts(id, { clock, store, prefix: this.#prefix, tell: this.#tell, settled });
  }

  /** @returns false: another tab has it */
  async #hold(id: OutboxId): Promise<boolean> {
    const release = await this.#parts.locks.hold(`chat outbox ${id}`);
    if (release === undefined) return false;
    if (this.#isLeft) release();
    else this.#held.set(id, release);
    return !this.#isLeft;
  }

  /** By outbox, the one that waits longest first. */
  async #left(): Promise<[OutboxId, KeptPost[]][]> {
    const boxes = new Map<OutboxId, KeptPost[]>();
    try {
      for (const [, value] of await this.#parts.store.all("outbox", this.#prefix)) {
        const post = keptPostOf(value);
        if (post === undefined) continue;
        const posts = boxes.get(post.outbox) ?? [];
        boxes.set(post.outbox, posts);
        posts.push(post); // Keys come in the order of the counters.
      }
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      this.#tell({ kind: "fault", fault: error });
    }
    const since = ([, posts]: [OutboxId, KeptPost[]]) => posts[0]?.writtenUnixMs ?? 0;
    return [...boxes].sort((one, other) => since(one) - since(other));
  }

  /** The first outbox has its turn; once it is through, the next. */
  #advance(): void {
    for (;;) {
      const [first, next] = this.#boxes;
      if (!this.#isReady || this.#connection === undefined || first === undefined) return;
      if (!this.#linked.has(first)) {
        this.#linked.add(first);
        first.connected(this.#connection);
      }
      if (next === undefined || first.size > 0) return;
      this.#boxes.shift();
      first.leave();
    }
  }
}

/** Our own spelling, unless somebody has changed what the browser keeps. */
function keptPostOf(value: unknown): KeptPost | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { outbox, counter, to, body, writtenUnixMs } = value as Partial<KeptPost>;
  const isWhole =
    typeof outbox === "string" &&
    isOutboxId(outbox) &&
    Number.isSafeInteger(counter) &&
    typeof to === "string" &&
    typeof body?.text === "string" &&
    typeof writtenUnixMs === "number";
  return isWhole ? (value as KeptPost) : undefined;
}
