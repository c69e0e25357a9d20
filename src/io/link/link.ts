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
  /** QUIC only: statistics of the connection, which include all its streams. */
  readonly roundTripMs?: number;
  readonly sentPackets?: number;
  readonly receivedPackets?: number;
  readonly lostPackets?: number;
  readonly congestionWindowBytes?: number;
}

export interface LinkHandlers {
  /** Called with each complete message in the order sent. The receiver owns the bytes. */
  message(bytes: Uint8Array): void;
  /**
   * Called exactly once, after all messages, and never during a call to the link. `fault` is
   * `undefined` after a normal close by either end. No messages arrive after this end has called
   * `close` or `destroy`.
   */
  closed(fault: Fault | undefined): void;
}

/**
 * Connection that carries complete messages in both directions, in order and without loss. Higher
 * layers do not depend on the transport.
 */
export interface Link {
  readonly transport: Transport;
  readonly remote: Address;
  /** SHA-256 of the server's certificate (DER), equal at both ends. */
  readonly certificateHash: Uint8Array;
  /**
   * Sets the handlers. Must be called exactly once, in the tick in which the link is created.
   * Messages that arrive before the call are buffered.
   */
  receive(handlers: LinkHandlers): void;
  /**
   * Queues a message without waiting. The caller must not change the message's bytes afterwards.
   * Returns false if the link is closed. If the peer reads so slowly that the queue would exceed
   * SEND_QUEUE_BYTES_MAX, closes the link and returns false. A message above MESSAGE_BYTES_MAX
   * closes the link with `too-large` at both ends.
   * @param tail end of the message, to avoid a copy. The link owns its buffer and releases it after
   * sending.
   */
  send(message: Uint8Array, tail?: Uint8Array): boolean;
  /**
   * Limits the size of messages received from now on: a longer message closes the link before it is
   * buffered. Exists only for transports that deliver messages in pieces (QUIC).
   */
  limitMessageBytes?(messageBytesMax: number): void;
  /** Returns the number of bytes that `send` has accepted but the transport has not. */
  queuedBytes(): number;
  /** Resolves when `queuedBytes()` is at most SEND_QUEUE_LOW_BYTES or the link is closed. */
  drained(): Promise<void>;
  follow(topic: string): void;
  unfollow(topic: string): void;
  /**
   * Opens a second ordered stream to the same server for bulk data. Client side only.
   * @throws {Fault} unreachable if the link is lost, timeout if the server does not answer
   */
  openChannel(): Promise<Link>;
  counters(): LinkCounters;
  /** Sends queued messages for at most DRAIN_TIMEOUT_MS, then closes normally. Idempotent. */
  close(): void;
  destroy(): void;
}

export interface ListenerEvents {
  /** Decides whether to accept a connection, before the connection uses any resources. */
  accept(remote: Address): boolean;
  /**
   * Called after `accept` when a client has connected but has no link yet, if the transport reports
   * this state. The connection counts as a link of its address until the returned function is
   * called.
   */
  connecting?(remote: Address): () => void;
  /** Decides whether to answer an HTTP request or upgrade. Default: every request is answered. */
  acceptsRequest?(remote: Address): boolean;
  /**
   * Called with a new link. If the link is a data channel of QUIC or of the memory network,
   * `parent` is the link to which it belongs.
   */
  link(link: Link, parent: Link | undefined): void;
}

export interface Listener {
  readonly transport: Transport;
  /** Port on which the listener accepts connections; the assigned port if 0 was requested. */
  readonly port: number;
  /**
   * Sends the same bytes to all followers of the topic. Closes links whose queue exceeds
   * SEND_QUEUE_BYTES_MAX. Messages keep their order relative to those sent with `send`.
   */
  publish(topic: string, message: Uint8Array): void;
  /**
   * Refuses new links and closes existing links. Resolves, after a limited time, when all are
   * closed.
   */
  stop(): Promise<void>;
}

export interface DialOptions {
  readonly host: string;
  readonly port: number;
  /**
   * Local port from which to dial.
   * @throws {Fault} port-taken if another program uses it
   */
  readonly localPort?: number;
  readonly timeoutMs: number;
}

/**
 * Opens a link to a server over one transport.
 * @throws {Fault} unreachable or timeout if the server does not answer, port-taken if the local
 * port is in use
 */
export type Dial = (options: DialOptions) => Promise<Link>;
