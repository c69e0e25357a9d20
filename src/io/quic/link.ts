/** QUIC stream as a link. */

import { assert } from "../../base/assert.ts";
import { concatBytes } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import {
  DRAIN_TIMEOUT_MS,
  MESSAGE_BEFORE_LOGIN_BYTES_MAX,
  SEND_QUEUE_BYTES_MAX,
} from "../../base/limits.ts";
import { releaseBuffer } from "../disk/buffer-pool.ts";
import { BaseLink, rethrow, slowReaderFault } from "../link/base-link.ts";
import { encodeControlFrame, encodeFrames, FrameReader } from "../link/frame.ts";
import type { Address, Link, LinkCounters } from "../link/link.ts";
import type { Topics } from "../link/topics.ts";
import { markHandled } from "../promises.ts";
import type { QuicPipe, QuicWire } from "./adapter.ts";
import { faultOfQuicCode, QUIC_CODE, quicCodeOf } from "./connection.ts";

/** Maximum total size of messages joined in one write. A longer message is sent alone. */
const JOIN_BYTES = 64 * 1024;
/** Added to the size of each queued message, so that queues of empty messages are limited too. */
const OVERHEAD_BYTES = 16;
// Each end begins its direction with an empty message, which only opens it, and finishes it with a
// control frame. If that frame is missing, the stream was lost, whatever the transport reports.
const OPENING = new Uint8Array(0);
const END_LENGTH = 0x80000000;

export type CloseOrder = "now" | "late";

export interface QuicLinkOptions {
  readonly wire: QuicWire;
  readonly pipe: QuicPipe;
  readonly remote: Address;
  readonly certificateHash: Uint8Array;
  readonly dialChannel?: (first: Uint8Array | undefined) => Promise<Link>;
  readonly topics?: Topics<QuicLink>;
  readonly waitForChannels: (link: QuicLink) => Promise<unknown>;
  readonly onEnded: (link: QuicLink, hangUp: CloseOrder, code: number) => void;
  /** The server's end of a further stream of a connection. */
  readonly isChannel?: boolean;
  /** Called when the link is limited as before a log-in, and after the log-in. */
  readonly onLimited?: (isBeforeLogin: boolean) => void;
}

/**
 * `close` finishes the stream after the queued messages; then the peer finishes its direction. If
 * the link ends in any other way, this end resets the stream with a code, because QUIC retransmits
 * resets but not the close of a connection.
 */
