/** The interfaces of links, listeners and diallers. */

import type { Fault } from "../../base/fault.ts";

export type Transport = "tcp" | "udp" | "memory";

/** Address of the peer. IPv4-mapped IPv6 addresses are given as IPv4. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface LinkCounters {
  readonly sentMessages: number;
  readonly sentBytes: number;
  readonly receivedMessages: number;
  readonly receivedBytes: number;
  /** Only for QUIC; covers the whole connection with all its channels. */
  readonly roundTripMs?: number;
  readonly sentPackets?: number;
  readonly receivedPackets?: number;
  /** Packets considered lost; their content was sent again. */
  readonly lostPackets?: number;
  readonly congestionWindowBytes?: number;
}

export interface LinkHandlers {
  /** A whole message, in the order of sending. The receiver owns the bytes. */
  message(bytes: Uint8Array): void;
  /**
   * Called exactly once, last, and never from inside a call to the link. `undefined` if one of the
   * ends asked for it (`close`, `destroy` of this end, or the peer's `close`). No messages arrive
   * after this end asked.
   */
  closed(fault: Fault | undefined): void;
}

/**
 * A connection that carries whole messages both ways, in order, without loss, until it closes.
 * Session, rooms and files do not depend on the kind of link.
 */
export interface Link {
  readonly transport: Transport;
  readonly remote: Address;
  /** SHA-256 of the server's certificate (DER) on this link: the same 32 bytes at both ends. */
  readonly certificateHash: Uint8Array;
  /** Call exactly once, in the tick in which the link was handed over; nothing is lost before. */
  receive(handlers: LinkHandlers): void;
  /**
   * Queues a message without waiting; its bytes must not change afterwards. Returns false if the
   * link is closed, or if this message would exceed SEND_QUEUE_BYTES_MAX, which closes the link
   * (the peer reads too slowly). The receiver refuses a message above MESSAGE_BYTES_MAX and closes
   * the link: both ends get `too-large`.
   * @param tail the rest of the message, to avoid a copy. The link owns its whole buffer from now
   * on and releases it after sending.
   */
  send(message: Uint8Array, tail?: Uint8Array): boolean;
  /**
   * Limits messages from now on: the link closes before it buffers a longer one. Only for
   * transports that deliver parts of messages (QUIC): elsewhere a message is whole when it is seen.
   */
  expect?(messageBytesMax: number): void;
  /** Bytes accepted by `send` that the transport has not accepted yet. */
  queuedBytes(): number;
  /** Resolves when `queuedBytes()` is at most SEND_QUEUE_LOW_BYTES, or the link is closed. */
  drained(): Promise<void>;
  /** Server side: subscribes to the topic. Idempotent. */
  follow(topic: string): void;
  unfollow(topic: string): void;
  /**
   * Client side: opens a second ordered stream to the same server, for bulk data.
   * @throws Fault unreachable, timeout
   */
  openChannel(): Promise<Link>;
  counters(): LinkCounters;
  /**
   * Sends what is queued, for at most DRAIN_TIMEOUT_MS, then closes in an orderly way. Idempotent.
   */
  close(): void;
  /** Closes immediately and drops what is queued. Idempotent. */
  destroy(): void;
}

export interface ListenerEvents {
  /** Decides whether to accept this connection, before any resources are spent on it. */
  accept(remote: Address): boolean;
  /**
   * A client is connected and has no link yet, if the transport reports that: it counts with the
   * links of that address until the returned function is called. Called after `accept`.
   */
  wait?(remote: Address): () => void;
  /** Decides whether to answer a request for a page, a file or an upgrade. Default: all. */
  answers?(remote: Address): boolean;
  /** A new link; `parent` if the transport itself ties a channel to its link (QUIC, memory). */
  link(link: Link, parent: Link | undefined): void;
}

/** Server side of one transport. */
export interface Listener {
  readonly transport: Transport;
  /** The actual port, also if 0 was requested. */
  readonly port: number;
  /**
   * Sends the same bytes to every link that follows the topic: encoded once, written once per
   * reader. A reader whose queue exceeds SEND_QUEUE_BYTES_MAX is closed, never skipped. Keeps the
   * order relative to `send`.
   */
  publish(topic: string, message: Uint8Array): void;
  /** Accepts no new links, closes existing ones, and resolves when all are gone (bounded). */
  stop(): Promise<void>;
}

export interface DialOptions {
  readonly host: string;
  readonly port: number;
  /**
   * Local port to dial from.
   * @throws Fault port-taken if another program uses it
   */
  readonly localPort?: number;
  readonly timeoutMs: number;
}

/**
 * Client side of one transport.
 * @throws Fault unreachable, timeout, port-taken
 */
export type Dial = (options: DialOptions) => Promise<Link>;
