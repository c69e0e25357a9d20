/** Accepts WebSocket links and plain HTTP on one port of `Bun.serve`, over TLS 1.3. */

// Half-open connections: Bun (1.4.4) closes a connection that has not sent a whole request header
// within `idleTimeout` of its start, whether it is silent, in mid-handshake or drips one byte at a
// time, and within 10 s one that does not close after a goodbye. A header has at most 16 KiB. On
// Linux `HalfOpenWatch` counts connections without a request; elsewhere connections are counted
// only once they ask for the upgrade (`accept`).
//
// Slow readers: with TLS, `closeOnBackpressureLimit` closes only when the reader reads again, and
// drops messages until then. So Bun's limit is only the backstop here; the listener checks its
// links itself, after every SWEEP_BYTES published.

import type { Server, ServerWebSocket } from "bun";
import { AssertionFailure } from "../../base/assert.ts";
import { Fault, msg } from "../../base/fault.ts";
import {
  HALF_OPEN_CHECK_INTERVAL_MS,
  MESSAGE_BYTES_MAX,
  SEND_QUEUE_BYTES_MAX,
} from "../../base/limits.ts";
import { withTimeout } from "../clock.ts";
import { isShortOfDescriptors } from "../disk/descriptors.ts";
import { certificateHashOf } from "../link/certificate-hash.ts";
import { rethrow } from "../link/inbox.ts";
import type { Address, Listener, ListenerEvents } from "../link/link.ts";
import { Topics } from "../link/topics.ts";
import { normalAddress } from "./address.ts";
import { slowReaderFault } from "./close.ts";
import { HalfOpenWatch, openSockets } from "./half-open.ts";
import { requestUrl } from "./request-url.ts";
import { WsServerLink, type WsServerLinkOptions, type WsSocketData } from "./server-link.ts";
import { formatHostPort, LINK_PATH, TLS_1_3 } from "./upgrade.ts";

export interface WsTls {
  /** The leaf first, then its chain. */
  readonly certPem: string;
  readonly keyPem: string;
}

export interface WsListenOptions {
  readonly host: string;
  /** 0 chooses a free port. */
  readonly port: number;
  /** `false`: plain, for loopback behind `--no-tls`. */
  readonly tls: WsTls | false;
  /** PEM of the certificate that a TLS proxy in front presents; only without TLS of our own. */
  readonly proxyCertificate?: string;
  /** Reports whether a `Host` header names this server. Default: any. */
  readonly isHost?: (host: string | null) => boolean;
  /**
   * Answers every request except the upgrade.
   * @param keepOpen lets this response be silent for so many seconds, up to 255
   */
  readonly http: (
    request: Request,
    remote: Address,
    keepOpen: (seconds: number) => void,
  ) => Response | Promise<Response>;
}

/**
 * Published bytes between two checks of the queues; a link's queue exceeds its bound by at most
 * this much.
 */
const SWEEP_BYTES = 256 * 1024;
/** Bun drops silently beyond this: out of reach, because the sweep closes such links before. */
const BACKSTOP_BYTES = SEND_QUEUE_BYTES_MAX + 4 * MESSAGE_BYTES_MAX;
/** Limit for a request header, and between two bytes of a download to a slow reader. */
const HTTP_IDLE_SECONDS = 30;
/** Sessions ping every 20 s; this only removes links whose session is gone. */
const LINK_IDLE_SECONDS = 120;
/** Time that a stopping server waits for the answer to its last goodbye. */
const LINGER_MS = 500;

/** Up to this many followers get a message one by one, in one write with what else is queued. */
const FEW = 4;

/** @throws Fault port-taken, usage */
export function listenWs(options: WsListenOptions, events: ListenerEvents): Listener {
  return new WsListener(options, events);
}

class WsListener implements Listener {
  readonly transport = "tcp";
  readonly port: number;
  readonly #options: WsListenOptions;
  readonly #events: ListenerEvents;
  readonly #linkOptions: WsServerLinkOptions;
  readonly #links = new Set<WsServerLink>();
  readonly #server: Server<WsSocketData>;
  readonly #halfOpen: HalfOpenWatch | undefined;
  #nextLook: ReturnType<typeof setTimeout> | undefined;
  #unsweptBytes = 0;
  #stopping: Promise<void> | undefined;
  readonly #emptied = Promise.withResolvers<void>();

