/** Client end of a WebSocket link, and its frames (RFC 6455, section 5). */

// The mask key is always zero, which avoids rewriting 256 KiB chunks. Masking prevents a page from
// choosing the bytes that an intercepting proxy sees (RFC 6455, section 10.3), but this client is
// not a page, and its bytes are encrypted or on loopback.

import { utf8Decode, withCapacity } from "../../base/bytes.ts";
import { Fault, msg } from "../../base/fault.ts";
import {
  CHUNK_BYTES,
  DRAIN_TIMEOUT_MS,
  MESSAGE_BYTES_MAX,
  SEND_QUEUE_BYTES_MAX,
} from "../../base/limits.ts";
import { acquireBuffer, HEADROOM_BYTES, joinInPlace, releaseBuffer } from "../disk/buffer-pool.ts";
import { BaseLink, joinFrames, rethrow, slowReaderFault } from "../link/base-link.ts";
import { CLOSE_CODE, closeCodeOf, closeFault } from "../link/close-code.ts";
import type { Address, Link, LinkCounters } from "../link/link.ts";

/** @internal */
export const OPCODE = {
  continuation: 0x0,
  text: 0x1,
  binary: 0x2,
  close: 0x8,
  ping: 0x9,
  pong: 0xa,
} as const;

const FINAL = 0x80;
const RESERVED = 0x70;
const MASKED = 0x80;
const CONTROL = 0x8;
const CONTROL_BYTES_MAX = 125;
const LENGTH_16 = 126;
const LENGTH_64 = 127;
const MASK_KEY_BYTES = 4;
const HEADER_BYTES_MAX = 10;

/** @internal */
export function encodeFrame(opcode: number, payload: Uint8Array, tailBytes = 0): Uint8Array {
  const length = payload.length + tailBytes;
  const lengthBytes = length < LENGTH_16 ? 0 : length < 0x1_0000 ? 2 : 8;
  const headerBytes = 2 + lengthBytes + MASK_KEY_BYTES;
  const frame = new Uint8Array(headerBytes + payload.length);
  frame[0] = FINAL | opcode;
  const view = new DataView(frame.buffer);
  if (lengthBytes === 0) {
    frame[1] = MASKED | length;
  } else if (lengthBytes === 2) {
    frame[1] = MASKED | LENGTH_16;
    view.setUint16(2, length);
  } else {
    frame[1] = MASKED | LENGTH_64;
    view.setUint32(6, length);
  }
  frame.set(payload, headerBytes);
  return frame;
}

/** @internal */
export function encodeClose(code: number): Uint8Array {
  return encodeFrame(OPCODE.close, Uint8Array.of(code >> 8, code & 0xff));
}

interface FrameEvents {
  message(bytes: Uint8Array): void;
  ping(payload: Uint8Array): void;
  /** Called after all other events. Code 1005 means that the frame had no code. */
  close(code: number, reason: string): void;
}

export class WebSocketFrameReader {
  readonly #header = new Uint8Array(HEADER_BYTES_MAX);
  #headerBytes = 0;
  #payload: Uint8Array | undefined;
  #payloadBytes = 0;
  /** A single buffer that doubles in size, so that many fragments do not become many objects. */
  #fragments: Uint8Array<ArrayBuffer> | undefined;
  #fragmentsBytes = 0;
  #isClosed = false;

  constructor(private readonly events: FrameEvents) {}

