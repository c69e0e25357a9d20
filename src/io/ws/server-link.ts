/** A WebSocket link of a server. */

import type { ServerWebSocket } from "bun";
import { concatBytes } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import {
  CONTROL_FRAMES_BURST,
  CONTROL_FRAMES_PER_SECOND,
  DRAIN_TIMEOUT_MS,
  SEND_QUEUE_BYTES_MAX,
} from "../../base/limits.ts";
import { TokenBucket } from "../../core/rate.ts";
import { joinInPlace, releaseBuffer } from "../disk/buffer-pool.ts";
import { BaseLink } from "../link/base-link.ts";
import type { Address, LinkCounters } from "../link/link.ts";
import type { Topics } from "../link/topics.ts";
import { CLOSE_CODE, faultOfClose, slowReaderFault } from "./close.ts";

/** Data of an upgraded request for its socket. */
export interface WsSocketData {
  readonly remote: Address;
  link?: WsServerLink;
}

/** State shared by all links of a listener. */
export interface WsServerLinkOptions {
  readonly certificateHash: Uint8Array;
  readonly topics: Topics<WsServerLink>;
  /** Links whose messages of this tick were not passed to Bun yet. */
  readonly unflushed: Set<WsServerLink>;
  readonly gone: (link: WsServerLink) => void;
}

/** Maximum overhead of a frame, so that a queue of empty frames is bounded, too. */
const OVERHEAD_BYTES = 10;

interface Fresh {
  readonly message: Uint8Array;
  /** Bytes that follow the message. */
  readonly tail: Uint8Array | undefined;
}

