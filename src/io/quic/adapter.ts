/** Adapter for node:quic, which is experimental in Bun (1.4.4: lsquic and BoringSSL). */

// Workarounds for Bun:
// - A reader ends in the same way whether the peer finished the stream or the connection was lost,
// so the stream's own data must mark its end.
// - Data behind a gap accumulates in memory, up to the window, and is not counted.
// - A slow reader does not slow the sender: received data accumulates in memory.
// - Reading `path` before the handshake makes it empty permanently.
// - A listener that cannot bind resolves, but is `destroyed`.
// - The default client binds 127.0.0.1, and per-connection endpoints are never released.
// - `closed` resolves when the connection is lost silently.
// - `handshakeTimeout` and `udpReceiveBufferSize` are ignored.

import { createHash, createPrivateKey } from "node:crypto";
import { SocketAddress } from "node:net";
import type { QuicEndpoint, QuicSession, QuicStream, SessionOptions } from "node:quic";
import {
  LINKS_MAX,
  QUIC_IDLE_TIMEOUT_SECONDS,
  UDP_CONNECTION_WINDOW_BYTES,
  UDP_HALF_OPEN_MAX,
  UDP_QUEUE_BYTES,
  UDP_STREAM_WINDOW_BYTES,
  UDP_STREAMS_MAX,
} from "../../base/limits.ts";
import { NS_PER_MS } from "../../base/time.ts";
import type { Address } from "../link/link.ts";
import { markHandled, settled } from "../promises.ts";
import { normalizeAddress } from "../ws/address.ts";
import { tuneUdpSocket } from "../ws/linux-sockets.ts";

/** Most NAT mappings expire after 30 s. */
const UDP_KEEP_ALIVE_MS = 10_000;

export type Congestion = "bbr" | "cubic";
export type UdpFamily = "ipv4" | "ipv6";

export interface QuicStats {
  readonly roundTripMs: number;
  readonly sentPackets: number;
  readonly receivedPackets: number;
  readonly lostPackets: number;
  readonly congestionWindowBytes: number;
}

const ALPN = "chat/1";
/** RFC 9000, section 20.1. */
const CONNECTION_REFUSED = 2;
const DRAINABLE: unique symbol = Symbol.for("Stream.drainableProtocol");

function quic(): typeof import("node:quic") {
  const { emitWarning } = process;
  const filtered: unknown = (warning: string | Error, type: unknown, ...rest: unknown[]) => {
    if (type === "ExperimentalWarning" && String(warning).startsWith("quic ")) return;
    Reflect.apply(emitWarning, process, [warning, type, ...rest]);
  };
  process.emitWarning = filtered as typeof emitWarning;
  try {
    return process.getBuiltinModule("node:quic");
  } finally {
    process.emitWarning = emitWarning;
  }
}

export interface PipeEvents {
  data(chunk: Uint8Array): void;
  closed(code: number | undefined): void;
}

interface BunStream extends Omit<QuicStream, "writer"> {
  readonly writer: {
    writeSync(bytes: Uint8Array): boolean;
    endSync(): number;
    readonly desiredSize: number | null;
    [DRAINABLE](): Promise<unknown> | null;
  };
  resetStream(code: number): void;
  stopSending(code: number): void;
}

export class QuicPipe {
  readonly #stream: BunStream;

  constructor(stream: QuicStream) {
    this.#stream = stream as unknown as BunStream;
    stream.highWaterMark = UDP_QUEUE_BYTES;
  }

  get isFirst(): boolean {
    return this.#stream.id === 0n;
  }

  listen(events: PipeEvents): void {
    this.#stream.onreset = (error: unknown) => events.closed(codeOf(error));
    const reportClosed = () => void setImmediate(() => events.closed(undefined));
    this.#stream.closed.then(reportClosed, reportClosed);
    void this.#read(events).then(reportClosed);
  }

  write(bytes: Uint8Array): "taken" | "full" | "broken" {
    const { writer } = this.#stream;
    if (writer.writeSync(bytes)) return "taken";
    return writer.desiredSize === 0 ? "full" : "broken";
  }

