/** Listener for links and other HTTP requests on one port with `Bun.serve`, over TLS 1.3. */

// Half-open connections: Bun (1.4.4) closes a connection that does not send a complete request
// header within `idleTimeout`. `HalfOpenWatch` counts these connections on Linux; elsewhere,
// connections count only from their upgrade request (`accept`).
//
// Slow readers: over TLS, `closeOnBackpressureLimit` closes a connection only when its reader reads
// again, and drops messages until then. Therefore the listener checks its links after every
// SWEEP_BYTES published, and Bun's limit is only a backstop.

import type { Server, ServerWebSocket } from "bun";
import { AssertionFailure } from "../../base/assert.ts";
import { tryUrl } from "../../base/decode.ts";
import { Fault, msg } from "../../base/fault.ts";
import {
  CONTROL_FRAMES_BURST,
  CONTROL_FRAMES_PER_SECOND,
  HALF_OPEN_CHECK_INTERVAL_MS,
  MESSAGE_BYTES_MAX,
  SEND_QUEUE_BYTES_MAX,
} from "../../base/limits.ts";
import { TokenBucket } from "../../core/rate.ts";
import { systemClock, withTimeout } from "../clock.ts";
import { areDescriptorsLow } from "../disk/descriptors.ts";
import { HTTP_LINK_PATH, HttpLinks } from "../http/links.ts";
import { rethrow, slowReaderFault } from "../link/base-link.ts";
import { certificateHashOf } from "../link/certificate-hash.ts";
import { FRAME_HEADER_BYTES } from "../link/frame.ts";
import {
  FlushQueue,
  type LineSocket,
  type LineSocketHandlers,
  type LineSocketOptions,
} from "../link/line-socket.ts";
import type { Address, Listener, ListenerEvents, ServerTls } from "../link/link.ts";
import { Topics } from "../link/topics.ts";
import { normalizeAddress, requestUrl } from "./address.ts";
import { HalfOpenWatch, openSockets } from "./half-open.ts";
import { LINE_PATH, lineProtocolOf, WsLineSocket } from "./line-socket.ts";
import { WsServerLink, type WsServerLinkOptions, type WsSocketData } from "./server-link.ts";
import {
  FIRST_MESSAGE_HEADER,
  FIRST_MESSAGE_RECEIVED,
  firstMessageOf,
  formatHostPort,
  LINK_PATH,
  TLS_1_3,
} from "./upgrade.ts";

export interface WsListenOptions {
  readonly host: string;
  readonly port: number;
  /** `false` for plain WebSocket on loopback with `--no-tls`. */
  readonly tls: ServerTls | false;
  /** Certificate (PEM) of a TLS proxy in front of the server, if `tls` is `false`. */
  readonly proxyCertificate?: string;
  /** Reports whether a `Host` header names this server. Default: every `Host` is accepted. */
  readonly isHost?: (host: string | null) => boolean;
  /** Reports whether a request may open a link. Default: every request from the same origin. */
  readonly mayConnect?: (url: URL) => boolean;
  readonly http: (
    request: Request,
    remote: Address,
    keepOpen: (seconds: number) => void,
  ) => Response | Promise<Response>;
  /** Called for each connection to LINE_PATH. Without it, `http` answers that path. */
  readonly irc?: (socket: LineSocket) => LineSocketHandlers;
}

/**
 * Number of bytes published between two checks of the queues. A queue may exceed its limit by this
 * number.
 */
const SWEEP_BYTES = 256 * 1024;
/**
 * Bun would silently drop messages beyond this queue size. Never reached, because the listener
 * closes such links every SWEEP_BYTES.
 */
const BACKSTOP_BYTES = SEND_QUEUE_BYTES_MAX + 4 * MESSAGE_BYTES_MAX;
/** Time within which a request header must arrive and a slow downloader must accept a byte. */
const HTTP_IDLE_SECONDS = 30;
const LINK_IDLE_SECONDS = 120;
const LINGER_MS = 500;

/**
 * Maximum number of followers to which a message is sent individually. An author then receives the
 * answer and the record in one write. `publish` costs less per follower, but more per message.
 */
const DIRECT_SEND_MAX = 16;

export function listenWs(options: WsListenOptions, events: ListenerEvents): Listener {
  return new WsListener(options, events);
}