/** The server's end: a socket of `Bun.serve`. The listener passes the socket's events. */
export class WsServerLink extends BaseLink {
  readonly transport = "tcp";
  readonly remote: Address;
  readonly #socket: ServerWebSocket<WsSocketData>;
  readonly #options: WsServerLinkOptions;
  /**
   * Messages of this tick: they leave in one write; separate writes cost ten times as much each.
   */
  #fresh: Fresh[] = [];
  #freshBytes = 0;
  /**
   * Bytes queued at the socket when the first of them was added: it takes none before they leave.
   */
  #behindBytes = 0;
  readonly #controlFrames = new TokenBucket(
    CONTROL_FRAMES_PER_SECOND,
    CONTROL_FRAMES_BURST,
    performance.now(),
  );
  #outcome: { readonly fault: Fault | undefined } | undefined;
  #deadline: ReturnType<typeof setTimeout> | undefined;

  constructor(socket: ServerWebSocket<WsSocketData>, options: WsServerLinkOptions) {
    super();
    this.#socket = socket;
    this.#options = options;
    this.remote = socket.data.remote;
  }

  get certificateHash(): Uint8Array {
    return this.#options.certificateHash;
  }

  send(message: Uint8Array, tail?: Uint8Array): boolean {
    if (this.state !== "open") return false;
    const sizeBytes = message.length + (tail?.length ?? 0);
    if (this.#fresh.length === 0) this.#behindBytes = this.#socket.getBufferedAmount();
    const queuedBytes = this.#freshBytes + this.#behindBytes;
    if (queuedBytes + sizeBytes + OVERHEAD_BYTES > SEND_QUEUE_BYTES_MAX) {
      this.drop(slowReaderFault());
      return false;
    }
    this.countSent(1, sizeBytes);
    this.#fresh.push({ message, tail });
    this.#freshBytes += sizeBytes + OVERHEAD_BYTES;
    if (this.#fresh.length === 1) {
      this.#options.unflushed.add(this);
      queueMicrotask(() => this.flush());
    }
    return true;
  }

  queuedBytes(): number {
    return this.state === "closed" ? 0 : this.#freshBytes + this.#socket.getBufferedAmount();
  }

  override follow(topic: string): void {
    if (this.state !== "open" || !this.#options.topics.enter(topic, this)) return;
    this.#socket.subscribe(topic);
  }

  override unfollow(topic: string): void {
    const share = this.#options.topics.leave(topic, this);
    if (share === undefined) return;
    this.countSent(share.messages, share.bytes);
    if (this.state === "open") this.#socket.unsubscribe(topic);
  }

  override counters(): LinkCounters {
    const own = super.counters();
    const { messages, bytes } = this.#options.topics.traffic(this);
    const [sentMessages, sentBytes] = [own.sentMessages + messages, own.sentBytes + bytes];
    return { ...own, sentMessages, sentBytes };
  }

  close(): void {
    if (this.state !== "open") return;
    this.flush();
    if (this.state !== "open") return;
    this.state = "closing";
    this.#outcome = { fault: undefined };
    this.inbox.mute();
    this.#leaveTopics();
    // A reader that never takes the rest must not hold the socket forever.
    this.#deadline = setTimeout(() => this.drop(undefined), DRAIN_TIMEOUT_MS);
    this.#closeWhenFlushed();
  }

  drop(fault: Fault | undefined): void {
    this.#outcome ??= { fault };
    if (this.state === "closed") return;
    this.#socket.terminate();
    this.onGone(CLOSE_CODE.lost, "");
  }

  /** Reports whether this reader is behind by more than a link may queue. */
  isOverfull(): boolean {
    return this.state !== "closed" && this.queuedBytes() > SEND_QUEUE_BYTES_MAX;
  }

  /**
   * Passes this tick's messages to Bun; the listener does so before it publishes, to keep the
   * order.
   */
  flush(): void {
    this.#options.unflushed.delete(this);
    const fresh = this.#fresh;
    if (fresh.length === 0 || this.state !== "open") return;
    this.#fresh = [];
    this.#freshBytes = 0;
    this.#socket.cork((socket) => {
      for (const { message, tail } of fresh) {
        if (tail === undefined) socket.sendBinary(message);
        else sendJoined(socket, message, tail);
      }
    });
    this.settle(); // No drain event follows if the kernel accepts all.
  }

  onMessage(message: Uint8Array | string): void {
    if (typeof message === "string") {
      return this.drop(new Fault("frame-malformed", "a frame is text where all are binary"));
    }
    this.inbox.push(message);
    if (this.inbox.isFlooded) this.drop(undefined);
  }

  /** A ping or pong of WebSocket, which Bun has answered. */
  onControl(): void {
    if (this.#controlFrames.take(performance.now()) === 0) return;
    this.drop(new Fault("too-fast", "the other end sends too many pings"));
  }

  onDrain(): void {
    this.settle();
    if (this.state === "closing") this.#closeWhenFlushed();
  }

  onGone(code: number, reason: string): void {
    if (this.state === "closed") return;
    this.state = "closed";
    clearTimeout(this.#deadline);
    this.#options.unflushed.delete(this);
    this.#fresh = [];
    this.#freshBytes = 0;
    this.#leaveTopics();
    this.inbox.close(
      this.#outcome === undefined ? faultOfClose(code, reason) : this.#outcome.fault,
    );
    this.settle();
    this.#options.gone(this);
  }

  #closeWhenFlushed(): void {
    if (this.#socket.getBufferedAmount() === 0) this.#socket.close(CLOSE_CODE.done);
  }

  #leaveTopics(): void {
    const { messages, bytes } = this.#options.topics.leaveAll(this);
    this.countSent(messages, bytes);
  }
}

/** Sends a message and its tail as one; Bun copies it. */
function sendJoined(
  socket: ServerWebSocket<WsSocketData>,
  message: Uint8Array,
  tail: Uint8Array,
): void {
  const inPlace = joinInPlace(message, tail);
  const whole = inPlace ?? concatBytes(message, tail);
  if (inPlace === undefined) releaseBuffer(tail);
  socket.sendBinary(whole);
  releaseBuffer(whole);
}
