/** Post queue of an account session, starting with the unsent posts of earlier runs. */

import { Fault, ignoreFault, msg } from "../base/fault.ts";
import { ID_BYTES, type OutboxId, outboxId } from "../base/ids.ts";
import { OUTBOX_IN_FLIGHT_MAX, OUTBOX_KEEP_MS } from "../base/limits.ts";
import { defined } from "../base/values.ts";
import type { Receipt } from "../core/client/outbox.ts";
import { lostTarget } from "../core/client/outgoing.ts";
import { decodeQueued, type QueuedBody } from "../core/client/queued-body.ts";
import type { Clock } from "../io/clock.ts";
import type { Entropy } from "../io/entropy.ts";
import type { StoredMessage } from "../io/state/message-store.ts";
import type {
  AbandonedOutbox,
  OutboxChange,
  OutboxOwner,
  UnsentPost,
} from "../io/state/outbox-store.ts";
import type { PostBody } from "../wire/messages.ts";
import type { Connection } from "./link/connection.ts";
import { notConnected, notLoggedIn } from "./link/retry.ts";
import { OutboxDriver, type ParsedPost, type PostEvent } from "./outbox-driver.ts";
import type { DecryptedPost } from "./sealed/queued-posts.ts";
import type { PostToSeal, Sealing } from "./sealed/sealing.ts";
import type { Awaitable } from "./sealed/store.ts";

/** Beyond this number of pending posts, bulk writers wait. Interactive users never reach it. */
const READY_PENDING_MAX = 2 * OUTBOX_IN_FLIGHT_MAX;

export interface OutboxQueueStore {
  adopt(owner: OutboxOwner): readonly AbandonedOutbox[] | Promise<readonly AbandonedOutbox[]>;
  /** Writes atomically. The change is durable when the call returns or its promise resolves. */
  write(id: OutboxId, change: OutboxChange): void | Promise<void>;
  release(id: OutboxId): void;
}

export interface MessageOwner {
  /** Id under which the process continues messages. */
  readonly window: string;
  /** Messages of refused posts were stored under these keys. */
  readonly returned: (keys: readonly string[]) => void;
}

export interface OutboxQueueOptions {
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly store: OutboxQueueStore;
  readonly emit: (event: PostEvent) => void;
  readonly sealing?: Pick<Sealing, "seal" | "pinsStored" | "encryptQueued" | "decryptQueued">;
  /** `undefined` while nothing in this process continues the messages of refused posts. */
  readonly messages?: (() => MessageOwner | undefined) | undefined;
  /** Returns a promise while it is in doubt whether the server has the history of this device. */
  readonly historyChecked?: (connection?: Connection) => Promise<void> | undefined;
}

/** @returns `undefined` for a message that was stored unencrypted */
export function decryptMessage(
  sealing: Pick<Sealing, "decryptQueued"> | undefined,
  message: StoredMessage,
): Promise<readonly DecryptedPost[]> | undefined {
  return sealing?.decryptQueued(message.key as OutboxId, [asQueued(message)]);
}

/** Encrypts a message like a queued post. */
export function encryptMessage(
  sealing: Pick<Sealing, "encryptQueued"> | undefined,
  message: StoredMessage,
): Awaitable<StoredMessage> {
  const { key, target } = message;
  const encrypted = sealing?.encryptQueued(key as OutboxId, asQueued(message)) ?? message;
  if (encrypted instanceof Promise) return encrypted.then(({ body }) => ({ key, target, body }));
  return { key, target, body: encrypted.body };
}

function asQueued({ target, body }: StoredMessage): UnsentPost {
  return { counter: 1, target, body, createdUnixMs: 0 };
}

interface OpenedOutbox {
  readonly id: string;
  readonly posts: readonly DecryptedPost[];
}

export interface AdoptedPost {
  readonly to: string;
  readonly body: QueuedBody;
  readonly receipt: Promise<Receipt>;
}

