/** The interfaces of links, listeners and diallers. */

import type { Fault } from "../../base/fault.ts";

export type Transport = "tcp" | "udp" | "memory";

/** Where the other end is. IPv4-mapped IPv6 addresses are given as IPv4. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface LinkCounters {
  readonly sentMessages: number;
  readonly sentBytes: number;
  readonly receivedMessages: number;
  readonly receivedBytes: number;
  /** Only where the transport knows them (QUIC), of the whole connection with all its lanes. */
  readonly roundTripMs?: number;
  readonly sentPackets?: number;
  readonly receivedPackets?: number;
  /** Sent, and taken for lost; what they carried was sent again. */
  readonly lostPackets?: number;
  readonly congestionWindowBytes?: number;
}

export interface LinkHandlers {
  /** One whole message, in the order in which it was sent. The bytes are the receiver's to keep. */
  message(bytes: Uint8Array): void;
  /**
   * Called exactly once, last, and never from inside a call to the link. `undefined`: one of the
   * two ends asked for it (`close`, `destroy` of this end, or the other's `close`); after this end
   * asked, no more messages come.
   */
  closed(fault: Fault | undefined): void;
}

/**
 * One connection that carries whole messages both ways, in order, without loss, until it closes.
 * Session, rooms and files do not know which kind they run on.
 */
export interface Link {
  readonly transport: Transport;
  readonly remote: Address;
  /** SHA-256 of the server's certificate (DER) on this link: the same 32 bytes at both ends. */
  readonly certificateHash: Uint8Array;
  /** Set exactly once, in the tick in which the link was handed over; nothing is lost before. */
  receive(handlers: LinkHandlers): void;
  /**
   * Queues a message and never waits; its bytes must not change afterwards. False: the link is
   * closed, or this message would pass SEND_QUEUE_BYTES_MAX and the link was closed for it (the
   * other end reads too slowly). A message above MESSAGE_BYTES_MAX is refused by the receiver,
   * which closes the link: both ends see `too-large`.
   * @param tail the rest of the message, where it lies elsewhere: it need not be put behind it.
   * Its whole buffer is the link's from now on, which gives it back when it is sent.
   */
  send(message: Uint8Array, tail?: Uint8Array): boolean;
  /**
   * What comes from now on is no longer than this; a link that begins a longer message is closed
   * before it is held. Only where the transport hands over parts of messages (QUIC): elsewhere a
   * message is whole before it can be looked at.
   */
  expect?(messageBytesMax: number): void;
  /** Bytes accepted by `send` that the transport has not taken yet. */
  queuedBytes(): number;
  /** Resolves when `queuedBytes()` is at most SEND_QUEUE_LOW_BYTES, or the link is closed. */
  drained(): Promise<void>;
  /** Server side: receive what is published to this topic from now on. Idempotent. */
  follow(topic: string): void;
  unfollow(topic: string): void;
  /**
   * Client side: a second ordered stream to the same server, for bulk.
   * @throws Fault unreachable, timeout
   */
  openChannel(): Promise<Link>;
  counters(): LinkCounters;
  /** Sends what is queued, for DRAIN_WITHIN_MS at most, then closes in good order. Idempotent. */
  close(): void;
  /** Closes at once and drops what is queued. Idempotent. */
  destroy(): void;
}

export interface ListenerEvents {
  /** Whether to take this connection at all; asked before anything is spent on it. */
  accept(remote: Address): boolean;
  /**
   * A client is connected and has no link yet, where the transport tells so: counted with the links
   * of that address until the function that comes back is called. Asked after `accept`.
   */
  wait?(remote: Address): () => void;
  /** Whether to answer this request for a page, a file or an upgrade; left out: each. */
  answers?(remote: Address): boolean;
  /** A new link; `parent` where the transport itself ties a lane to its link (QUIC, memory). */
  link(link: Link, parent: Link | undefined): void;
}

/** The server's end of one transport. */
export interface Listener {
  readonly transport: Transport;
  /** The port really taken, also when 0 was asked for. */
  readonly port: number;
  /**
   * Sends the same bytes to every link that follows the topic: packed once, written once per
   * reader. A reader whose queue passes SEND_QUEUE_BYTES_MAX is closed, never skipped. Keeps the
   * order with `send`: what was sent before is read before, what is sent after is read after.
   */
  publish(topic: string, message: Uint8Array): void;
  /** Takes no new links, closes those there are, and resolves when all are gone (bounded). */
  stop(): Promise<void>;
}

export interface DialOptions {
  readonly host: string;
  readonly port: number;
  /** The port to call from; taken by another program = Fault port-taken. */
  readonly localPort?: number;
  readonly timeoutMs: number;
}

/** The client's end of one transport. @throws Fault unreachable, timeout, port-taken */
export type Dial = (options: DialOptions) => Promise<Link>;
