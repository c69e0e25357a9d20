/** Server end of a WebSocket link. */

import type { ServerWebSocket } from "bun";
import { concatBytes } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import { DRAIN_TIMEOUT_MS, SEND_QUEUE_BYTES_MAX } from "../../base/limits.ts";
import type { TokenBucket } from "../../core/rate.ts";
import { joinInPlace, releaseBuffer } from "../disk/buffer-pool.ts";
import { BaseLink, slowReaderFault } from "../link/base-link.ts";
import { CLOSE_CODE, closeFault } from "../link/close-code.ts";
import type { Address } from "../link/link.ts";
import type { Topics } from "../link/topics.ts";
import type { LineProtocol } from "./line-socket.ts";

export interface WsServerLinkOptions {
  readonly certificateHash: Uint8Array;
  readonly topics: Topics<WsServerLink>;
  readonly unflushed: Set<WsServerLink>;
  readonly onClosed: (link: WsServerLink) => void;
}

/** Frame header, counted for each message, so that queues of empty messages are limited too. */
const OVERHEAD_BYTES = 10;

interface UnflushedMessage {
  readonly message: Uint8Array;
  readonly tail: Uint8Array | undefined;
}

export class WsServerLink extends BaseLink implements WsEndpoint {
  readonly transport = "tcp";
  readonly remote: Address;
  #unflushed: UnflushedMessage[] = [];
  #unflushedBytes = 0;
  #socketBytes = 0;
  #outcome: { readonly fault: Fault | undefined } | undefined;
  #deadline: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly socket: ServerWebSocket<WsSocketData>,
    private readonly options: WsServerLinkOptions,
  ) {
    super(options.topics);
    this.remote = socket.data.remote;
  }

  get certificateHash(): Uint8Array {
    return this.options.certificateHash;
  }

  send(message: Uint8Array, tail?: Uint8Array): boolean {
    if (this.state !== "open") return false;
    const sizeBytes = message.length + (tail?.length ?? 0);
    if (this.#unflushed.length === 0) this.#socketBytes = this.socket.getBufferedAmount();
    const queuedBytes = this.#unflushedBytes + this.#socketBytes;
    if (queuedBytes + sizeBytes + OVERHEAD_BYTES > SEND_QUEUE_BYTES_MAX) {
      this.drop(slowReaderFault());
      return false;
    }
    this.countSent(1, sizeBytes);
    this.#unflushed.push({ message, tail });
    this.#unflushedBytes += sizeBytes + OVERHEAD_BYTES;
    if (this.#unflushed.length === 1) {
      this.options.unflushed.add(this);
      queueMicrotask(() => this.flush());
    }
    return true;
  }

  queuedBytes(): number {
    return this.state === "closed" ? 0 : this.#unflushedBytes + this.socket.getBufferedAmount();
  }

  override follow(topic: string): boolean {
    const isNew = super.follow(topic);
    if (isNew) this.socket.subscribe(topic);
    return isNew;
  }

  override unfollow(topic: string): void {
    super.unfollow(topic);
    if (this.state === "open") this.socket.unsubscribe(topic);
  }

  close(): void {
    if (this.state !== "open") return;
    this.flush();
    if (this.state !== "open") return;
    this.state = "closing";
    this.#outcome = { fault: undefined };
    this.inbox.mute();
    this.leaveTopics();
    this.#deadline = setTimeout(() => this.drop(undefined), DRAIN_TIMEOUT_MS);
    this.#closeWhenFlushed();
  }

  drop(fault: Fault | undefined): void {
    this.#outcome ??= { fault };
    if (this.state === "closed") return;
    this.socket.terminate();
    this.onSocketClosed(CLOSE_CODE.abnormal, "");
  }

  isOverLimit(): boolean {
    return this.state !== "closed" && this.queuedBytes() > SEND_QUEUE_BYTES_MAX;
  }

  /** The listener also calls this method before it publishes, to keep the messages in order. */
  flush(): void {
    this.options.unflushed.delete(this);
    const unflushed = this.#unflushed;
    if (unflushed.length === 0 || this.state !== "open") return;
    this.#unflushed = [];
    this.#unflushedBytes = 0;
    this.socket.cork((socket) => {
      for (const { message, tail } of unflushed) {
        if (tail === undefined) socket.sendBinary(message);
        else sendJoined(socket, message, tail);
      }
    });
    this.settle();
  }

  onMessage(message: Uint8Array | string): void {
    if (typeof message === "string") {
      return this.drop(new Fault("frame-malformed", "text frames are not supported"));
    }
    this.receiveMessage(message);
  }

  onDrain(): void {
    this.settle();
    if (this.state === "closing") this.#closeWhenFlushed();
  }

  onSocketClosed(code: number, reason: string): void {
    if (this.state === "closed") return;
    this.state = "closed";
    clearTimeout(this.#deadline);
    this.options.unflushed.delete(this);
    this.#unflushed = [];
    this.#unflushedBytes = 0;
    this.leaveTopics();
    this.inbox.close(this.#outcome === undefined ? closeFault(code, reason) : this.#outcome.fault);
    this.settle();
    this.options.onClosed(this);
  }

  #closeWhenFlushed(): void {
    if (this.socket.getBufferedAmount() === 0) this.socket.close(CLOSE_CODE.normal);
  }
}

function sendJoined(
  socket: ServerWebSocket<WsSocketData>,
  message: Uint8Array,
  tail: Uint8Array,
): void {
  const inPlace = joinInPlace(message, tail);
  const joined = inPlace ?? concatBytes(message, tail);
  if (inPlace === undefined) releaseBuffer(tail);
  socket.sendBinary(joined);
  releaseBuffer(joined);
}

export interface WsEndpoint {
  onMessage(message: Uint8Array | string): void;
  onDrain(): void;
  onSocketClosed(code: number, reason: string): void;
  drop(fault: Fault): void;
}

export interface WsSocketData {
  readonly remote: Address;
  /** Name or address in the request's `Host` header. */
  readonly host: string;
  /** `undefined` for a link. */
  readonly lineProtocol?: LineProtocol;
  readonly controlFrames: TokenBucket;
  /** First message of the link, if the request contained it. */
  readonly first?: Uint8Array;
  endpoint?: WsEndpoint;
}
