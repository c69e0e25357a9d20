/**
 * Protocol state of one link, for the client and for the server: messages allowed in each phase,
 * matching of answers and requests, and timeouts. Uses neither rooms nor sockets.
 *     greeting ──hello/welcome──> entering ──register, login──> member
 *                                  │  ^─────────logout─────────────┘
 *     any ──fault, bye──> closed   └──lane──> lane
 */

import { unreachable } from "../../base/assert.ts";
import { cutText, utf8Encode } from "../../base/bytes.ts";
import {
  asFault,
  Fault,
  isFaultCode,
  msg,
  placeholderCount,
  type Translatable,
} from "../../base/fault.ts";
import {
  EARLY_REQUESTS_BYTES_MAX,
  EARLY_REQUESTS_MAX,
  FAULT_TEXT_BYTES_MAX,
  HELLO_TIMEOUT_MS,
  IDLE_TIMEOUT_MS,
  LOGIN_TIMEOUT_MS,
  MESSAGE_BEFORE_LOGIN_BYTES_MAX,
  MESSAGE_BYTES_MAX,
  PING_INTERVAL_MS,
  REQUESTS_IN_FLIGHT_MAX,
  TEMPLATE_BYTES_MAX,
  TEMPLATE_VALUE_BYTES_MAX,
  TEMPLATE_VALUES_MAX,
  UDP_IDLE_TIMEOUT_MS,
  UDP_PING_INTERVAL_MS,
} from "../../base/limits.ts";
import { decode, encode, encodeAnswer, encodeFitting, type Outgoing } from "../../wire/codec.ts";
import {
  type Answer,
  type Message,
  type Notice,
  type NoticeOf,
  type Request,
  type RequestFields,
  type RequestKind,
  requestRow,
} from "../../wire/messages.ts";
import { checkAnswer, isRequest } from "../../wire/messages-incoming.ts";
import type { PostCodec } from "../../wire/post-message.ts";
import { encodeAck, encodeChunkHead } from "../../wire/transfer-message.ts";
import { SmallMap } from "../small-map.ts";
import { mayReceive, mayRequest, type Phase, phaseOf, type Role } from "./phase.ts";

export type Reply = { [Kind in RequestKind]: { kind: Kind; answer: Answer<Kind> } }[RequestKind];

export type SessionEffect =
  | { readonly kind: "transmit"; readonly bytes: Uint8Array; readonly tail?: Uint8Array }
  /** Server: the driver must call `answer` or `refuse` exactly once. */
  | { readonly kind: "request"; readonly request: Request }
  | { readonly kind: "notice"; readonly notice: Exclude<Notice, { kind: "ok" | "fault" }> }
  | { readonly kind: "answered"; readonly ref: number; readonly reply: Reply }
  | { readonly kind: "refused"; readonly ref: number; readonly fault: Fault }
  | { readonly kind: "close"; readonly fault: Fault | undefined };

export interface Heartbeat {
  readonly pingIntervalMs: number;
  readonly idleTimeoutMs: number;
  /**
   * Minimum time between a ping and the timeout, so that a machine that wakes from sleep first
   * sends a ping.
   */
  readonly pongTimeoutMs?: number;
}

export const DEFAULT_HEARTBEAT: Heartbeat = {
  pingIntervalMs: PING_INTERVAL_MS,
  idleTimeoutMs: IDLE_TIMEOUT_MS,
};
/** For links within the process. */
export const NO_HEARTBEAT: Heartbeat = {
  pingIntervalMs: Number.POSITIVE_INFINITY,
  idleTimeoutMs: Number.POSITIVE_INFINITY,
};
/** For links that do not report the loss of the peer. */
export const FAST_HEARTBEAT: Heartbeat = {
  pingIntervalMs: UDP_PING_INTERVAL_MS,
  idleTimeoutMs: UDP_IDLE_TIMEOUT_MS,
  pongTimeoutMs: UDP_IDLE_TIMEOUT_MS - UDP_PING_INTERVAL_MS,
};

