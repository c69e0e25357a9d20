/** The posts of one account session: unsent posts of earlier runs, then new ones. */

import { Fault } from "../base/fault.ts";
import { ID_BYTES, type OutboxId, outboxId } from "../base/ids.ts";
import { OUTBOX_IN_FLIGHT_MAX, OUTBOX_KEEP_MS } from "../base/limits.ts";
import type { Receipt } from "../core/client/outbox.ts";
import type { Clock } from "../io/clock.ts";
import type { Entropy } from "../io/entropy.ts";
import type { KeptPost, LeftOutbox, OutboxChange, OutboxOwner } from "../io/state/outbox-store.ts";
import type { PostBody } from "../wire/messages.ts";
import type { Connection } from "./link/connection.ts";
import { notLoggedIn } from "./link/retry.ts";
import { OutboxDriver, type PostEvent, type ReadPost } from "./outbox-driver.ts";
import type { Sealing } from "./sealed/sealing.ts";
import type { OpenedPosts } from "./sealed/waiting-posts.ts";

/** A writer that reads from a file or a pipe waits above this number; a person never reaches it. */
const PENDING_LOW = 2 * OUTBOX_IN_FLIGHT_MAX;

/**
 * Store of unsent posts. Each outbox belongs to one living process or browser tab. A store may
 * answer synchronously or later.
 */
export interface OutboxStore {
  /** Takes over the unsent posts of ended processes, oldest first. @throws {Fault} store-… */
  adopt(owner: OutboxOwner): readonly LeftOutbox[] | Promise<readonly LeftOutbox[]>;
  /** Atomic, and durable when it returns or resolves. @throws {Fault} store-… */
  write(id: OutboxId, change: OutboxChange): void | Promise<void>;
  /** Gives up the outbox: its posts may be adopted. */
  release(id: OutboxId): void;
}

export interface OutboxQueueOptions {
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly store: OutboxStore;
  readonly tell: (event: PostEvent) => void;
  readonly sealing?: Pick<Sealing, "seal" | "pinned" | "kept" | "opened">;
}

interface OpenedOutbox extends Pick<OpenedPosts, "posts"> {
  readonly id: string;
}

/** Sends each earlier outbox completely and under its own id before the next. */
export class OutboxQueue {
  readonly #parts: OutboxQueueOptions;
  readonly #own: OutboxDriver;
  /** Outboxes of earlier runs, oldest first, then this run's. Bounded by the store. */
  readonly #boxes: OutboxDriver[];
  #owner: OutboxOwner | undefined;
  #connection: Connection | undefined;
  /** Earlier outboxes are loaded, and go first. */
  #isReady = false;
  /** The outbox that the current link sends. */
  #linked: OutboxDriver | undefined;
  #isLeft = false;
  readonly #onSettled: { readonly sizeMax: number; readonly resolve: () => void }[] = [];

  constructor(parts: OutboxQueueOptions) {
    this.#parts = parts;
    this.#own = this.#box(outboxId(parts.entropy(ID_BYTES)));
    this.#boxes = [this.#own];
  }

  /**
   * Opens the outbox of the account that is logged in.
   * @param adopts whether to send the unsent posts of earlier runs
   * @returns a promise if the store answers later; posts may be made before it resolves
   * @throws {Fault} store-…, or rejects with it
   */
  open(owner: OutboxOwner, adopts: boolean): void | Promise<void> {
    const isFirst = this.#owner === undefined;
    this.#owner = owner; // A server may have changed its key since the last link.
    if (!isFirst) return;
    if (adopts) return this.adopt();
    this.#isReady = true;
  }

  /** Takes over the unsent posts of processes that have ended since. @throws {Fault}, as `open` */
  adopt(): void | Promise<void> {
    const owner = this.#owner;
    if (owner === undefined) return;
    const left = this.#parts.store.adopt(owner);
    if (!(left instanceof Promise)) return this.#adopted(left);
    return left.then(
      (boxes) => this.#adopted(boxes),
      (fault: unknown) => {
        this.#began([]); // An unreadable store does not block new posts.
        throw fault;
      },
    );
  }

