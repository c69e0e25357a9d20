/** Driver for one outbox, which stores, sends and resends its posts. */

import { unreachable } from "../base/assert.ts";
import { Fault } from "../base/fault.ts";
import type { FileId, OutboxId } from "../base/ids.ts";
import { OUTBOX_IN_FLIGHT_MAX } from "../base/limits.ts";
import { defined } from "../base/values.ts";
import {
  Outbox,
  type OutboxEffect,
  type OutboxInput,
  type PostOutcome,
  type Receipt,
} from "../core/client/outbox.ts";
import { refusedMessage } from "../core/client/outgoing.ts";
import {
  encodeQueued,
  type QueuedBody,
  sentBody,
  type WaitingOrigin,
} from "../core/client/queued-body.ts";
import type { LocalEvent } from "../core/model/event.ts";
import { formatPostId } from "../core/rooms/dedup.ts";
import { contentIds } from "../core/rooms/files.ts";
import type { Clock } from "../io/clock.ts";
import type { StoredMessage } from "../io/state/message-store.ts";
import type { OutboxChange, UnsentPost } from "../io/state/outbox-store.ts";
import type { PostBody } from "../wire/messages.ts";
import type { Connection } from "./link/connection.ts";
import { unconfirmed } from "./link/retry.ts";
import type { PostToSeal } from "./sealed/sealing.ts";

export type ParsedPost = Omit<UnsentPost, "body"> & { readonly body: QueuedBody };

type PostStep<Kind extends LocalEvent["kind"]> = Extract<LocalEvent, { kind: Kind }>;

/**
 * `key` identifies the post even if it was refused immediately. `id` is empty if the server creates
 * no record for the post.
 */
export type PostEvent =
  | PostStep<"posted" | "stored">
  | (PostStep<"settled"> & {
      readonly adopted?: { readonly to: string; readonly body: PostBody };
      /** The post's id, if it is not `key`. */
      readonly renumbered?: string;
    });

type DriverChange = Required<
  Pick<OutboxChange, "added" | "settled" | "posted" | "queued" | "returned">
>;

export interface OutboxDriverOwner {
  /** Posts are sent only after the call returns or its promise resolves. Calls never overlap. */
  store(change: DriverChange): void | Promise<void>;
  emit(event: PostEvent): void;
  seal?(posts: readonly PostToSeal[]): Promise<readonly (PostBody | Fault)[]> | undefined;
  settled(): void;
  /** Messages of refused posts were stored, under these keys. */
  returned?(keys: readonly string[]): void;
  /** Whether another outbox has earlier posts that wait for the same target. */
  heldFaultOf?(target: string): Fault | undefined;
}

interface PendingPost {
  readonly name: string;
  readonly to: string;
  readonly counter: number | undefined;
  readonly createdUnixMs: number;
  readonly files: readonly FileId[];
  /** True if the row stays until the command has reported the result. */
  readonly isKept: boolean;
  readonly waiting: WaitingOrigin | undefined;
  readonly adopted?: { readonly to: string; readonly body: PostBody };
  readonly settle?: (outcome: PostOutcome) => void;
}

type Send = Extract<OutboxEffect, { kind: "send" }>;

interface Write extends DriverChange {
  readonly sends: readonly Send[];
  readonly connection: Connection | undefined;
}

/** Unsettled posts, and settled ones whose rows are kept until their command has ended. */
const KEPT_POSTS_MAX = OUTBOX_IN_FLIGHT_MAX / 2;

