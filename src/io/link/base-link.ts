/** Base class for all links: state, counters and back pressure. */

import { assert } from "../../base/assert.ts";
import { Fault } from "../../base/fault.ts";
import { SEND_QUEUE_LOW_BYTES } from "../../base/limits.ts";
import { LinkInbox } from "./inbox.ts";
import type { Address, Link, LinkCounters, LinkHandlers, Transport } from "./link.ts";

export abstract class BaseLink implements Link {
  abstract readonly transport: Transport;
  abstract readonly remote: Address;
  abstract readonly certificateHash: Uint8Array;
  protected readonly inbox = new LinkInbox();
  protected state: "open" | "closing" | "closed" = "open";
  #sentMessages = 0;
  #sentBytes = 0;
  readonly #waiters: (() => void)[] = [];

  abstract send(message: Uint8Array, tail?: Uint8Array): boolean;
  abstract queuedBytes(): number;
  abstract close(): void;
  abstract drop(fault: Fault | undefined): void;

  get isClosed(): boolean {
    return this.state === "closed";
  }

  receive(handlers: LinkHandlers): void {
    this.inbox.receive(handlers);
  }

  destroy(): void {
    this.inbox.mute();
    this.drop(undefined);
  }

  follow(_topic: string): void {
    assert(false, "only the server end follows topics");
  }

  unfollow(_topic: string): void {
    assert(false, "only the server end follows topics");
  }

  openChannel(): Promise<Link> {
    if (this.state === "open") return this.dialChannel();
    return Promise.reject(new Fault("unreachable", "the link is closed"));
  }

  counters(): LinkCounters {
    const { receivedMessages, receivedBytes } = this.inbox;
    const [sentMessages, sentBytes] = [this.#sentMessages, this.#sentBytes];
    return { sentMessages, sentBytes, receivedMessages, receivedBytes };
  }

  drained(): Promise<void> {
    if (this.#isDrained()) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  protected dialChannel(): Promise<Link> {
    assert(false, "only the client end opens data channels");
  }

  protected countSent(messages: number, sizeBytes: number): void {
    this.#sentMessages += messages;
    this.#sentBytes += sizeBytes;
  }

  protected settle(): void {
    if (this.#waiters.length === 0 || !this.#isDrained()) return;
    for (const resolve of this.#waiters.splice(0)) resolve();
  }

  #isDrained(): boolean {
    return this.queuedBytes() <= SEND_QUEUE_LOW_BYTES;
  }
}