/** Sends each earlier outbox completely, under its own id, before the next one. */
export class OutboxQueue {
  readonly #ownDriver: OutboxDriver;
  readonly #drivers: OutboxDriver[];
  #owner: OutboxOwner | undefined;
  #connection: Connection | undefined;
  #isReady = false;
  #activeDriver: OutboxDriver | undefined;
  /** Earlier outboxes whose remaining posts are all held. They stay linked. */
  readonly #parked = new Set<OutboxDriver>();
  #isClosed = false;
  #adopting: Promise<void> | undefined;
  /** Posts of earlier runs by the key of their message. */
  readonly #adopted = new Map<string, (AdoptedPost & { readonly driver: OutboxDriver })[]>();
  /** Earlier outboxes whose posts are settled, but not yet reported by their command. */
  readonly #sent = new Set<OutboxDriver>();
  /** Earlier outboxes with posts that this run reports. */
  readonly #taken = new Set<OutboxDriver>();
  readonly #waiters: { readonly sizeMax: number; readonly resolve: () => void }[] = [];

  constructor(private readonly options: OutboxQueueOptions) {
    this.#ownDriver = this.#newDriver(outboxId(options.entropy(ID_BYTES)));
    this.#drivers = [this.#ownDriver];
  }

  /**
   * Returns a promise if the store is asynchronous; `post` works before the promise resolves.
   * @throws {Fault} store-… if the store fails; may also reject
   */
  open(owner: OutboxOwner, adopts: boolean): void | Promise<void> {
    const isFirst = this.#owner === undefined;
    this.#owner = owner; // The server's key may have changed since the last link.
    if (!isFirst) return;
    if (!adopts) {
      this.#isReady = true;
      return;
    }
    const adopting = this.adopt();
    this.#adopting = adopting?.catch(ignoreFault);
    return adopting;
  }

  adopt(): void | Promise<void> {
    const owner = this.#owner;
    if (owner === undefined) return;
    const earlier = this.options.store.adopt(owner);
    if (!(earlier instanceof Promise)) return this.#openAdopted(earlier);
    return earlier.then(
      (outboxes) => this.#openAdopted(outboxes),
      (fault: unknown) => {
        this.#startAfter([]); // An unreadable store does not block new posts.
        throw fault;
      },
    );
  }

