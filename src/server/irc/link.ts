/** Server end of an IRC connection's link. Its other end is the IRC session in this process. */

import type { Fault } from "../../base/fault.ts";
import { SEND_QUEUE_LOW_BYTES } from "../../base/limits.ts";
import type { IrcEffect, IrcSession } from "../../core/irc/session.ts";
import type { SharedMessage } from "../../core/irc/shared-message.ts";
import type { Clock } from "../../io/clock.ts";
import { BaseLink } from "../../io/link/base-link.ts";
import type { LineSocket, LineSocketHandlers } from "../../io/link/line-socket.ts";
import type { Address, LinkCounters } from "../../io/link/link.ts";
import type { Topics } from "../../io/link/topics.ts";

export interface IrcLinkOptions {
  readonly socket: LineSocket;
  readonly session: IrcSession;
  readonly clock: Clock;
  readonly topics: Topics<IrcLink>;
  readonly onClosed: () => void;
}

/** No device proves its key on this link, so no certificate has to be bound to it. */
const NO_CERTIFICATE = new Uint8Array(32);

export class IrcLink extends BaseLink {
  readonly transport = "irc";
  readonly certificateHash = NO_CERTIFICATE;
  readonly #options: IrcLinkOptions;
  #isPaused = false;

  constructor(options: IrcLinkOptions) {
    super();
    this.#options = options;
  }

  get session(): IrcSession {
    return this.#options.session;
  }

  get remote(): Address {
    return this.#options.socket.remote;
  }

  get handlers(): LineSocketHandlers {
    const { session } = this.#options;
    return {
      data: (bytes) => this.#perform((now) => session.receive(bytes, now)),
      drained: () => {
        this.settle();
        this.#adjustReading();
      },
      closed: (fault) => this.#finish(fault),
    };
  }

  start(): void {
    this.#perform(() => this.#options.session.start());
  }

  tick(): void {
    this.#perform((now) => this.#options.session.tick(now));
  }

  deliver(message: SharedMessage): void {
    this.#perform((now) => this.#options.session.deliver(message, now));
  }

  checkMonitored(): void {
    const { session } = this.#options;
    if (session.monitored.size > 0) this.#perform((now) => session.checkMonitored(now));
  }

  showAway(name: string, reason: string | undefined): void {
    this.#perform((now) => this.#options.session.showAway(name, reason, now));
  }

  send(message: Uint8Array): boolean {
    if (this.state !== "open") return false;
    this.countSent(1, message.length);
    this.#perform((now) => this.#options.session.receiveMessage(message, now));
    return true;
  }

  queuedBytes(): number {
    return this.state === "closed" ? 0 : this.#options.socket.queuedBytes();
  }

  override follow(topic: string): void {
    if (this.state === "open") this.#options.topics.follow(topic, this);
  }

  override unfollow(topic: string): void {
    const traffic = this.#options.topics.unfollow(topic, this);
    if (traffic !== undefined) this.countSent(traffic.messages, traffic.bytes);
  }

  override counters(): LinkCounters {
    const counters = super.counters();
    const { messages, bytes } = this.#options.topics.traffic(this);
    return {
      ...counters,
      sentMessages: counters.sentMessages + messages,
      sentBytes: counters.sentBytes + bytes,
    };
  }

  close(): void {
    if (this.state !== "open") return;
    this.state = "closing";
    this.inbox.mute();
    this.#options.socket.end();
  }

  drop(): void {
    if (this.state !== "closed") this.#options.socket.destroy();
  }

  #perform(run: (now: number) => readonly IrcEffect[]): void {
    const { session, socket, clock } = this.#options;
    for (const effect of run(clock.now())) {
      switch (effect.kind) {
        case "write":
          socket.write(effect.bytes);
          break;
        case "transmit":
          // The server must not receive a message while it is sending one.
          queueMicrotask(() => this.inbox.push(effect.bytes));
          break;
        case "wait":
          clock.after(effect.ms, () => this.#perform((now) => session.resume(now)));
          break;
        default:
          socket.end();
          break;
      }
    }
    this.#adjustReading();
  }

  /** Stops reading from a client that sends or receives too much. */
  #adjustReading(): void {
    const { session, socket } = this.#options;
    if (this.state !== "open") return;
    const mustPause = session.isBusy || socket.queuedBytes() > SEND_QUEUE_LOW_BYTES;
    if (mustPause === this.#isPaused) return;
    this.#isPaused = mustPause;
    if (mustPause) socket.pause();
    else socket.resume();
  }

  #finish(fault: Fault | undefined): void {
    if (this.state === "closed") return;
    const { messages, bytes } = this.#options.topics.unfollowAll(this);
    this.countSent(messages, bytes);
    this.state = "closed";
    this.#options.session.linkClosed();
    this.inbox.close(fault);
    this.settle();
    this.#options.onClosed();
  }
}
