/** A `Link` over the browser's WebSocket. */

import { Fault } from "../../base/fault.ts";
import { CONNECT_TIMEOUT_MS, MESSAGE_BYTES_MAX, SEND_QUEUE_BYTES_MAX } from "../../base/limits.ts";
import type { Clock } from "../../io/clock.ts";
import { BaseLink, slowReaderFault } from "../../io/link/base-link.ts";
import { CLOSE_CODE, closeFault } from "../../io/link/close-code.ts";
import type { Address, Link } from "../../io/link/link.ts";

export interface Socket {
  binaryType: string;
  readonly bufferedAmount: number;
  onopen: ((event: never) => void) | null;
  onmessage: ((event: { readonly data: unknown }) => void) | null;
  onclose: ((event: { readonly code: number }) => void) | null;
  send(data: Uint8Array<ArrayBuffer> | string): void;
  close(code?: number): void;
}

export interface SocketOptions {
  readonly open: () => Socket;
  readonly clock: Clock;
  readonly host: string;
}

/** Polls `bufferedAmount`, because browsers report no drain event. */
const DRAIN_POLL_INTERVAL_MS = 4;
/** Placeholder: browsers do not reveal the certificate. `welcome` carries its hash. */
export const NO_CERTIFICATE_HASH = new Uint8Array(32);

/** @throws {Fault} unreachable, timeout */
export function dialSocket(dial: SocketOptions): Promise<Link> {
  return new Promise((resolve, reject) => {
    const socket = openSocket(dial);
    socket.binaryType = "arraybuffer";
    const cancel = dial.clock.after(CONNECT_TIMEOUT_MS, () => {
      socket.onopen = null;
      socket.onclose = null;
      socket.close();
      reject(new Fault("timeout", `no connection within ${CONNECT_TIMEOUT_MS / 1_000} s`));
    });
    socket.onclose = () => {
      cancel();
      reject(new Fault("unreachable", "the server cannot be reached"));
    };
    socket.onopen = () => {
      cancel();
      resolve(new SocketLink(socket, dial));
    };
  });
}

function openSocket({ open }: SocketOptions): Socket {
  try {
    return open();
  } catch (cause) {
    throw new Fault("unreachable", "the browser blocked the connection", { cause });
  }
}

class SocketLink extends BaseLink {
  readonly transport = "tcp";
  readonly remote: Address;
  readonly certificateHash = NO_CERTIFICATE_HASH;
  #fault: Fault | undefined;
  /**
   * Joins a message's head and tail. Reused, because the browser copies data on send. Tails become
   * garbage, because Chromium frees its own copies only when garbage accumulates.
   */
  #sendBuffer = new Uint8Array(0);
  #isPolling = false;

  constructor(
    private readonly socket: Socket,
    private readonly options: SocketOptions,
  ) {
    super();
    this.remote = { host: options.host, port: 0 };
    socket.onmessage = ({ data }) => this.#message(data);
    socket.onclose = ({ code }) => this.#closed(code);
  }

  send(head: Uint8Array, tail?: Uint8Array): boolean {
    if (this.state !== "open") return false;
    const message = tail === undefined ? head : this.#join(head, tail);
    if (this.socket.bufferedAmount + message.length > SEND_QUEUE_BYTES_MAX) {
      this.drop(slowReaderFault());
      return false;
    }
    this.countSent(1, message.length);
    this.socket.send(message as Uint8Array<ArrayBuffer>);
    return true;
  }

  queuedBytes(): number {
    return this.state === "closed" ? 0 : this.socket.bufferedAmount;
  }

  #join(head: Uint8Array, tail: Uint8Array): Uint8Array {
    const sizeBytes = head.length + tail.length;
    if (this.#sendBuffer.length < sizeBytes) this.#sendBuffer = new Uint8Array(sizeBytes);
    this.#sendBuffer.set(head);
    this.#sendBuffer.set(tail, head.length);
    return this.#sendBuffer.subarray(0, sizeBytes);
  }

  override drained(): Promise<void> {
    if (!this.#isPolling) this.#pollDrained();
    return super.drained();
  }

  #pollDrained(): void {
    this.settle();
    this.#isPolling = !this.isDrained();
    if (this.#isPolling)
      this.options.clock.after(DRAIN_POLL_INTERVAL_MS, () => this.#pollDrained());
  }

  protected override dialChannel(): Promise<Link> {
    return dialSocket(this.options);
  }

  close(): void {
    if (this.state !== "open") return;
    this.state = "closing";
    this.socket.close(CLOSE_CODE.normal);
  }

  drop(fault: Fault | undefined): void {
    this.#fault ??= fault;
    this.close();
  }

  #message(data: unknown): void {
    if (this.state !== "open") return;
    const isText = !(data instanceof ArrayBuffer);
    if (isText || data.byteLength > MESSAGE_BYTES_MAX) {
      return this.drop(
        isText
          ? new Fault("frame-malformed", "the server sent text instead of binary data")
          : new Fault("too-large", "a message exceeds the size limit"),
      );
    }
    this.inbox.push(new Uint8Array(data));
    this.settle();
  }

  #closed(code: number): void {
    if (this.state === "open") this.#fault ??= closeFault(code, "");
    this.state = "closed";
    this.inbox.close(this.#fault);
    this.settle();
  }
}
