/** Connection with its session: limits, requests, notices and catch-up. */

import { assert } from "../../base/assert.ts";
import { Fault, msg } from "../../base/fault.ts";
import type { RoomId } from "../../base/ids.ts";
import {
  IDLE_BEFORE_LOGIN_MS,
  MESSAGE_BEFORE_LOGIN_ANSWERED_BYTES_MAX,
  MESSAGE_BYTES_MAX,
  MESSAGES_BEFORE_LOGIN_MAX,
  REQUESTS_BURST,
  REQUESTS_PER_SECOND,
} from "../../base/limits.ts";
import { PROBE_INTERVAL_MS } from "../../base/limits-page.ts";
import { TokenBucket } from "../../core/rate.ts";
import type { Account } from "../../core/rooms/accounts.ts";
import type { ClientId } from "../../core/rooms/presence.ts";
import {
  DEFAULT_HEARTBEAT,
  NO_HEARTBEAT,
  Session,
  type SessionEffect,
} from "../../core/session/session.ts";
import { SmallMap } from "../../core/small-map.ts";
import type { Clock } from "../../io/clock.ts";
import { slowReaderFault } from "../../io/link/base-link.ts";
import type { Link, LinkHandlers } from "../../io/link/link.ts";
import type { Answer, NoticeOf, Request, RequestKind } from "../../wire/messages.ts";
import { PostCodec } from "../../wire/post-message.ts";
import { addressSender } from "./connection-limits.ts";
import type {
  ConnectionLogin,
  ConnectionState,
  DataChannel,
  HandshakeResult,
  MemberState,
} from "./connection-state.ts";
import type { Origin } from "./event.ts";
import type { FairScheduler, ScheduledSource } from "./fair-scheduler.ts";
import type { FloodGuard } from "./flood-guard.ts";
import { redacted } from "./redacted-fault.ts";

export interface ClientConnectionOptions {
  hello(client: ClientConnection, hello: NoticeOf<"hello">): void;
  request(client: ClientConnection, request: Request): void;
  transfer(client: ClientConnection, notice: TransferNotice): void;
  closed(client: ClientConnection, fault: Fault | undefined): void;
  flooded(client: ClientConnection): void;
  readonly clock: Pick<Clock, "now" | "unixMs">;
  readonly scheduler: FairScheduler;
  readonly floodGuard: FloodGuard;
}

/** Requests that an account's traffic must not show to operators, because a vote may be secret. */
const UNCOUNTED: ReadonlySet<RequestKind> = new Set(["vote"]);

/** Traffic as operators see it. */
export interface CountedTraffic {
  readonly sentMessages: number;
  readonly sentBytes: number;
  /** Handled messages. */
  readonly receivedMessages: number;
  readonly receivedBytes: number;
}

export type TransferNotice = NoticeOf<"chunk"> | NoticeOf<"ack">;
export type ClientNotice = Parameters<Session["notify"]>[0];

export class ClientConnection implements ScheduledSource, LinkHandlers {
  readonly session: Session;
  readonly #requests: TokenBucket;
  #unauthenticatedMessages = 0;
  #state: ConnectionState = { kind: "greeting" };
  readonly sinceMs: number;
  wrongSecrets = 0;
  /** Followed rooms. The value is the run of the room's catch-up, until it is complete. */
  readonly #rooms = new SmallMap<RoomId, symbol | undefined>();
  /** Numbers of records per room that the client does not know and was not sent. */
  readonly withheld = new SmallMap<RoomId, number>();
  readonly #onUnfollowed = new SmallMap<RoomId, () => void>();
  readonly #onClosed: (() => void)[] = [];
  #isClosed = false;
  #acknowledged = 0;
  readonly #counted = { receivedMessages: 0, receivedBytes: 0 };
  /** Pending requests of UNCOUNTED, as many as a session can have. */
  readonly #uncountedRefs = new Set<number>();
  readonly #uncountedAnswers = { messages: 0, bytes: 0 };
  /** Messages queued in the scheduler. The sender key must not change until they are handled. */
  #queuedMessages = 0;
  #unansweredRequests = 0;
  /** Time of the last request, before it of the connection. */
  #lastRequestAt: number;
  #sender = "";