  post(to: string, body: QueuedBody): Promise<Receipt> {
    if (this.#owner === undefined || this.#isClosed) return Promise.reject(notLoggedIn());
    return this.#ownDriver.post(to, body);
  }

  /** Removes the posts of a command that has reported their results. */
  forgetKept(): void {
    for (const driver of [...this.#all, ...this.#sent]) driver.forgetKept();
  }

  /** Whether the queue has room for these posts, all of which one write then stores. */
  accepts(posts: readonly { readonly to: string; readonly body: PostBody }[]): boolean {
    return this.#owner !== undefined && !this.#isClosed && this.#ownDriver.accepts(posts);
  }

  /** Takes the adopted posts of a message that an earlier run of the same command has queued. */
  async takeAdopted(key: string): Promise<readonly AdoptedPost[]> {
    await this.#adopting;
    const posts = this.#adopted.get(key) ?? [];
    this.#adopted.delete(key);
    for (const { driver } of posts) this.#taken.add(driver);
    return posts;
  }

  /** Refuses the posts of this run that no server has received. */
  refuseUnsent(fault: Fault): void {
    this.#ownDriver.refuseUnsent(fault);
  }

  connected(connection: Connection): void {
    if (this.#connection !== connection) this.lost();
    this.#connection = connection;
    for (const driver of this.#parked) driver.connected(connection);
    this.#advance();
  }

  lost(): void {
    this.#connection = undefined;
    for (const driver of this.#parked) driver.lost();
    this.#activeDriver?.lost();
    this.#activeDriver = undefined;
  }

  flush(): void {
    for (const driver of this.#all) driver.flush();
  }

  async written(): Promise<void> {
    await Promise.all(this.#drivers.map((driver) => driver.written()));
  }

  close(fault: Fault): void {
    this.#isClosed = true;
    this.#connection = undefined;
    for (const driver of [...this.#all, ...this.#sent]) {
      if (driver !== this.#ownDriver && !this.#taken.has(driver)) driver.forgetKept();
      this.#closeDriver(driver, fault);
    }
    this.#settled();
  }

  get #all(): readonly OutboxDriver[] {
    return [...this.#parked, ...this.#drivers];
  }

  /** Why nothing is sent, if all posts wait for an admin of their room. */
  get heldFault(): Fault | undefined {
    const faults = this.#all.flatMap((driver) => (driver.size === 0 ? [] : [driver.heldFault]));
    return faults.every((fault) => fault !== undefined) ? faults[0] : undefined;
  }

  drained(): Promise<void> {
    return this.#pendingAtMost(0);
  }

  ready(): Promise<void> {
    return this.#pendingAtMost(READY_PENDING_MAX);
  }

  get size(): number {
    let size = 0;
    for (const driver of this.#all) size += driver.size;
    return size;
  }

  #pendingAtMost(sizeMax: number): Promise<void> {
    if (this.size <= sizeMax) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push({ sizeMax, resolve }));
  }

  #newDriver(id: OutboxId): OutboxDriver {
    return new OutboxDriver(id, this.options.clock, {
      store: (change) => {
        const owner = this.#owner;
        if (owner === undefined) throw notLoggedIn();
        const { store, sealing } = this.options;
        const window = this.options.messages?.()?.window;
        const write = () => {
          const added = change.added.map((post) => sealing?.encryptQueued(id, post) ?? post);
          const returned = change.returned.map((message) => encryptMessage(sealing, message));
          const encrypted: Awaitable<UnsentPost | StoredMessage>[] = [...added, ...returned];
          const writeAll = (rows: readonly (UnsentPost | StoredMessage)[]) =>
            store.write(id, {
              ...change,
              ...owner,
              ...defined({ window }),
              added: rows.slice(0, added.length) as UnsentPost[],
              returned: rows.slice(added.length) as StoredMessage[],
            });
          const stored = encrypted.filter(
            (row): row is UnsentPost | StoredMessage => !(row instanceof Promise),
          );
          return stored.length === encrypted.length
            ? writeAll(stored)
            : Promise.all(encrypted).then(writeAll);
        };
        const pinned = change.added.length === 0 ? undefined : sealing?.pinsStored();
        return pinned === undefined ? write() : pinned.then(write);
      },
      emit: this.options.emit,
      seal: (posts) => this.#prepare(posts),
      settled: () => this.#settled(),
      returned: (keys) => this.options.messages?.()?.returned(keys),
      heldFaultOf: (target) => {
        // Only earlier ones: two that waited for each other would wait forever.
        for (const driver of this.#parked) {
          if (driver.id === id) return undefined;
          const fault = driver.heldFaultOf(target);
          if (fault !== undefined) return fault;
        }
        return undefined;
      },
    });
  }

  /**
   * Encrypts posts. They wait until the server has proved that its history continues the one that
   * this device has seen. If it does not, the link ends, and the posts are sent or refused after
   * the user has accepted the server's history.
   */
  #prepare(posts: readonly PostToSeal[]): Promise<readonly (PostBody | Fault)[]> | undefined {
    const { sealing, historyChecked } = this.options;
    const connection = this.#connection;
    const checked = historyChecked?.(connection);
    if (checked === undefined) return sealing?.seal(posts);
    return checked.then(() => {
      if (this.#connection !== connection) return posts.map(notConnected);
      return sealing?.seal(posts) ?? posts.map(({ body }) => body);
    });
  }

  #openAdopted(earlier: readonly AbandonedOutbox[]): void | Promise<void> {
    const opening = earlier.map(({ id, posts }) =>
      this.options.sealing?.decryptQueued(id as OutboxId, posts),
    );
    if (opening.every((opened) => opened === undefined)) return this.#startAfter(earlier);
    const parsed = earlier.map((outbox, index) => this.#openOutbox(outbox, opening[index]));
    return Promise.all(parsed).then((outboxes) =>
      this.#startAfter(outboxes.filter((box) => box !== undefined)),
    );
  }

  async #openOutbox(
    outbox: AbandonedOutbox,
    opening: Promise<readonly DecryptedPost[]> | undefined,
  ): Promise<OpenedOutbox | undefined> {
    const id = outbox.id as OutboxId;
    try {
      return { id, posts: (await opening) ?? outbox.posts };
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      this.options.store.release(id);
      return undefined;
    }
  }

  #startAfter(outboxes: readonly OpenedOutbox[]): void {
    for (const outbox of outboxes) {
      if (this.#isClosed) this.options.store.release(outbox.id as OutboxId);
      else this.#drivers.splice(-1, 0, this.#adoptedDriver(outbox));
    }
    this.#isReady = true;
    this.#advance();
  }

  #adoptedDriver({ id, posts }: OpenedOutbox): OutboxDriver {
    const driver = this.#newDriver(id as OutboxId);
    const createdMinUnixMs = this.options.clock.unixMs() - OUTBOX_KEEP_MS;
    const parsed: ParsedPost[] = [];
    for (const post of posts) {
      if ("fault" in post) driver.refuse({ ...post.post, body: { text: "" } }, post.fault);
      else {
        const { body, isLost } = withoutLost(decodeQueued(post.body));
        if (isLost) driver.refuse({ ...post, body }, lostTarget());
        else parsed.push({ ...post, body });
      }
    }
    const adopted = parsed.filter(({ createdUnixMs }) => createdUnixMs >= createdMinUnixMs);
    for (const { post, receipt } of driver.adopt(adopted)) {
      const { message } = post.body;
      receipt.catch(ignoreFault); // The event `settled` reports it.
      if (message === undefined) continue;
      const posts = this.#adopted.get(message) ?? [];
      this.#adopted.set(message, [...posts, { to: post.target, body: post.body, receipt, driver }]);
    }
    for (const post of parsed) {
      if (post.createdUnixMs >= createdMinUnixMs) continue;
      // The server may have forgotten the post's counter, and would then store the post twice.
      const fault = new Fault("interrupted", msg`an unsent message has expired`, {
        remedy: msg`check whether it arrived, then send it again`,
      });
      driver.refuse(post, fault);
    }
    return driver;
  }

  #settled(): void {
    this.#advance();
    const { size } = this;
    for (let i = this.#waiters.length - 1; i >= 0; i--) {
      if (size > (this.#waiters[i]?.sizeMax ?? 0)) continue;
      for (const { resolve } of this.#waiters.splice(i, 1)) resolve();
    }
  }

  #advance(): void {
    for (const driver of this.#parked) {
      if (driver.size > 0) continue;
      this.#parked.delete(driver);
      this.#closeDriver(driver, notLoggedIn());
    }
    for (;;) {
      const [first, next] = this.#drivers;
      if (!this.#isReady || this.#connection === undefined || first === undefined) return;
      const current = this.#activeDriver ?? first;
      if (this.#activeDriver === undefined) {
        this.#activeDriver = current;
        current.connected(this.#connection);
      }
      if (next === undefined || this.#activeDriver !== current) return;
      if (current.size === 0) this.#unlink(current);
      else if (current.heldFault === undefined) return;
      else {
        this.#activeDriver = undefined;
        this.#drivers.shift();
        this.#parked.add(current);
      }
    }
  }

  #unlink(driver: OutboxDriver): void {
    this.#activeDriver = undefined;
    if (driver === this.#ownDriver) {
      driver.lost();
      return;
    }
    this.#drivers.splice(this.#drivers.indexOf(driver), 1);
    if (!driver.hasKept) return this.#closeDriver(driver, notLoggedIn());
    driver.lost();
    this.#sent.add(driver);
  }

  #closeDriver(driver: OutboxDriver, fault: Fault): void {
    const release = () => this.options.store.release(driver.id);
    const written = driver.close(fault);
    if (written === undefined) release();
    else void written.then(release);
  }
}

/**
 * Removes a reference to a message that the server has lost, because another message has its
 * number. `lostAfter`, which is never sent, is the `seq` of the last remaining record.
 */
export function withoutLost(stored: QueuedBody): {
  readonly body: QueuedBody;
  readonly isLost: boolean;
} {
  const { lostAfter, ...body } = stored;
  if (lostAfter === undefined || refersTo(body) <= lostAfter) return { body, isLost: false };
  const { edits: _, re: __, thread: ___, react = "", ...others } = body;
  return { body: { ...others, text: others.text || react }, isLost: true };
}

/** Returns the seq of the message that the post answers or edits; 0 if there is none. */
function refersTo({ re = 0, edits = 0 }: QueuedBody): number {
  return Math.max(re, edits);
}
