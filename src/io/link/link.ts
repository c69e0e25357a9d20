/** Interfaces for links, listeners and dialers. */

import type { Fault } from "../../base/fault.ts";
import type { LogRecord } from "../../wire/record.ts";

/** `tcp` is WebSocket; `http` replaces it where a network refuses it. */
export type Transport = "tcp" | "udp" | "http" | "irc" | "memory";

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface LinkCounters {
  readonly sentMessages: number;
  readonly sentBytes: number;
  readonly receivedMessages: number;
  readonly receivedBytes: number;
  readonly roundTripMs?: number;
  /** Reads from the socket (client end of TCP only). */
  readonly socketReads?: number;
  readonly sentPackets?: number;
  readonly receivedPackets?: number;
  readonly lostPackets?: number;
  readonly congestionWindowBytes?: number;
}

export interface LinkHandlers {
  /** The receiver owns the bytes. */
  message(bytes: Uint8Array): void;
  /**
   * Called exactly once, after all messages, and never during a call to the link. `fault` is
   * `undefined` after a normal close by either end. No messages arrive after this end has called
   * `close` or `destroy`.
   */
  closed(fault: Fault | undefined): void;
}

export interface Link {
  readonly transport: Transport;
  readonly remote: Address;
  /** SHA-256 of the server's certificate (DER), the same at both ends. */
  readonly certificateHash: Uint8Array;
  /** True at the server's end of a further stream of a QUIC connection. */
  readonly isChannel?: boolean;
  /** True if the dialer has sent the message `first` of its options. */
  readonly hasSentFirst?: boolean;
  /**
   * Set by a dialer that has another transport. Called when the connection over this link ends with
   * a fault. Returns true if the client should dial again immediately.
   */
  failed?: ((fault: Fault) => boolean) | undefined;
  /**
   * Must be called exactly once, in the tick in which the link is created. Earlier messages are
   * buffered.
   */
  receive(handlers: LinkHandlers): void;
  /**
   * Queues a message, whose bytes must not change afterwards. Returns false if the link is closed.
   * Closes the link if the queue would exceed SEND_QUEUE_BYTES_MAX, or with `too-large` if the
   * message exceeds MESSAGE_BYTES_MAX.
   * @param tail end of the message, to avoid a copy. The link owns and releases its buffer.
   */
  send(message: Uint8Array, tail?: Uint8Array): boolean;
  /**
   * Closes the link before it buffers a longer message. WebSocket links, whose messages Bun
   * buffers, do not have it.
   */
  limitMessageBytes?(messageBytesMax: number): void;
  queuedBytes(): number;
  /**
   * Resolves when `queuedBytes()` is at most `bytesMax` or the link is closed. Links over HTTP use
   * SEND_QUEUE_LOW_BYTES, the default, because their responses are that long.
   */
  drained(bytesMax?: number): Promise<void>;
  follow(topic: string): void;
  unfollow(topic: string): void;
  /**
   * Client side only.
   * @param first message that the transport may send while it connects; see `hasSentFirst`
   * @throws {Fault} unreachable if the link is lost, timeout if the server does not answer
   */
  openChannel(first?: Uint8Array): Promise<Link>;
  counters(): LinkCounters;
  /** Sends queued messages for at most DRAIN_TIMEOUT_MS before closing. Idempotent. */
  close(): void;
  destroy(): void;
}

export interface ListenerEvents {
  /** Decides whether to accept a connection, before the connection uses any resources. */
  accept(remote: Address): boolean;
  /**
   * Called after `accept` for a connection without a link, if the transport reports it. The
   * connection counts as a link of its address until the returned function is called.
   */
  connecting?(remote: Address): () => void;
  acceptsRequest?(remote: Address): boolean;
  /** Called after an unexpected error in an HTTP request, to which the listener answers 500. */
  requestFailed?(error: unknown): void;
  /** `parent` is the link to which a data channel belongs (QUIC and memory network only). */
  link(link: Link, parent: Link | undefined): void;
  /** Called after the address of an open link has changed (QUIC only). */
  moved?(link: Link, from: Address): void;
}

/** In PEM format. */
export interface TlsPair {
  readonly certPem: string;
  readonly keyPem: string;
}

export interface ServerTls extends TlsPair {
  /** For clients that ask for this name (RFC 6066, section 3). */
  readonly named?: (TlsPair & { readonly name: string }) | undefined;
}

export interface PublishedRecord {
  readonly record: LogRecord;
  /** Name of the author when the record was published. */
  readonly from: string | undefined;
}

export interface Listener {
  readonly transport: Transport;
  readonly port: number;
  /**
   * Closes links whose queue exceeds SEND_QUEUE_BYTES_MAX. Messages keep their order relative to
   * those sent with `send`.
   * @param records the message's records, so that links in this process need not decode it
   */
  publish(topic: string, message: Uint8Array, records?: readonly PublishedRecord[]): void;
  /**
   * Serves another certificate to new connections. Exists for transports whose clients may check a
   * certificate's dates. After a fault, nothing listens until a repeated call succeeds.
   * @throws {Fault} port-taken if another program takes the port in between
   */
  setCertificate?(tls: ServerTls): void;
  stop(): Promise<void>;
}

export interface DialOptions {
  readonly host: string;
  /** Address of `host` to use; `undefined` to resolve it. */
  readonly address?: string;
  readonly port: number;
  readonly localPort?: number;
  readonly timeoutMs: number;
  /** First message of the link. Sending it while connecting saves a round trip. */
  readonly first?: Uint8Array;
}

/**
 * @throws {Fault} unreachable or timeout if the server does not answer, port-taken if another
 * program uses the local port
 */
export type Dial = (options: DialOptions) => Promise<Link>;
