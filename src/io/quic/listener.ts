/** Accepts links over QUIC on a UDP port. */

// A connection becomes a link with its first stream. Until then it is one of UDP_HALF_OPEN_MAX, of
// which the oldest is closed if there are more, and each is closed after HELLO_TIMEOUT_MS: neither
// half-open handshakes nor connections that open no stream exhaust memory. The peer's address is
// known only after the handshake (Bun 1.4.4), so `accept` is asked then; from then on the
// connection counts with the links of its address. A forged source never gets that far, and is
// answered with at most three times its own bytes.
//
// A stream before the first ends its connection. Data on a stream that is not read piles up in
// memory (adapter.ts), whatever window was given. A channel is opened only by an end that has
// received from the server on the first stream, which has arrived by then.

import { Fault, msg } from "../../base/fault.ts";
import { HELLO_TIMEOUT_MS, UDP_HALF_OPEN_MAX } from "../../base/limits.ts";
import { withTimeout } from "../clock.ts";
import { certificateHashOf } from "../link/certificate-hash.ts";
import type { Address, Listener, ListenerEvents } from "../link/link.ts";
import { Topics } from "../link/topics.ts";
import { formatHostPort } from "../ws/upgrade.ts";
import { type Congestion, type QuicPipe, QuicSocket, type QuicWire } from "./adapter.ts";
import { udpBindError } from "./bind.ts";
import { QUIC_CODE } from "./close.ts";
import { QuicConnection } from "./connection.ts";
import { QuicLink } from "./link.ts";

export interface QuicListenOptions {
  readonly host: string;
  /** 0 chooses a free port. */
  readonly port: number;
  /** The same as over TCP. The leaf first, then its chain. */
  readonly tls: { readonly certPem: string; readonly keyPem: string };
  /** Congestion control: "bbr" (the default) is fast on lossy paths, "cubic" is fair to others. */
  readonly congestion?: Congestion;
  /** Default: UDP_HALF_OPEN_MAX. */
  readonly untakenMax?: number;
}

/** Time that a stopping listener gives its last goodbyes to be sent. */
const LINGER_MS = 500;

/** @throws Fault port-taken, usage */
export function listenQuic(options: QuicListenOptions, events: ListenerEvents): Listener {
  return new QuicListener(options, events);
}

class QuicListener implements Listener {
  readonly transport = "udp";
  readonly port: number;
  readonly #events: ListenerEvents;
  readonly #certificateHash: Uint8Array;
  readonly #untakenMax: number;
  readonly #socket: QuicSocket;
  /** Connections without a link yet, the oldest first; each with its timer. */
  readonly #untaken = new Map<QuicWire, ReturnType<typeof setTimeout>>();
  /** Connections with a known address, each with the function that ends its counting. */
  readonly #waiting = new Map<QuicWire, () => void>();
  readonly #links = new Set<QuicLink>(); // Bounded by `accept`.
  readonly #wires = new Set<QuicWire>();
  readonly #topics = new Topics<QuicLink>();
  #stopping: Promise<void> | undefined;
  readonly #emptied = Promise.withResolvers<void>();