  /**
   * @throws {Fault} frame-malformed if the protocol is violated, too-large if a message exceeds the
   * limit; the reader is then unusable
   */
  feed(chunk: Uint8Array): void {
    let offset = 0;
    while (!this.#isClosed) {
      if (this.#payload === undefined) {
        offset = this.#readHeader(chunk, offset);
        if (this.#payload === undefined) return;
      }
      const payload: Uint8Array = this.#payload;
      const slice = chunk.subarray(offset, offset + payload.length - this.#payloadBytes);
      payload.set(slice, this.#payloadBytes);
      this.#payloadBytes += slice.length;
      offset += slice.length;
      if (this.#payloadBytes < payload.length) return;
      this.#headerBytes = 0;
      this.#payload = undefined;
      this.#handleFrame(this.#header[0] ?? 0, payload);
    }
  }

  #readHeader(chunk: Uint8Array, from: number): number {
    let offset = from;
    while (offset < chunk.length) {
      this.#header[this.#headerBytes++] = chunk[offset++] ?? 0;
      if (this.#headerBytes < 2) continue;
      const secondByte = this.#header[1] ?? 0;
      if (this.#headerBytes === 2) this.#checkStart(this.#header[0] ?? 0, secondByte);
      const headerLength = 2 + (secondByte === LENGTH_16 ? 2 : secondByte === LENGTH_64 ? 8 : 0);
      if (this.#headerBytes < headerLength) continue;
      this.#payload = payloadMemory(this.#payloadLength(secondByte));
      this.#payloadBytes = 0;
      return offset;
    }
    return offset;
  }

  #checkStart(first: number, second: number): void {
    const opcode = first & 0x0f;
    const isFinal = (first & FINAL) !== 0;
    if ((first & RESERVED) !== 0) throw malformed("a frame has reserved bits");
    if ((second & MASKED) !== 0) throw malformed("a server's frame is masked");
    if ((opcode & CONTROL) !== 0) {
      if (opcode > OPCODE.pong) throw malformed(`a frame has the unknown kind ${opcode}`);
      if (!isFinal) throw malformed("a control frame is fragmented");
      if (second > CONTROL_BYTES_MAX) throw malformed("a control frame is too long");
      return;
    }
    if (opcode === OPCODE.text) throw malformed("text frames are not supported");
    if (opcode > OPCODE.binary) throw malformed(`a frame has the unknown kind ${opcode}`);
    const isContinued = this.#fragments !== undefined;
    if (isContinued !== (opcode === OPCODE.continuation)) {
      throw malformed("unexpected fragment");
    }
  }

  #payloadLength(short: number): number {
    const view = new DataView(this.#header.buffer);
    let length = short;
    if (short === LENGTH_16) {
      length = view.getUint16(2);
      if (length < LENGTH_16) throw malformed("a length is not in its shortest form");
    } else if (short === LENGTH_64) {
      length = view.getUint32(2) * 2 ** 32 + view.getUint32(6);
      if (length < 0x1_0000) throw malformed("a length is not in its shortest form");
    }
    if (length + this.#fragmentsBytes > MESSAGE_BYTES_MAX) {
      throw new Fault("too-large", msg`a message is longer than ${MESSAGE_BYTES_MAX} bytes`);
    }
    return length;
  }

  #handleFrame(first: number, payload: Uint8Array): void {
    const opcode = first & 0x0f;
    if (opcode === OPCODE.close) this.#handleClose(payload);
    else if (opcode === OPCODE.ping) this.events.ping(payload);
    else if (opcode === OPCODE.pong) return;
    else this.#handleData((first & FINAL) !== 0, payload);
  }

  #handleData(isFinal: boolean, payload: Uint8Array): void {
    if (this.#fragments === undefined && isFinal) {
      this.events.message(payload);
      return;
    }
    const fill = this.#fragmentsBytes;
    const buffer = this.#fragments ?? new Uint8Array(payload.length);
    const fragments = withCapacity(buffer, fill, payload.length);
    fragments.set(payload, fill);
    this.#fragments = isFinal ? undefined : fragments;
    this.#fragmentsBytes = isFinal ? 0 : fill + payload.length;
    if (isFinal) this.events.message(fragments.slice(0, fill + payload.length));
  }

  #handleClose(payload: Uint8Array): void {
    this.#isClosed = true;
    if (payload.length === 0) return this.events.close(1005, "");
    if (payload.length === 1) throw malformed("a close frame has an incomplete status code");
    const code = ((payload[0] ?? 0) << 8) | (payload[1] ?? 0);
    if (!isCloseCode(code)) throw malformed(`a close frame has the code ${code}`);
    let reason: string;
    try {
      reason = utf8Decode(payload.subarray(2));
    } catch {
      throw malformed("a close reason is not UTF-8");
    }
    this.events.close(code, reason);
  }
}

function payloadMemory(sizeBytes: number): Uint8Array {
  const isChunk = sizeBytes > CHUNK_BYTES && sizeBytes <= CHUNK_BYTES + HEADROOM_BYTES;
  return isChunk ? acquireBuffer(sizeBytes, 0) : new Uint8Array(sizeBytes);
}

/** Codes such as 1004 to 1006 and 1015 must never be sent (RFC 6455, section 7.4). */
function isCloseCode(code: number): boolean {
  if (code >= 3000) return code <= 4999;
  return code >= 1000 && code <= 1014 && (code < 1004 || code > 1006);
}

function malformed(message: string): Fault {
  return new Fault("frame-malformed", message);
}

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
  readonly dialChannel: (first: Uint8Array | undefined) => Promise<Link>;
}

export class WsClientLink extends BaseLink {
  readonly transport = "tcp";
  readonly remote: Address;
  readonly certificateHash: Uint8Array;
  readonly #reader: WebSocketFrameReader;
  #frames: Uint8Array[] = [];
  #frameBytes = 0;
  #isFlushing = false;
  #isBlocked = false;
  #ignoresData = false;
  #isSocketClosed = false;
  #socketReads = 0;
  #endsWhenFlushed = false;
  #outcome: { readonly fault: Fault | undefined } | undefined;
  #deadline: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly options: WsClientLinkOptions) {
    super();
    this.remote = options.remote;
    this.certificateHash = options.certificateHash;
    this.#reader = new WebSocketFrameReader({
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

  protected override dialChannel(first?: Uint8Array): Promise<Link> {
    return this.options.dialChannel(first);
  }

  close(): void {
    if (this.state !== "open") return;
    this.inbox.mute();
    this.#sendClose(CLOSE_CODE.normal, undefined);
  }

  /** Stops reading, so that the peer's queue fills. */
  pause(): void {
    this.options.socket.pause();
  }

  resume(): void {
    this.options.socket.resume();
  }

  override counters(): LinkCounters {
    return { ...super.counters(), socketReads: this.#socketReads };
  }

  onData(chunk: Uint8Array): void {
    this.#socketReads++;
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
    this.options.socket.terminate();
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
      const written = Math.max(0, this.options.socket.write(batch));
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
      this.options.socket.end();
    }
  }
}
