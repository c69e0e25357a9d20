/** Queue of messages that `chat web` forwards between a page and a server. */

import { Fault } from "../../base/fault.ts";
import { SEND_QUEUE_LOW_BYTES } from "../../base/limits.ts";
import { RELAY_QUEUE_BYTES_MAX } from "../../base/limits-page.ts";
import type { Link } from "../../io/link/link.ts";

export class Pipe {
  readonly #to: Link;
  #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  #isPumping = false;
  #isEnding = false;

  constructor(to: Link) {
    this.#to = to;
  }

  /** @returns a fault if the receiver is too slow */
  push(message: Uint8Array): Fault | undefined {
    if (this.#isEnding) return undefined;
    if (this.#queuedBytes + message.length > RELAY_QUEUE_BYTES_MAX) {
      return new Fault("too-many", "the peer reads too slowly", { retryAfterMs: 1_000 });
    }
    this.#queue.push(message);
    this.#queuedBytes += message.length;
    void this.#pump();
    return undefined;
  }

  end(): void {
    this.#isEnding = true;
    void this.#pump();
  }

  async #pump(): Promise<void> {
    if (this.#isPumping) return;
    this.#isPumping = true;
    for (;;) {
      const [message] = this.#queue;
      if (message === undefined) break;
      if (this.#to.queuedBytes() + message.length > SEND_QUEUE_LOW_BYTES) await this.#to.drained();
      this.#queue.shift();
      this.#queuedBytes -= message.length;
      if (!this.#to.send(message)) this.#drop();
    }
    this.#isPumping = false;
    if (this.#isEnding) this.#to.close();
  }

  #drop(): void {
    this.#queue = [];
    this.#queuedBytes = 0;
    this.#isEnding = true;
  }
}