  constructor(options: WsListenOptions, events: ListenerEvents) {
    this.#options = options;
    this.#events = events;
    this.#linkOptions = {
      certificateHash: hashOf(options),
      topics: new Topics(),
      unflushed: new Set(),
      gone: (link) => this.#forget(link),
    };
    this.#server = this.#serve();
    this.port = this.#server.port ?? options.port;
    const sockets = openSockets();
    if (sockets === undefined) return;
    const now = () => performance.now();
    const isShort = isShortOfDescriptors;
    this.#halfOpen = new HalfOpenWatch({ sockets, port: this.port, now, isShort });
    this.#lookLater(HALF_OPEN_CHECK_INTERVAL_MS);
  }

  #lookLater(afterMs: number): void {
    this.#nextLook = setTimeout(() => {
      const nextMs = this.#halfOpen?.look() ?? 0;
      this.#lookLater(nextMs);
    }, afterMs);
    this.#nextLook.unref();
  }

  publish(topic: string, message: Uint8Array): void {
    const followers = this.#linkOptions.topics.followers(topic);
    if (followers.size <= FEW) {
      // A copy: a link that is too far behind is dropped, and then follows nothing.
      for (const link of [...followers]) link.send(message);
      return;
    }
    for (const link of this.#linkOptions.unflushed) link.flush();
    this.#server.publish(topic, message);
    this.#linkOptions.topics.count(topic, message.length);
    this.#unsweptBytes += message.length;
    if (this.#unsweptBytes < SWEEP_BYTES) return;
    this.#unsweptBytes = 0;
    for (const link of [...this.#links]) if (link.isOverfull()) link.drop(slowReaderFault());
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#drain();
    return this.#stopping;
  }

  /** Waits until the peers have closed: closing first could lose the last frames. */
  async #drain(): Promise<void> {
    clearTimeout(this.#nextLook);
    const quiet = this.#server.stop(); // Accepts no more; existing connections continue.
    for (const link of [...this.#links]) link.close();
    if (this.#links.size > 0) await this.#emptied.promise; // Each has its own deadline.
    await withTimeout(quiet, LINGER_MS, () => undefined);
    await this.#server.stop(true);
  }

  #forget(link: WsServerLink): void {
    this.#links.delete(link);
    if (this.#stopping !== undefined && this.#links.size === 0) this.#emptied.resolve();
  }

  #serve(): Server<WsSocketData> {
    const { host, port, tls } = this.#options;
    const secure = { cert: "", key: "", minVersion: TLS_1_3 };
    if (tls !== false) Object.assign(secure, { cert: tls.certPem, key: tls.keyPem });
    try {
      return Bun.serve<WsSocketData>({
        hostname: host,
        port,
        ...(tls === false ? {} : { tls: secure }),
        idleTimeout: HTTP_IDLE_SECONDS,
        // Outside development Bun shares the port silently with any other program that asks for it.
        reusePort: false,
        development: false,
        maxRequestBodySize: MESSAGE_BYTES_MAX,
        fetch: (request, server) => this.#answer(request, server),
        error: (error) => {
          // Bun would answer and continue; after a failed assertion we do not.
          if (error instanceof AssertionFailure) rethrow(error);
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
          message: (socket, message) => socket.data.link?.onMessage(message),
          ping: (socket) => socket.data.link?.onControl(),
          pong: (socket) => socket.data.link?.onControl(),
          drain: (socket) => socket.data.link?.onDrain(),
          close: (socket, code, reason) => socket.data.link?.onGone(code, reason),
        },
      });
    } catch (cause) {
      throw listenFault(cause, host, port);
    }
  }

  #answer(
    request: Request,
    server: Server<WsSocketData>,
  ): Response | Promise<Response> | undefined {
    const ip = server.requestIP(request);
    if (ip === null) return new Response(null, { status: 400 }); // Closed already.
    const remote = normalAddress(ip.address, ip.port);
    this.#halfOpen?.asked(remote);
    if (this.#events.answers?.(remote) === false) {
      // Closing the connection drops pipelined requests.
      return refusal(429, "too many requests", { connection: "close", "retry-after": "1" });
    }
    if (this.#options.isHost?.(request.headers.get("host")) === false) {
      return refusal(421, "This server does not go by that name. Its owner adds: --public NAME");
    }
    const url = requestUrl(request);
    if (url === undefined) return refusal(400, "that is no host");
    if (url.pathname !== LINK_PATH) {
      return this.#options.http(request, remote, (seconds) => server.timeout(request, seconds));
    }
    if (!isSameOrigin(request)) return refusal(403, "foreign origin");
    if (this.#stopping !== undefined || !this.#events.accept(remote)) {
      return refusal(503, "no more connections");
    }
    if (server.upgrade(request, { data: { remote } })) return undefined;
    // RFC 9110, 15.5.22: the response names the required protocol.
    return refusal(426, "a WebSocket is expected here", { upgrade: "websocket" });
  }

  #open(socket: ServerWebSocket<WsSocketData>): void {
    socket.binaryType = "uint8array";
    const link = new WsServerLink(socket, this.#linkOptions);
    socket.data.link = link;
    this.#links.add(link);
    if (this.#stopping === undefined) this.#events.link(link, undefined);
    else link.destroy(); // Upgraded during the stop.
  }
}

/** Plain text, whatever a browser makes of it. */
function refusal(status: number, text: string, more: Record<string, string> = {}): Response {
  const headers = {
    "content-type": "text/plain; charset=utf-8",
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
    ...more,
  };
  return new Response(`${text}\n`, { status, headers });
}

/** Browsers name the page that connects; only our own page may. */
function isSameOrigin(request: Request): boolean {
  const origin = request.headers.get("origin");
  if (origin === null) return true;
  const host = request.headers.get("host");
  if (host === null || !URL.canParse(origin)) return false;
  const { protocol, host: originHost } = new URL(origin);
  // Parsed with the same scheme, so that a default port is omitted on both sides.
  const url = `${protocol}//${host}`;
  return URL.canParse(url) && originHost !== "" && new URL(url).host === originHost;
}

function hashOf({ tls, proxyCertificate }: WsListenOptions): Uint8Array {
  const certPem = tls === false ? proxyCertificate : tls.certPem;
  if (certPem === undefined) return new Uint8Array(32);
  return certificateHashOf(certPem);
}

function listenFault(cause: unknown, host: string, port: number): Fault {
  const where = formatHostPort(host, port);
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : String(cause);
  switch (code) {
    case "EADDRINUSE":
      return new Fault("port-taken", msg`another program listens on ${where}`, { cause });
    case "EACCES":
      return new Fault("port-taken", msg`port ${port} is only for the system's administrator`, {
        cause,
      });
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
    case "EINVAL":
      return new Fault("usage", msg`this machine has no address ${host}`, {
        remedy: "leave --host out for all its addresses",
        cause,
      });
    default:
      return new Fault("usage", msg`cannot listen on ${where} (${code})`, {
        remedy: "check --host, --port, --cert and --key",
        cause,
      });
  }
}