  async writable(): Promise<void> {
    await settled(this.#stream.writer[DRAINABLE]());
  }

  end(): void {
    if (!this.#stream.destroyed) this.#stream.writer.endSync();
  }

  reset(code: number): void {
    if (this.#stream.destroyed) return;
    this.#stream.resetStream(code);
    this.#stream.stopSending(code);
  }

  async #read(events: PipeEvents): Promise<void> {
    try {
      for await (const batch of this.#stream) for (const chunk of batch) events.data(chunk);
    } catch {
      // Ignore the error, because `onreset` reports a reset by the peer.
    }
  }
}

export class QuicWire {
  readonly closed: Promise<void>;
  #error: unknown;

  constructor(private readonly session: QuicSession) {
    session.onerror = (error: unknown) => {
      this.#error = error;
    };
    this.closed = session.closed.then(
      () => {},
      () => {},
    );
  }

  get isClosed(): boolean {
    return this.session.destroyed;
  }

  get code(): number | undefined {
    return codeOf(this.#error);
  }

  /** The peer's socket is busy and has refused this connection without a handshake. */
  get isRefusedUnread(): boolean {
    return codeOf(this.#error, "transport") === CONNECTION_REFUSED;
  }

  async opened(): Promise<Address> {
    const { remote } = await this.session.opened;
    return normalizeAddress(remote.address, remote.port);
  }

  /** Called with the validated address of a peer that moved, or whose NAT gave it another port. */
  onMoved(callback: (remote: Address) => void): void {
    this.session.onpathvalidation = (result, _local, remote) => {
      if (result === "success") callback(normalizeAddress(remote.address, remote.port));
    };
  }

  peerCertificateHash(): Uint8Array {
    const raw = this.session.peerCertificate?.raw ?? new Uint8Array();
    return new Uint8Array(createHash("sha256").update(raw).digest());
  }

  async openPipe(): Promise<QuicPipe> {
    return new QuicPipe(await this.session.createBidirectionalStream());
  }

  onPipe(callback: (pipe: QuicPipe) => void): void {
    this.session.onstream = (stream) => callback(new QuicPipe(stream));
  }

  stats(): QuicStats {
    const stats = this.session.stats as unknown as Readonly<Record<string, bigint | undefined>>;
    return {
      roundTripMs: Number(stats["smoothedRtt"] ?? 0) / NS_PER_MS,
      sentPackets: Number(stats["pktSent"] ?? 0),
      receivedPackets: Number(stats["pktRecv"] ?? 0),
      lostPackets: Number(stats["pktLost"] ?? 0),
      congestionWindowBytes: Number(stats["cwnd"] ?? 0),
    };
  }

  close(code: number): void {
    this.session.destroy(undefined, { code, type: "application" });
  }
}

export interface QuicServerOptions {
  readonly host: string;
  readonly port: number;
  readonly family: UdpFamily;
  readonly certPem: string;
  readonly keyPem: string;
  readonly congestion: Congestion;
}

export interface QuicConnectOptions {
  readonly name: string;
  readonly congestion: Congestion;
  readonly idleSeconds: number | undefined;
}

export class QuicSocket {
  #isTuned = false;

  constructor(private readonly endpoint: QuicEndpoint) {}

  static listen(options: QuicServerOptions, onWire: (wire: QuicWire) => void): QuicSocket {
    const { host, port, family, certPem, keyPem, congestion } = options;
    const { QuicEndpoint, listen } = quic();
    const address = new SocketAddress({ address: host, port, family });
    // Disable Bun's limit per host, from which some addresses must be exempt. The listener enforces
    // the actual limits.
    const maxConnectionsTotal = LINKS_MAX + UDP_HALF_OPEN_MAX;
    const endpoint = new QuicEndpoint({ address, maxConnectionsPerHost: 0, maxConnectionsTotal });
    const identity = { keys: createPrivateKey(keyPem), certs: Buffer.from(certPem) };
    const listening = listen((session) => onWire(new QuicWire(session)), {
      ...sessionOptions(congestion),
      endpoint,
      sni: { "*": identity },
    });
    markHandled(listening);
    markHandled(endpoint.closed);
    const failure: unknown = Bun.peek(listening);
    if (failure instanceof Error) throw failure;
    if (endpoint.destroyed) throw Bun.peek(endpoint.closed);
    const socket = new QuicSocket(endpoint);
    socket.#tune();
    return socket;
  }

  static forClients(family: UdpFamily, port = 0): QuicSocket {
    const host = family === "ipv4" ? "0.0.0.0" : "::";
    const address = new SocketAddress({ address: host, family, port });
    const endpoint = new (quic().QuicEndpoint)({ address });
    markHandled(endpoint.closed);
    return new QuicSocket(endpoint);
  }

  get port(): number {
    return this.endpoint.address?.port ?? 0;
  }

  get isClosed(): boolean {
    return this.endpoint.destroyed || this.endpoint.closing;
  }

  /** A listening socket refuses new connections while it is busy, without any cryptography. */
  set isBusy(isBusy: boolean) {
    if (!this.isClosed) this.endpoint.busy = isBusy;
  }

  async connect(remote: Address, connectOptions: QuicConnectOptions): Promise<QuicWire> {
    const family = remote.host.includes(":") ? "ipv6" : "ipv4";
    const address = new SocketAddress({ address: remote.host, port: remote.port, family });
    const options = {
      ...sessionOptions(connectOptions.congestion, connectOptions.idleSeconds),
      endpoint: this.endpoint,
      servername: connectOptions.name,
      // Do not check the certificate, because the server signs its hash.
      verifyPeer: "manual",
      keepAlive: UDP_KEEP_ALIVE_MS,
    } as const;
    const session = await quic()
      .connect(address, options)
      .catch(async (error: unknown) => {
        // The endpoint binds only on the first connect, and only `closed` reports why binding
        // failed.
        if (this.isClosed) await this.endpoint.closed;
        throw error;
      });
    this.#tune();
    return new QuicWire(session);
  }

  close(): void {
    if (!this.isClosed) void this.endpoint.destroy();
  }

  #tune(): void {
    const { address } = this.endpoint;
    if (this.#isTuned || address === undefined) return;
    this.#isTuned = true;
    tuneUdpSocket({ family: address.family === "ipv6" ? "ipv6" : "ipv4", port: address.port });
  }
}

function sessionOptions(
  congestion: Congestion,
  idleSeconds = QUIC_IDLE_TIMEOUT_SECONDS,
): SessionOptions {
  return {
    alpn: ALPN,
    cc: congestion,
    enableEarlyData: false,
    transportParams: {
      initialMaxStreamDataBidiLocal: UDP_STREAM_WINDOW_BYTES,
      initialMaxStreamDataBidiRemote: UDP_STREAM_WINDOW_BYTES,
      initialMaxData: UDP_CONNECTION_WINDOW_BYTES,
      initialMaxStreamsBidi: UDP_STREAMS_MAX,
      initialMaxStreamsUni: 0,
      maxIdleTimeout: idleSeconds,
      maxDatagramFrameSize: 0,
    },
  };
}

function codeOf(
  error: unknown,
  type: "application" | "transport" = "application",
): number | undefined {
  if (!(error instanceof Error) || !("errorCode" in error) || !("type" in error)) return undefined;
  return error.type === type ? Number(error.errorCode) : undefined;
}
