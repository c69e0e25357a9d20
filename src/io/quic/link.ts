/** A QUIC stream as a link. */

import { assert } from "../../base/assert.ts";
import { concatBytes } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import { DRAIN_TIMEOUT_MS, SEND_QUEUE_BYTES_MAX } from "../../base/limits.ts";
import { releaseBuffer } from "../disk/buffer-pool.ts";
import { BaseLink } from "../link/base-link.ts";
import { rethrow } from "../link/inbox.ts";
import type { Address, Link, LinkCounters } from "../link/link.ts";
import type { Topics } from "../link/topics.ts";
import type { QuicPipe, QuicWire } from "./adapter.ts";
import { faultOfQuicCode, QUIC_CODE, quicCodeOf } from "./close.ts";
import { encodeRecords, GOODBYE, RecordReader } from "./record.ts";

/** Bytes of messages joined in one write; a longer message is sent alone. */
const JOIN_BYTES = 64 * 1024;
/** Overhead per message, so that a queue of empty messages is bounded, too. */
const OVERHEAD_BYTES = 16;
const OPENING = new Uint8Array(0);

/** Whether this end closes the connection of an ended link, or the peer first. */
export type HangUp = "now" | "late";

export interface QuicLinkOptions {
  readonly wire: QuicWire;
  readonly pipe: QuicPipe;
  readonly remote: Address;
  readonly certificateHash: Uint8Array;
  /** Only at the client's end. */
  readonly openLane?: () => Promise<Link>;
  /** Only at the server's end. */
  readonly topics?: Topics<QuicLink>;
  /** Resolves when everything has ended that must end before this link. */
  readonly settled: (link: QuicLink) => Promise<unknown>;
  /** Called once, when the link has ended. */
  readonly over: (link: QuicLink, hangUp: HangUp, code: number) => void;
}

/**
 * Either end of a link over one QUIC stream. `close` finishes the stream after what is queued, and
 * the peer answers by finishing its own. Any other end resets the stream with a code: QUIC
 * retransmits a reset until it has arrived, and sends a close of the connection only once.
 */