  constructor(
    readonly id: ClientId,
    readonly link: Link,
    private readonly options: ClientConnectionOptions,
  ) {
    this.sinceMs = options.clock.unixMs();
    const heartbeat = link.transport === "irc" ? NO_HEARTBEAT : DEFAULT_HEARTBEAT;
    this.session = new Session("server", options.clock.now(), heartbeat, new PostCodec());
    link.limitMessageBytes?.(this.session.messageBytesMax);
    this.#requests = new TokenBucket(REQUESTS_PER_SECOND, REQUESTS_BURST, options.clock.now());
    this.#lastRequestAt = options.clock.now();
    link.receive(this);
  }

  message(bytes: Uint8Array): void {
    if (this.#isClosed) return;
    if (!this.#isWithinRate(bytes.length)) return this.overflow();
    if (this.#isTooLongBeforeLogin(bytes.length)) {
      const message = msg`message of ${bytes.length} bytes before log-in`;
      return this.#abort(new Fault("too-large", message));
    }
    this.#schedule(bytes.length, (now) => this.#received(bytes, now));
  }

  closed(fault: Fault | undefined): void {
    this.#schedule(0, () => {
      this.#perform(this.session.linkClosed(fault));
      this.#end(fault);
    });
  }

  /** Closes without an answer, because an answer would take time from other clients. */
  overflow(): void {
    if (this.#isClosed) return;
    this.options.flooded(this);
    this.#abort(new Fault("too-fast", "client exceeded the connection limits"));
  }

  /** Closes without an answer, because an answer would wait behind the queue. */
  dropSlowReader(): void {
    if (!this.#isClosed) this.#abort(slowReaderFault());
  }

  #abort(fault: Fault): void {
    this.link.destroy();
    this.#perform(this.session.linkClosed(fault));
    this.#end(fault);
  }

  #isTooLongBeforeLogin(sizeBytes: number): boolean {
    const { kind } = this.#state;
    const isLoggedIn = kind === "member" || kind === "data-channel";
    return !isLoggedIn && sizeBytes > MESSAGE_BEFORE_LOGIN_ANSWERED_BYTES_MAX;
  }

  #received(bytes: Uint8Array, now: number): void {
    if (this.#isClosed) return;
    const effects = this.session.receive(bytes, now);
    this.#countReceived(bytes.length, effects);
    if (effects.every(({ kind }) => kind === "transmit") && !this.#allowsIdle()) return;
    this.#perform(effects);
  }

  #countReceived(sizeBytes: number, effects: readonly SessionEffect[]): void {
    for (const effect of effects) {
      if (effect.kind !== "request" || !UNCOUNTED.has(effect.request.kind)) continue;
      this.#uncountedRefs.add(effect.request.ref);
      return;
    }
    this.#counted.receivedMessages++;
    this.#counted.receivedBytes += sizeBytes;
  }

  get traffic(): CountedTraffic {
    const { sentMessages, sentBytes } = this.link.counters();
    const { messages, bytes } = this.#uncountedAnswers;
    return {
      ...this.#counted,
      sentMessages: sentMessages - messages,
      sentBytes: sentBytes - bytes,
    };
  }

  /** Reports whether the answer is part of the traffic that operators see. */
  #countAnswer(ref: number, effects: readonly SessionEffect[]): boolean {
    if (!this.#uncountedRefs.delete(ref)) return true;
    for (const effect of effects) {
      if (effect.kind !== "transmit") continue;
      this.#uncountedAnswers.messages++;
      this.#uncountedAnswers.bytes += effect.bytes.length + (effect.tail?.length ?? 0);
    }
    return false;
  }

