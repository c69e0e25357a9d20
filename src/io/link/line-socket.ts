/** Interfaces for byte streams that carry lines: TCP, TLS and WebSocket. */

import type { Fault } from "../../base/fault.ts";
import type { Address } from "./link.ts";

export interface LineSocketHandlers {
  /** The receiver owns the bytes. No call follows this end's `end` or `destroy`. */
  data(bytes: Uint8Array): void;
  /** The queue fell to LINES_QUEUE_LOW_BYTES or less, after having been above. */
  queueLow(): void;
  /**
   * The peer sends nothing more, but may still read. Without this handler, the socket calls `end`.
   */
  ended?(): void;
  /**
   * Called exactly once, after all data, and never during a call to the socket. `fault` is
   * `undefined` after a normal close by either end.
   */
  closed(fault: Fault | undefined): void;
}

export interface LineSocket {
  readonly remote: Address;
  readonly isSecure: boolean;
  /**
   * Queues whole lines, each with its CR LF, whose bytes must not change afterwards. All writes of
   * one tick are sent together. Closes the socket if the queue would exceed SEND_QUEUE_BYTES_MAX.
   */
  write(lines: Uint8Array): void;
  queuedBytes(): number;
  /** Stops reading, so that the peer's queue fills. */
  pause(): void;
  resume(): void;
  /** Sends the queue for at most DRAIN_TIMEOUT_MS before closing. Idempotent. */
  end(): void;
  destroy(): void;
}

export interface LineListenerEvents {
  /** @see ListenerEvents.accept */
  accept(remote: Address): boolean;
  /** Called after `accept` if a TLS handshake follows. @see ListenerEvents.connecting */
  connecting?(remote: Address): () => void;
  /** Called after the TLS handshake, if any. */
  socket(socket: LineSocket): LineSocketHandlers;
}

export interface LineListener {
  readonly port: number;
  stop(): Promise<void>;
}
