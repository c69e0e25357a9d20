/** A link with its session: turns bytes into answers and notices. */

import { unreachable } from "../../base/assert.ts";
import { asFault, Fault, msg } from "../../base/fault.ts";
import { OUTBOX_IN_FLIGHT_MAX, REQUESTS_IN_FLIGHT_MAX } from "../../base/limits.ts";
import { Stall } from "../../core/client/stall.ts";
import { QUICK, Session, type SessionEffect, STEADY } from "../../core/session/session.ts";
import { type Clock, within } from "../../io/clock.ts";
import type { Link, LinkCounters, Transport } from "../../io/link/link.ts";
import {
  type Answer,
  type Notice,
  type NoticeOf,
  type RequestFields,
  type RequestKind,
  requestRow,
} from "../../wire/messages.ts";

export type ServerNotice = Exclude<Notice, { kind: "ok" | "fault" }>;

export type Outcome<Kind extends RequestKind> =
  | { readonly kind: "answered"; readonly answer: Answer<Kind> }
  | { readonly kind: "refused"; readonly fault: Fault };

export type GuessDelay = Pick<NoticeOf<"guess-delay">, "waitMs" | "of">;

type Settle = (outcome: Outcome<RequestKind>) => void;

/** Leaves room for all posts that may be in flight: this side must never refuse a post. */
const QUESTIONS_MAX = REQUESTS_IN_FLIGHT_MAX - OUTBOX_IN_FLIGHT_MAX;
/** Most notices that may arrive between an answer and the moment in which the caller runs. */
const NOTICES_HELD_MAX = 16_384;

export interface LinkStats {
  readonly transport: Transport;
  readonly sinceUnixMs: number;
  /** Requests sent, posts included. `acknowledged`: those that the server has answered. */
  readonly asked: number;
  readonly acknowledged: number;
  readonly counters: LinkCounters;
}

/** Also runs the session's timers. Reports its end exactly once. */
export class Connection {
  readonly link: Link;
  /** The room password was accepted on this link: it is not requested again. */
  isAdmitted = false;
  /** Called when an answer is delayed, and with `undefined` when it has arrived. */
  onGuessDelay: ((delay: GuessDelay | undefined) => void) | undefined;
  #isHeldBack = false;
  #onStalled: ((on: boolean) => void) | undefined;
  readonly #stall: Stall;
  #isStalled = false;
  readonly #clock: Clock;
  readonly #sinceUnixMs: number;
  readonly #session: Session;
  /** Bounded: the greeting and the client add one each, and each prompt for a secret. */
  readonly #onClosed: ((fault: Fault | undefined) => void)[] = [];
  /** By ref. Bounded by the session. */
  readonly #waiting = new Map<number, Settle>();
  /** Bounded by NOTICES_HELD_MAX; used only while there is no listener. */
  #held: ServerNotice[] = [];
  #listener: ((notice: ServerNotice) => void) | undefined;
  #cancelTimer: (() => void) | undefined;
  #wakesAt = Number.POSITIVE_INFINITY;
  #end: { fault: Fault | undefined } | undefined;
  readonly #gone = Promise.withResolvers<void>();
  /**
   * Packets of the whole connection, if the link counts them: a sign of life beside a file that
   * fills it.
   */
  #receivedPackets = 0;
  #asked = 0;
  #answered = 0;
  readonly #answerWithinMs: number | undefined;

  /**
   * Must be created in the tick in which the link was opened.
   * @param answerWithinMs longest wait for an answer; default: as long as the link lasts
   */
  constructor(link: Link, clock: Clock, answerWithinMs?: number) {
    this.link = link;
    this.#answerWithinMs = answerWithinMs;
    this.#clock = clock;
    this.#sinceUnixMs = clock.unixMs();
    this.#stall = new Stall(clock.now());
    const pace = link.transport === "udp" ? QUICK : STEADY;
    this.#session = new Session("client", clock.now(), pace);
    link.receive({
      message: (bytes) => {
        this.#stall.heard(clock.now());
        this.#perform(this.#session.receive(bytes, clock.now()));
        this.#arm();
      },
      closed: (fault) => {
        this.#perform(this.#session.ended(fault));
        this.#gone.resolve();
      },
    });
    this.#arm();
  }

