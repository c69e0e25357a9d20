/** Client end of a WebSocket link. */

import { Fault } from "../../base/fault.ts";
import { DRAIN_TIMEOUT_MS, SEND_QUEUE_BYTES_MAX } from "../../base/limits.ts";
import { joinInPlace, releaseBuffer } from "../disk/buffer-pool.ts";
import { BaseLink, joinFrames, rethrow, slowReaderFault } from "../link/base-link.ts";
import { CLOSE_CODE, closeCodeOf, closeFault } from "../link/close-code.ts";
import type { Address, Link } from "../link/link.ts";
import { encodeClose, encodeFrame, FrameReader, OPCODE } from "./frame.ts";

export interface WsSocket {
  write(bytes: Uint8Array): number;
  end(): void;
  terminate(): void;
  pause(): void;
  resume(): void;
}

export interface WsClientLinkOptions {
  readonly socket: WsSocket;
  readonly remote: Address;
  readonly certificateHash: Uint8Array;
  readonly dialChannel: () => Promise<Link>;
}

export class WsClientLink extends BaseLink {
  readonly transport = "tcp";
  readonly remote: Address;
  readonly certificateHash: Uint8Array;
  readonly #options: WsClientLinkOptions;
  readonly #reader: FrameReader;
  #frames: Uint8Array[] = [];
  #frameBytes = 0;
  #isFlushing = false;
  #isBlocked = false;
  #ignoresData = false;
  #isSocketClosed = false;
  #endsWhenFlushed = false;
  #outcome: { readonly fault: Fault | undefined } | undefined;
  #deadline: ReturnType<typeof setTimeout> | undefined;

  constructor(options: WsClientLinkOptions) {
    super();
    this.#options = options;
    this.remote = options.remote;
    this.certificateHash = options.certificateHash;
    this.#reader = new FrameReader({
      message: (bytes) => this.inbox.push(bytes),
      ping: (payload) => this.#queue(encodeFrame(OPCODE.pong, payload)),
      close: (code, reason) => this.#closeImmediately(CLOSE_CODE.normal, closeFault(code, reason)),
    });
  }

  send(message: Uint8Array, tail?: Uint8Array): boolean {
    if (this.state !== "open") return false;
    const frame = encodeFrame(OPCODE.binary, message, tail?.length);
    const joined = tail === undefined ? undefined : joinInPlace(frame, tail);
    const isQueued = joined === undefined ? this.#queue(frame, tail) : this.#queue(joined);
    if (!isQueued) return false;
    this.countSent(1, message.length + (tail?.length ?? 0));
    return true;
  }

  queuedBytes(): number {
    return this.#frameBytes;
  }

  protected override dialChannel(): Promise<Link> {
    return this.#options.dialChannel();
  }

  close(): void {
    if (this.state !== "open") return;
    this.inbox.mute();
    this.#sendClose(CLOSE_CODE.normal, undefined);
  }

  /** Stops reading, so that the peer's queue fills. */
  pause(): void {
    this.#options.socket.pause();
  }

  resume(): void {
    this.#options.socket.resume();
  }

  onData(chunk: Uint8Array): void {
    if (this.state === "closed" || this.#ignoresData) return;
    try {
      this.#reader.feed(chunk);
    } catch (error) {
      if (!(error instanceof Fault)) return rethrow(error);
      this.inbox.mute();
      this.#ignoresData = true;
      this.#closeImmediately(closeCodeOf(error), error);
    }
  }

  onDrain(): void {
    this.#isBlocked = false;
    this.#flush();
  }

  onSocketClosed(): void {
    if (this.#isSocketClosed) return;
    this.#isSocketClosed = true;
    clearTimeout(this.#deadline);
    this.state = "closed";
    this.#frames = [];
    this.#frameBytes = 0;
    const lost = { fault: new Fault("link-closed", "the connection was lost") };
    this.inbox.close((this.#outcome ?? lost).fault);
    this.settle();
  }

  #closeImmediately(code: number, fault: Fault | undefined): void {
    this.#endsWhenFlushed = true;
    this.#sendClose(code, fault);
    this.#flush();
  }

  #sendClose(code: number, fault: Fault | undefined): void {
    this.#outcome ??= { fault };
    if (this.state !== "open") return;
    this.#queue(encodeClose(code));
    // Sending the close frame may have exceeded the queue limit, which drops the link.
    if (this.state !== "open") return;
    this.state = "closing";
    this.#deadline = setTimeout(() => this.drop(fault), DRAIN_TIMEOUT_MS);
    this.#flush();
  }

  drop(fault: Fault | undefined): void {
    this.#outcome ??= { fault };
    if (this.state === "closed") return;
    this.state = "closed";
    this.#options.socket.terminate();
    this.onSocketClosed();
  }

  #queue(frame: Uint8Array, tail?: Uint8Array): boolean {
    if (this.state === "closed") return false;
    const sizeBytes = frame.length + (tail?.length ?? 0);
    if (this.#frameBytes + sizeBytes > SEND_QUEUE_BYTES_MAX) {
      this.drop(slowReaderFault());
      return false;
    }
    this.#frames.push(frame);
    if (tail !== undefined) this.#frames.push(tail);
    this.#frameBytes += sizeBytes;
    if (this.#isFlushing || this.#isBlocked) return true;
    this.#isFlushing = true;
    queueMicrotask(() => this.#flush());
    return true;
  }

  #flush(): void {
    this.#isFlushing = false;
    let sentCount = 0;
    if (this.isClosed) return;
    while (sentCount < this.#frames.length && !this.#isBlocked) {
      const [batch, count] = joinFrames(this.#frames, sentCount);
      const { length } = batch;
      const written = Math.max(0, this.#options.socket.write(batch));
      if (this.isClosed) return;
      this.#frameBytes -= written;
      sentCount += count;
      if (written === length) {
        releaseBuffer(batch); // The socket has copied the batch.
        continue;
      }
      this.#isBlocked = true;
      sentCount -= 1;
      this.#frames[sentCount] = batch.subarray(written);
    }
    this.#frames.splice(0, sentCount);
    this.settle();
    if (this.#endsWhenFlushed && this.#frames.length === 0 && !this.isClosed) {
      this.#options.socket.end();
    }
  }
}
