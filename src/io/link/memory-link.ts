/** A link in memory, for tests and simulations. */

import { assert } from "../../base/assert.ts";
import { concatBytes } from "../../base/bytes.ts";
import { Fault, msg } from "../../base/fault.ts";
import { DRAIN_TIMEOUT_MS, MESSAGE_BYTES_MAX, SEND_QUEUE_BYTES_MAX } from "../../base/limits.ts";
import type { Clock } from "../clock.ts";
import { BaseLink } from "./base-link.ts";
import type { Address, Link } from "./link.ts";
import type { Topics } from "./topics.ts";

/** Overhead per message, so that a queue of empty messages is bounded, too. */
const OVERHEAD_BYTES = 16;

interface PendingChunk {
  /** `undefined` is the orderly end of this direction. */
  readonly bytes: Uint8Array | undefined;
  readonly arrivesAt: number;
}

/** The network as seen by one end of a link. */
export interface MemoryWire {
  readonly clock: Clock;
  readonly certificateHash: Uint8Array;
  /** Milliseconds that a message of this size takes from one address to the other. */
  delayMs(from: Address, to: Address, sizeBytes: number): number;
  readonly topics: Topics<MemoryLink>;
  openLane(end: MemoryLink): Promise<Link>;
  gone(end: MemoryLink): void;
}

/** An end of an in-process link. Delivery waits for the clock, which the simulation controls. */
export class MemoryLink extends BaseLink {
  readonly transport = "memory";
  readonly local: Address;
  readonly remote: Address;
  readonly isServer: boolean;
  readonly #wire: MemoryWire;
  /** In flight to the peer; bounded by SEND_QUEUE_BYTES_MAX. */
  readonly #pending: PendingChunk[] = [];
  #pendingChunkBytes = 0;
  #lastArrival = 0;
  #other: MemoryLink | undefined;
  #isStalled = false;
  #isScheduled = false;
  #callOffDeadline: (() => void) | undefined;

  constructor(wire: MemoryWire, local: Address, remote: Address, isServer: boolean) {
    super();
    this.#wire = wire;
    this.local = local;
    this.remote = remote;
    this.isServer = isServer;
  }

  /** Joins two ends; called once, by the network. */
  static join(one: MemoryLink, other: MemoryLink): void {
    one.#other = other;
    other.#other = one;
  }

  get other(): MemoryLink {
    assert(this.#other !== undefined, "a memory link has two ends");
    return this.#other;
  }

  get certificateHash(): Uint8Array {
    return this.#wire.certificateHash;
  }

  send(head: Uint8Array, tail?: Uint8Array): boolean {
    if (this.state !== "open") return false;
    const message = tail === undefined ? head.slice() : concatBytes(head, tail);
    if (this.#pendingChunkBytes + message.length + OVERHEAD_BYTES > SEND_QUEUE_BYTES_MAX) {
      this.cut(new Fault("link-closed", "the other end reads too slowly"));
      return false;
    }
    this.countSent(1, message.length);
    this.#post(message);
    return true;
  }

  queuedBytes(): number {
    return this.#pendingChunkBytes;
  }

  override follow(topic: string): void {
    assert(this.isServer, "only the server's end follows topics");
    if (this.state === "open") this.#wire.topics.enter(topic, this);
  }

  override unfollow(topic: string): void {
    this.#wire.topics.leave(topic, this);
  }

  protected override openLane(): Promise<Link> {
    assert(!this.isServer, "only the client's end opens lanes");
    return this.#wire.openLane(this);
  }

  close(): void {
    if (this.state !== "open") return;
    this.state = "closing";
    this.inbox.mute();
    this.#post(undefined);
    // A reader that never takes the rest must not hold the link forever.
    this.#callOffDeadline = this.#wire.clock.after(DRAIN_TIMEOUT_MS, () => this.destroy());
  }

  drop(fault: Fault | undefined): void {
    this.#end(fault);
    this.other.#end(new Fault("link-closed", "the other end went away"));
  }

  /** Simulates a broken cable: both ends fail, and nothing in flight arrives. */
  cut(fault = new Fault("link-closed", "the connection was lost")): void {
    this.#end(fault);
    this.other.#end(fault);
  }

  /**
   * Holds back everything sent to this end, as if it did not read; returns a function that resumes.
   */
  stall(): () => void {
    this.#isStalled = true;
    return () => {
      this.#isStalled = false;
      this.other.#schedule();
    };
  }

  #post(bytes: Uint8Array | undefined): void {
    const { clock } = this.#wire;
    const sizeBytes = bytes?.length ?? 0;
    const delayMs = this.#wire.delayMs(this.local, this.remote, sizeBytes);
    // A shrinking delay must not reorder messages.
    this.#lastArrival = Math.max(this.#lastArrival, clock.now() + delayMs);
    this.#pending.push({ bytes, arrivesAt: this.#lastArrival });
    this.#pendingChunkBytes += sizeBytes + OVERHEAD_BYTES;
    this.#schedule();
  }

  /** At most one timer per direction, for the first chunk. */
  #schedule(): void {
    const front = this.#pending[0];
    if (front === undefined || this.#isScheduled || this.other.#isStalled) return;
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
      if (front === undefined || front.arrivesAt > now || this.other.#isStalled) break;
      this.#pending.shift();
      this.#pendingChunkBytes -= (front.bytes?.length ?? 0) + OVERHEAD_BYTES;
      this.#arrive(front.bytes);
    }
    this.settle();
  }

  #arrive(bytes: Uint8Array | undefined): void {
    const { other } = this;
    if (bytes === undefined) {
      other.#end(undefined);
      this.#end(undefined);
    } else if (bytes.length > MESSAGE_BYTES_MAX) {
      const sentence = msg`a message is longer than ${MESSAGE_BYTES_MAX} bytes`;
      this.cut(new Fault("too-large", sentence));
    } else {
      other.inbox.push(bytes);
      if (other.isServer && other.inbox.isFlooded) other.destroy();
    }
  }

  #end(fault: Fault | undefined): void {
    if (this.state === "closed") return;
    // The end that closed gets an orderly close, whatever the peer saw.
    const isOurs = this.state === "closing";
    this.state = "closed";
    this.#callOffDeadline?.();
    this.#pending.length = 0;
    this.#pendingChunkBytes = 0;
    this.inbox.close(isOurs ? undefined : fault);
    this.settle();
    this.#wire.topics.leaveAll(this);
    this.#wire.gone(this);
  }
}