export class QuicLink extends BaseLink {
  readonly transport = "udp";
  /** The peer's present address, because a client may move to another network. */
  remote: Address;
  /** Known to the dialer after the handshake. */
  certificateHash: Uint8Array;
  readonly accepted: Promise<void>;
  readonly ended: Promise<void>;
  readonly #ended = Promise.withResolvers<void>();
  readonly #accepted = Promise.withResolvers<void>();
  readonly #reader = new FrameReader((length) => length === END_LENGTH);
  #isAccepted = false;
  #queue: Uint8Array[] = [OPENING];
  #next = 0;
  #queueBytes = 0;
  #isFlushing = false;
  #isFinished = false;
  #deadline: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly options: QuicLinkOptions) {
    super(options.topics);
    this.remote = options.remote;
    this.certificateHash = options.certificateHash;
    this.ended = this.#ended.promise;
    this.accepted = this.#accepted.promise;
    markHandled(this.accepted);
    options.pipe.listen({
      data: (chunk) => this.#onData(chunk),
      closed: (code) => this.#onStreamClosed(code),
    });
    this.#scheduleFlush();
  }

  get isChannel(): boolean {
    return this.options.isChannel === true;
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
      this.drop(slowReaderFault());
      return false;
    }
    this.countSent(1, message.length);
    this.#queue.push(message);
    this.#queueBytes += costBytes;
    this.#scheduleFlush();
    return true;
  }

  limitMessageBytes(messageBytesMax: number): void {
    this.#reader.messageBytesMax = messageBytesMax;
    this.options.onLimited?.(messageBytesMax <= MESSAGE_BEFORE_LOGIN_BYTES_MAX);
  }

  queuedBytes(): number {
    return this.#queueBytes;
  }

  override counters(): LinkCounters {
    return { ...super.counters(), ...this.options.wire.stats() };
  }

  protected override dialChannel(first?: Uint8Array): Promise<Link> {
    const { dialChannel } = this.options;
    assert(dialChannel !== undefined, "only the client end opens data channels");
    return dialChannel(first);
  }

  close(): void {
    if (this.state !== "open") return;
    this.inbox.mute();
    this.state = "closing";
    this.#deadline = setTimeout(() => this.drop(undefined), DRAIN_TIMEOUT_MS);
    this.#scheduleFlush();
  }

  drop(fault: Fault | undefined): void {
    const code = fault === undefined ? QUIC_CODE.lost : quicCodeOf(fault);
    this.#abort(this.state === "closing" ? undefined : fault, "late", code);
  }

  /** Returns false if no further message is read. */
  #onMessage(message: Uint8Array): boolean {
    if (this.#isAccepted) return this.receiveMessage(message);
    if (message.length > 0) throw new Fault("frame-malformed", "the stream has an invalid start");
    this.#isAccepted = true;
    this.#accepted.resolve();
    return true;
  }

  #onData(chunk: Uint8Array): void {
    if (this.state === "closed") return;
    try {
      for (const frame of this.#reader.feed(chunk)) {
        if (frame.kind === "control") return this.#onEnd();
        if (!this.#onMessage(frame.bytes)) return;
      }
    } catch (error) {
      if (!(error instanceof Fault)) return rethrow(error);
      this.inbox.mute();
      this.drop(error);
    }
  }

  #onEnd(): void {
    if (this.state === "closed") return;
    if (this.state === "closing") return this.#finish(undefined, "now", QUIC_CODE.done);
    this.#finish(undefined, "late", QUIC_CODE.done);
    void this.#sendEnd();
  }

  #onStreamClosed(code: number | undefined): void {
    if (this.state === "closed") return;
    const fault = faultOfQuicCode(code ?? this.options.wire.code);
    this.#abort(this.state === "closing" ? undefined : fault, "now", QUIC_CODE.done);
  }

  #abort(fault: Fault | undefined, hangUp: CloseOrder, code: number): void {
    if (this.state === "closed") return;
    this.options.pipe.reset(code);
    this.#finish(fault, hangUp, code);
  }

  #finish(fault: Fault | undefined, hangUp: CloseOrder, code: number): void {
    this.state = "closed";
    clearTimeout(this.#deadline);
    this.#queue = [];
    this.#next = 0;
    this.#queueBytes = 0;
    this.#accepted.reject(fault ?? new Fault("link-closed", "the peer closed the connection"));
    this.inbox.close(fault);
    this.settle();
    this.#ended.resolve();
    this.leaveTopics();
    this.options.onEnded(this, hangUp, code);
  }

  #scheduleFlush(): void {
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    queueMicrotask(() => void this.#flush());
  }

  async #flush(): Promise<void> {
    while (this.state !== "closed" && this.#next < this.#queue.length) {
      const batch = this.#queue.slice(this.#next, this.#next + this.#batchLength());
      if (!(await this.#write(encodeFrames(batch)))) return this.#onStreamClosed(undefined);
      if (!this.isClosed) this.#dequeue(batch);
    }
    this.#isFlushing = false;
    if (this.state !== "closing" || this.#isFinished) return;
    this.#isFinished = true;
    await this.options.waitForChannels(this);
    if (!this.isClosed) await this.#sendEnd();
  }

  async #sendEnd(): Promise<void> {
    if (await this.#write(encodeControlFrame(END_LENGTH))) this.options.pipe.end();
  }

  async #write(bytes: Uint8Array): Promise<boolean> {
    const { pipe } = this.options;
    for (;;) {
      const outcome = pipe.write(bytes);
      if (outcome !== "full") return outcome === "taken";
      await pipe.writable();
    }
  }

  #batchLength(): number {
    let count = 0;
    let sizeBytes = 0;
    for (let i = this.#next; i < this.#queue.length; i++) {
      sizeBytes += this.#queue[i]?.length ?? 0;
      if (count > 0 && sizeBytes > JOIN_BYTES) break;
      count += 1;
    }
    return count;
  }

  #dequeue(batch: readonly Uint8Array[]): void {
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
