/** A `Link` over the browser's WebSocket. */

import { utf8Encode } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import {
  CONNECT_TIMEOUT_MS,
  MESSAGE_BYTES_MAX,
  SEND_QUEUE_BYTES_MAX,
  SEND_QUEUE_LOW_BYTES,
} from "../../base/limits.ts";
import type { Clock } from "../../io/clock.ts";
import type { Link, LinkCounters, LinkHandlers } from "../../io/link/link.ts";

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
  readonly token?: string | undefined;
}

/** Polls `bufferedAmount`, because browsers report no drain event. */
const DRAIN_POLL_INTERVAL_MS = 4;
const CLOSE_TOO_LARGE = 1009;
const CLOSE_DONE = 1000;
const CLOSE_AWAY = 1001;
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
      if (dial.token !== undefined) socket.send(new Uint8Array(utf8Encode(dial.token)));
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

class SocketLink implements Link {
  readonly transport = "tcp";
  readonly remote: Link["remote"];
  readonly certificateHash = NO_CERTIFICATE_HASH;
  readonly #options: SocketOptions;
  #handlers: LinkHandlers | undefined;
  #unhandled: Uint8Array[] = [];
  #state: "open" | "closing" | "closed" = "open";
  #fault: Fault | undefined;
  /**
   * Joins a message's head and tail. Reused, because the browser copies data on send. Tails become
   * garbage, because Chromium frees its own copies only when garbage accumulates.
   */
  #sendBuffer = new Uint8Array(0);
  #drainWaiters: (() => void)[] = [];
  readonly #counters = { sentMessages: 0, sentBytes: 0, receivedMessages: 0, receivedBytes: 0 };

  constructor(
    private readonly socket: Socket,
    dial: SocketOptions,
  ) {
    this.#options = dial;
    this.remote = { host: dial.host, port: 0 };
    socket.onmessage = ({ data }) => this.#message(data);
    socket.onclose = ({ code }) => this.#closed(code);
  }

  receive(handlers: LinkHandlers): void {
    this.#handlers = handlers;
    for (const bytes of this.#unhandled.splice(0)) handlers.message(bytes);
    if (this.#state === "closed") this.#options.clock.after(0, () => handlers.closed(this.#fault));
  }

  send(head: Uint8Array, tail?: Uint8Array): boolean {
    if (this.#state !== "open") return false;
    const message = tail === undefined ? head : this.#join(head, tail);
    if (this.socket.bufferedAmount + message.length > SEND_QUEUE_BYTES_MAX) {
      this.#fault = new Fault("link-closed", "the server reads too slowly");
      this.destroy();
      return false;
    }
    this.#counters.sentMessages += 1;
    this.#counters.sentBytes += message.length;
    this.socket.send(message as Uint8Array<ArrayBuffer>);
    return true;
  }

  queuedBytes(): number {
    return this.#state === "closed" ? 0 : this.socket.bufferedAmount;
  }

  #join(head: Uint8Array, tail: Uint8Array): Uint8Array {
    const sizeBytes = head.length + tail.length;
    if (this.#sendBuffer.length < sizeBytes) this.#sendBuffer = new Uint8Array(sizeBytes);
    this.#sendBuffer.set(head);
    this.#sendBuffer.set(tail, head.length);
    return this.#sendBuffer.subarray(0, sizeBytes);
  }

  drained(): Promise<void> {
    return new Promise((resolve) => {
      this.#drainWaiters.push(resolve);
      if (this.#drainWaiters.length === 1) this.#pollDrained();
    });
  }

  #pollDrained(): void {
    this.#resolveDrained();
    if (this.#drainWaiters.length > 0)
      this.#options.clock.after(DRAIN_POLL_INTERVAL_MS, () => this.#pollDrained());
  }

  #resolveDrained(): void {
    if (this.#drainWaiters.length === 0 || this.queuedBytes() > SEND_QUEUE_LOW_BYTES) return;
    for (const resolve of this.#drainWaiters.splice(0)) resolve();
  }

  follow(): void {
    // Unused: only servers subscribe to topics.
  }

  unfollow(): void {
    // Unused: only servers subscribe to topics.
  }

  openChannel(): Promise<Link> {
    return dialSocket(this.#options);
  }

  counters(): LinkCounters {
    return { ...this.#counters };
  }

  close(): void {
    if (this.#state !== "open") return;
    this.#state = "closing";
    this.socket.close(CLOSE_DONE);
  }

  destroy(): void {
    this.close();
  }

  #message(data: unknown): void {
    if (this.#state !== "open") return;
    if (!(data instanceof ArrayBuffer) || data.byteLength > MESSAGE_BYTES_MAX) {
      const isText = !(data instanceof ArrayBuffer);
      this.#fault = isText
        ? new Fault("frame-malformed", "the server sent text instead of binary data")
        : new Fault("too-large", "a message exceeds the size limit");
      return this.destroy();
    }
    const bytes = new Uint8Array(data);
    this.#counters.receivedMessages += 1;
    this.#counters.receivedBytes += bytes.length;
    if (this.#handlers === undefined) this.#unhandled.push(bytes);
    else this.#handlers.message(bytes);
    this.#resolveDrained();
  }

  #closed(code: number): void {
    const wasOurs = this.#state === "closing";
    this.#state = "closed";
    if (!wasOurs) this.#fault ??= closeFault(code);
    this.#handlers?.closed(this.#fault);
  }
}

function closeFault(code: number): Fault | undefined {
  if (code === CLOSE_DONE || code === CLOSE_AWAY) return undefined;
  if (code === CLOSE_TOO_LARGE) {
    return new Fault("too-large", "a message exceeds the server's size limit");
  }
  return new Fault("link-closed", "the connection was lost");
}