export class Session {
  #phase: Phase = "greeting";
  #ref = 0;
  /** Unanswered requests, which a client has sent or a server has received. */
  readonly #open = new SmallMap<number, RequestKind>();
  /** Requests that arrived before the answer to a log-in. */
  #early: Request[] = [];
  #earlyBytes = 0;
  #startedAt: number;
  #receivedAt: number;
  #pingedAt = Number.NEGATIVE_INFINITY;
  #isPinging = false;
  #roundTripMs: number | undefined;

  constructor(
    readonly role: Role,
    now: number,
    private readonly heartbeat: Heartbeat = DEFAULT_HEARTBEAT,
    private readonly posts?: PostCodec,
  ) {
    this.#startedAt = now;
    this.#receivedAt = now;
  }

  get phase(): Phase {
    return this.#phase;
  }

  get openRequests(): number {
    return this.#open.size;
  }

  get hasEarlyRequests(): boolean {
    return this.#early.length > 0;
  }

  get messageBytesMax(): number {
    const trusted = this.role === "client" || this.#isLoggedIn();
    return trusted ? MESSAGE_BYTES_MAX : MESSAGE_BEFORE_LOGIN_BYTES_MAX;
  }

  get roundTripMs(): number | undefined {
    return this.#roundTripMs;
  }

  get receivedAt(): number {
    return this.#receivedAt;
  }

  /** Sends a ping to measure the round trip if the last measurement is older than `intervalMs`. */
  probe(now: number, intervalMs: number): SessionEffect[] {
    const isQuiet = this.#phase === "closed" || this.#phase === "greeting";
    return isQuiet || now < this.#pingedAt + intervalMs ? [] : this.#ping(now);
  }