  post(to: string, body: PostBody): Promise<Receipt> {
    if (this.#owner === undefined || this.#isLeft) return Promise.reject(notLoggedIn());
    return this.#own.post(to, body);
  }

  connected(connection: Connection): void {
    this.#connection = connection;
    this.#advance();
  }

  lost(): void {
    this.#connection = undefined;
    this.#linked?.lost();
    this.#linked = undefined;
  }

  /** Sends pending posts, so that they precede the next request. */
  flush(): void {
    for (const box of this.#boxes) box.flush();
  }

  /** Stops sending: unsettled posts stay in the store for the next run. */
  leave(fault: Fault): void {
    this.#isLeft = true;
    this.#connection = undefined;
    for (const box of this.#boxes) this.#leave(box, fault);
    this.#settled();
  }

  /** Resolves when all posts are settled, stored or refused. */
  drained(): Promise<void> {
    return this.#below(0);
  }

  /** Resolves when another post will not wait long. */
  ready(): Promise<void> {
    return this.#below(PENDING_LOW);
  }

  get size(): number {
    let size = 0;
    for (const box of this.#boxes) size += box.size;
    return size;
  }

  #below(sizeMax: number): Promise<void> {
    if (this.size <= sizeMax) return Promise.resolve();
    return new Promise((resolve) => this.#onSettled.push({ sizeMax, resolve }));
  }

  #box(id: OutboxId): OutboxDriver {
    return new OutboxDriver(id, this.#parts.clock, {
      keep: (change) => {
        const owner = this.#owner;
        if (owner === undefined) throw notLoggedIn();
        const { store, sealing } = this.#parts;
        const { settled } = change;
        const write = () => {
          const added = change.added.map((post) => sealing?.kept(id, post) ?? post);
          const put = (posts: readonly KeptPost[]) =>
            store.write(id, { ...owner, added: posts, settled });
          const known = added.filter((post): post is KeptPost => !(post instanceof Promise));
          return known.length === added.length ? put(known) : Promise.all(added).then(put);
        };
        const pinned = change.added.length === 0 ? undefined : sealing?.pinned();
        return pinned === undefined ? write() : pinned.then(write);
      },
      tell: this.#parts.tell,
      seal: (posts) => this.#parts.sealing?.seal(posts),
      settled: () => this.#settled(),
    });
  }

  /** @returns a promise if some posts have to be decrypted */
  #adopted(left: readonly LeftOutbox[]): void | Promise<void> {
    const opening = left.map(({ id, posts }) => this.#parts.sealing?.opened(id as OutboxId, posts));
    if (opening.every((opened) => opened === undefined)) return this.#began(left);
    const all = left.map((one, at) => this.#opened(one, opening[at]));
    return Promise.all(all).then((boxes) => this.#began(boxes.filter((box) => box !== undefined)));
  }

  /** @returns `undefined` if it cannot be read now; it stays for the next run */
  async #opened(
    left: LeftOutbox,
    opening: Promise<OpenedPosts> | undefined,
  ): Promise<OpenedOutbox | undefined> {
    const id = left.id as OutboxId;
    const { store } = this.#parts;
    try {
      const { posts, again } = (await opening) ?? { ...left, again: [] };
      const owner = this.#owner;
      if (again.length > 0 && owner !== undefined) {
        await store.write(id, { ...owner, added: again, settled: [] });
      }
      return { id, posts };
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      store.release(id);
      return undefined;
    }
  }

  #began(left: readonly OpenedOutbox[]): void {
    for (const one of left) {
      if (this.#isLeft) this.#parts.store.release(one.id as OutboxId);
      else this.#boxes.splice(-1, 0, this.#adopt(one)); // New posts follow it.
    }
    this.#isReady = true;
    this.#advance();
  }

  #adopt({ id, posts }: OpenedOutbox): OutboxDriver {
    const box = this.#box(id as OutboxId);
    const oldest = this.#parts.clock.unixMs() - OUTBOX_KEEP_MS;
    const read: ReadPost[] = [];
    for (const one of posts) {
      if ("fault" in one) box.giveUp({ ...one.post, body: { text: "" } }, one.fault);
      else read.push({ ...one, body: bodyOf(one) });
    }
    box.adopt(read.filter(({ createdUnixMs }) => createdUnixMs >= oldest));
    for (const post of read) {
      if (post.createdUnixMs >= oldest) continue;
      // The server may have forgotten whether it was sent, and would store it twice.
      const fault = new Fault("interrupted", "a message waited too long, and was not sent", {
        remedy: "look whether it is there, and send it again",
      });
      box.giveUp(post, fault);
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

  #advance(): void {
    for (;;) {
      const [first, next] = this.#boxes;
      if (!this.#isReady || this.#connection === undefined || first === undefined) return;
      // An outbox in progress finishes first: one adopted meanwhile comes after it.
      const current = this.#linked ?? first;
      if (this.#linked === undefined) {
        this.#linked = current;
        current.connected(this.#connection);
      }
      if (next === undefined || current.size > 0 || this.#linked !== current) return;
      this.#pass(current);
    }
  }

  /** Removes an empty outbox from the link. This run's outbox stays in the queue for new posts. */
  #pass(box: OutboxDriver): void {
    this.#linked = undefined;
    if (box === this.#own) {
      box.lost();
      return;
    }
    this.#boxes.splice(this.#boxes.indexOf(box), 1);
    this.#leave(box, notLoggedIn());
  }

  #leave(box: OutboxDriver, fault: Fault): void {
    const release = () => this.#parts.store.release(box.id);
    const written = box.leave(fault);
    if (written === undefined) release();
    else void written.then(release);
  }
}

/**
 * Parses a stored body. A body that the disk has corrupted becomes empty, and the server refuses
 * it.
 */
function bodyOf({ body }: KeptPost): PostBody {
  try {
    const value: unknown = JSON.parse(body);
    if (typeof value === "object" && value !== null && "text" in value) {
      if (typeof value.text === "string") return value as PostBody;
    }
  } catch {}
  return { text: "" };
}
