/** In-memory link, for tests and simulations. */

import { assert } from "../../base/assert.ts";
import { concatBytes } from "../../base/bytes.ts";
import { Fault, msg } from "../../base/fault.ts";
import { DRAIN_TIMEOUT_MS, MESSAGE_BYTES_MAX, SEND_QUEUE_BYTES_MAX } from "../../base/limits.ts";
import type { Clock } from "../clock.ts";
import { BaseLink } from "./base-link.ts";
import type { Address, Link } from "./link.ts";
import type { Topics } from "./topics.ts";

/** Added to the size of each queued message, so that queues of empty messages are limited too. */
const OVERHEAD_BYTES = 16;

interface PendingChunk {
  readonly bytes: Uint8Array | undefined;
  readonly arrivesAt: number;
}

export interface MemoryWire {
  readonly clock: Clock;
  readonly certificateHash: Uint8Array;
  delayMs(from: Address, to: Address, sizeBytes: number): number;
  readonly topics: Topics<MemoryLink>;
  openChannel(end: MemoryLink): Promise<Link>;
  onClosed(end: MemoryLink): void;
}

export class MemoryLink extends BaseLink {
  readonly transport = "memory";
  readonly local: Address;
  readonly remote: Address;
  readonly isServer: boolean;
  readonly #wire: MemoryWire;
  readonly #pending: PendingChunk[] = [];
  #pendingChunkBytes = 0;
  #lastArrival = 0;
  #peer: MemoryLink | undefined;
  #isStalled = false;
  #isScheduled = false;
  #cancelDeadline: (() => void) | undefined;

  constructor(wire: MemoryWire, local: Address, remote: Address, isServer: boolean) {
    super();
    this.#wire = wire;
    this.local = local;
    this.remote = remote;
    this.isServer = isServer;
  }

  static join(a: MemoryLink, b: MemoryLink): void {
    a.#peer = b;
    b.#peer = a;
  }

  get peer(): MemoryLink {
    assert(this.#peer !== undefined, "a memory link has two ends");
    return this.#peer;
  }

  get certificateHash(): Uint8Array {
    return this.#wire.certificateHash;
  }

  send(head: Uint8Array, tail?: Uint8Array): boolean {
    if (this.state !== "open") return false;
    const message = tail === undefined ? head.slice() : concatBytes(head, tail);
    if (this.#pendingChunkBytes + message.length + OVERHEAD_BYTES > SEND_QUEUE_BYTES_MAX) {
      this.cut(new Fault("link-closed", "the peer reads too slowly"));
      return false;
    }
    this.countSent(1, message.length);
    this.#enqueue(message);
    return true;
  }

  queuedBytes(): number {
    return this.#pendingChunkBytes;
  }

  override follow(topic: string): void {
    assert(this.isServer, "only the server end follows topics");
    if (this.state === "open") this.#wire.topics.follow(topic, this);
  }

  override unfollow(topic: string): void {
    this.#wire.topics.unfollow(topic, this);
  }

  protected override dialChannel(): Promise<Link> {
    assert(!this.isServer, "only the client end opens data channels");
    return this.#wire.openChannel(this);
  }

  close(): void {
    if (this.state !== "open") return;
    this.state = "closing";
    this.inbox.mute();
    this.#enqueue(undefined);
    // Limits the wait for a peer that has stopped reading.
    this.#cancelDeadline = this.#wire.clock.after(DRAIN_TIMEOUT_MS, () => this.destroy());
  }

  drop(fault: Fault | undefined): void {
    this.#finish(fault);
    this.peer.#finish(new Fault("link-closed", "the peer closed the connection"));
  }

  cut(fault = new Fault("link-closed", "the connection was lost")): void {
    this.#finish(fault);
    this.peer.#finish(fault);
  }

  stall(): () => void {
    this.#isStalled = true;
    return () => {
      this.#isStalled = false;
      this.peer.#schedule();
    };
  }

  #enqueue(bytes: Uint8Array | undefined): void {
    const { clock } = this.#wire;
    const sizeBytes = bytes?.length ?? 0;
    const delayMs = this.#wire.delayMs(this.local, this.remote, sizeBytes);
    // A decreasing delay must not reorder messages.
    this.#lastArrival = Math.max(this.#lastArrival, clock.now() + delayMs);
    this.#pending.push({ bytes, arrivesAt: this.#lastArrival });
    this.#pendingChunkBytes += sizeBytes + OVERHEAD_BYTES;
    this.#schedule();
  }

  #schedule(): void {
    const front = this.#pending[0];
    if (front === undefined || this.#isScheduled || this.peer.#isStalled) return;
    this.#isScheduled = true;
    const delayMs = Math.max(0, front.arrivesAt - this.#wire.clock.now());
    this.#wire.clock.after(delayMs, () => {
      this.#isScheduled = false;
      this.#deliverDue();
      this.#schedule();
    });
  }

  #deliverDue(): void {
    const now = this.#wire.clock.now();
    for (;;) {
      const front = this.#pending[0];
      if (front === undefined || front.arrivesAt > now || this.peer.#isStalled) break;
      this.#pending.shift();
      this.#pendingChunkBytes -= (front.bytes?.length ?? 0) + OVERHEAD_BYTES;
      this.#deliver(front.bytes);
    }
    this.settle();
  }

  #deliver(bytes: Uint8Array | undefined): void {
    const { peer } = this;
    if (bytes === undefined) {
      peer.#finish(undefined);
      this.#finish(undefined);
    } else if (bytes.length > MESSAGE_BYTES_MAX) {
      const message = msg`a message is longer than ${MESSAGE_BYTES_MAX} bytes`;
      this.cut(new Fault("too-large", message));
    } else {
      peer.inbox.push(bytes);
      if (peer.isServer && peer.inbox.isFlooded) peer.destroy();
    }
  }

  #finish(fault: Fault | undefined): void {
    if (this.state === "closed") return;
    const isOwnClose = this.state === "closing";
    this.state = "closed";
    this.#cancelDeadline?.();
    this.#pending.length = 0;
    this.#pendingChunkBytes = 0;
    this.inbox.close(isOwnClose ? undefined : fault);
    this.settle();
    this.#wire.topics.unfollowAll(this);
    this.#wire.onClosed(this);
  }
}