  #allowsIdle(): boolean {
    if (this.options.floodGuard.allowsIdle(this.sender)) return true;
    this.overflow();
    return false;
  }

  #isWithinRate(sizeBytes: number): boolean {
    const { kind } = this.#state;
    if (kind === "data-channel") return true;
    const isLimited = kind !== "member" && !this.isOperator;
    if (isLimited && ++this.#unauthenticatedMessages > MESSAGES_BEFORE_LOGIN_MAX) return false;
    return this.options.floodGuard.allowsBytes(this.sender, sizeBytes);
  }

  /**
   * The sessions of an account share one turn in the rotation, as do the unauthenticated clients of
   * an address.
   */
  #schedule(sizeBytes: number, task: (now: number) => void): void {
    if (this.#queuedMessages === 0) this.#sender = this.sender;
    this.#queuedMessages++;
    this.options.scheduler.run(this.#sender, this, sizeBytes, (now) => {
      this.#queuedMessages--;
      task(now);
    });
  }

  get sender(): string {
    const account = this.account ?? this.channel?.account;
    return account?.id ?? addressSender(this.link.remote.host);
  }

  get state(): ConnectionState {
    return this.#state;
  }

  get handshake(): HandshakeResult | undefined {
    return this.#state.kind === "greeting" ? undefined : this.#state.handshake;
  }

  /**
   * A new object for each log-in, so that a task of an earlier session can detect that its session
   * has ended.
   */
  get member(): MemberState | undefined {
    return this.#state.kind === "member" ? this.#state : undefined;
  }

  get account(): Account | undefined {
    return this.member?.account;
  }

  get channel(): DataChannel | undefined {
    return this.#state.kind === "data-channel" ? this.#state.channel : undefined;
  }

  /** Reports whether the link has presented the operator token, before or without a log-in. */
  get isOperator(): boolean {
    return this.handshake?.admission.isOperator === true;
  }

  greet(
    hello: Pick<
      HandshakeResult,
      "clientName" | "clientNonce" | "serverNonce" | "knows" | "clusterKnows" | "proxyCertificates"
    >,
  ): void {
    assert(this.#state.kind === "greeting", "a link has one handshake");
    const admission = {
      isAdmitted: false,
      isVouched: false,
      isOperator: false,
      invite: undefined,
      invited: undefined,
    };
    const handshake = { ...hello, admission, isReported: false };
    this.#state = { kind: "unauthenticated", handshake, login: undefined };
  }

  authenticated(login: ConnectionLogin): void {
    this.#state = { ...this.#unauthenticated(), login };
  }

  logIn(account: Account): MemberState {
    const { handshake, login } = this.#unauthenticated();
    assert(login !== undefined, "the account has logged in");
    const member: MemberState = { kind: "member", handshake, ...login, account, isOperator: false };
    this.#state = member;
    return member;
  }

  logOut(): void {
    const { member } = this;
    if (member === undefined) return;
    this.#unauthenticatedMessages = 0;
    this.#state = { kind: "unauthenticated", handshake: member.handshake, login: undefined };
  }

  openChannel(channel: DataChannel): void {
    const { handshake } = this.#unauthenticated();
    this.#state = { kind: "data-channel", handshake, channel };
  }

  #unauthenticated(): Extract<ConnectionState, { kind: "unauthenticated" }> {
    assert(this.#state.kind === "unauthenticated", "one account is logged in per link");
    return this.#state;
  }

  get origin(): Origin {
    return { address: this.link.remote, transport: this.link.transport };
  }

  /** Reports whether a link without a log-in asks nothing. An operator's link never counts. */
  isIdle(now: number): boolean {
    const isWaiting = this.#unansweredRequests + this.#queuedMessages > 0;
    return !isWaiting && !this.isOperator && now - this.#lastRequestAt >= IDLE_BEFORE_LOGIN_MS;
  }

  get acknowledged(): number {
    return this.#acknowledged;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  checkRequestRate(): Fault | undefined {
    const retryAfterMs = this.#requests.take(this.options.clock.now());
    if (retryAfterMs === 0) return undefined;
    return new Fault("too-fast", msg`too many requests`, { retryAfterMs });
  }

  answer<Kind extends RequestKind>(ref: number, answer: Answer<Kind>): void {
    this.#unansweredRequests--;
    const effects = this.session.answer<Kind>(ref, answer);
    if (this.#countAnswer(ref, effects)) this.#acknowledged++;
    this.link.limitMessageBytes?.(
      this.isOperator ? MESSAGE_BYTES_MAX : this.session.messageBytesMax,
    );
    this.#perform(effects);
    this.#handleEarlyRequests();
  }

  refuse(ref: number, fault: Fault): void {
    this.#unansweredRequests--;
    if (!this.#allowsIdle()) return;
    const effects = this.session.refuse(ref, redacted(fault));
    if (this.#countAnswer(ref, effects)) this.#acknowledged++;
    this.#perform(effects);
    this.#handleEarlyRequests();
  }

  /** Deferred, because the services have not handled the log-in yet. */
  #handleEarlyRequests(): void {
    if (!this.session.hasEarlyRequests) return;
    queueMicrotask(() => {
      this.#schedule(0, () => this.#perform(this.session.handleEarlyRequests()));
    });
  }

  settle(ref: number, outcome: Answer<RequestKind> | Fault): void {
    if (this.#isClosed) return;
    if (outcome instanceof Fault) this.refuse(ref, outcome);
    else this.answer(ref, outcome);
  }

  notify(notice: ClientNotice): void {
    if (notice.kind === "ack") this.#acknowledged++;
    this.#perform(this.session.notify(notice));
  }

  sendBytes(bytes: Uint8Array): void {
    if (!this.#isClosed) this.link.send(bytes);
  }

  probe(): void {
    this.#perform(this.session.probe(this.options.clock.now(), PROBE_INTERVAL_MS));
  }

  tick(): void {
    const now = this.options.clock.now();
    if (now >= (this.session.deadline() ?? Number.POSITIVE_INFINITY)) {
      this.#perform(this.session.tick(now));
    }
  }

  whenClosed(callback: () => void): void {
    if (this.#isClosed) callback();
    else this.#onClosed.push(callback);
  }

  close(fault: Fault | undefined): void {
    this.#perform(this.session.close(fault === undefined ? undefined : redacted(fault)));
  }

  beginCatchUp(room: RoomId): symbol | undefined {
    if (this.#isClosed || this.#rooms.has(room)) return undefined;
    const run = Symbol(room);
    this.#rooms.set(room, run);
    return run;
  }

  isCatchingUp(room: RoomId, run: symbol): boolean {
    return this.#rooms.get(room) === run;
  }

  isFollowing(room: RoomId): boolean {
    return this.#rooms.has(room) && this.#rooms.get(room) === undefined;
  }

  follow(room: RoomId): void {
    this.#rooms.set(room, undefined);
  }

  subscribe(room: RoomId): void {
    this.link.follow(room);
  }

  whenUnfollowed(room: RoomId, callback: () => void): void {
    this.#onUnfollowed.set(room, callback);
  }

  unfollow(room: RoomId): void {
    this.withheld.delete(room);
    this.#onUnfollowed.get(room)?.();
    this.#onUnfollowed.delete(room);
    this.#rooms.delete(room);
    this.link.unfollow(room);
  }

  unfollowAll(): void {
    for (const room of [...this.#rooms.keys()]) this.unfollow(room);
  }

  #perform(effects: readonly SessionEffect[]): void {
    for (const effect of effects) {
      switch (effect.kind) {
        case "transmit":
          this.link.send(effect.bytes, effect.tail);
          break;
        case "request":
          this.#unansweredRequests++;
          this.#lastRequestAt = this.options.clock.now();
          this.options.request(this, effect.request);
          break;
        case "notice":
          this.#notice(effect.notice);
          break;
        case "close":
          this.link.close();
          this.#end(effect.fault);
          break;
        default:
          break;
      }
    }
  }

  #notice(notice: Extract<SessionEffect, { kind: "notice" }>["notice"]): void {
    if (notice.kind === "hello") this.options.hello(this, notice);
    if (notice.kind === "ack") this.#acknowledged++;
    if (notice.kind === "chunk" || notice.kind === "ack") this.options.transfer(this, notice);
  }

  #end(fault: Fault | undefined): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.options.scheduler.drop(this.#sender, this);
    for (const callback of this.#onClosed.splice(0)) callback();
    this.options.closed(this, fault);
  }
}