class WsListener implements Listener {
  readonly transport = "tcp";
  readonly port: number;
  #tls: WsListenOptions["tls"];
  #linkOptions: WsServerLinkOptions;
  #namedHash: Uint8Array | undefined;
  readonly #links = new Set<WsServerLink>();
  readonly #httpLinks = new HttpLinks(systemClock(), () => this.#onRemoved());
  readonly #lineSockets = new Set<LineSocket>();
  readonly #lineOptions: LineSocketOptions;
  #server: Server<WsSocketData>;
  /** Servers with an earlier certificate, which still have connections. */
  readonly #former = new Set<Server<WsSocketData>>();
  readonly #halfOpen: HalfOpenWatch | undefined;
  #nextScan: ReturnType<typeof setTimeout> | undefined;
  #unsweptBytes = 0;
  #stopping: Promise<void> | undefined;
  readonly #emptied = Promise.withResolvers<void>();
  readonly #httpEmptied = Promise.withResolvers<void>();

  constructor(
    private readonly options: WsListenOptions,
    private readonly events: ListenerEvents,
  ) {
    this.#tls = options.tls;
    this.#namedHash = namedHashOf(options.tls);
    this.#linkOptions = {
      certificateHash: hashOf(options),
      topics: new Topics(),
      unflushed: new Set(),
      onClosed: (link) => {
        this.#links.delete(link);
        this.#onRemoved();
      },
    };
    this.#lineOptions = {
      isSecure: options.tls !== false || options.proxyCertificate !== undefined,
      clock: systemClock(),
      flushQueue: new FlushQueue(),
      onClosed: (lines) => {
        this.#lineSockets.delete(lines);
        this.#onRemoved();
      },
    };
    this.#server = this.#serve(options.port);
    this.port = this.#server.port ?? options.port;
    const sockets = openSockets();
    if (sockets === undefined) return;
    const now = () => performance.now();
    this.#halfOpen = new HalfOpenWatch({ sockets, port: this.port, now, areDescriptorsLow });
    this.#scheduleScan(HALF_OPEN_CHECK_INTERVAL_MS);
  }

  #scheduleScan(afterMs: number): void {
    this.#nextScan = setTimeout(() => {
      const nextMs = this.#halfOpen?.scan() ?? 0;
      this.#scheduleScan(nextMs);
    }, afterMs);
    this.#nextScan.unref();
  }

  publish(topic: string, message: Uint8Array): void {
    this.#httpLinks.publish(topic, message);
    const followers = this.#linkOptions.topics.followers(topic);
    if (followers.size <= DIRECT_SEND_MAX) {
      // Copy the set, because sending may drop a link and thereby remove it from the set.
      for (const link of [...followers]) link.send(message);
      return;
    }
    for (const link of this.#linkOptions.unflushed) link.flush();
    this.#server.publish(topic, message);
    for (const server of this.#former) server.publish(topic, message);
    this.#linkOptions.topics.count(topic, message.length);
    this.#unsweptBytes += message.length;
    if (this.#unsweptBytes < SWEEP_BYTES) return;
    this.#unsweptBytes = 0;
    for (const link of [...this.#links]) if (link.isOverLimit()) link.drop(slowReaderFault());
  }

  // `Server.reload` (Bun 1.4.4) keeps the certificate, so another server takes over the port. Open
  // connections stay with the former one; handshakes in progress fail, and clients repeat them.
  setCertificate(tls: ServerTls): void {
    if (this.#stopping !== undefined) return;
    this.#linkOptions = { ...this.#linkOptions, certificateHash: certificateHashOf(tls.certPem) };
    if (this.#tls === false) return;
    this.#tls = tls;
    this.#namedHash = namedHashOf(tls);
    const former = this.#server;
    const stopped = former.stop();
    this.#server = this.#serve(this.port);
    this.#former.add(former);
    void stopped.then(() => this.#former.delete(former));
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#drain();
    return this.#stopping;
  }

  /** Waits for the peers to close, because a server that closes first may lose the last frames. */
  async #drain(): Promise<void> {
    clearTimeout(this.#nextScan);
    for (const link of [...this.#links]) link.close();
    for (const socket of [...this.#lineSockets]) socket.end();
    this.#httpLinks.close();
    // Their peers need further requests until they have received everything.
    if (this.#httpLinks.count > 0) await this.#httpEmptied.promise;
    const stopped = this.#server.stop();
    if (!this.#isEmpty()) await this.#emptied.promise;
    await withTimeout(stopped, LINGER_MS, () => undefined);
    await Promise.all([this.#server, ...this.#former].map((server) => server.stop(true)));
  }

  #onRemoved(): void {
    if (this.#stopping === undefined) return;
    if (this.#httpLinks.count === 0) this.#httpEmptied.resolve();
    if (this.#isEmpty()) this.#emptied.resolve();
  }

  #isEmpty(): boolean {
    return this.#links.size === 0 && this.#lineSockets.size === 0;
  }

  #serve(port: number): Server<WsSocketData> {
    const { host } = this.options;
    const tls = this.#tls;
    try {
      return Bun.serve<WsSocketData>({
        hostname: host,
        port,
        tls: tls === false ? undefined : bunTls(tls),
        idleTimeout: HTTP_IDLE_SECONDS,
        // Outside development mode, Bun by default lets other programs listen on the same port.
        reusePort: false,
        development: false,
        maxRequestBodySize: FRAME_HEADER_BYTES + MESSAGE_BYTES_MAX,
        fetch: (request, server) => this.#handleRequest(request, server),
        error: (error) => {
          // A failed assertion must end the process, like on a link. Any other error costs only
          // this request, because strangers can send it. The kernel rethrows its own errors.
          const { requestFailed } = this.events;
          if (error instanceof AssertionFailure || requestFailed === undefined) rethrow(error);
          else requestFailed.call(this.events, error);
          return refusal(500, "internal error");
        },
        websocket: {
          maxPayloadLength: MESSAGE_BYTES_MAX,
          backpressureLimit: BACKSTOP_BYTES,
          closeOnBackpressureLimit: true,
          idleTimeout: LINK_IDLE_SECONDS,
          sendPings: true,
          perMessageDeflate: false,
          open: (socket) => this.#open(socket),
          message: ({ data }, message) => data.endpoint?.onMessage(message),
          ping: ({ data }) => onControlFrame(data),
          pong: ({ data }) => onControlFrame(data),
          drain: ({ data }) => data.endpoint?.onDrain(),
          close: ({ data }, code, reason) => data.endpoint?.onSocketClosed(code, reason),
        },
      });
    } catch (cause) {
      throw listenFault(cause, host, port);
    }
  }

  #handleRequest(
    request: Request,
    server: Server<WsSocketData>,
  ): Response | Promise<Response> | undefined {
    const ip = server.requestIP(request);
    if (ip === null) return new Response(null, { status: 400 });
    const remote = normalizeAddress(ip.address, ip.port);
    this.#halfOpen?.onRequest(remote);
    const url = requestUrl(request);
    // Many users may share an address, so each link has its own limit after log-in.
    const httpLink = url && this.#httpLinks.linkAt(url.pathname);
    if (httpLink?.isUnauthenticated !== false && this.events.acceptsRequest?.(remote) === false) {
      return refusal(429, "too many requests", { connection: "close", "retry-after": "1" });
    }
    if (this.options.isHost?.(request.headers.get("host")) === false) {
      return refusal(421, "Unknown host name. The server's owner can add it with --public NAME");
    }
    if (url === undefined) return refusal(400, "invalid Host header");
    const { pathname } = url;
    const isLine = pathname === LINE_PATH && this.options.irc !== undefined;
    const isHttpLink = pathname === HTTP_LINK_PATH || pathname.startsWith(`${HTTP_LINK_PATH}/`);
    const keepOpen = (seconds: number) => server.timeout(request, seconds);
    if (pathname !== LINK_PATH && !isHttpLink && !isLine) {
      return this.options.http(request, remote, keepOpen);
    }
    if (!isSameOrigin(request)) return refusal(403, "foreign origin");
    if (httpLink !== undefined) return this.#httpLinks.answer(httpLink, request, url, keepOpen);
    if (this.options.mayConnect?.(url) === false) return refusal(403, "the token is missing");
    if (isHttpLink && pathname !== HTTP_LINK_PATH) return refusal(404, "unknown link");
    if (isHttpLink && request.method !== "POST") return refusal(405, "use POST");
    const offered = request.headers.get("sec-websocket-protocol");
    const lineProtocol = isLine ? lineProtocolOf(offered) : undefined;
    if (isLine && lineProtocol === undefined) {
      return refusal(400, "unknown WebSocket subprotocol; use text.ircv3.net");
    }
    if (this.#stopping !== undefined || !this.events.accept(remote)) {
      return refusal(503, "no more connections");
    }
    if (isHttpLink) {
      const { certificateHash } = this.#optionsFor(url.hostname);
      return this.#httpLinks.open({ remote, certificateHash }, (link) =>
        this.events.link(link, undefined),
      );
    }
    const [perSecond, burst] = [CONTROL_FRAMES_PER_SECOND, CONTROL_FRAMES_BURST];
    const controlFrames = new TokenBucket(perSecond, burst, performance.now());
    const first = isLine ? undefined : firstMessageOf(request.headers);
    const headers = new Headers();
    if (lineProtocol !== undefined && offered !== null) {
      headers.set("sec-websocket-protocol", lineProtocol);
    }
    if (first !== undefined) headers.set(FIRST_MESSAGE_HEADER, FIRST_MESSAGE_RECEIVED);
    const data = { remote, host: url.hostname, controlFrames, lineProtocol, first };
    if (server.upgrade(request, { data, headers })) return undefined;
    // RFC 9110, 15.5.22: the response names the required protocol.
    return refusal(426, "WebSocket upgrade required", { upgrade: "websocket" });
  }

  #open(socket: ServerWebSocket<WsSocketData>): void {
    socket.binaryType = "uint8array";
    if (socket.data.lineProtocol !== undefined) return this.#openLineSocket(socket);
    const link = new WsServerLink(socket, this.#optionsFor(socket.data.host));
    socket.data.endpoint = link;
    this.#links.add(link);
    if (this.#stopping !== undefined) return link.destroy();
    this.events.link(link, undefined);
    const { first } = socket.data;
    if (first !== undefined) link.onMessage(first);
  }

  /** @param host name or address in the request's `Host` header */
  #optionsFor(host: string): WsServerLinkOptions {
    const { named } = this.#tls === false ? {} : this.#tls;
    const certificateHash = this.#namedHash;
    if (certificateHash === undefined || host !== named?.name) return this.#linkOptions;
    return { ...this.#linkOptions, certificateHash };
  }

  #openLineSocket(socket: ServerWebSocket<WsSocketData>): void {
    const { irc } = this.options;
    if (irc === undefined || this.#stopping !== undefined) return socket.terminate();
    const lines = new WsLineSocket(socket, socket.data.remote, this.#lineOptions);
    socket.data.endpoint = lines;
    this.#lineSockets.add(lines);
    lines.attach(irc(lines));
  }
}

function onControlFrame({ endpoint, controlFrames }: WsSocketData): void {
  if (controlFrames.take(performance.now()) === 0) return;
  endpoint?.drop(new Fault("too-fast", "the peer sends too many pings"));
}

function refusal(
  status: number,
  text: string,
  extraHeaders: Record<string, string> = {},
): Response {
  const headers = {
    "content-type": "text/plain; charset=utf-8",
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
    ...extraHeaders,
  };
  return new Response(`${text}\n`, { status, headers });
}

function isSameOrigin(request: Request): boolean {
  const origin = request.headers.get("origin");
  if (origin === null) return true;
  const host = request.headers.get("host");
  const { protocol, host: originHost } = tryUrl(origin) ?? {};
  if (host === null || protocol === undefined) return false;
  // Parse the host with the origin's scheme, so that host and origin omit the default port.
  const url = `${protocol}//${host}`;
  return originHost !== "" && tryUrl(url)?.host === originHost;
}

function bunTls({ certPem, keyPem, named }: ServerTls): Bun.TLSOptions[] {
  const secure = { cert: certPem, key: keyPem, minVersion: TLS_1_3 };
  if (named === undefined) return [secure];
  return [secure, { ...secure, cert: named.certPem, key: named.keyPem, serverName: named.name }];
}

function namedHashOf(tls: WsListenOptions["tls"]): Uint8Array | undefined {
  return tls === false || tls.named === undefined
    ? undefined
    : certificateHashOf(tls.named.certPem);
}

function hashOf({ tls, proxyCertificate }: WsListenOptions): Uint8Array {
  const certPem = tls === false ? proxyCertificate : tls.certPem;
  if (certPem === undefined) return new Uint8Array(32);
  return certificateHashOf(certPem);
}

/** @param remedy replaces the remedies for the main port */
export function listenFault(cause: unknown, host: string, port: number, remedy?: string): Fault {
  const address = formatHostPort(host, port);
  // Bun.listen (1.4.4) gives no code if it cannot resolve the host.
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "ENOTFOUND";
  switch (code) {
    case "EADDRINUSE":
      return new Fault("port-taken", msg`port ${port} is in use`, { remedy, cause });
    case "EACCES":
      return new Fault("port-taken", msg`port ${port} requires administrator rights`, {
        remedy,
        cause,
      });
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
    case "EINVAL":
      return new Fault("usage", msg`${host} is not an address of this machine`, {
        remedy: remedy ?? "omit --host to listen on all addresses",
        cause,
      });
    default:
      return new Fault("usage", msg`cannot listen on ${address} (${code})`, {
        remedy: remedy ?? "check --host, --port, --cert and --key",
        cause,
      });
  }
}
