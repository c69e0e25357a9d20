/** Byte streams that carry lines (TCP, TLS and WebSocket): interfaces and their base class. */

import { NEWLINE } from "../../base/ascii.ts";
import { assert } from "../../base/assert.ts";
import type { Fault } from "../../base/fault.ts";
import {
  BYTES_AFTER_CLOSE_MIN,
  DRAIN_TIMEOUT_MS,
  LINES_QUEUE_LOW_BYTES,
  SEND_QUEUE_BYTES_MAX,
} from "../../base/limits.ts";
import type { Clock } from "../clock.ts";
import { rethrow, slowReaderFault } from "./base-link.ts";
import type { Address, TlsPair } from "./link.ts";

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
  /** Serves another certificate to new connections. */
  setCertificate?(tls: TlsPair): void;
  stop(): Promise<void>;
}

/** Flushes all sockets that were written to in one tick. */
export class FlushQueue {
  #unflushed: { flush(): void }[] = [];

  add(socket: { flush(): void }): void {
    if (this.#unflushed.push(socket) > 1) return;
    queueMicrotask(() => {
      const unflushed = this.#unflushed;
      this.#unflushed = [];
      for (const socket of unflushed) socket.flush();
    });
  }
}

/** Shared by all sockets of a listener. */
export interface LineSocketOptions {
  readonly isSecure: boolean;
  readonly clock: Pick<Clock, "after">;
  readonly flushQueue: FlushQueue;
  readonly onClosed: (socket: LineSocket) => void;
}

interface PausableSocket {
  pause(): unknown;
  resume(): unknown;
}

export abstract class BaseLineSocket<Socket extends PausableSocket> implements LineSocket {
  protected unsent: Uint8Array[] = [];
  protected unsentBytes = 0;
  protected state: "open" | "ending" | "closed" = "open";
  #handlers: LineSocketHandlers | undefined;
  #isAboveLow = false;
  #bytesAfterEnd = 0;
  #outcome: { readonly fault: Fault | undefined } | undefined;
  #cancelDeadline: (() => void) | undefined;

  constructor(
    protected readonly socket: Socket,
    readonly remote: Address,
    protected readonly options: LineSocketOptions,
  ) {}

  get isSecure(): boolean {
    return this.options.isSecure;
  }

  abstract queuedBytes(): number;
  abstract flush(): void;
  protected abstract terminate(): void;

  /** Must be called exactly once, in the tick in which the socket is created. */
  attach(handlers: LineSocketHandlers): void {
    assert(this.#handlers === undefined, "a line socket has one receiver");
    this.#handlers = handlers;
  }

  write(lines: Uint8Array): void {
    assert(lines.at(-1) === NEWLINE, "lines end with CR LF");
    if (this.state !== "open") return;
    const queuedBytes = this.queuedBytes() + lines.length;
    if (queuedBytes > SEND_QUEUE_BYTES_MAX) return this.drop(slowReaderFault());
    this.#isAboveLow ||= queuedBytes > LINES_QUEUE_LOW_BYTES;
    this.unsentBytes += lines.length;
    if (this.unsent.push(lines) === 1) this.options.flushQueue.add(this);
  }

  pause(): void {
    if (this.state === "open") this.socket.pause();
  }

  resume(): void {
    if (this.state !== "closed") this.socket.resume();
  }

  protected dropUnsent(): void {
    this.unsent = [];
    this.unsentBytes = 0;
  }

  end(): void {
    if (this.state !== "open") return;
    this.state = "ending";
    this.#outcome ??= { fault: undefined };
    this.resume();
    this.#cancelDeadline = this.options.clock.after(DRAIN_TIMEOUT_MS, () => this.drop(undefined));
    this.options.flushQueue.add(this);
  }

  destroy(): void {
    this.drop(undefined);
  }

  drop(fault: Fault | undefined): void {
    if (this.state === "closed") return;
    this.#outcome ??= { fault };
    this.finish(undefined);
    this.terminate();
  }

  /** Discards bytes that arrive after this end has closed, because the peer may not know it yet. */
  protected receive(bytes: Uint8Array): void {
    if (this.state === "ending") {
      this.#bytesAfterEnd += bytes.length;
      if (this.#bytesAfterEnd > BYTES_AFTER_CLOSE_MIN) this.drop(undefined);
    }
    if (this.state === "open") this.#call((handlers) => handlers.data(bytes));
  }

  protected peerEnded(): void {
    this.#call((handlers) => {
      if (handlers.ended === undefined) this.end();
      else if (this.state === "open") handlers.ended();
    });
  }

  protected settle(): void {
    if (!this.#isAboveLow || this.state !== "open") return;
    if (this.queuedBytes() > LINES_QUEUE_LOW_BYTES) return;
    this.#isAboveLow = false;
    this.#call((handlers) => handlers.queueLow());
  }

  protected finish(fault: Fault | undefined): void {
    if (this.state === "closed") return;
    this.state = "closed";
    this.#cancelDeadline?.();
    this.options.onClosed(this);
    const outcome = this.#outcome ?? { fault };
    queueMicrotask(() => this.#handlers?.closed(outcome.fault));
  }

  #call(act: (handlers: LineSocketHandlers) => void): void {
    if (this.#handlers === undefined) return;
    try {
      act(this.#handlers);
    } catch (error) {
      rethrow(error);
    }
  }
}
