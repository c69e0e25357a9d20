/** A WebSocket link of a client. */

import { assert } from "../../base/assert.ts";
import { concatBytes } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import { DRAIN_TIMEOUT_MS, SEND_QUEUE_BYTES_MAX } from "../../base/limits.ts";
import { joinInPlace, releaseBuffer } from "../disk/buffer-pool.ts";
import { BaseLink } from "../link/base-link.ts";
import { rethrow } from "../link/inbox.ts";
import type { Address, Link } from "../link/link.ts";
import { CLOSE_CODE, closeCodeOf, faultOfClose, slowReaderFault } from "./close.ts";
import { encodeClose, encodeFrame, FrameReader, OPCODE } from "./frame.ts";

/** Smaller frames are joined with the next before the write: one TLS record. */
const JOIN_BYTES = 16 * 1024;

/** The part of a Bun socket that the link uses. */
export interface WsSocket {
  /**
   * Returns the bytes accepted, possibly fewer than given; the rest waits for `drain`. Negative:
   * closed.
   */
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
  readonly openLane: () => Promise<Link>;
}

/** The client's end: RFC 6455 over one TLS socket. The dial passes the socket's events. */
export class WsClientLink extends BaseLink {
  readonly transport = "tcp";
  readonly remote: Address;
  readonly certificateHash: Uint8Array;
  readonly #options: WsClientLinkOptions;
  readonly #reader: FrameReader;
  /** Frames not accepted by the socket, bounded by SEND_QUEUE_BYTES_MAX. */
  #frames: Uint8Array[] = [];
  #frameBytes = 0;
  #isFlushing = false;
  #isBlocked = false;
  #isDeaf = false;
  #isGone = false;
  #endsWhenFlushed = false;
  /** Set before the socket is closed: our own fault, or that of the close frame. */
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
      close: (code, reason) => this.#onClose(code, reason),
    });
  }

  send(message: Uint8Array, tail?: Uint8Array): boolean {
    if (this.state !== "open") return false;
    const frame = encodeFrame(OPCODE.binary, message, tail?.length);
    const whole = tail === undefined ? undefined : joinInPlace(frame, tail);
    const isTaken = whole === undefined ? this.#queue(frame, tail) : this.#queue(whole);
    if (!isTaken) return false;
    this.countSent(1, message.length + (tail?.length ?? 0));
    return true;
  }

  queuedBytes(): number {
    return this.#frameBytes;
  }

  protected override openLane(): Promise<Link> {
    return this.#options.openLane();
  }

  close(): void {
    if (this.state !== "open") return;
    this.inbox.mute();
    this.#leave(CLOSE_CODE.done, undefined);
  }

  /** Stops reading, so that the peer's queue fills. For tests and for a suspended program. */
  pause(): void {
    this.#options.socket.pause();
  }

  resume(): void {
    this.#options.socket.resume();
  }

  /** The socket received bytes. */
  onData(chunk: Uint8Array): void {
    if (this.state === "closed" || this.#isDeaf) return;
    try {
      this.#reader.feed(chunk);
    } catch (error) {
      if (!(error instanceof Fault)) return rethrow(error);
      // Bytes after a broken frame cannot be read.
      this.inbox.mute();
      this.#isDeaf = true;
      this.#hangUp(closeCodeOf(error), error);
    }
  }

  /** The socket accepts bytes again. */
  onDrain(): void {
    this.#isBlocked = false;
    this.#flush();
  }

  /** The socket is closed. */
  onGone(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    clearTimeout(this.#deadline);
    this.state = "closed";
    this.#frames = [];
    this.#frameBytes = 0;
    const lost = { fault: new Fault("link-closed", "the connection was lost") };
    this.inbox.close((this.#outcome ?? lost).fault);
    this.settle();
  }

  #onClose(code: number, reason: string): void {
    this.#hangUp(CLOSE_CODE.done, faultOfClose(code, reason));
  }

  /** Sends a close frame without waiting for an answer: the peer has sent its own, or is broken. */
  #hangUp(code: number, fault: Fault | undefined): void {
    this.#endsWhenFlushed = true;
    this.#leave(code, fault);
    this.#flush();
  }

  /** Sends a close frame after what is queued; the server answers and closes. */
  #leave(code: number, fault: Fault | undefined): void {
    this.#outcome ??= { fault };
    if (this.state !== "open") return;
    this.#queue(encodeClose(code));
    if (this.state !== "open") return; // That frame exceeded the limit, and the link was dropped.
    this.state = "closing";
    // A peer that never answers must not hold the socket forever.
    this.#deadline = setTimeout(() => this.drop(fault), DRAIN_TIMEOUT_MS);
    this.#flush();
  }

  drop(fault: Fault | undefined): void {
    this.#outcome ??= { fault };
    if (this.state === "closed") return;
    this.state = "closed";
    this.#options.socket.terminate();
    this.onGone();
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
    // Frames of one tick leave in one write.
    this.#isFlushing = true;
    queueMicrotask(() => this.#flush());
    return true;
  }

  #flush(): void {
    this.#isFlushing = false;
    let taken = 0;
    if (this.isOver) return;
    while (taken < this.#frames.length && !this.#isBlocked) {
      const [batch, count] = joinFrames(this.#frames, taken);
      const { length } = batch;
      const written = Math.max(0, this.#options.socket.write(batch));
      if (this.isOver) return;
      this.#frameBytes -= written;
      taken += count;
      if (written === length) {
        releaseBuffer(batch); // The socket has copied it.
        continue;
      }
      this.#isBlocked = true;
      taken -= 1;
      this.#frames[taken] = batch.subarray(written);
    }
    this.#frames.splice(0, taken);
    this.settle();
    if (this.#endsWhenFlushed && this.#frames.length === 0 && !this.isOver) {
      this.#options.socket.end();
    }
  }
}

/**
 * The next write: the rest of a large frame, or JOIN_BYTES of small ones and of the next large one,
 * whose rest stays.
 * @returns the bytes, and the number of frames completed by them
 */
function joinFrames(frames: Uint8Array[], from: number): [Uint8Array, number] {
  const [first, next] = [frames[from], frames[from + 1]];
  assert(first !== undefined, "there is a frame to write");
  if (next === undefined || first.length >= JOIN_BYTES) return [first, 1];
  const parts: Uint8Array[] = [];
  let left = JOIN_BYTES;
  for (let i = from; left > 0; i++) {
    const frame = frames[i];
    if (frame === undefined) break;
    if (frame.length > left) {
      parts.push(frame.subarray(0, left));
      frames[i] = frame.subarray(left);
      return [concatBytes(...parts), parts.length - 1];
    }
    parts.push(frame);
    left -= frame.length;
  }
  return [concatBytes(...parts), parts.length];
}