  constructor(options: QuicListenOptions, events: ListenerEvents) {
    this.#events = events;
    this.#certificateHash = certificateHashOf(options.tls.certPem);
    this.#untakenMax = options.untakenMax ?? UDP_HALF_OPEN_MAX;
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
    for (const wire of [...this.#untaken.keys()]) this.#turnAway(wire, QUIC_CODE.refused);
    for (const link of [...this.#links]) link.close();
    if (this.#links.size > 0) await this.#emptied.promise; // Each has its own deadline.
    const gone = Promise.all([...this.#wires].map((wire) => wire.gone));
    await withTimeout(gone, LINGER_MS, () => undefined);
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
    if (this.#stopping !== undefined) return wire.close(QUIC_CODE.refused);
    const [oldest] = this.#untaken.keys();
    if (oldest !== undefined && this.#untaken.size >= this.#untakenMax) {
      this.#turnAway(oldest, QUIC_CODE.refused);
    }
    const timer = setTimeout(() => this.#turnAway(wire, QUIC_CODE.lost), HELLO_TIMEOUT_MS);
    this.#untaken.set(wire, timer);
    this.#wires.add(wire);
    void wire.gone.then(() => {
      this.#settle(wire);
      this.#wires.delete(wire);
    });
    const connection = new QuicConnection(wire);
    let first: QuicPipe | undefined; // It may arrive before the handshake is reported as done.
    wire.onPipe((pipe) => {
      if (pipe.isFirst) first = pipe;
      else this.#turnAway(wire, QUIC_CODE.malformed);
    });
    wire.opened().then(
      (remote) => {
        if (!this.#accepts(wire, remote)) return;
        const done = this.#events.wait?.(remote);
        if (done !== undefined) this.#waiting.set(wire, done);
        wire.onPipe((pipe) => this.#onPipe(connection, remote, pipe));
        if (first !== undefined) this.#onPipe(connection, remote, first);
      },
      () => this.#turnAway(wire, QUIC_CODE.lost),
    );
  }

  #onPipe(connection: QuicConnection, remote: Address, pipe: QuicPipe): void {
    const { wire } = connection;
    if (connection.link !== undefined) {
      const isWelcome = this.#stopping === undefined && this.#events.accept(remote);
      if (isWelcome) this.#take(connection, remote, pipe);
      else pipe.reset(QUIC_CODE.refused); // The link itself continues.
      return;
    }
    // A channel that crosses the end of its link, or more than that.
    if (connection.isOver) return pipe.reset(QUIC_CODE.refused);
    if (!pipe.isFirst) return this.#turnAway(wire, QUIC_CODE.malformed);
    this.#settle(wire); // Not counted twice.
    if (this.#accepts(wire, remote)) this.#take(connection, remote, pipe);
  }

  #accepts(wire: QuicWire, remote: Address): boolean {
    if (wire.isGone) return false;
    if (this.#stopping === undefined && this.#events.accept(remote)) return true;
    this.#turnAway(wire, QUIC_CODE.refused);
    return false;
  }

  #take(connection: QuicConnection, remote: Address, pipe: QuicPipe): void {
    const parent = connection.link;
    const link = new QuicLink({
      wire: connection.wire,
      pipe,
      remote,
      certificateHash: this.#certificateHash,
      topics: this.#topics,
      settled: (closing) => connection.settled(closing),
      over: (ended, hangUp, code) => {
        this.#forget(ended);
        connection.over(ended, hangUp, code);
      },
    });
    this.#links.add(link);
    connection.add(link);
    this.#events.link(link, parent);
  }

  #turnAway(wire: QuicWire, code: number): void {
    this.#settle(wire);
    wire.close(code);
  }

  #settle(wire: QuicWire): void {
    clearTimeout(this.#untaken.get(wire));
    this.#untaken.delete(wire);
    this.#waiting.get(wire)?.();
    this.#waiting.delete(wire);
  }

  #forget(link: QuicLink): void {
    this.#links.delete(link);
    if (this.#links.size === 0) this.#emptied.resolve();
  }
}

function listenFault(cause: unknown, host: string, port: number): Fault {
  const where = formatHostPort(host, port);
  switch (udpBindError(cause)) {
    case "taken":
      return new Fault("port-taken", msg`another program uses UDP on ${where}`, { cause });
    case "forbidden": {
      const sentence = msg`UDP port ${port} is only for the system's administrator`;
      return new Fault("port-taken", sentence, { cause });
    }
    case "no-address":
      return new Fault("usage", msg`this machine has no address ${host}`, {
        remedy: "leave --host out for all its addresses",
        cause,
      });
    default: {
      const message = cause instanceof Error ? cause.message : String(cause);
      return new Fault("usage", msg`cannot listen for UDP on ${where} (${message})`, { cause });
    }
  }
}