/** Writes all changes of one tick together, and sends posts only after that write. */
export class OutboxDriver {
  readonly #outbox = new Outbox();
  readonly #pending = new Map<number, PendingPost>();
  #lastKey = 0;
  #connection: Connection | undefined;
  /** Temporarily refused posts, which block later posts until the driver resends them. */
  readonly #deferred = new Set<number>();
  /** Posts from earlier links or runs, which the server may already have stored. */
  readonly #maybeStored = new Set<number>();
  /** Names of held posts by their present counter. Bounded by OUTBOX_HELD_MAX. */
  readonly #renumbered = new Map<number, string>();
  #cancelTimer: (() => void) | undefined;
  #cancelWrite: (() => void) | undefined;
  #added: UnsentPost[] = [];
  #settled: number[] = [];
  /** Settled posts whose rows are still stored. */
  readonly #kept: { readonly counter: number; readonly files: readonly FileId[] }[] = [];
  /** Files of the posts that the server has stored. */
  #posted: FileId[] = [];
  /** Keys of the waiting messages whose posts are added. */
  #queued: string[] = [];
  /** Messages of refused posts. */
  #returned: StoredMessage[] = [];
  #sends: Send[] = [];
  /** False while posts are withdrawn that the store has refused: it still has their messages. */
  #isStored = true;
  #isWriting = false;
  #isSealing = false;
  readonly #queuedSends: Send[] = [];
  readonly #onIdle: (() => void)[] = [];
  #isClosed = false;

  constructor(
    readonly id: OutboxId,
    private readonly clock: Clock,
    private readonly owner: OutboxDriverOwner,
  ) {}

  get size(): number {
    return this.#outbox.size;
  }

  /** Why nothing is sent, if all posts wait for an admin of their room. */
  get heldFault(): Fault | undefined {
    return this.#outbox.heldFault;
  }

  heldFaultOf(target: string): Fault | undefined {
    return this.#outbox.heldFaultOf(target);
  }

  accepts(posts: Parameters<Outbox["acceptsAll"]>[0]): boolean {
    return !this.#isClosed && this.#outbox.acceptsAll(posts);
  }

  adopt(
    posts: readonly ParsedPost[],
  ): readonly { readonly post: ParsedPost; readonly receipt: Promise<Receipt> }[] {
    return posts.map((post) => {
      const { counter, target: to, body, createdUnixMs } = post;
      const key = ++this.#lastKey;
      const name = this.#emitAdopted(post);
      this.owner.emit({ kind: "stored", key: name });
      const { receipt, settle } = pendingReceipt();
      const adopted = { to, body };
      const files = contentIds(body.files ?? []);
      const { waiting } = body;
      const isKept = body.message !== undefined;
      const about = { name, to, counter, createdUnixMs, files, isKept, waiting };
      this.#pending.set(key, { ...about, adopted, settle });
      this.#maybeStored.add(counter);
      this.#handle({ kind: "adopt", key, counter, to, body });
      return { post, receipt };
    });
  }

  refuse(post: ParsedPost, fault: Fault): void {
    const { counter, target: to, body } = post;
    const outcome = { kind: "refused", fault } as const;
    const key = this.#emitAdopted(post);
    this.owner.emit({ kind: "settled", key, outcome, adopted: { to, body } });
    this.#return(body.waiting, to, counter, fault);
    this.#removeFromStore(counter);
  }

  /** Refuses the posts of this run that no server has received. */
  refuseUnsent(fault: Fault): void {
    for (const { counter, adopted } of [...this.#pending.values()]) {
      const isSent = counter === undefined || this.#maybeStored.has(counter);
      if (!isSent && adopted === undefined) this.#handle({ kind: "withdrawn", counter, fault });
    }
  }

  post(to: string, body: QueuedBody): Promise<Receipt> {
    const key = ++this.#lastKey;
    const { receipt, settle } = pendingReceipt();
    const writtenUnixMs = this.clock.unixMs();
    const counter = this.#outbox.accepts(to, body) ? this.#outbox.last + 1 : undefined;
    const id = counter === undefined ? "" : formatPostId(this.id, counter);
    const name = counter === undefined ? `${this.id} refused ${key}` : id;
    this.owner.emit({ kind: "posted", key: name, id, to, body, writtenUnixMs });
    const files = contentIds(body.files ?? []);
    const { waiting } = body;
    const isKept = body.message !== undefined;
    const about = { name, to, counter, createdUnixMs: writtenUnixMs, files, isKept, waiting };
    this.#pending.set(key, { ...about, settle });
    if (counter !== undefined) {
      const line = encodeQueued(body);
      this.#added.push({ counter, target: to, body: line, createdUnixMs: writtenUnixMs });
      if (waiting !== undefined) this.#queued.push(waiting.key);
      this.#writeSoon();
    }
    this.#handle({ kind: "post", key, to, body });
    return receipt;
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
    this.#queuedSends.length = 0;
    this.#handle({ kind: "lost" });
  }

  close(fault: Fault): Promise<void> | undefined {
    this.#connection = undefined;
    this.#sends = [];
    this.#queuedSends.length = 0;
    this.#write();
    this.#isClosed = true;
    // The rows stay, also those of posts whose command ends by this fault.
    this.#handle({ kind: "abandoned", fault: this.size === 0 ? fault : unconfirmed(1, fault) });
    this.#cancelTimer?.();
    if (!this.#isWriting) return undefined;
    return this.#idle();
  }

  #emitAdopted({ counter, target: to, body, createdUnixMs: writtenUnixMs }: ParsedPost): string {
    const id = formatPostId(this.id, counter);
    this.owner.emit({ kind: "posted", key: id, id, to, body, writtenUnixMs });
    return id;
  }

  #handle(input: OutboxInput): void {
    for (const effect of this.#outbox.handle(input, this.clock.now())) this.#perform(effect);
    this.#scheduleTick();
  }

  #perform(effect: OutboxEffect): void {
    switch (effect.kind) {
      case "send":
        this.#sends.push(effect);
        return this.#writeSoon();
      case "renumbered":
        return this.#renumber(effect);
      case "settled":
        return this.#settle(effect);
      default:
        return unreachable(effect);
    }
  }

