/** Kernel of the server: the only path by which submissions change rooms and accounts. */

import { assert, unreachable } from "../../base/assert.ts";
import { asFault, Fault, msg } from "../../base/fault.ts";
import type { UserId } from "../../base/ids.ts";
import { DRAIN_TIMEOUT_MS } from "../../base/limits.ts";
import type { Submission } from "../../core/rooms/commands.ts";
import type { RoomEngine } from "../../core/rooms/engine.ts";
import type { EngineEffect, EngineInput } from "../../core/rooms/engine-io.ts";
import type { ClientId } from "../../core/rooms/presence.ts";
import type { Room } from "../../core/rooms/rooms.ts";
import type { Clock } from "../../io/clock.ts";
import { rethrow } from "../../io/link/base-link.ts";
import type { AppendAllOptions, Log } from "../../io/log/log.ts";
import type { Answer, RequestKind, RequestOf } from "../../wire/messages.ts";
import type { Draft, LogRecord } from "../../wire/record.ts";
import type { ClientConnection } from "../session/client-connection.ts";
import type { ObservedEvent } from "../session/event.ts";
import { redacted } from "../session/redacted-fault.ts";
import type { ServerContext } from "./context.ts";
import type { Feed } from "./feed.ts";
import type { LogQuota } from "./log-quota.ts";
import type { Sequencer } from "./sequencer.ts";
import { eraseOrdered, Transactions } from "./transactions.ts";

export interface Actor {
  readonly user: UserId;
  readonly session?: ClientId;
}

type Requester = Pick<ClientConnection, "id" | "settle">;
export type Outcome = Answer<RequestKind> | Fault;

export interface RoomReaders {
  follow(user: UserId, room: Room): void;
  unfollow(user: UserId, room: Room): void;
  presence(room: Room, user: UserId, online: boolean): void;
}

type WrittenLog = Pick<Log, "appendThen" | "erase">;

export interface KernelOptions extends Pick<ServerContext, "clock" | "onEvent"> {
  readonly feed: Pick<Feed, "emitRecord" | "emitPresence">;
  readonly sequencer: Pick<Sequencer, "waitUntilCurrent">;
  readonly engine: Pick<RoomEngine, "handle">;
  readonly history: WrittenLog;
  readonly accounts: WrittenLog;
  readonly quota: Pick<LogQuota, "refusal" | "onAppended">;
  readonly readers: RoomReaders;
  readonly eraseFiles: (order: LogRecord) => Promise<void>;
}

interface RequestAnswers {
  readonly post: Answer<"post">;
  readonly act: Answer<"erase">;
  readonly group: Answer<"group-commit">;
}

/**
 * Limits of requests in progress, one per kind, so that no kind keeps another waiting.
 * @internal
 */
export const REQUESTS_IN_PROGRESS_MAX: Readonly<Record<keyof RequestAnswers, number>> = {
  /** Posts of programs, which share a few syncs. */
  post: 256,
  /** Mass erasures. Each account and each room has one at a time, which takes hundreds of syncs. */
  act: 64,
  /** Commits to sealed rooms. Each room has one at a time. */
  group: 256,
};

/**
 * Performs effects in order. A submission that erases records is settled only after those records
 * are blank and their files are deleted.
 */
export class Kernel {
  readonly writes;
  readonly #callbacks = new Map<number, (outcome: Outcome) => void>();
  readonly #transactions;
  #lastId = 0;
  readonly #requests = { post: 0, act: 0, group: 0 };

  constructor(private readonly options: KernelOptions) {
    this.writes = new PendingWrites(options.clock, options.onEvent, options.quota);
    this.#transactions = new Transactions(this.writes.tracked(options.accounts));
  }

