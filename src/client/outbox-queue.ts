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

/** A writer that reads from a file or a pipe waits above this; a person never gets there. */
const PENDING_LOW = 2 * OUTBOX_IN_FLIGHT_MAX;

/**
 * Where unsent posts are kept. Each outbox belongs to one process, or one tab, as long as that
 * lives. A store may answer at once or later.
 */
export interface OutboxStore {
  /** Takes over what others that are gone left unsent, oldest first. @throws Fault store-… */
  adopt(owner: OutboxOwner): readonly LeftOutbox[] | Promise<readonly LeftOutbox[]>;
  /** All or nothing, durable when it returns or resolves. @throws Fault store-… */
  write(id: OutboxId, change: OutboxChange): void | Promise<void>;
  /** This client writes no more under this id: what is left may be adopted. */
  release(id: OutboxId): void;
}

export interface OutboxQueueOptions {
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly store: OutboxStore;
  readonly tell: (event: PostEvent) => void;
  /** Left out: nothing is sealed. */
  readonly sealing?: Pick<Sealing, "seal" | "pinned" | "kept" | "opened">;
}

interface OpenedOutbox extends Pick<OpenedPosts, "posts"> {
  readonly id: string;
}

/**
 * The posts of one account session: first those that earlier runs left unsent, each outbox whole
 * and under its own id, one after the other, then those of this run.
 */
export class OutboxQueue {
  readonly #parts: OutboxQueueOptions;
  readonly #own: OutboxDriver;
  /** Those of earlier runs, oldest first, then our own. As many as the store holds. */
  readonly #boxes: OutboxDriver[];
  #owner: OutboxOwner | undefined;
  #connection: Connection | undefined;
  /** What was left is known: it goes first. */
  #isReady = false;
  /** The outbox that the present link carries. */
  #linked: OutboxDriver | undefined;
  #isLeft = false;
  readonly #onSettled: { readonly sizeMax: number; readonly resolve: () => void }[] = [];

  constructor(parts: OutboxQueueOptions) {
    this.#parts = parts;
    this.#own = this.#box(outboxId(parts.entropy(ID_BYTES)));
    this.#boxes = [this.#own];
  }

  /**
   * The account that is logged in writes here from now on.
   * @param adopts whether to send on what earlier runs left
   * @returns a promise where the store answers later; posts may be made before it resolves
   * @throws Fault store-…, or rejects with it
   */
  open(owner: OutboxOwner, adopts: boolean): void | Promise<void> {
    const isFirst = this.#owner === undefined;
    this.#owner = owner; // A server may have changed its key since the last link.
    if (!isFirst) return;
    if (adopts) return this.adopt();
    this.#isReady = true;
  }

  /** Takes over what others that are gone by now have left. @throws Fault, as `open` */
  adopt(): void | Promise<void> {
    const owner = this.#owner;
    if (owner === undefined) return;
    const left = this.#parts.store.adopt(owner);
    if (!(left instanceof Promise)) return this.#adopted(left);
    return left.then(
      (boxes) => this.#adopted(boxes),
      (fault: unknown) => {
        this.#began([]); // What cannot be read does not hold up what is said now.
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

  /** What was said goes out before whatever is asked next. */
  flush(): void {
    for (const box of this.#boxes) box.flush();
  }

  /** What is not settled waits in the store for the next run. */
  leave(fault: Fault): void {
    this.#isLeft = true;
    this.#connection = undefined;
    for (const box of this.#boxes) this.#leave(box, fault);
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

  /** @returns a promise where some of them have to be decrypted */
  #adopted(left: readonly LeftOutbox[]): void | Promise<void> {
    const opening = left.map(({ id, posts }) => this.#parts.sealing?.opened(id as OutboxId, posts));
    if (opening.every((opened) => opened === undefined)) return this.#began(left);
    const all = left.map((one, at) => this.#opened(one, opening[at]));
    return Promise.all(all).then((boxes) => this.#began(boxes.filter((box) => box !== undefined)));
  }

  /** @returns undefined: it cannot be read now, and waits for the next run */
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
      else this.#boxes.splice(-1, 0, this.#adopt(one)); // What is said now follows it.
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
      // The server may have forgotten whether it was sent: it could be said twice.
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

  /** The first outbox has its turn; once it is through, the next. */
  #advance(): void {
    for (;;) {
      const [first, next] = this.#boxes;
      if (!this.#isReady || this.#connection === undefined || first === undefined) return;
      // An outbox that is under way keeps its turn: one that was adopted meanwhile comes after it.
      const current = this.#linked ?? first;
      if (this.#linked === undefined) {
        this.#linked = current;
        current.connected(this.#connection);
      }
      if (next === undefined || current.size > 0 || this.#linked !== current) return;
      this.#pass(current);
    }
  }

  /** It is through: the next has its turn. Our own stays, since more may be said. */
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