  /** Replaces the row of the old counter in one write. */
  #renumber({ key, from, to, target, body }: Extract<OutboxEffect, { kind: "renumbered" }>): void {
    const pending = this.#pending.get(key);
    if (pending === undefined) return;
    this.#pending.set(key, { ...pending, counter: to });
    this.#renumbered.delete(from);
    this.#renumbered.set(to, pending.name);
    this.#removeFromStore(from);
    const { createdUnixMs } = pending;
    this.#added.push({ counter: to, target, body: encodeQueued(body), createdUnixMs });
    this.#writeSoon();
  }

  #settle({ key, outcome }: Extract<OutboxEffect, { kind: "settled" }>): void {
    const pending = this.#pending.get(key);
    this.#pending.delete(key);
    if (pending === undefined) return;
    const { name, to, counter, files, isKept, waiting, adopted, settle } = pending;
    if (counter !== undefined) this.#maybeStored.delete(counter);
    if (!this.#isClosed) {
      if (counter !== undefined) {
        const posted = outcome.kind === "durable" ? files : [];
        const fault = outcome.kind === "refused" ? outcome.fault : undefined;
        if (fault !== undefined && this.#isStored) this.#return(waiting, to, counter, fault);
        this.#kept.push({ counter, files: posted });
        if (!isKept || outcome.kind === "refused") this.#forget(counter);
        // The server recognises only the last counters of an outbox.
        while (this.#kept.length > 0 && this.#kept.length + this.size > KEPT_POSTS_MAX)
          this.#forget(this.#kept[0]?.counter);
      }
      const isRenumbered = counter !== undefined && this.#renumbered.delete(counter);
      const renumbered = isRenumbered ? formatPostId(this.id, counter) : undefined;
      this.owner.emit(defined({ kind: "settled", key: name, outcome, adopted, renumbered }));
    }
    settle?.(outcome);
    this.owner.settled();
  }

  #send({ counter, to, body }: Send): void {
    const connection = this.#connection;
    if (connection !== undefined) this.#maybeStored.add(counter);
    const fields = { outbox: this.id, counter, to, body: sentBody(body) };
    connection?.requestThen("post", fields, (outcome) => {
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
   * Settles a post that cannot be encrypted. If the server may have stored it already, sends an
   * empty post with the same counter, to which the server answers with the original receipt or a
   * permanent refusal.
   */
  #refuseUnsealable({ counter, to }: Send, fault: Fault): void {
    const isHeld = isAdminPending(fault);
    const refused: OutboxInput = isHeld
      ? { kind: "held", counter, fault, isRefused: false }
      : { kind: "refused", counter, fault };
    const connection = this.#connection;
    if (fault.retryAfterMs !== undefined || connection === undefined) return this.#handle(refused);
    const wasDeferred = this.#deferred.delete(counter);
    if (!wasDeferred && !this.#maybeStored.has(counter)) return this.#handle(refused);
    const emptyPost = { outbox: this.id, counter, to, body: { text: "" } };
    connection.requestThen("post", emptyPost, (outcome) => {
      if (outcome.kind === "answered") {
        this.#handle({ kind: "acked", counter, receipt: outcome.answer });
      } else if (isDeferral(outcome.fault)) {
        // The server refuses later posts until this one arrives again.
        this.#deferred.add(counter);
        this.#handle({ kind: "refused", counter, fault: outcome.fault });
      } else if (this.#connection === connection && !connection.isClosed) {
        this.#maybeStored.delete(counter);
        this.#handle(isHeld ? { kind: "held", counter, fault, isRefused: true } : refused);
        if (isHeld) this.#held();
      }
    });
  }

  get hasKept(): boolean {
    return this.#kept.length > 0;
  }

  /** Removes the posts of a command, which has reported their results. */
  forgetKept(): void {
    while (this.#kept.length > 0) this.#forget(this.#kept[0]?.counter);
  }

  #forget(counter: number | undefined): void {
    const index = this.#kept.findIndex((post) => post.counter === counter);
    for (const post of this.#kept.splice(index, 1)) {
      this.#posted.push(...post.files);
      this.#removeFromStore(post.counter);
    }
  }

  #held(): void {
    this.#handle({ kind: "tick" });
    this.owner.settled();
  }

  /** Stores the message of a refused post again, in the write that removes the post. */
  #return(waiting: WaitingOrigin | undefined, to: string, counter: number, fault: Fault): void {
    if (waiting === undefined) return;
    const [first] = waiting.key.split("/");
    const key = `${first}/${formatPostId(this.id, counter)}`;
    const body = JSON.stringify(refusedMessage(waiting.message, to, fault));
    this.#returned.push({ key, target: to, body });
  }

  #removeFromStore(counter: number): void {
    // A post that is settled before it was stored does not need to be stored.
    const isStored = !this.#added.some((post) => post.counter === counter);
    if (isStored) this.#settled.push(counter);
    else this.#added = this.#added.filter((post) => post.counter !== counter);
    this.#writeSoon();
  }

  flush(): void {
    if (this.#cancelWrite !== undefined) this.#write();
  }

  /** Resolves when each post so far is stored, or was withdrawn because the store failed. */
  async written(): Promise<void> {
    this.flush();
    if (this.#isWriting) await this.#idle();
  }

  #idle(): Promise<void> {
    return new Promise((resolve) => this.#onIdle.push(resolve));
  }

  #writeSoon(): void {
    this.#cancelWrite ??= this.clock.after(0, () => this.#write());
  }

  /**
   * The server deduplicates only the last 256 counters of an outbox. No more than 256 posts may be
   * in flight, and settled posts must leave the disk before others are sent. Otherwise a post that
   * is resent after a crash could be stored twice.
   */
  #write(): void {
    this.#cancelWrite?.();
    this.#cancelWrite = undefined;
    if (this.#isWriting) return;
    const write: Write = {
      added: this.#added,
      settled: this.#settled,
      posted: this.#posted,
      queued: this.#queued,
      returned: this.#returned,
      sends: this.#sends,
      connection: this.#connection,
    };
    [this.#added, this.#settled, this.#posted, this.#sends] = [[], [], [], []];
    [this.#queued, this.#returned] = [[], []];
    const { sends: _, connection: __, ...change } = write;
    const { added, settled } = change;
    if (added.length + settled.length === 0) return this.#writeSucceeded(write);
    try {
      const stored = this.owner.store(change);
      if (stored === undefined) return this.#writeSucceeded(write);
      this.#isWriting = true;
      stored.then(
        () => this.#afterWrite(() => this.#writeSucceeded(write)),
        (fault: unknown) => this.#afterWrite(() => this.#writeFailed(write, fault)),
      );
    } catch (fault) {
      this.#writeFailed(write, fault);
    }
  }

  #afterWrite(action: () => void): void {
    this.#isWriting = false;
    action();
    if (this.#added.length + this.#settled.length + this.#sends.length > 0) this.#write();
    if (!this.#isWriting) for (const resolve of this.#onIdle.splice(0)) resolve();
  }

  #writeSucceeded({ added, returned, sends, connection }: Write): void {
    if (returned.length > 0) this.owner.returned?.(returned.map(({ key }) => key));
    if (!this.#isClosed) {
      for (const { counter } of added) {
        const key = this.#renumbered.get(counter) ?? formatPostId(this.id, counter);
        this.owner.emit({ kind: "stored", key });
      }
    }
    if (connection !== this.#connection) return;
    this.#sendAll(sends);
  }

  /**
   * Keeps posts in order while some are being encrypted, because recipients keep few keys for late
   * messages.
   */
  #sendAll(allSends: readonly Send[]): void {
    if (this.#isSealing) return void this.#queuedSends.push(...allSends);
    const sends = this.#holdBehind(allSends);
    const posts = sends.map(({ counter, to, body }) => {
      return { id: formatPostId(this.id, counter), to, body: sentBody(body) };
    });
    const sealed = sends.length === 0 ? undefined : this.owner.seal?.(posts);
    if (sealed === undefined) {
      for (const send of sends) this.#send(send);
      return;
    }
    this.#isSealing = true;
    const connection = this.#connection;
    const sendSealed = async () => {
      const bodies = await sealed;
      if (connection !== this.#connection) return;
      for (const [index, send] of sends.entries()) {
        const body = bodies[index] ?? send.body;
        if (body instanceof Fault) this.#refuseUnsealable(send, body);
        else this.#send({ ...send, body });
      }
      if (bodies.some(isAdminPending)) this.#held();
    };
    void sendSealed().finally(() => {
      this.#isSealing = false;
      this.#sendAll(this.#queuedSends.splice(0));
    });
  }

  /** Posts must not overtake earlier ones that are held for the same target. */
  #holdBehind(sends: readonly Send[]): readonly Send[] {
    const due: Send[] = [];
    for (const send of sends) {
      const fault = this.#outbox.heldFaultOf(send.to) ?? this.owner.heldFaultOf?.(send.to);
      if (fault === undefined) due.push(send);
      else this.#refuseUnsealable(send, fault);
    }
    if (due.length < sends.length) this.#held();
    return due;
  }

  #writeFailed(write: Write, fault: unknown): void {
    const { added, settled, posted, returned, sends, connection } = write;
    if (!(fault instanceof Fault)) throw fault;
    const unstored = new Set(added.map(({ counter }) => counter));
    this.#isStored = false;
    for (const counter of unstored) this.#handle({ kind: "withdrawn", counter, fault });
    this.#isStored = true;
    // Retry the removals with the next write. Posts that were never stored need no removal.
    this.#settled = this.#settled.filter((counter) => !unstored.has(counter));
    this.#settled.push(...settled);
    this.#posted.push(...posted);
    this.#returned.push(...returned);
    if (connection !== this.#connection) return;
    this.#sendAll(sends.filter(({ counter }) => !unstored.has(counter)));
  }

  #scheduleTick(): void {
    const deadline = this.#outbox.deadline();
    if (deadline === undefined || this.#cancelTimer !== undefined || this.#isClosed) return;
    const delayMs = Math.max(1, Math.ceil(deadline - this.clock.now()));
    this.#cancelTimer = this.clock.after(delayMs, () => {
      this.#cancelTimer = undefined;
      this.#handle({ kind: "tick" });
    });
  }
}

function pendingReceipt(): {
  readonly receipt: Promise<Receipt>;
  readonly settle: (outcome: PostOutcome) => void;
} {
  const { promise: receipt, resolve, reject } = Promise.withResolvers<Receipt>();
  const settle = (outcome: PostOutcome) => {
    if (outcome.kind === "durable") resolve(outcome.receipt);
    else reject(outcome.fault);
  };
  return { receipt, settle };
}

function isAdminPending(body: PostBody | Fault): boolean {
  return body instanceof Fault && body.code === "admin-pending";
}

/** An unencrypted post has no epoch, so a server that names one lies. */
function isDeferral({ code, retryAfterMs }: Fault): boolean {
  return retryAfterMs !== undefined && code !== "stale-epoch";
}
