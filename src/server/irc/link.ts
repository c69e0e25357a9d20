/** Server end of an IRC connection's link. Its other end is the IRC session in this process. */

import type { Fault } from "../../base/fault.ts";
import { LINES_QUEUE_LOW_BYTES } from "../../base/limits.ts";
import type { IrcEffect, IrcSession } from "../../core/irc/session.ts";
import type { SharedMessage } from "../../core/irc/shared-message.ts";
import type { Clock } from "../../io/clock.ts";
import { BaseLink } from "../../io/link/base-link.ts";
import type { LineSocket, LineSocketHandlers } from "../../io/link/line-socket.ts";
import type { Address } from "../../io/link/link.ts";
import type { Topics } from "../../io/link/topics.ts";
import type { FairScheduler, Source } from "../session/fair-scheduler.ts";

/** Shared by all links of the gateway. */
export interface IrcLinkOptions {
  readonly clock: Clock;
  readonly topics: Topics<IrcLink>;
  readonly scheduler: Pick<FairScheduler, "run">;
  readonly onFlood: (link: IrcLink) => void;
  readonly onClosed: (link: IrcLink) => void;
}

/** No device proves its key on this link, so no certificate has to be bound to it. */
const NO_CERTIFICATE = new Uint8Array(32);

export class IrcLink extends BaseLink implements LineSocketHandlers, Source {
  readonly transport = "irc";
  readonly certificateHash = NO_CERTIFICATE;
  readonly #socket: LineSocket;
  readonly session: IrcSession;
  readonly #options: IrcLinkOptions;
  #isPaused = false;
  #cancelResume = () => {};
  /** True if the session's turn waits until the client has read more. */
  #isTurnDue = false;

  constructor(socket: LineSocket, session: IrcSession, options: IrcLinkOptions) {
    super(options.topics);
    this.#socket = socket;
    this.session = session;
    this.#options = options;
  }

  get remote(): Address {
    return this.#socket.remote;
  }

  data(bytes: Uint8Array): void {
    this.#perform(this.session.receive(bytes, this.#now));
  }

  ended(): void {
    this.#perform(this.session.peerEnded(this.#now));
  }

  queueLow(): void {
    this.settle();
    this.#adjustReading();
    if (this.#isTurnDue) this.#takeTurn();
  }

  /** The account has too much queued work. */
  overflow(): void {
    this.#options.onFlood(this);
    this.destroy();
  }

  start(): void {
    this.#perform(this.session.start());
  }

  tick(): void {
    this.#perform(this.session.tick(this.#now));
  }

  deliver(message: SharedMessage): void {
    this.#perform(this.session.deliver(message, this.#now));
  }

  checkMonitored(): void {
    if (this.session.monitored.size > 0) this.#perform(this.session.checkMonitored(this.#now));
  }

  showAway(name: string, reason: string | undefined): void {
    this.#perform(this.session.showAway(name, reason, this.#now));
  }

  send(message: Uint8Array): boolean {
    if (this.state !== "open") return false;
    this.countSent(1, message.length);
    this.#perform(this.session.receiveMessage(message, this.#now));
    return true;
  }

  queuedBytes(): number {
    return this.state === "closed" ? 0 : this.#socket.queuedBytes();
  }

  close(): void {
    if (this.state !== "open") return;
    this.state = "closing";
    this.inbox.mute();
    this.#socket.end();
  }

  drop(): void {
    if (this.state !== "closed") this.#socket.destroy();
  }

  get #now(): number {
    return this.#options.clock.now();
  }

  #perform(effects: readonly IrcEffect[]): void {
    let resumeMs: number | undefined;
    for (const effect of effects) {
      switch (effect.kind) {
        case "write":
          this.#socket.write(effect.bytes);
          break;
        case "transmit":
          // The server must not receive a message while it is sending one.
          queueMicrotask(() => this.inbox.push(effect.bytes));
          break;
        case "resume":
          resumeMs = effect.ms;
          break;
        default:
          if (effect.isFlood) this.#options.onFlood(this);
          this.#socket.end();
          break;
      }
    }
    this.#adjustReading();
    if (resumeMs === undefined) return;
    this.#cancelResume();
    if (resumeMs === 0) this.#takeTurn();
    else this.#cancelResume = this.#options.clock.after(resumeMs, () => this.#takeTurn());
  }

  /** Commands run as other messages of the account do, and only while the client reads. */
  #takeTurn(): void {
    this.#isTurnDue = this.#socket.queuedBytes() > LINES_QUEUE_LOW_BYTES;
    if (this.#isTurnDue) return;
    this.#options.scheduler.run(this.session.payer, this, 0, (now) => {
      if (this.state !== "closed") this.#perform(this.session.resume(now));
    });
  }

  /** Stops reading from a client that sends or receives too much. */
  #adjustReading(): void {
    if (this.state !== "open") return;
    const mustPause = this.session.isBusy || this.#socket.queuedBytes() > LINES_QUEUE_LOW_BYTES;
    if (mustPause === this.#isPaused) return;
    this.#isPaused = mustPause;
    if (mustPause) this.#socket.pause();
    else this.#socket.resume();
  }

  closed(fault: Fault | undefined): void {
    if (this.state === "closed") return;
    this.leaveTopics();
    this.state = "closed";
    this.#cancelResume();
    this.session.linkClosed();
    this.inbox.close(fault);
    this.settle();
    this.#options.onClosed(this);
  }
}
