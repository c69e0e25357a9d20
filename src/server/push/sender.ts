/** Delivery of pushes to push services, with retries. */

import { tryUrl } from "../../base/decode.ts";
import { asFault, Fault, msg } from "../../base/fault.ts";
import type { UserId } from "../../base/ids.ts";
import {
  CONCURRENT_PUSHES_MAX,
  PUSH_FAILURES_MAX,
  PUSH_QUEUE_MAX,
  PUSH_RETRY_FIRST_MS,
  PUSH_RETRY_MS_MAX,
  PUSH_TRIES_MAX,
  PUSHES_PER_ACCOUNT_MAX,
} from "../../base/limits-page.ts";
import type { Clock } from "../../io/clock.ts";
import type { Subscription } from "./subscriptions.ts";

export interface PushText {
  readonly text: string;
  readonly topic: string;
}

export interface PushAnswer {
  readonly status: number;
  readonly retryAfter: string | undefined;
}

export interface PushDelivery {
  readonly key: Uint8Array;
  check(endpoint: string, key: Uint8Array): void;
  send(to: Subscription, push: PushText): Promise<PushAnswer>;
}

export interface SentCounters {
  readonly sent: number;
  readonly failed: number;
  readonly dropped: number;
  readonly queued: number;
}

export interface PushSenderOptions {
  readonly clock: Clock;
  readonly delivery: Pick<PushDelivery, "send">;
  readonly isCurrent: (subscription: Subscription) => boolean;
  readonly onExpired: (subscription: Subscription) => void;
  readonly warn: (fault: Fault) => void;
}

export interface QueuedPush {
  readonly topic: string;
  /** Called at each try, because the message may be erased between two tries. */
  text(): string;
}

interface Pending {
  readonly to: Subscription;
  readonly push: QueuedPush;
  tries: number;
  sendAt: number;
}

export class PushSender {
  /** Keyed by device and topic: a newer push replaces a queued push. At most PUSH_QUEUE_MAX. */
  readonly #queue = new Map<string, Pending>();
  readonly #inFlight = new Map<UserId, number>();
  #inFlightCount = 0;
  #sent = 0;
  #failed = 0;
  #dropped = 0;
  readonly #failures = new Map<string, number>();
  #hasWarned = false;
  #isStopped = false;
  #cancel = () => {};

  constructor(private readonly options: PushSenderOptions) {}

  get counters(): SentCounters {
    const [sent, failed, dropped] = [this.#sent, this.#failed, this.#dropped];
    return { sent, failed, dropped, queued: this.#queue.size };
  }

  add(to: Subscription, push: QueuedPush): void {
    const key = `${to.device} ${push.topic}`;
    this.#queue.delete(key);
    this.#queue.set(key, { to, push, tries: 0, sendAt: this.options.clock.now() });
    for (const oldest of this.#queue.keys()) {
      if (this.#queue.size <= PUSH_QUEUE_MAX) break;
      this.#queue.delete(oldest);
      this.#dropped++;
    }
    this.#next();
  }

  forget(device: string): void {
    this.#failures.delete(device);
    for (const [key, { to }] of this.#queue) {
      if (to.device === device && this.#queue.delete(key)) this.#dropped++;
    }
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancel();
    this.#queue.clear();
  }

  #next(): void {
    if (this.#isStopped) return;
    this.#cancel();
    const now = this.options.clock.now();
    let firstAt: number | undefined;
    for (const [key, pending] of this.#queue) {
      if (this.#inFlightCount >= CONCURRENT_PUSHES_MAX) return;
      const { user } = pending.to;
      if (pending.sendAt > now) firstAt = Math.min(firstAt ?? pending.sendAt, pending.sendAt);
      else if ((this.#inFlight.get(user) ?? 0) < PUSHES_PER_ACCOUNT_MAX) {
        this.#queue.delete(key);
        void this.#send(key, pending);
      }
    }
    if (firstAt === undefined) return;
    this.#cancel = this.options.clock.after(firstAt - now, () => this.#next());
  }

  async #send(key: string, pending: Pending): Promise<void> {
    const { delivery, isCurrent } = this.options;
    const { to, push } = pending;
    if (!isCurrent(to)) return;
    this.#count(to.user, 1);
    const content = { text: push.text(), topic: push.topic };
    const answer = await delivery.send(to, content).catch(asFault);
    this.#count(to.user, -1);
    if (!this.#isStopped && isCurrent(to)) this.#answered(key, pending, answer);
    this.#next();
  }

  #count(user: UserId, by: 1 | -1): void {
    this.#inFlightCount += by;
    const count = (this.#inFlight.get(user) ?? 0) + by;
    if (count === 0) this.#inFlight.delete(user);
    else this.#inFlight.set(user, count);
  }

  #answered(key: string, pending: Pending, answer: PushAnswer | Fault): void {
    const { to } = pending;
    const status = answer instanceof Fault ? 0 : answer.status;
    if (status >= 200 && status < 300) {
      this.#failures.delete(to.device);
      this.#sent++;
      return;
    }
    // The push service has ended the subscription (RFC 8030, section 7.3).
    if (status === 404 || status === 410) {
      this.#failed++;
      return this.options.onExpired(to);
    }
    pending.tries += 1;
    const waitMs = this.#retryAfter(answer, pending.tries);
    if (waitMs !== undefined && pending.tries < PUSH_TRIES_MAX) {
      if (this.#queue.has(key)) return;
      if (this.#queue.size >= PUSH_QUEUE_MAX) {
        this.#dropped++;
        return;
      }
      pending.sendAt = this.options.clock.now() + waitMs;
      this.#queue.set(key, pending);
      return;
    }
    this.#giveUp(to, answer);
  }

  #retryAfter(answer: PushAnswer | Fault, tries: number): number | undefined {
    const backoffMs = PUSH_RETRY_FIRST_MS * 2 ** (tries - 1);
    // A retry does not help if the host name resolves to a private network.
    if (answer instanceof Fault) return answer.code === "not-allowed" ? undefined : backoffMs;
    if (answer.status !== 429 && answer.status < 500) return undefined;
    const requestedMs = retryAfterMs(answer.retryAfter, this.options.clock.unixMs());
    const waitMs = Math.max(backoffMs, requestedMs);
    return waitMs > PUSH_RETRY_MS_MAX ? undefined : waitMs;
  }

  #giveUp(to: Subscription, answer: PushAnswer | Fault): void {
    this.#failed++;
    const failures = (this.#failures.get(to.device) ?? 0) + 1;
    this.#failures.set(to.device, failures);
    if (failures >= PUSH_FAILURES_MAX) this.options.onExpired(to);
    // Warn only once, so that members cannot flood the operator's log.
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    const { host = "" } = tryUrl(to.endpoint) ?? {};
    const reason = answer instanceof Fault ? answer.message : `HTTP status ${answer.status}`;
    const remedy = "check this machine's connection; further failures are not reported";
    this.options.warn(
      new Fault("unreachable", msg`a push to ${host} failed: ${reason}`, { remedy }),
    );
  }
}

/** Parses seconds or a date (RFC 9110, section 10.2.3). Returns 0 for anything else. */
function retryAfterMs(text: string | undefined, unixMs: number): number {
  if (text === undefined || text.length > 64) return 0;
  if (/^\d+$/.test(text)) return Number(text) * 1_000;
  const at = Date.parse(text);
  return Number.isNaN(at) ? 0 : Math.max(0, at - unixMs);
}
