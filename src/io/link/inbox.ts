/** The receiving half that all links share: queue, limits, errors. */

import { assert } from "../../base/assert.ts";
import type { Fault } from "../../base/fault.ts";
import {
  BYTES_AFTER_CLOSE_MAX,
  BYTES_AFTER_CLOSE_MIN,
  MESSAGES_AFTER_CLOSE_MAX,
} from "../../base/limits.ts";
import type { LinkHandlers } from "./link.ts";

/**
 * Receives for all kinds of links: buffers what arrives before `receive`, and calls `closed` once
 * and last, never from inside a call to the link, so that no owner is re-entered.
 */
export class LinkInbox {
  receivedMessages = 0;
  receivedBytes = 0;
  /** Bounded by the tick in which the owner must call `receive`. */
  readonly #early: Uint8Array[] = [];
  #handlers: LinkHandlers | undefined;
  #closing: { readonly fault: Fault | undefined } | undefined;
  #isMuted = false;
  #droppedMessages = 0;
  #droppedBytes = 0;

  receive(handlers: LinkHandlers): void {
    assert(this.#handlers === undefined, "a link is received from once");
    this.#handlers = handlers;
    queueMicrotask(() => {
      for (const bytes of this.#early.splice(0)) this.#deliver(handlers, bytes);
      if (this.#closing !== undefined) handlers.closed(this.#closing.fault);
    });
  }

  /** Reports whether the peer keeps sending long after this end has closed. */
  get isFlooded(): boolean {
    const bytesMax = Math.max(
      BYTES_AFTER_CLOSE_MIN,
      Math.min(this.receivedBytes, BYTES_AFTER_CLOSE_MAX),
    );
    return this.#droppedMessages > MESSAGES_AFTER_CLOSE_MAX || this.#droppedBytes > bytesMax;
  }

  /** @param bytes owned by the receiver from now on */
  push(bytes: Uint8Array): void {
    if (this.#isMuted) {
      this.#droppedMessages++;
      this.#droppedBytes += bytes.length;
    }
    if (this.#closing !== undefined || this.#isMuted) return;
    this.receivedMessages += 1;
    this.receivedBytes += bytes.length;
    if (this.#handlers === undefined || this.#early.length > 0) this.#early.push(bytes);
    else this.#deliver(this.#handlers, bytes);
  }

  /** Called after the owner's `close` or `destroy`: only the end is reported from now on. */
  mute(): void {
    this.#isMuted = true;
    this.#early.length = 0;
  }

  /** The first call wins. */
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
 * Ends the process on a bug: if thrown in a socket's handler, Bun would report it as the socket's
 * error.
 */
export function rethrow(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
