/** Interfaces of links, listeners and dialers. */

import type { Fault } from "../../base/fault.ts";

export type Transport = "tcp" | "udp" | "memory";

/** Address of the peer. IPv4-mapped IPv6 addresses are converted to IPv4. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface LinkCounters {
  readonly sentMessages: number;
  readonly sentBytes: number;
  readonly receivedMessages: number;
  readonly receivedBytes: number;
  /** QUIC only. Covers the connection with all its streams. */
  readonly roundTripMs?: number;
  readonly sentPackets?: number;
  readonly receivedPackets?: number;
  readonly lostPackets?: number;
  readonly congestionWindowBytes?: number;
}

export interface LinkHandlers {
  /** A complete message, in the order sent. The receiver owns the bytes. */
  message(bytes: Uint8Array): void;
  /**
   * Called exactly once, last, and never from within a call to the link. `undefined` if either end
   * closed the link normally. No messages arrive after this end called `close` or `destroy`.
   */
  closed(fault: Fault | undefined): void;
}

/**
 * A connection that carries complete messages both ways, in order and without loss, until it
 * closes. All higher layers are independent of the transport.
 */
export interface Link {
  readonly transport: Transport;
  readonly remote: Address;
  /** SHA-256 of the server's certificate (DER), the same at both ends. */
  readonly certificateHash: Uint8Array;
  /**
   * Call it exactly once, in the tick in which the link was passed on. Earlier messages are
   * buffered.
   */
  receive(handlers: LinkHandlers): void;
  /**
   * Queues a message without waiting. Its bytes must not change afterwards. Returns false if the
   * link is closed, or if the queue would exceed SEND_QUEUE_BYTES_MAX, which closes the link (the
   * peer reads too slowly). The receiver closes the link on a message above MESSAGE_BYTES_MAX; both
   * ends get `too-large`.
   * @param tail remainder of the message, to avoid a copy. The link owns its whole buffer and
   * releases it after sending.
   */
  send(message: Uint8Array, tail?: Uint8Array): boolean;
  /**
   * Limits later messages: the link closes instead of buffering a longer one. Only for transports
   * that deliver messages in pieces (QUIC).
   */
  limitMessageBytes?(messageBytesMax: number): void;
  /** Bytes accepted by `send` but not by the transport. */
  queuedBytes(): number;
  /** Resolves when `queuedBytes()` is at most SEND_QUEUE_LOW_BYTES, or the link is closed. */
  drained(): Promise<void>;
  follow(topic: string): void;
  unfollow(topic: string): void;
  /**
   * Client side: opens a second ordered stream to the same server, for bulk data.
   * @throws {Fault} unreachable, timeout
   */
  openChannel(): Promise<Link>;
  counters(): LinkCounters;
  /** Sends queued messages for at most DRAIN_TIMEOUT_MS, then closes normally. Idempotent. */
  close(): void;
  destroy(): void;
}

export interface ListenerEvents {
  /** Decides whether to accept a connection, before any resources are used. */
  accept(remote: Address): boolean;
  /**
   * A client without a link connected, if the transport reports that. It counts as a link of its
   * address until the returned function is called. Called after `accept`.
   */
  connecting?(remote: Address): () => void;
  /** Decides whether to answer an HTTP request or upgrade. Default: all. */
  acceptsRequest?(remote: Address): boolean;
  /** A new link. `parent` is the link to which the transport ties a data channel (QUIC, memory). */
  link(link: Link, parent: Link | undefined): void;
}

export interface Listener {
  readonly transport: Transport;
  /** Actual port, even if 0 was requested. */
  readonly port: number;
  /**
   * Sends the same bytes to all links that follow the topic. Closes a link whose queue exceeds
   * SEND_QUEUE_BYTES_MAX. Keeps the order relative to `send`.
   */
  publish(topic: string, message: Uint8Array): void;
  /**
   * Accepts no new links, closes existing ones, and resolves when all are closed. Bounded in time.
   */
  stop(): Promise<void>;
}

export interface DialOptions {
  readonly host: string;
  readonly port: number;
  /**
   * Local port to dial from.
   * @throws {Fault} port-taken if another program uses it
   */
  readonly localPort?: number;
  readonly timeoutMs: number;
}

/**
 * Client side of a transport.
 * @throws {Fault} unreachable, timeout, port-taken
 */
export type Dial = (options: DialOptions) => Promise<Link>;
