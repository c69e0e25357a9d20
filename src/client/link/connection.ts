/** Protocol session on one link, which turns bytes into answers and notices. */

import { unreachable } from "../../base/assert.ts";
import { asFault, Fault, ignoreFault, msg } from "../../base/fault.ts";
import {
  EARLY_REQUESTS_MAX,
  LOGIN_TIMEOUT_MS,
  MESSAGE_BEFORE_LOGIN_BYTES_MAX,
  OUTBOX_IN_FLIGHT_MAX,
  REQUESTS_IN_FLIGHT_MAX,
} from "../../base/limits.ts";
import { STALL_MS } from "../../base/limits-page.ts";
import { formatDuration } from "../../base/sizes.ts";
import { defined } from "../../base/values.ts";
import { Stall } from "../../core/client/stall.ts";
import {
  DEFAULT_HEARTBEAT,
  FAST_HEARTBEAT,
  Session,
  type SessionEffect,
} from "../../core/session/session.ts";
import { type Clock, withTimeout } from "../../io/clock.ts";
import type { Link, LinkCounters, Transport } from "../../io/link/link.ts";
import { encodeFitting, type Outgoing } from "../../wire/codec.ts";
import {
  type Answer,
  type Notice,
  type NoticeOf,
  type RequestFields,
  type RequestKind,
  requestRow,
} from "../../wire/messages.ts";
import { announcedVersion, type Version } from "../../wire/since.ts";
import { unsupported, unsupportedRecord } from "./server-version.ts";

export type ServerNotice = Exclude<Notice, { kind: "ok" | "fault" }>;

export type RequestOutcome<Kind extends RequestKind> =
  | { readonly kind: "answered"; readonly answer: Answer<Kind> }
  | { readonly kind: "refused"; readonly fault: Fault };

/** Request that is sent behind a log-in, before its answer. */
export type EarlyRequest = {
  readonly [Kind in RequestKind]: readonly [kind: Kind, fields: RequestFields<Kind>];
}[RequestKind];

export type GuessDelay = Pick<NoticeOf<"guess-delay">, "waitMs" | "of">;

type Settle = (outcome: RequestOutcome<RequestKind>) => void;

/** Leaves room for all posts that may be in flight. */
const REQUESTS_PENDING_MAX = REQUESTS_IN_FLIGHT_MAX - OUTBOX_IN_FLIGHT_MAX;
const REF_MAX = 0xffffffff;
/** Maximum number of notices queued until the code that awaited an answer has run. */
const NOTICES_QUEUED_MAX = 16_384;

/** Longest wait before a rate-limited request is repeated. A longer one is reported to the user. */
export const RATE_WAIT_MS_MAX = 5_000;
/** Maximum total of these waits for one request. */
const RATE_WAITS_MS_MAX = 60_000;

export interface LinkStats {
  readonly transport: Transport;
  readonly sinceUnixMs: number;
  readonly requested: number;
  readonly acknowledged: number;
  readonly counters: LinkCounters;
}

export class Connection {
  isAdmitted = false;
  /** `undefined` before the greeting. */
  serverVersion: Version | undefined;
  /** Newest version whose records all servers of the cluster accept. */
  clusterVersion: Version | undefined;
  onGuessDelay: ((delay: GuessDelay | undefined) => void) | undefined;
  #isGuessDelayed = false;
  #onStalled: ((on: boolean) => void) | undefined;
  readonly #stall: Stall;
  #isStalled = false;
  readonly #sinceUnixMs: number;
  readonly #session: Session;
  readonly #onClosed: ((fault: Fault | undefined) => void)[] = [];
  readonly #pending = new Map<number, Settle>();
  #queuedNotices: ServerNotice[] = [];
  #listener: ((notice: ServerNotice) => void) | undefined;
  #cancelTimer: (() => void) | undefined;
  #timerAt = Number.POSITIVE_INFINITY;
  #closed: { fault: Fault | undefined } | undefined;
  readonly #drained = Promise.withResolvers<void>();
  /** Packets or socket reads by the last check. New ones prove that the server is alive. */
  #reads = 0;
  #hasAnotherPath = false;
  #requestCount = 0;
  #answerCount = 0;
  /** Answers of requests sent with the log-in, by `requestKey`. */
  readonly #early = new Map<string, Promise<Answer<RequestKind>>>();
  /** Rate-limited requests that wait for their next attempt. */
  readonly #waits = new Set<() => void>();
  #isImpatient = false;