  /**
   * Records changes of accounts. `decide` is synchronous and runs again if the accounts change
   * before its drafts are recorded.
   * @returns the last record; `undefined` if there were no drafts
   */
  transact(decide: () => readonly Draft[]): Promise<LogRecord | undefined> {
    return this.writes.trackTask(() => this.#transactions.run(decide));
  }

  /** Synchronous, so that the posts of an outbox stay in order. */
  submit({ user, session }: Actor, command: Submission, settle: (outcome: Outcome) => void): void {
    const id = ++this.#lastId;
    this.#callbacks.set(id, settle);
    this.#input({ kind: "submit", requester: { id, user, session }, command });
  }

  serve(
    client: Requester,
    user: UserId,
    ref: number,
    command: Submission,
    onSettled?: () => void,
  ): void {
    this.submit({ user, session: client.id }, command, (outcome) => {
      client.settle(ref, outcome);
      onSettled?.();
    });
  }

  request<Kind extends keyof RequestAnswers>(
    user: UserId,
    command: Extract<Submission, { kind: Kind }>,
  ): Promise<RequestAnswers[Kind]> {
    const kind = (command as Submission).kind as Kind;
    if (this.#requests[kind] >= REQUESTS_IN_PROGRESS_MAX[kind]) {
      throw new Fault("too-many", msg`the server is busy`, { retryAfterMs: 1_000 });
    }
    this.#requests[kind]++;
    return new Promise((resolve, reject) => {
      this.submit({ user }, command, (outcome) => {
        this.#requests[kind]--;
        if (outcome instanceof Fault) reject(outcome);
        else resolve(outcome as RequestAnswers[Kind]);
      });
    });
  }

  abandon(session: ClientId, post: Pick<RequestOf<"post">, "outbox" | "counter">): void {
    this.#input({ kind: "abandon", session, post });
  }

  startSession(session: ClientId, user: UserId, isPresent: boolean): void {
    this.#input({ kind: "enter", session, user, isPresent });
    this.options.feed.emitPresence();
  }

  endSession(session: ClientId): void {
    this.#input({ kind: "leave", session });
    this.options.feed.emitPresence();
  }

  onRecord(record: LogRecord): void {
    this.#input({ kind: "record", record });
  }

  #input(input: EngineInput): void {
    const { engine, clock } = this.options;
    // Rate limits apply to submissions, but not to records from the log, which nothing can expire.
    const isRecord = input.kind === "record";
    const now = isRecord || input.kind === "appended" ? 0 : clock.now();
    const unixMs = isRecord ? 0 : clock.expiryUnixMs();
    try {
      for (const effect of engine.handle(input, now, unixMs)) this.#perform(effect);
    } catch (error) {
      // The state may be half-changed, so the process must end, even within an HTTP request.
      if (!(error instanceof Fault)) rethrow(error);
      throw error;
    }
  }

  #perform(effect: EngineEffect): void {
    const { feed, readers } = this.options;
    switch (effect.kind) {
      case "append":
        return this.#append(effect);
      case "settle":
        if (effect.order === undefined) return this.#settle(effect.id, effect.outcome);
        return this.#erase(effect.id, effect.outcome, effect.order);
      case "confirm":
        return this.#waitUntilCurrent(effect.token);
      case "deliver":
        return feed.emitRecord(effect.room, effect.record);
      case "follow":
        return readers.follow(effect.user, effect.room);
      case "unfollow":
        return readers.unfollow(effect.user, effect.room);
      case "presence":
        return readers.presence(effect.room, effect.user, effect.online);
      default:
        return unreachable(effect);
    }
  }

  #append(append: Extract<EngineEffect, { kind: "append" }>): void {
    const { token } = append;
    this.writes.append(this.options.history, append, (outcome) => {
      if (outcome instanceof Fault) this.#input({ kind: "failed", token, fault: outcome });
      else this.#input({ kind: "appended", token, record: outcome });
    });
  }

  #waitUntilCurrent(token: number): void {
    const checked = (isCurrent: boolean) => this.#input({ kind: "confirmed", token, isCurrent });
    void this.options.sequencer.waitUntilCurrent().then(checked);
  }

  #erase(id: number, outcome: Outcome, order: LogRecord): void {
    const { history, eraseFiles } = this.options;
    this.writes
      .runWrite(() => eraseOrdered(history, order))
      .then(() => eraseFiles(order))
      .then(
        () => this.#settle(id, outcome),
        (error: unknown) => {
          this.#settle(id, asFault(error));
        },
      );
  }

  #settle(id: number, outcome: Outcome): void {
    const settle = this.#callbacks.get(id);
    assert(settle !== undefined, "a submission was settled twice");
    this.#callbacks.delete(id);
    settle(outcome);
  }
}

