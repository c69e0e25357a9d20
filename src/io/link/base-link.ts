/** Base class for all links: state, inbox, counters and back pressure. */

import { assert } from "../../base/assert.ts";
import { concatBytes } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import {
  BYTES_AFTER_CLOSE_MAX,
  BYTES_AFTER_CLOSE_MIN,
  MESSAGES_AFTER_CLOSE_MAX,
  SEND_QUEUE_LOW_BYTES,
} from "../../base/limits.ts";
import type { Address, Link, LinkCounters, LinkHandlers, Transport } from "./link.ts";
import type { Topics } from "./topics.ts";

/**
 * Calls `closed` exactly once, after all messages. Never calls back during a call to the link.
 * @internal
 */
export class LinkInbox {
  receivedMessages = 0;
  receivedBytes = 0;
  /** Bounded, because the owner calls `receive` in the tick in which the link is created. */
  readonly #buffered: Uint8Array[] = [];
  #handlers: LinkHandlers | undefined;
  #closing: { readonly fault: Fault | undefined } | undefined;
  #isMuted = false;
  #droppedMessages = 0;
  #droppedBytes = 0;

  receive(handlers: LinkHandlers): void {
    assert(this.#handlers === undefined, "receive may be called only once");
    this.#handlers = handlers;
    queueMicrotask(() => {
      for (const bytes of this.#buffered.splice(0)) this.#deliver(handlers, bytes);
      if (this.#closing !== undefined) handlers.closed(this.#closing.fault);
    });
  }

  get isFlooded(): boolean {
    const bytesMax = Math.max(
      BYTES_AFTER_CLOSE_MIN,
      Math.min(this.receivedBytes, BYTES_AFTER_CLOSE_MAX),
    );
    return this.#droppedMessages > MESSAGES_AFTER_CLOSE_MAX || this.#droppedBytes > bytesMax;
  }

  push(bytes: Uint8Array): void {
    if (this.#isMuted) {
      this.#droppedMessages++;
      this.#droppedBytes += bytes.length;
    }
    if (this.#closing !== undefined || this.#isMuted) return;
    this.receivedMessages += 1;
    this.receivedBytes += bytes.length;
    if (this.#handlers === undefined || this.#buffered.length > 0) this.#buffered.push(bytes);
    else this.#deliver(this.#handlers, bytes);
  }

  mute(): void {
    this.#isMuted = true;
    this.#buffered.length = 0;
  }

  close(fault: Fault | undefined): void {
    if (this.#closing !== undefined) return;
    this.#closing = { fault };
    const handlers = this.#handlers;
    if (handlers !== undefined) queueMicrotask(() => handlers.closed(fault));
  }

  #deliver(handlers: LinkHandlers, bytes: Uint8Array): void {
    if (this.#isMuted) return;
    try {
      handlers.message(bytes);
    } catch (error) {
      rethrow(error);
    }
  }
}

/**
 * Ends the process, because the error is a bug. Bun would report an error thrown in a socket
 * handler as a socket error.
 */
export function rethrow(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}

export function slowReaderFault(): Fault {
  return new Fault("link-closed", "the peer reads too slowly");
}

/** Small frames are joined with later ones in one write, to share a TLS record. */
const JOIN_BYTES = 16 * 1024;

/** @returns the batch, and how many frames from `from` it completes; may shorten the next frame */
export function joinFrames(frames: Uint8Array[], from: number): [Uint8Array, number] {
  const [first, next] = [frames[from], frames[from + 1]];
  assert(first !== undefined, "the queue is not empty");
  if (next === undefined || first.length >= JOIN_BYTES) return [first, 1];
  const parts: Uint8Array[] = [];
  let remaining = JOIN_BYTES;
  for (let i = from; remaining > 0; i++) {
    const frame = frames[i];
    if (frame === undefined) break;
    if (frame.length > remaining) {
      parts.push(frame.subarray(0, remaining));
      frames[i] = frame.subarray(remaining);
      return [concatBytes(...parts), parts.length - 1];
    }
    parts.push(frame);
    remaining -= frame.length;
  }
  return [concatBytes(...parts), parts.length];
}

export abstract class BaseLink implements Link {
  abstract readonly transport: Transport;
  abstract readonly remote: Address;
  abstract readonly certificateHash: Uint8Array;
  hasSentFirst = false;
  failed: Link["failed"];
  protected readonly inbox = new LinkInbox();
  protected state: "open" | "closing" | "closed" = "open";
  #sentMessages = 0;
  #sentBytes = 0;
  #waiters: { readonly bytesMax: number; readonly resolve: () => void }[] = [];

  constructor(
    /** `undefined` on the client end. */
    protected readonly topics?: Topics<BaseLink>,
  ) {}

  abstract send(message: Uint8Array, tail?: Uint8Array): boolean;
  abstract queuedBytes(): number;
  abstract close(): void;
  abstract drop(fault: Fault | undefined): void;

  get isClosed(): boolean {
    return this.state === "closed";
  }

  receive(handlers: LinkHandlers): void {
    this.inbox.receive(handlers);
  }

  destroy(): void {
    this.inbox.mute();
    this.drop(undefined);
  }

  /** @returns false if the link already follows the topic, or is closed */
  follow(topic: string): boolean {
    assert(this.topics !== undefined, "only the server end follows topics");
    return this.state === "open" && this.topics.follow(topic, this);
  }

  unfollow(topic: string): void {
    assert(this.topics !== undefined, "only the server end follows topics");
    const traffic = this.topics.unfollow(topic, this);
    if (traffic !== undefined) this.countSent(traffic.messages, traffic.bytes);
  }

  protected leaveTopics(): void {
    const { messages = 0, bytes = 0 } = this.topics?.unfollowAll(this) ?? {};
    this.countSent(messages, bytes);
  }

  openChannel(first?: Uint8Array): Promise<Link> {
    if (this.state === "open") return this.dialChannel(first);
    return Promise.reject(new Fault("unreachable", "the link is closed"));
  }

  counters(): LinkCounters {
    const { receivedMessages, receivedBytes } = this.inbox;
    const { messages = 0, bytes = 0 } = this.topics?.traffic(this) ?? {};
    const [sentMessages, sentBytes] = [this.#sentMessages + messages, this.#sentBytes + bytes];
    return { sentMessages, sentBytes, receivedMessages, receivedBytes };
  }

  drained(bytesMax: number = SEND_QUEUE_LOW_BYTES): Promise<void> {
    if (this.isDrained(bytesMax)) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push({ bytesMax, resolve }));
  }

  protected dialChannel(_first?: Uint8Array): Promise<Link> {
    assert(false, "only the client end opens data channels");
  }

  /**
   * Delivers a message from the peer. Returns false if the link has ended, so that the transport
   * reads no further message of the bytes that it has received.
   */
  protected receiveMessage(message: Uint8Array): boolean {
    this.inbox.push(message);
    if (this.topics !== undefined && this.inbox.isFlooded) this.drop(undefined);
    return !this.isClosed;
  }

  protected countSent(messages: number, sizeBytes: number): void {
    this.#sentMessages += messages;
    this.#sentBytes += sizeBytes;
  }

  protected settle(): void {
    if (this.#waiters.length === 0) return;
    this.#waiters = this.#waiters.filter(({ bytesMax, resolve }) => {
      const isDone = this.isDrained(bytesMax);
      if (isDone) resolve();
      return !isDone;
    });
  }

  protected isDrained(bytesMax: number = SEND_QUEUE_LOW_BYTES): boolean {
    return this.queuedBytes() <= bytesMax;
  }
}