  constructor(
    readonly link: Link,
    private readonly clock: Clock,
    private readonly answerTimeoutMs?: number,
  ) {
    this.#sinceUnixMs = clock.unixMs();
    this.#stall = new Stall(clock.now());
    const pace = link.transport === "udp" ? FAST_HEARTBEAT : DEFAULT_HEARTBEAT;
    this.#session = new Session("client", clock.now(), pace);
    link.receive({
      message: (bytes) => {
        this.#stall.received(clock.now());
        this.#perform(this.#session.receive(bytes, clock.now()));
        this.#scheduleTimer();
      },
      closed: (fault) => {
        this.#perform(this.#session.linkClosed(fault));
        this.#drained.resolve();
      },
    });
    this.#scheduleTimer();
  }

  get isClosed(): boolean {
    return this.#session.phase === "closed";
  }

  get drained(): Promise<void> {
    return this.#drained.promise;
  }

  async drainedWithin(ms: number): Promise<void> {
    await withTimeout(this.drained, ms, () => undefined, this.clock);
  }

  get closeFault(): Fault {
    return this.#closed?.fault ?? new Fault("link-closed", "the connection was closed");
  }

  watchStalls(onStalled: ((on: boolean) => void) | undefined, stallMs = STALL_MS): void {
    this.#onStalled = onStalled;
    this.#stall.stallMs = stallMs;
    this.#scheduleTimer();
  }

  listen(listener: ((notice: ServerNotice) => void) | undefined): void {
    this.#listener = listener;
    const queued = this.#queuedNotices;
    this.#queuedNotices = [];
    for (const notice of queued) this.#notice(notice);
  }