class PendingWrites {
  readonly #onFault: (fault: Fault) => void;
  #inFlight = 0;
  #runningTasks = 0;
  #onIdle: (() => void) | undefined;
  #completed = 0;
  #durationMs = 0;

  constructor(
    private readonly clock: Clock,
    onEvent: (event: ObservedEvent) => void,
    private readonly quota: KernelOptions["quota"],
  ) {
    this.#onFault = (fault) => {
      if (fault.code === "store-failed") onEvent({ kind: "failed", fault });
      if (fault.code === "store-full") onEvent({ kind: "full", fault });
    };
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  get timing(): { readonly count: number; readonly durationMs: number } {
    return { count: this.#completed, durationMs: this.#durationMs };
  }

  async runWrite<Result>(task: () => Promise<Result>): Promise<Result> {
    const startedAt = this.#begin();
    try {
      return await task();
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      this.#onFault(error);
      throw redacted(error);
    } finally {
      this.#complete(startedAt);
    }
  }

  async trackTask<Result>(task: () => Promise<Result>): Promise<Result> {
    this.#runningTasks++;
    try {
      return await task();
    } finally {
      this.#runningTasks--;
      this.#checkIdle();
    }
  }

  tracked(log: WrittenLog): WrittenLog {
    return {
      appendThen: (drafts, _options, done) => this.append(log, { drafts }, done),
      erase: (seq, eraseSeq) => this.runWrite(() => log.erase(seq, eraseSeq)),
    };
  }

  append(
    log: Pick<Log, "appendThen">,
    append: AppendAllOptions & {
      readonly drafts: readonly Draft[];
      readonly payer?: UserId | undefined;
    },
    done: (outcome: LogRecord | Fault) => void,
  ): void {
    const startedAt = this.#begin();
    const { payer } = append;
    const refusal = this.quota.refusal(append.drafts, payer);
    if (refusal !== undefined) {
      // Asynchronous like a write, because thousands of refused changes may wait for each other.
      return queueMicrotask(() => {
        done(refusal);
        this.#complete(startedAt);
      });
    }
    log.appendThen(append.drafts, append, (outcome) => {
      const isFault = outcome instanceof Fault;
      if (!isFault && payer !== undefined) this.quota.onAppended(outcome, payer);
      done(isFault ? redacted(outcome) : outcome);
      this.#complete(startedAt);
      if (isFault) this.#onFault(outcome);
    });
  }

  /** Resolves when no write is in flight, but after DRAIN_TIMEOUT_MS at the latest. */
  drained(): Promise<void> {
    if (this.#isIdle) return Promise.resolve();
    return new Promise((resolve) => {
      const cancel = this.clock.after(DRAIN_TIMEOUT_MS, resolve);
      this.#onIdle = () => {
        cancel();
        resolve();
      };
    });
  }

  get #isIdle(): boolean {
    return this.#inFlight === 0 && this.#runningTasks === 0;
  }

  #checkIdle(): void {
    if (this.#isIdle) this.#onIdle?.();
  }

  #begin(): number {
    this.#inFlight++;
    return this.clock.now();
  }

  #complete(startedAt: number): void {
    this.#completed++;
    this.#durationMs += this.clock.now() - startedAt;
    this.#inFlight--;
    this.#checkIdle();
  }
}
