/** Listener for links over QUIC on a UDP port. */

// A connection becomes a link with its first stream. Until then it is half-open. Two limits bound
// the memory of half-open connections: beyond UDP_HALF_OPEN_MAX, the oldest is closed, and each is
// closed after HELLO_TIMEOUT_MS. The listener calls `accept` after the handshake, because the
// peer's address is unknown before (Bun 1.4.4). A client with a forged source address never
// completes the handshake, and the server sends it at most three times as many bytes as it has
// received.
//
// Bun reads the socket until it is empty, and a handshake costs a signature. Its buffer can hold
// thousands of first packets, which would stop the program for seconds. The listener therefore
// refuses further connections for as long as the last UDP_HANDSHAKES_PER_TURN_MAX took, so that
// handshakes take at most about half of the time.
//
// lsquic stores data behind a gap, up to UDP_CONNECTION_WINDOW_BYTES per connection. The listener
// therefore closes the oldest connection without a log-in if there are more than
// UDP_BEFORE_LOGIN_MAX of them, or more than UDP_CONNECTIONS_MAX connections in all. Among these
// are connections whose link has ended, which are closed first. The server shares the connections
// of members between accounts.
//
// The listener closes a connection that opens a second stream before its link, because unread
// stream data accumulates in memory (adapter.ts).

import { Fault, msg } from "../../base/fault.ts";
import {
  HELLO_TIMEOUT_MS,
  UDP_BEFORE_LOGIN_MAX,
  UDP_CONNECTIONS_MAX,
  UDP_HALF_OPEN_MAX,
  UDP_HANDSHAKES_PER_TURN_MAX,
} from "../../base/limits.ts";
import { withTimeout } from "../clock.ts";
import { certificateHashOf } from "../link/certificate-hash.ts";
import type { Address, Listener, ListenerEvents, TlsPair } from "../link/link.ts";
import { Topics } from "../link/topics.ts";
import { formatHostPort } from "../ws/upgrade.ts";
import { type Congestion, type QuicPipe, QuicSocket, type QuicWire } from "./adapter.ts";
import { QUIC_CODE, QuicConnection, udpBindError } from "./connection.ts";
import { QuicLink } from "./link.ts";

export interface QuicListenOptions {
  readonly host: string;
  readonly port: number;
  /** Permanent, because clients check the server's identity instead of the certificate's dates. */
  readonly tls: TlsPair;
  readonly congestion?: Congestion;
  readonly unlinkedMax?: number;
  readonly beforeLoginMax?: number;
  readonly connectionsMax?: number;
  readonly handshakesPerTurnMax?: number;
}

const QUIC_LINGER_MS = 500;

export function listenQuic(options: QuicListenOptions, events: ListenerEvents): Listener {
  return new QuicListener(options, events);
}

class QuicListener implements Listener {
  readonly transport = "udp";
  readonly port: number;
  readonly #events: ListenerEvents;
  readonly #certificateHash: Uint8Array;
  readonly #unlinkedMax: number;
  readonly #beforeLoginMax: number;
  readonly #connectionsMax: number;
  readonly #handshakesPerTurnMax: number;
  readonly #socket: QuicSocket;
  readonly #unlinked = new Map<QuicWire, ReturnType<typeof setTimeout>>();
  readonly #connecting = new Map<QuicWire, () => void>();
  readonly #links = new Set<QuicLink>();
  readonly #wires = new Set<QuicWire>();
  /** Connections with a link, but without a log-in, the oldest first. */
  readonly #beforeLogin = new Set<QuicWire>();
  /** Connections that have or had a link. */
  readonly #linked = new Set<QuicWire>();
  /** Those whose link has ended, the oldest first. */
  readonly #ended = new Set<QuicWire>();
  readonly #topics = new Topics<QuicLink>();
  #handshakesInTurn = 0;
  #stopping: Promise<void> | undefined;
  readonly #emptied = Promise.withResolvers<void>();