  /**
   * Calls `callback` once, immediately if already closed. The fault is `undefined` after a normal
   * close.
   */
  onClosed(callback: (fault: Fault | undefined) => void): void {
    if (this.#closed === undefined) this.#onClosed.push(callback);
    else callback(this.#closed.fault);
  }

  send(notice: ServerNotice): void {
    this.#perform(this.#session.notify(notice));
  }

  /**
   * Sends a request behind a log-in that is not answered yet. The first equal `request` returns its
   * answer.
   * @returns false if the request is too large or one too many, so that it must wait
   */
  requestEarly(...[kind, fields]: EarlyRequest): boolean {
    if (this.#pending.size > EARLY_REQUESTS_MAX) return false; // The log-in is pending, too.
    const bytes = encodeFitting({ kind, ref: REF_MAX, ...fields } as unknown as Outgoing);
    if (bytes === undefined || bytes.length > MESSAGE_BEFORE_LOGIN_BYTES_MAX) return false;
    const answered = this.#request(kind, fields, 0);
    answered.catch(ignoreFault); // The request that takes the answer reports it.
    this.#early.set(requestKey(kind, fields), answered);
    return true;
  }

  /**
   * Repeats a rate-limited request after a short wait.
   * @throws {Fault} too-fast, with the time at which to try again, if the wait is longer
   */
  request<Kind extends RequestKind>(
    kind: Kind,
    fields: RequestFields<Kind>,
  ): Promise<Answer<Kind>> {
    if (this.#early.size === 0) return this.#request(kind, fields, 0);
    const key = requestKey(kind, fields);
    const early = this.#early.get(key) as Promise<Answer<Kind>> | undefined;
    this.#early.delete(key);
    return (
      early?.catch((error: unknown) => {
        // A log-in that failed before it succeeded with a password has refused the early request.
        const wasEarly = error instanceof Fault && error.code === "not-logged-in";
        if (!wasEarly) throw error;
        return this.#request(kind, fields, 0);
      }) ?? this.#request(kind, fields, 0)
    );
  }

  /** @param waitedMs total of the waits before earlier attempts */
  #request<Kind extends RequestKind>(
    kind: Kind,
    fields: RequestFields<Kind>,
    waitedMs: number,
  ): Promise<Answer<Kind>> {
    return new Promise((resolve, reject) => {
      if (this.#pending.size >= REQUESTS_PENDING_MAX && kind !== "post") {
        reject(new Fault("too-many", msg`${this.#pending.size} requests are pending`));
        return;
      }
      const isGuess = requestRow(kind).isGuess === true;
      const timeoutMs = this.answerTimeoutMs && (isGuess ? LOGIN_TIMEOUT_MS : this.answerTimeoutMs);
      const timeOut = () => reject(new Fault("timeout", "the server does not answer"));
      const cancel = timeoutMs === undefined ? () => {} : this.clock.after(timeoutMs, timeOut);
      this.requestThen(kind, fields, (outcome) => {
        cancel();
        if (outcome.kind === "answered") return resolve(outcome.answer);
        const waitMs = rateWaitOf(outcome.fault, waitedMs);
        if (waitMs === undefined || this.#isImpatient) return reject(outcome.fault);
        // Safe to repeat, because the server has not processed a rate-limited request.
        const cancelWait = this.clock.after(waitMs, () => {
          this.#waits.delete(stop);
          this.#request(kind, fields, waitedMs + waitMs).then(resolve, reject);
        });
        const stop = () => {
          cancelWait();
          reject(this.isClosed ? this.closeFault : outcome.fault);
        };
        this.#waits.add(stop);
      });
    });
  }

  /** From now on, rate-limited requests fail without another attempt. */
  stopWaiting(): void {
    this.#isImpatient = true;
    for (const stop of this.#waits) stop();
    this.#waits.clear();
  }

  /** Calls back before any later message is handled. Never retries. */
  requestThen<Kind extends RequestKind>(
    kind: Kind,
    fields: RequestFields<Kind>,
    settle: (outcome: RequestOutcome<Kind>) => void,
  ): void {
    const refusal = this.isClosed ? this.closeFault : this.refusalOf(kind, fields);
    if (refusal !== undefined) {
      settle({ kind: "refused", fault: refusal });
      return;
    }
    this.#requestCount++;
    const now = this.clock.now();
    const { ref, effects } = this.#session.request(kind, fields);
    if (kind === "post") this.#stall.posted(now);
    else this.#stall.requested(now);
    this.#pending.set(ref, this.#wrapSettle(kind, settle as Settle));
    this.#perform(effects);
    if (this.#onStalled !== undefined) this.#scheduleTimer();
  }

  /** Why the server cannot do what the request asks for, because it is too old. */
  refusalOf<Kind extends RequestKind>(
    kind: Kind,
    fields: Partial<RequestFields<Kind>>,
  ): Fault | undefined {
    const { serverVersion: server, clusterVersion: cluster = server } = this;
    if (server === undefined || cluster === undefined) return undefined;
    return unsupported(server, kind, fields) ?? unsupportedRecord(cluster, kind);
  }

  #wrapSettle(kind: RequestKind, settle: Settle): Settle {
    if (requestRow(kind).isGuess === true) return this.#wrapGuess(settle);
    if (kind !== "post") return settle;
    return (outcome) => {
      this.#stall.settled(this.clock.now());
      settle(outcome);
    };
  }

  #wrapGuess(settle: Settle): Settle {
    return (outcome) => {
      if (this.#isGuessDelayed) this.onGuessDelay?.(undefined);
      this.#isGuessDelayed = false;
      settle(outcome);
    };
  }

  /** True after a fault, if the client should dial again immediately over another transport. */
  get hasAnotherPath(): boolean {
    return this.#hasAnotherPath;
  }

  get awaitsAnswer(): boolean {
    return this.#pending.size > 0;
  }

  /**
   * Number of packets or socket reads, which include parts of messages. `undefined` if the link
   * does not count them.
   */
  get reads(): number | undefined {
    const { receivedPackets, socketReads } = this.link.counters();
    return receivedPackets ?? socketReads;
  }

  get lastReceivedAt(): number {
    return this.#session.receivedAt;
  }

  probe(intervalMs: number): void {
    const now = this.clock.now();
    const effects = this.#session.probe(now, intervalMs);
    if (effects.length > 0) this.#stall.requested(now);
    this.#perform(effects);
  }

  get stats(): LinkStats {
    return {
      transport: this.link.transport,
      sinceUnixMs: this.#sinceUnixMs,
      requested: this.#requestCount,
      acknowledged: this.#answerCount,
      counters: {
        ...defined({ roundTripMs: this.#session.roundTripMs }), // A link may measure it itself.
        ...this.link.counters(),
      },
    };
  }

  close(fault?: Fault): void {
    this.#perform(this.#session.close(fault));
  }

  #perform(effects: readonly SessionEffect[]): void {
    for (const effect of effects) {
      switch (effect.kind) {
        case "transmit":
          this.link.send(effect.bytes, effect.tail);
          break;
        case "notice":
          this.#notice(effect.notice);
          break;
        case "answered":
          this.#settle(effect.ref, { kind: "answered", answer: effect.reply.answer });
          break;
        case "refused":
          this.#settle(effect.ref, { kind: "refused", fault: withRetryTime(effect.fault) });
          break;
        case "close":
          this.#handleClose(effect.fault);
          break;
        case "request":
          break;
        default:
          unreachable(effect);
      }
    }
  }

  #notice(notice: ServerNotice): void {
    if (this.isClosed) return;
    if (notice.kind === "cluster-knows") {
      this.clusterVersion = announcedVersion(notice.version);
      return;
    }
    if (notice.kind === "guess-delay") {
      this.#isGuessDelayed = true;
      return this.onGuessDelay?.(notice);
    }
    if (this.#listener === undefined) {
      if (this.#queuedNotices.length < NOTICES_QUEUED_MAX) this.#queuedNotices.push(notice);
      else this.close(new Fault("too-many", msg`messages arrive faster than they are read`));
      return;
    }
    try {
      this.#listener(notice);
    } catch (error) {
      this.close(asFault(error));
    }
  }

  #settle(ref: number, outcome: RequestOutcome<RequestKind>): void {
    if (!this.isClosed) this.#answerCount++;
    const settle = this.#pending.get(ref);
    this.#pending.delete(ref);
    settle?.(outcome);
  }

  #handleClose(fault: Fault | undefined): void {
    this.#closed = { fault };
    this.stopWaiting();
    this.#queuedNotices = [];
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    if (fault !== undefined) this.#hasAnotherPath = this.link.failed?.(fault) === true;
    this.link.close();
    for (const onClosed of this.#onClosed) onClosed(fault);
  }

  /**
   * Deadlines usually move later, so a pending timer is kept and rescheduled if it fires too early.
   */
  #scheduleTimer(): void {
    this.#reportStall();
    const due = this.#session.deadline();
    if (due === undefined) return;
    const watchesStalls = this.#onStalled !== undefined;
    const deadline = watchesStalls ? Math.min(due, this.#stall.deadline(this.clock.now())) : due;
    if (deadline >= this.#timerAt) return;
    this.#cancelTimer?.();
    this.#timerAt = deadline;
    // At least one millisecond, because a timer may fire slightly early.
    const delayMs = Math.max(1, Math.ceil(deadline - this.clock.now()));
    this.#cancelTimer = this.clock.after(delayMs, () => {
      this.#timerAt = Number.POSITIVE_INFINITY;
      this.#tick(this.clock.now());
      this.#scheduleTimer();
    });
  }

  #tick(now: number): void {
    const effects = this.#session.tick(now, this.#isAlive());
    if (effects.length > 0) this.#stall.requested(now);
    this.#perform(effects);
    if (this.#onStalled === undefined || !this.#stall.isPingDue(now)) return;
    this.#stall.requested(now);
    this.probe(0);
  }

  #reportStall(): void {
    if (this.#onStalled === undefined || this.isClosed) return;
    const isStalled = this.#stall.isStalled(this.clock.now());
    if (isStalled === this.#isStalled) return;
    this.#isStalled = isStalled;
    this.#onStalled(isStalled);
  }

  #isAlive(): boolean {
    const { reads = 0 } = this;
    const isAlive = reads > this.#reads;
    this.#reads = reads;
    return isAlive;
  }
}

function requestKey(kind: RequestKind, fields: object): string {
  const given = Object.entries(fields).filter(([, value]) => value !== undefined);
  return JSON.stringify([kind, given.sort(([a], [b]) => (a < b ? -1 : 1))]);
}

/** Returns `undefined` if the request must not be repeated. */
function rateWaitOf({ code, retryAfterMs }: Fault, waitedMs: number): number | undefined {
  if (code !== "too-fast" || retryAfterMs === undefined) return undefined;
  const isShort = retryAfterMs <= RATE_WAIT_MS_MAX && waitedMs + retryAfterMs <= RATE_WAITS_MS_MAX;
  return isShort ? retryAfterMs : undefined;
}

/** Names the time of a wait that this program leaves to the user. */
function withRetryTime(fault: Fault): Fault {
  const { code, message, retryAfterMs = 0, translatable } = fault;
  if (code !== "too-fast" || retryAfterMs <= RATE_WAIT_MS_MAX) return fault;
  const remedy = msg`try again in ${formatDuration(retryAfterMs)}`;
  return new Fault(code, translatable.message ?? message, { remedy, retryAfterMs });
}