  receive(bytes: Uint8Array, now: number): SessionEffect[] {
    if (this.#phase === "closed") return [];
    this.#receivedAt = now;
    try {
      const incoming = decode(bytes, this.messageBytesMax, this.posts);
      switch (incoming.kind) {
        case "message":
          return this.#message(incoming.message, now, bytes.length);
        case "refused":
          if (this.role === "client" || this.#phase === "greeting") throw incoming.fault;
          if (this.#open.has(incoming.ref)) throw outOfOrder("a request with a ref in use");
          return [this.#transmit(faultMessage(incoming.fault, incoming.ref))];
        case "ignored":
          return [];
        default:
          return unreachable(incoming);
      }
    } catch (error) {
      return this.close(asFault(error));
    }
  }

  /** @returns the effects, and the number `ref` that `answered` or `refused` will contain */
  request<Kind extends RequestKind>(
    kind: Kind,
    fields: RequestFields<Kind>,
  ): { ref: number; effects: SessionEffect[] } {
    const ref = this.#nextRef();
    const refused = (fault: Fault) => ({
      ref,
      effects: [{ kind: "refused", ref, fault } as const],
    });
    if (this.#phase === "closed") {
      return refused(new Fault("link-closed", "the connection is closed"));
    }
    if (this.#open.size >= REQUESTS_IN_FLIGHT_MAX) return refused(tooManyRequests());
    const bytes = encodeFitting({ kind, ref, ...fields } as unknown as Outgoing);
    if (bytes === undefined) {
      const text = `the '${kind}' request is too large`;
      return refused(new Fault("too-large", text));
    }
    this.#open.set(ref, kind);
    return { ref, effects: [{ kind: "transmit", bytes }] };
  }

  /** Server: handles the requests that arrived before the log-in was answered. */
  handleEarlyRequests(): SessionEffect[] {
    const early = this.#early;
    this.#early = [];
    this.#earlyBytes = 0;
    if (this.#phase === "closed") return [];
    try {
      return early.flatMap((request) => this.#request(request));
    } catch (error) {
      return this.close(asFault(error));
    }
  }

  notify(notice: Exclude<Notice, { kind: "ok" | "fault" }>): SessionEffect[] {
    if (this.#phase === "closed") return [];
    if (notice.kind === "welcome") this.#phase = "entering";
    if (notice.kind === "ack") return [{ kind: "transmit", bytes: encodeAck(notice) }];
    if (notice.kind !== "chunk") return [this.#transmit(notice)];
    return [{ kind: "transmit", bytes: encodeChunkHead(notice), tail: notice.bytes }];
  }

  answer<Kind extends RequestKind>(ref: number, answer: Answer<Kind>): SessionEffect[] {
    const kind = this.#open.get(ref);
    if (kind === undefined) return [];
    const bytes = encodeAnswer(kind, ref, answer, this.posts);
    if (bytes === undefined) {
      // Code that builds lists limits their length. If such a limit is wrong, only this answer
      // fails.
      const fault = new Fault("too-large", `the answer to '${kind}' is too large`, {
        remedy: "request less data",
      });
      return this.refuse(ref, fault);
    }
    this.#open.delete(ref);
    this.#changePhase(kind);
    return [{ kind: "transmit", bytes }];
  }

  refuse(ref: number, fault: Fault): SessionEffect[] {
    if (!this.#open.delete(ref)) return [];
    return [this.#transmit(faultMessage(fault, ref))];
  }

  close(fault: Fault | undefined): SessionEffect[] {
    if (this.#phase === "closed") return [];
    const bye =
      fault === undefined ? [] : [this.#transmit({ ...faultMessage(fault), kind: "bye" })];
    return [...bye, ...this.linkClosed(fault)];
  }

  linkClosed(fault: Fault | undefined): SessionEffect[] {
    if (this.#phase === "closed") return [];
    this.#phase = "closed";
    const lost = fault ?? new Fault("link-closed", "the connection was closed");
    const refused =
      this.role === "client"
        ? [...this.#open.keys()].map((ref) => ({ kind: "refused", ref, fault: lost }) as const)
        : [];
    this.#open.clear();
    return [...refused, { kind: "close", fault }];
  }

  deadline(): number | undefined {
    if (this.#phase === "closed") return undefined;
    const dead = this.#timeoutAt();
    const quiet = Math.max(this.#receivedAt, this.#pingedAt) + this.heartbeat.pingIntervalMs;
    const due = this.#phase === "greeting" ? dead : Math.min(quiet, dead);
    if (this.role === "client" || this.#isLoggedIn()) return due;
    return Math.min(due, this.#loginDeadline());
  }

  /**
   * @param hasTraffic true if bytes, but no complete message, have been received since the last
   * tick
   */
  tick(now: number, hasTraffic = false): SessionEffect[] {
    if (this.#phase === "closed") return [];
    if (now >= this.#timeoutAt() && hasTraffic) this.#receivedAt = now;
    if (now >= this.#timeoutAt()) {
      const seconds = Math.round((now - this.#receivedAt) / 1000);
      return this.close(new Fault("timeout", `no data was received for ${seconds} s`));
    }
    if (this.role === "server" && !this.#isLoggedIn() && now >= this.#loginDeadline()) {
      const isGreeting = this.#phase === "greeting";
      const text = isGreeting ? "the greeting took too long" : "logging in took too long";
      return this.close(new Fault("timeout", text));
    }
    if (this.#phase === "greeting") return [];
    if (now < Math.max(this.#receivedAt, this.#pingedAt) + this.heartbeat.pingIntervalMs) return [];
    return this.#ping(now);
  }

  #ping(now: number): SessionEffect[] {
    this.#pingedAt = now;
    this.#isPinging = true;
    return [this.#transmit({ kind: "ping" })];
  }

  #message(message: Message, now: number, sizeBytes: number): SessionEffect[] {
    if (message.kind === "ok") return this.#answered(message);
    if (message.kind === "fault") return this.#refused(message);
    return isRequest(message) ? this.#request(message, sizeBytes) : this.#notice(message, now);
  }

  #request(request: Request, sizeBytes = 0): SessionEffect[] {
    if (this.role === "client" || this.#phase === "greeting") throw outOfOrder(request.kind);
    const { kind, ref } = request;
    if (this.#open.has(ref)) throw outOfOrder(`${kind} with a ref in use`);
    if (this.#isEarly(kind, sizeBytes)) {
      this.#early.push(request);
      this.#earlyBytes += sizeBytes;
      return [];
    }
    const refusal = this.#refusalOf(kind);
    if (refusal !== undefined) return [this.#transmit(faultMessage(refusal, ref))];
    this.#open.set(ref, kind);
    return [{ kind: "request", request }];
  }

  #isEarly(kind: RequestKind, sizeBytes: number): boolean {
    return (
      this.#phase === "entering" &&
      !mayRequest("entering", kind) &&
      mayRequest("member", kind) &&
      this.#early.length < EARLY_REQUESTS_MAX &&
      this.#earlyBytes + sizeBytes <= EARLY_REQUESTS_BYTES_MAX &&
      [...this.#open.values()].some((open) => requestRow(open).nextPhase === "member")
    );
  }

  #refusalOf(kind: RequestKind): Fault | undefined {
    if (!mayRequest(this.#phase, kind)) return this.#outOfPhase(kind);
    if (this.#open.size >= REQUESTS_IN_FLIGHT_MAX) return tooManyRequests();
    if (!isExclusive(kind) || ![...this.#open.values()].some(isExclusive)) return undefined;
    // Two successful log-ins over one link would conflict, and guesses must be sequential.
    return new Fault("too-many", msg`another log-in is in progress on this connection`);
  }

  #outOfPhase(kind: RequestKind): Fault {
    if (this.#phase === "entering") return new Fault("not-logged-in", msg`you are not logged in`);
    if (phaseOf(kind) === "entering")
      return new Fault("already-logged-in", msg`you are already logged in`);
    return outOfOrder(
      this.#phase === "lane" ? `${kind} on a data channel` : `${kind} without a data channel`,
    );
  }

  #notice(notice: Exclude<Notice, { kind: "ok" | "fault" }>, now: number): SessionEffect[] {
    if (!mayReceive(this.role, this.#phase, notice.kind)) {
      // The server sent these messages before it processed the client's log-out, so they are not
      // faults.
      if (this.role === "client" && this.#phase === "entering") return [];
      throw outOfOrder(notice.kind);
    }
    switch (notice.kind) {
      case "ping":
        return [this.#transmit({ kind: "pong" })];
      case "pong":
        if (this.#isPinging) this.#roundTripMs = now - this.#pingedAt;
        this.#isPinging = false;
        return [];
      case "bye":
        return this.linkClosed(faultOf(notice));
      case "welcome":
        this.#phase = "entering";
        this.#startedAt = now;
        return [{ kind: "notice", notice }];
      case "hello":
        this.#startedAt = now;
        return [{ kind: "notice", notice }];
      default:
        return [{ kind: "notice", notice }];
    }
  }

  #answered(message: NoticeOf<"ok">): SessionEffect[] {
    const kind = this.#open.get(message.ref);
    if (this.role === "server" || kind === undefined) throw outOfOrder("an answer");
    const answer = checkAnswer(kind, message);
    this.#open.delete(message.ref);
    this.#changePhase(kind);
    return [{ kind: "answered", ref: message.ref, reply: { kind, answer } as Reply }];
  }

  #refused(message: NoticeOf<"fault">): SessionEffect[] {
    if (this.role === "server") throw outOfOrder("a fault");
    if (message.ref === undefined) return this.linkClosed(faultOf(message));
    if (!this.#open.delete(message.ref)) throw outOfOrder("a fault without a request");
    return [{ kind: "refused", ref: message.ref, fault: faultOf(message) }];
  }

  #changePhase(kind: RequestKind): void {
    const { nextPhase, needsAccount } = requestRow(kind);
    if (nextPhase !== undefined) this.#phase = nextPhase;
    // An operator without an account may read for longer than a log-in may take.
    if (nextPhase === "entering" || needsAccount === false) this.#startedAt = this.#receivedAt;
  }

  #timeoutAt(): number {
    const { idleTimeoutMs, pongTimeoutMs } = this.heartbeat;
    if (pongTimeoutMs === undefined) return this.#receivedAt + idleTimeoutMs;
    if (this.#phase === "greeting") return this.#receivedAt + IDLE_TIMEOUT_MS;
    if (this.#pingedAt <= this.#receivedAt) return Number.POSITIVE_INFINITY;
    return Math.max(this.#receivedAt + idleTimeoutMs, this.#pingedAt + pongTimeoutMs);
  }

  #isLoggedIn(): boolean {
    return this.#phase === "member" || this.#phase === "lane";
  }

  #loginDeadline(): number {
    return this.#startedAt + (this.#phase === "greeting" ? HELLO_TIMEOUT_MS : LOGIN_TIMEOUT_MS);
  }

  #nextRef(): number {
    do this.#ref = (this.#ref % 0xffffffff) + 1;
    while (this.#open.has(this.#ref));
    return this.#ref;
  }

  #transmit(message: Outgoing): SessionEffect {
    return { kind: "transmit", bytes: encode(message) };
  }
}

function tooManyRequests(): Fault {
  return new Fault("too-many", `${REQUESTS_IN_FLIGHT_MAX} requests are already pending`);
}

function outOfOrder(message: string): Fault {
  return new Fault("out-of-order", `unexpected ${message}`);
}

function isExclusive(kind: RequestKind): boolean {
  return requestRow(kind).isExclusive === true;
}

/** Cuts the fault's message to the maximum size, because it may quote the peer's text. */
function faultMessage(fault: Fault, ref?: number): NoticeOf<"fault"> {
  const { code, message, remedy, retryAfterMs, translatable } = fault;
  return {
    kind: "fault",
    ref,
    code,
    message: cutText(message, FAULT_TEXT_BYTES_MAX),
    remedy: cutText(remedy, FAULT_TEXT_BYTES_MAX),
    retryAfterMs,
    template: wireTemplate(translatable.message),
    remedyTemplate: wireTemplate(translatable.remedy),
  };
}

/** Returns `undefined` if the template exceeds the limits; only the text is then sent. */
function wireTemplate(text: Translatable | undefined): NoticeOf<"fault">["template"] {
  if (text === undefined || text.values.length > TEMPLATE_VALUES_MAX) return undefined;
  if (utf8Encode(text.template).length > TEMPLATE_BYTES_MAX) return undefined;
  const values = text.values.map((value) => cutText(value, TEMPLATE_VALUE_BYTES_MAX));
  return { text: text.template, values };
}

function translatableOf(text: string, from: NoticeOf<"fault">["template"]): string | Translatable {
  if (from === undefined || placeholderCount(from.text) !== from.values.length) return text;
  return { text, template: from.text, values: from.values };
}

/**
 * A code that only later versions know is appended to the message. The message stays within its
 * maximum size, because the fault may be forwarded.
 */
function faultOf(notice: NoticeOf<"fault"> | NoticeOf<"bye">): Fault {
  const { code, message, retryAfterMs, template, remedyTemplate } = notice;
  const remedy =
    notice.remedy === undefined ? undefined : translatableOf(notice.remedy, remedyTemplate);
  const detail = { remedy, retryAfterMs };
  if (isFaultCode(code)) return new Fault(code, translatableOf(message, template), detail);
  const suffix = ` (${code})`; // The longest code that text(64) allows must fit.
  const text = cutText(message, FAULT_TEXT_BYTES_MAX - utf8Encode(suffix).length);
  return new Fault("internal", `${text}${suffix}`, detail);
}