  get isClosed(): boolean {
    return this.#session.phase === "closed";
  }

  /** Resolves when the link is fully closed and the last bytes are sent. */
  get gone(): Promise<void> {
    return this.#gone.promise;
  }

  /** As `gone`, but resolves after `ms` milliseconds at the latest. */
  async goneWithin(ms: number): Promise<void> {
    await within(this.gone, ms, () => undefined, this.#clock);
  }

  /** The fault for requests after the end. */
  get lostBy(): Fault {
    return this.#end?.fault ?? new Fault("link-closed", "the connection was closed");
  }

  /** Calls back when the server does not answer for STALL_MS, and when it answers again. */
  watchStalls(onStalled: ((on: boolean) => void) | undefined): void {
    this.#onStalled = onStalled;
    this.#arm();
  }

  /** Delivers notices from now on, beginning with the queued ones. */
  listen(listener: ((notice: ServerNotice) => void) | undefined): void {
    this.#listener = listener;
    const held = this.#held;
    this.#held = [];
    for (const notice of held) this.#notice(notice);
  }

  /** Calls back once at the end, immediately if it has ended; `undefined` if it closed in order. */
  onClosed(callback: (fault: Fault | undefined) => void): void {
    if (this.#end === undefined) this.#onClosed.push(callback);
    else callback(this.#end.fault);
  }

  tell(notice: ServerNotice): void {
    this.#perform(this.#session.tell(notice));
  }

  /**
   * Sends a request; waits and retries after a rate limit.
   * @throws {Fault} if the server refused it, or the link ended
   */
  ask<Kind extends RequestKind>(kind: Kind, fields: RequestFields<Kind>): Promise<Answer<Kind>> {
    return new Promise((resolve, reject) => {
      if (this.#waiting.size >= QUESTIONS_MAX && kind !== "post") {
        reject(new Fault("too-many", msg`${this.#waiting.size} requests wait for an answer`));
        return;
      }
      const withinMs = this.#answerWithinMs;
      const late = () => reject(new Fault("timeout", "the server does not answer"));
      const cancel = withinMs === undefined ? () => {} : this.#clock.after(withinMs, late);
      this.askThen(kind, fields, (outcome) => {
        cancel();
        if (outcome.kind === "answered") return resolve(outcome.answer);
        const { code, retryAfterMs } = outcome.fault;
        if (code !== "too-fast" || retryAfterMs === undefined) return reject(outcome.fault);
        // A rate-limited request was not processed: retry it.
        this.#clock.after(retryAfterMs, () => this.ask(kind, fields).then(resolve, reject));
      });
    });
  }

  /** As `ask` without a promise and retries: the answer is handled before any later message. */
  askThen<Kind extends RequestKind>(
    kind: Kind,
    fields: RequestFields<Kind>,
    settle: (outcome: Outcome<Kind>) => void,
  ): void {
    if (this.isClosed) {
      settle({ kind: "refused", fault: this.lostBy });
      return;
    }
    this.#asked++;
    const now = this.#clock.now();
    const { ref, effects } = this.#session.ask(kind, fields);
    if (kind === "post") this.#stall.posted(now);
    else this.#stall.asked(now);
    this.#waiting.set(ref, this.#settling(kind, settle as Settle));
    this.#perform(effects);
    if (this.#onStalled !== undefined) this.#arm();
  }

  #settling(kind: RequestKind, settle: Settle): Settle {
    if (requestRow(kind).isGuess === true) return this.#guessed(settle);
    if (kind !== "post") return settle;
    return (outcome) => {
      this.#stall.settled(this.#clock.now());
      settle(outcome);
    };
  }

  #guessed(settle: Settle): Settle {
    return (outcome) => {
      if (this.#isHeldBack) this.onGuessDelay?.(undefined);
      this.#isHeldBack = false;
      settle(outcome);
    };
  }

  /** Time of the last received message. */
  get heardAt(): number {
    return this.#session.heardAt;
  }

  /** Pings the server, unless it did so within `everyMs`. */
  probe(everyMs: number): void {
    const now = this.#clock.now();
    const effects = this.#session.probe(now, everyMs);
    if (effects.length > 0) this.#stall.asked(now);
    this.#perform(effects);
  }

  get stats(): LinkStats {
    return {
      transport: this.link.transport,
      sinceUnixMs: this.#sinceUnixMs,
      asked: this.#asked,
      acknowledged: this.#answered,
      counters: this.link.counters(),
    };
  }

  /** Ends the connection and sends the fault, if any, to the server. Idempotent. */
  close(fault?: Fault): void {
    this.#perform(this.#session.close(fault));
  }

  #perform(effects: readonly SessionEffect[]): void {
    for (const effect of effects) {
      switch (effect.kind) {
        case "transmit":
          // If the link refuses, it also reports `closed`.
          this.link.send(effect.bytes, effect.tail);
          break;
        case "notice":
          this.#notice(effect.notice);
          break;
        case "answered":
          this.#settle(effect.ref, { kind: "answered", answer: effect.reply.answer });
          break;
        case "refused":
          this.#settle(effect.ref, { kind: "refused", fault: effect.fault });
          break;
        case "close":
          this.#ended(effect.fault);
          break;
        case "request":
          break; // A client's session never emits requests.
        default:
          unreachable(effect);
      }
    }
  }

  #notice(notice: ServerNotice): void {
    if (this.isClosed) return;
    if (notice.kind === "guess-delay") {
      this.#isHeldBack = true;
      return this.onGuessDelay?.(notice);
    }
    if (this.#listener === undefined) {
      if (this.#held.length < NOTICES_HELD_MAX) this.#held.push(notice);
      else this.close(new Fault("too-many", "the server sends faster than it is read"));
      return;
    }
    try {
      this.#listener(notice);
    } catch (error) {
      this.close(asFault(error));
    }
  }

  #settle(ref: number, outcome: Outcome<RequestKind>): void {
    if (!this.isClosed) this.#answered++;
    const settle = this.#waiting.get(ref);
    this.#waiting.delete(ref);
    settle?.(outcome);
  }

  #ended(fault: Fault | undefined): void {
    this.#end = { fault };
    this.#held = [];
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.link.close();
    for (const onClosed of this.#onClosed) onClosed(fault);
  }

  /** Arms one timer at a time: the deadline mostly moves later; an early wake-up re-arms it. */
  #arm(): void {
    this.#tellStalled();
    const due = this.#session.deadline();
    if (due === undefined) return;
    const isWatched = this.#onStalled !== undefined;
    const deadline = isWatched ? Math.min(due, this.#stall.deadline(this.#clock.now())) : due;
    if (deadline >= this.#wakesAt) return;
    this.#cancelTimer?.();
    this.#wakesAt = deadline;
    // At least one millisecond: a timer may fire slightly early.
    const delayMs = Math.max(1, Math.ceil(deadline - this.#clock.now()));
    this.#cancelTimer = this.#clock.after(delayMs, () => {
      this.#wakesAt = Number.POSITIVE_INFINITY;
      this.#ticked(this.#clock.now());
      this.#arm();
    });
  }

  #ticked(now: number): void {
    const effects = this.#session.tick(now, this.#isAlive());
    if (effects.length > 0) this.#stall.asked(now); // The session pings.
    this.#perform(effects);
    if (this.#onStalled === undefined || !this.#stall.isSilent(now)) return;
    this.#stall.asked(now);
    this.probe(0);
  }

  #tellStalled(): void {
    if (this.#onStalled === undefined || this.isClosed) return;
    const isStalled = this.#stall.isStalled(this.#clock.now());
    if (isStalled === this.#isStalled) return;
    this.#isStalled = isStalled;
    this.#onStalled(isStalled);
  }

  #isAlive(): boolean {
    const { receivedPackets = 0 } = this.link.counters();
    const isAlive = receivedPackets > this.#receivedPackets;
    this.#receivedPackets = receivedPackets;
    return isAlive;
  }
}