export class QuicLink extends BaseLink {
  readonly transport = "udp";
  readonly remote: Address;
  readonly certificateHash: Uint8Array;
  /** Resolves when the peer has accepted the stream; rejects if it never will. */
  readonly taken: Promise<void>;
  /** Resolves when the link has ended. */
  readonly ended: Promise<void>;
  readonly #options: QuicLinkOptions;
  readonly #ended = Promise.withResolvers<void>();
  readonly #taken = Promise.withResolvers<void>();
  readonly #reader = new RecordReader({
    message: (bytes) => this.#onMessage(bytes),
    goodbye: () => this.#onGoodbye(),
  });
  #isTaken = false;
  /** Not yet accepted by QUIC, bounded by SEND_QUEUE_BYTES_MAX; `#next` is sent first. */
  #queue: Uint8Array[] = [OPENING];
  #next = 0;
  #queueBytes = 0;
  #isFlushing = false;
  #isFinished = false;
  #deadline: ReturnType<typeof setTimeout> | undefined;

  constructor(options: QuicLinkOptions) {
    super();
    this.#options = options;
    this.remote = options.remote;
    this.certificateHash = options.certificateHash;
    this.ended = this.#ended.promise;
    this.taken = this.#taken.promise;
    this.taken.catch(() => {});
    options.pipe.listen({
      data: (chunk) => this.#onData(chunk),
      broken: (code) => this.#onBroken(code),
    });
    this.#flushSoon();
  }

  get isClosing(): boolean {
    return this.state === "closing";
  }

  send(head: Uint8Array, tail?: Uint8Array): boolean {
    if (this.state !== "open") return false;
    const message = tail === undefined ? head : concatBytes(head, tail);
    if (tail !== undefined) releaseBuffer(tail);
    const costBytes = message.length + OVERHEAD_BYTES;
    if (this.#queueBytes + costBytes > SEND_QUEUE_BYTES_MAX) {
      this.drop(new Fault("link-closed", "the other end reads too slowly"));
      return false;
    }
    this.countSent(1, message.length);
    this.#queue.push(message);
    this.#queueBytes += costBytes;
    this.#flushSoon();
    return true;
  }

  expect(messageBytesMax: number): void {
    this.#reader.messageBytesMax = messageBytesMax;
  }

  queuedBytes(): number {
    return this.#queueBytes;
  }

  override follow(topic: string): void {
    const { topics } = this.#options;
    assert(topics !== undefined, "only the server's end follows topics");
    if (this.state === "open") topics.enter(topic, this);
  }

  override unfollow(topic: string): void {
    const { topics } = this.#options;
    assert(topics !== undefined, "only the server's end follows topics");
    topics.leave(topic, this);
  }

  override counters(): LinkCounters {
    return { ...super.counters(), ...this.#options.wire.stats() };
  }

  protected override openLane(): Promise<Link> {
    const { openLane } = this.#options;
    assert(openLane !== undefined, "only the client's end opens lanes");
    return openLane();
  }

  close(): void {
    if (this.state !== "open") return;
    this.inbox.mute();
    this.state = "closing";
    // A peer that never takes the rest must not hold the connection forever.
    this.#deadline = setTimeout(() => this.drop(undefined), DRAIN_TIMEOUT_MS);
    this.#flushSoon();
  }

  /** Closes immediately, and notifies the peer of the reason. */
  drop(fault: Fault | undefined): void {
    const code = fault === undefined ? QUIC_CODE.lost : quicCodeOf(fault);
    this.#breakOff(this.state === "closing" ? undefined : fault, "late", code);
  }

  #onMessage(message: Uint8Array): void {
    if (this.state === "closed") return;
    if (this.#isTaken) {
      this.inbox.push(message);
      if (this.#options.topics !== undefined && this.inbox.isFlooded) this.drop(undefined);
      return;
    }
    if (message.length > 0) throw new Fault("frame-malformed", "a stream begins otherwise");
    this.#isTaken = true;
    this.#taken.resolve();
  }

  #onData(chunk: Uint8Array): void {
    if (this.state === "closed") return;
    try {
      this.#reader.feed(chunk);
    } catch (error) {
      if (!(error instanceof Fault)) return rethrow(error);
      this.inbox.mute();
      this.drop(error);
    }
  }

  /** The peer has closed, or answers our closing. */
  #onGoodbye(): void {
    if (this.state === "closed") return;
    if (this.state === "closing") return this.#finish(undefined, "now", QUIC_CODE.done);
    this.#finish(undefined, "late", QUIC_CODE.done);
    void this.#sayGoodbye();
  }

  #onBroken(code: number | undefined): void {
    if (this.state === "closed") return;
    const fault = faultOfQuicCode(code ?? this.#options.wire.code);
    this.#breakOff(this.state === "closing" ? undefined : fault, "now", QUIC_CODE.done);
  }

  #breakOff(fault: Fault | undefined, hangUp: HangUp, code: number): void {
    if (this.state === "closed") return;
    this.#options.pipe.reset(code);
    this.#finish(fault, hangUp, code);
  }

  #finish(fault: Fault | undefined, hangUp: HangUp, code: number): void {
    this.state = "closed";
    clearTimeout(this.#deadline);
    this.#queue = [];
    this.#next = 0;
    this.#queueBytes = 0;
    this.#taken.reject(fault ?? new Fault("link-closed", "the other end hung up"));
    this.inbox.close(fault);
    this.settle();
    this.#ended.resolve();
    this.#options.topics?.leaveAll(this);
    this.#options.over(this, hangUp, code);
  }

  /** Messages of one tick leave in one write. */
  #flushSoon(): void {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    queueMicrotask(() => void this.#flush());
  }

  async #flush(): Promise<void> {
    while (this.state !== "closed" && this.#next < this.#queue.length) {
      const batch = this.#queue.slice(this.#next, this.#next + this.#joinable());
      if (!(await this.#write(encodeRecords(batch)))) return this.#onBroken(undefined);
      if (!this.isOver) this.#take(batch);
    }
    this.#isFlushing = false;
    if (this.state !== "closing" || this.#isFinished) return;
    this.#isFinished = true;
    await this.#options.settled(this);
    if (!this.isOver) await this.#sayGoodbye();
  }

  async #sayGoodbye(): Promise<void> {
    if (await this.#write(GOODBYE)) this.#options.pipe.end();
  }

  /** Resolves once QUIC has accepted the bytes; false if it never will. */
  async #write(bytes: Uint8Array): Promise<boolean> {
    const { pipe } = this.#options;
    for (;;) {
      const outcome = pipe.write(bytes);
      if (outcome !== "full") return outcome === "taken";
      await pipe.writable();
    }
  }

  /** Number of messages that fit into one write. */
  #joinable(): number {
    let count = 0;
    let sizeBytes = 0;
    for (let i = this.#next; i < this.#queue.length; i++) {
      sizeBytes += this.#queue[i]?.length ?? 0;
      if (count > 0 && sizeBytes > JOIN_BYTES) break;
      count += 1;
    }
    return count;
  }

  #take(batch: readonly Uint8Array[]): void {
    this.#next += batch.length;
    for (const message of batch) {
      if (message !== OPENING) this.#queueBytes -= message.length + OVERHEAD_BYTES;
    }
    if (2 * this.#next >= this.#queue.length) {
      this.#queue = this.#queue.slice(this.#next);
      this.#next = 0;
    }
    this.settle();
  }
}
