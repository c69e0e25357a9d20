/** Receiving side of a link: queue, limits and faults. */

import { assert } from "../../base/assert.ts";
import type { Fault } from "../../base/fault.ts";
import {
  BYTES_AFTER_CLOSE_MAX,
  BYTES_AFTER_CLOSE_MIN,
  MESSAGES_AFTER_CLOSE_MAX,
} from "../../base/limits.ts";
import type { LinkHandlers } from "./link.ts";

/** Calls `closed` exactly once, after all messages. Never calls back during a call to the link. */
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