  constructor(options: QuicListenOptions, events: ListenerEvents) {
    this.#events = events;
    this.#certificateHash = certificateHashOf(options.tls.certPem);
    this.#unlinkedMax = options.unlinkedMax ?? UDP_HALF_OPEN_MAX;
    this.#beforeLoginMax = options.beforeLoginMax ?? UDP_BEFORE_LOGIN_MAX;
    this.#connectionsMax = options.connectionsMax ?? UDP_CONNECTIONS_MAX;
    this.#handshakesPerTurnMax = options.handshakesPerTurnMax ?? UDP_HANDSHAKES_PER_TURN_MAX;
    this.#socket = this.#open(options);
    this.port = this.#socket.port;
  }

  publish(topic: string, message: Uint8Array): void {
    for (const link of this.#topics.followers(topic)) link.send(message);
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#drain();
    return this.#stopping;
  }

  async #drain(): Promise<void> {
    for (const wire of [...this.#unlinked.keys()]) this.#reject(wire, QUIC_CODE.refused);
    for (const link of [...this.#links]) link.close();
    if (this.#links.size > 0) await this.#emptied.promise;
    const gone = Promise.all([...this.#wires].map((wire) => wire.closed));
    await withTimeout(gone, QUIC_LINGER_MS, () => undefined);
    this.#socket.close();
  }

  #open({ host, port, tls, congestion }: QuicListenOptions): QuicSocket {
    const family = host.includes(":") ? "ipv6" : "ipv4";
    const settings = { host, port, family, ...tls, congestion: congestion ?? "bbr" } as const;
    try {
      return QuicSocket.listen(settings, (wire) => this.#onWire(wire));
    } catch (cause) {
      throw listenFault(cause, host, port);
    }
  }

  #onWire(wire: QuicWire): void {
    this.#countHandshake();
    if (this.#stopping !== undefined) return wire.close(QUIC_CODE.refused);
    const [oldest] = this.#unlinked.keys();
    if (oldest !== undefined && this.#unlinked.size >= this.#unlinkedMax) {
      this.#reject(oldest, QUIC_CODE.refused);
    }
    const timer = setTimeout(() => this.#reject(wire, QUIC_CODE.lost), HELLO_TIMEOUT_MS);
    this.#unlinked.set(wire, timer);
    this.#wires.add(wire);
    void wire.closed.then(() => {
      this.#beforeLogin.delete(wire);
      this.#linked.delete(wire);
      this.#ended.delete(wire);
      this.#clearPending(wire);
      this.#wires.delete(wire);
    });
    const connection = new QuicConnection(wire);
    let first: QuicPipe | undefined;
    wire.onPipe((pipe) => {
      if (pipe.isFirst) first = pipe;
      else this.#reject(wire, QUIC_CODE.malformed);
    });
    wire.opened().then(
      (remote) => {
        if (!this.#accepts(wire, remote)) return;
        const done = this.#events.connecting?.(remote);
        if (done !== undefined) this.#connecting.set(wire, done);
        let current = remote;
        wire.onMoved((moved) => {
          current = moved;
          for (const link of connection.links) {
            const from = link.remote;
            link.remote = moved;
            this.#events.moved?.(link, from);
          }
        });
        wire.onPipe((pipe) => this.#onPipe(connection, current, pipe));
        if (first !== undefined) this.#onPipe(connection, remote, first);
      },
      () => this.#reject(wire, QUIC_CODE.lost),
    );
  }

  #countHandshake(): void {
    this.#handshakesInTurn += 1;
    if (this.#handshakesInTurn === 1) {
      const startedAt = performance.now();
      setImmediate(() => this.#endTurn(performance.now() - startedAt));
    }
    if (this.#handshakesInTurn === this.#handshakesPerTurnMax) this.#socket.isBusy = true;
  }

  #endTurn(tookMs: number): void {
    const isBusy = this.#handshakesInTurn >= this.#handshakesPerTurnMax;
    this.#handshakesInTurn = 0;
    if (!isBusy) return;
    setTimeout(() => {
      this.#socket.isBusy = false;
    }, tookMs);
  }

  #onPipe(connection: QuicConnection, remote: Address, pipe: QuicPipe): void {
    const { wire } = connection;
    if (connection.link !== undefined) {
      const isAccepted = this.#stopping === undefined && this.#events.accept(remote);
      if (isAccepted) this.#createLink(connection, remote, pipe);
      else pipe.reset(QUIC_CODE.refused);
      return;
    }
    if (connection.isEnded) return pipe.reset(QUIC_CODE.refused);
    if (!pipe.isFirst) return this.#reject(wire, QUIC_CODE.malformed);
    this.#clearPending(wire);
    if (this.#accepts(wire, remote)) this.#createLink(connection, remote, pipe);
  }

  #accepts(wire: QuicWire, remote: Address): boolean {
    if (wire.isClosed) return false;
    if (this.#stopping === undefined && this.#events.accept(remote)) return true;
    this.#reject(wire, QUIC_CODE.refused);
    return false;
  }

  #createLink(connection: QuicConnection, remote: Address, pipe: QuicPipe): void {
    const parent = connection.link;
    const link = new QuicLink({
      wire: connection.wire,
      pipe,
      remote,
      certificateHash: this.#certificateHash,
      topics: this.#topics,
      waitForChannels: (closing) => connection.waitForChannels(closing),
      onEnded: (ended, hangUp, code) => {
        this.#remove(ended);
        connection.onLinkEnded(ended, hangUp, code);
        if (parent === undefined) this.#onLinkEnded(connection.wire);
      },
      ...(parent === undefined
        ? { onLimited: (isBefore: boolean) => this.#onLimited(connection.wire, isBefore) }
        : { isChannel: true }),
    });
    this.#links.add(link);
    connection.add(link);
    this.#events.link(link, parent);
    if (parent === undefined) this.#onLinked(connection.wire);
  }

  #onLinked(wire: QuicWire): void {
    this.#linked.add(wire);
    if (this.#linked.size <= this.#connectionsMax) return;
    this.#rejectOldest(this.#ended.size > 0 ? this.#ended : this.#beforeLogin, wire);
  }

  #onLimited(wire: QuicWire, isBeforeLogin: boolean): void {
    if (!isBeforeLogin || wire.isClosed) {
      this.#beforeLogin.delete(wire);
      return;
    }
    this.#beforeLogin.add(wire);
    if (this.#beforeLogin.size > this.#beforeLoginMax) this.#rejectOldest(this.#beforeLogin, wire);
  }

  #onLinkEnded(wire: QuicWire): void {
    this.#beforeLogin.delete(wire);
    if (!wire.isClosed) this.#ended.add(wire);
  }

  /** Closes `added` if there is no candidate. */
  #rejectOldest(candidates: ReadonlySet<QuicWire>, added: QuicWire): void {
    const [oldest = added] = candidates;
    this.#ended.delete(oldest);
    this.#beforeLogin.delete(oldest);
    this.#reject(oldest, QUIC_CODE.refused);
  }

  #reject(wire: QuicWire, code: number): void {
    this.#clearPending(wire);
    wire.close(code);
  }

  #clearPending(wire: QuicWire): void {
    clearTimeout(this.#unlinked.get(wire));
    this.#unlinked.delete(wire);
    this.#connecting.get(wire)?.();
    this.#connecting.delete(wire);
  }

  #remove(link: QuicLink): void {
    this.#links.delete(link);
    if (this.#links.size === 0) this.#emptied.resolve();
  }
}

function listenFault(cause: unknown, host: string, port: number): Fault {
  const address = formatHostPort(host, port);
  switch (udpBindError(cause)) {
    case "taken":
      return new Fault("port-taken", msg`UDP port ${port} is in use`, { cause });
    case "forbidden": {
      const message = msg`UDP port ${port} requires administrator rights`;
      return new Fault("port-taken", message, { cause });
    }
    case "no-address":
      return new Fault("usage", msg`${host} is not an address of this machine`, {
        remedy: "omit --host to listen on all addresses",
        cause,
      });
    default: {
      const message = cause instanceof Error ? cause.message : String(cause);
      return new Fault("usage", msg`cannot listen for UDP on ${address} (${message})`, { cause });
    }
  }
}
