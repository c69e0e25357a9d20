/** Listener for connections that carry lines, over TCP or TLS. */

import type { Socket, TCPSocketListener } from "bun";
import { Fault } from "../../base/fault.ts";
import type { Clock } from "../clock.ts";
import { areDescriptorsLow } from "../disk/descriptors.ts";
import { joinFrames, rethrow } from "../link/base-link.ts";
import {
  BaseLineSocket,
  FlushQueue,
  type LineListener,
  type LineListenerEvents,
  type LineSocket,
  type LineSocketOptions,
} from "../link/line-socket.ts";
import type { Address, TlsPair } from "../link/link.ts";
import { normalizeAddress } from "../ws/address.ts";
import { HalfOpenWatch } from "../ws/half-open.ts";
import { listenFault } from "../ws/listener.ts";

/** @internal */
export class TcpLineSocket extends BaseLineSocket<Socket<unknown>> {
  #isBlocked = false;
  #hasPeerEnded = false;
  #isShutDown = false;

  queuedBytes(): number {
    return this.unsentBytes;
  }

  flush(): void {
    if (this.state === "closed" || this.#isShutDown) return;
    let sentCount = 0;
    while (sentCount < this.unsent.length && !this.#isBlocked) {
      const [batch, count] = joinFrames(this.unsent, sentCount);
      const written = Math.max(0, this.socket.write(batch));
      this.unsentBytes -= written;
      sentCount += count;
      if (written === batch.length) continue;
      this.#isBlocked = true;
      sentCount -= 1;
      this.unsent[sentCount] = batch.subarray(written);
    }
    this.unsent = this.unsent.slice(sentCount);
    this.settle();
    if (this.state !== "ending" || this.unsent.length > 0) return;
    this.#isShutDown = true;
    // Closing before the peer does would lose the last lines if unread bytes have arrived.
    if (this.#hasPeerEnded) this.socket.end();
    else this.socket.shutdown();
  }

  onData(bytes: Uint8Array): void {
    this.receive(bytes);
  }

  onDrain(): void {
    this.#isBlocked = false;
    this.flush();
  }

  onPeerEnded(): void {
    this.#hasPeerEnded = true;
    if (this.#isShutDown) this.socket.end();
    else this.peerEnded();
  }

  onSocketClosed(error: Error | undefined): void {
    this.dropUnsent();
    const isLost = error !== undefined;
    this.finish(isLost ? new Fault("link-closed", "the connection was lost") : undefined);
  }

  protected terminate(): void {
    this.dropUnsent();
    // The system may still be sending the last lines, which a reset would discard.
    if (this.#isShutDown) this.socket.end();
    else this.socket.terminate();
  }
}

export interface TcpListenOptions {
  readonly host: string;
  readonly port: number;
  readonly tls: TlsPair | undefined;
}

/** OpenSSL's number for TLS 1.2, because many IRC clients and bouncers do not support TLS 1.3. */
const TLS_1_2 = 0x0303;

/** A client closes as soon as it has read the end. Some programs wait for their user instead. */
const PEER_CLOSE_MS = 500;

interface Handshaking {
  readonly id: number;
  readonly socket: Socket<Connection>;
  readonly remote: Address;
  readonly done: (() => void) | undefined;
}

/** State of a Bun socket. */
interface Connection {
  handshaking?: Handshaking | undefined;
  lines?: TcpLineSocket;
}

/** @throws {Fault} port-taken, usage */
export function listenTcp(
  options: TcpListenOptions,
  events: LineListenerEvents,
  clock: Clock,
): LineListener {
  return new TcpListener(options, events, clock);
}

class TcpListener implements LineListener {
  readonly port: number;
  #server: TCPSocketListener<Connection>;
  readonly #sockets = new Set<LineSocket>();
  readonly #handshaking = new Map<number, Handshaking>();
  readonly #watch: HalfOpenWatch;
  readonly #socketOptions: LineSocketOptions;
  #cancelScan: (() => void) | undefined;
  #lastId = 0;
  #stopping: Promise<void> | undefined;
  readonly #emptied = Promise.withResolvers<void>();

  constructor(
    private readonly options: TcpListenOptions,
    private readonly events: LineListenerEvents,
    private readonly clock: Clock,
  ) {
    this.#socketOptions = {
      isSecure: options.tls !== undefined,
      clock,
      flushQueue: new FlushQueue(),
      onClosed: (lines) => this.#remove(lines),
    };
    this.#server = this.#listen(options);
    this.port = this.#server.port;
    this.#watch = new HalfOpenWatch({
      sockets: {
        at: () =>
          [...this.#handshaking.values()].map(({ id, remote }) => ({ descriptor: id, remote })),
        shutdown: (id) => this.#handshaking.get(id)?.socket.terminate(),
      },
      port: this.port,
      now: () => clock.now(),
      areDescriptorsLow,
    });
  }

  setCertificate(tls: TlsPair): void {
    if (this.#stopping !== undefined || this.options.tls === undefined) return;
    this.#server.stop();
    this.#server = this.#listen({ ...this.options, port: this.port, tls });
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#drain();
    return this.#stopping;
  }

  async #drain(): Promise<void> {
    this.#server.stop();
    for (const { socket } of [...this.#handshaking.values()]) socket.terminate();
    for (const socket of [...this.#sockets]) socket.end();
    // Peers may keep their connections open after the last line.
    const cancel = this.clock.after(PEER_CLOSE_MS, () => {
      for (const socket of [...this.#sockets]) if (socket.queuedBytes() === 0) socket.destroy();
    });
    if (this.#sockets.size > 0) await this.#emptied.promise;
    cancel();
    this.#cancelScan?.();
    this.#server.stop(true);
  }

  #listen({ host, port, tls }: TcpListenOptions): TCPSocketListener<Connection> {
    const secure = { cert: tls?.certPem ?? "", key: tls?.keyPem ?? "", minVersion: TLS_1_2 };
    try {
      return Bun.listen<Connection>({
        hostname: host,
        port,
        tls: tls === undefined ? undefined : secure,
        // The peer may half-close after its last line, and then read the answers.
        allowHalfOpen: true,
        data: {},
        socket: {
          binaryType: "uint8array",
          open: (socket) => this.#open(socket),
          handshake: (socket, isSuccessful) => {
            if (isSuccessful) this.#secured(socket);
            else socket.terminate();
          },
          data: ({ data: { lines } }, bytes) => lines?.onData(bytes as Uint8Array<ArrayBuffer>),
          drain: ({ data: { lines } }) => lines?.onDrain(),
          end: (socket) => {
            if (socket.data.lines === undefined) socket.terminate();
            else socket.data.lines.onPeerEnded();
          },
          // TLS failed: Bun closes the socket, without an error.
          error: ({ data: { lines } }, error) => lines?.onSocketClosed(error),
          close: (socket, error) => this.#closed(socket, error),
        },
      });
    } catch (cause) {
      throw listenFault(cause, host, port, "choose another address with --irc or --irc-tls");
    }
  }

  #open(socket: Socket<Connection>): void {
    const remote = normalizeAddress(socket.remoteAddress, socket.remotePort);
    socket.data = {};
    if (this.#stopping !== undefined || !this.events.accept(remote)) return socket.terminate();
    if (this.options.tls === undefined) return this.#start(socket, remote);
    const done = this.events.connecting?.(remote);
    const handshaking: Handshaking = { id: ++this.#lastId, socket, remote, done };
    socket.data.handshaking = handshaking;
    this.#handshaking.set(handshaking.id, handshaking);
    if (this.#cancelScan === undefined) this.#scan();
  }

  #scan(): void {
    const nextMs = this.#watch.scan();
    const isIdle = this.#handshaking.size === 0;
    this.#cancelScan = isIdle ? undefined : this.clock.after(nextMs, () => this.#scan());
  }

  #secured(socket: Socket<Connection>): void {
    const remote = this.#endHandshake(socket);
    if (remote !== undefined) this.#start(socket, remote);
  }

  #endHandshake({ data }: Socket<Connection>): Address | undefined {
    const { handshaking } = data;
    if (handshaking === undefined) return undefined;
    data.handshaking = undefined;
    this.#handshaking.delete(handshaking.id);
    handshaking.done?.();
    return handshaking.remote;
  }

  #start(socket: Socket<Connection>, remote: Address): void {
    const lines = new TcpLineSocket(socket, remote, this.#socketOptions);
    socket.data.lines = lines;
    this.#sockets.add(lines);
    try {
      lines.attach(this.events.socket(lines));
    } catch (error) {
      rethrow(error);
    }
  }

  #closed(socket: Socket<Connection>, error: Error | undefined): void {
    this.#endHandshake(socket);
    socket.data.lines?.onSocketClosed(error);
  }

  #remove(lines: LineSocket): void {
    this.#sockets.delete(lines);
    if (this.#stopping !== undefined && this.#sockets.size === 0) this.#emptied.resolve();
  }
}
