/** Dialer for WebSocket over TLS, with a `Bun.connect` socket and its own framing (frame.ts). */

// Bun's `WebSocket` does not expose the certificate, so a client would have to connect twice (13.6
// ms to the first message on loopback, compared with 4 ms) and pin the certificate of the second
// connection. It also has no local port and no drain event. Its throughput is equal (Bun 1.4.4).
//
// The certificate is not checked, because the server signs its hash. The handshake proves that the
// peer has the private key.

import { createHash } from "node:crypto";
import { isIP } from "node:net";
import type { Socket } from "bun";
import { equalBytes } from "../../base/bytes.ts";
import { Fault } from "../../base/fault.ts";
import { CONNECT_TIMEOUT_MS } from "../../base/limits.ts";
import { withTimeout } from "../clock.ts";
import { releaseBuffer } from "../disk/buffer-pool.ts";
import { connectInTurn, resolveAddresses, resolves } from "../link/addresses.ts";
import { rethrow } from "../link/base-link.ts";
import type { Address, Dial, DialOptions } from "../link/link.ts";
import { markHandled } from "../promises.ts";
import { isLoopback, normalizeAddress } from "./address.ts";
import { WsClientLink } from "./client-link.ts";
import { connectFault, tcpCode } from "./connect-fault.ts";
import { formatHostPort, MisdirectedFault, TLS_1_3, WebSocketUpgrade } from "./upgrade.ts";

export interface WsDialSettings {
  readonly tls?: boolean;
}

interface Attempt extends DialOptions {
  readonly tls: boolean;
  readonly certificateHash?: Uint8Array;
  readonly hostHeader?: string;
}

const TLS_OPTIONS = { minVersion: TLS_1_3 };
export const NO_CERTIFICATE = new Uint8Array(32);

export function wsDial({ tls = true }: WsDialSettings = {}): Dial {
  return async (options) => {
    if (!tls && !isLoopback(options.host)) {
      throw new Fault("usage", `cannot connect to ${options.host} without TLS`);
    }
    return dial({ ...options, tls });
  };
}

async function dial(attempt: Attempt): Promise<WsClientLink> {
  const dialing = new WsDialAttempt(attempt);
  try {
    return await withTimeout(dialing.run(), attempt.timeoutMs, () => dialing.abandon());
  } catch (error) {
    // If the server rejected the name in the Host header, retry with the address. Such checks
    // protect browsers; this client verifies the server's signature.
    const hostHeader = error instanceof MisdirectedFault ? dialing.remoteAddress : undefined;
    if (hostHeader === undefined || attempt.hostHeader !== undefined) throw error;
    return await dial({ ...attempt, hostHeader });
  }
}

class WsDialAttempt {
  readonly #address: string;
  readonly #upgrade: WebSocketUpgrade;
  readonly #done = Promise.withResolvers<WsClientLink>();
  #socket: Socket | undefined;
  #link: WsClientLink | undefined;
  #certificateHash = NO_CERTIFICATE;
  #isAbandoned = false;
  #remoteAddress: string | undefined;

  constructor(private readonly attempt: Attempt) {
    this.#address = formatHostPort(attempt.host, attempt.port);
    this.#upgrade = new WebSocketUpgrade(this.#address, attempt.hostHeader, attempt.first);
    markHandled(this.#done.promise); // The socket may fail before `run` awaits the result.
  }

  get remoteAddress(): string | undefined {
    return this.#remoteAddress;
  }

  async run(): Promise<WsClientLink> {
    const { localPort, address, host } = this.attempt;
    if (localPort === undefined) await this.#connect(address ?? host);
    else await this.#connectFrom(localPort);
    return this.#done.promise;
  }

  /** @throws {Fault} timeout, or unreachable if the name server does not answer */
  async abandon(): Promise<never> {
    const { address, host, timeoutMs } = this.attempt;
    this.#isAbandoned = true;
    this.#socket?.terminate();
    const isConnected = this.#socket !== undefined;
    if (isConnected || (await resolves(address ?? host))) throw this.#timeout(timeoutMs);
    throw new Fault("unreachable", `cannot resolve ${host}`);
  }

  #timeout(timeoutMs: number): Fault {
    const seconds = Math.ceil(timeoutMs / 1000);
    return new Fault("timeout", `${this.#address} did not answer within ${seconds} s`);
  }

  /** Bun binds the port only together with a local address of the same family as the remote one. */
  async #connectFrom(localPort: number): Promise<void> {
    const { address: known, host, timeoutMs } = this.attempt;
    const addresses = await resolveAddresses(known ?? host).catch((cause) => {
      throw this.#connectFault(codeOf(cause), performance.now(), cause);
    });
    await connectInTurn(addresses, timeoutMs, (address, shareMs) => {
      const localAddress = isIP(address) === 6 ? "::" : "0.0.0.0";
      const abandoning = new AbortController();
      const { signal } = abandoning;
      return withTimeout(
        this.#connect(address, { localPort, localAddress, signal }),
        shareMs,
        () => {
          abandoning.abort();
          throw this.#timeout(shareMs);
        },
      );
    });
  }

  async #connect(hostname: string, { signal, ...from }: ConnectOptions = {}): Promise<void> {
    const { host, port, tls } = this.attempt;
    const serverName = isIP(host) === 0 ? { serverName: host } : {};
    const onClosed = (socket: Socket) => {
      if (socket === this.#socket) this.#onSocketClosed();
    };
    const startedAt = performance.now();
    try {
      // `localAddress`, `localPort` and `minVersion` work (Bun 1.4.4) but are missing from its
      // types.
      await Bun.connect({
        hostname,
        port,
        ...from,
        tls: tls ? { rejectUnauthorized: false, ...TLS_OPTIONS, ...serverName } : undefined,
        socket: {
          binaryType: "uint8array",
          open: (socket) => (signal?.aborted ? void socket.terminate() : this.#onOpen(socket)),
          handshake: (socket, isDone, error) => this.#onHandshake(socket, isDone, error),
          data: (_, chunk) => this.#onData(chunk),
          drain: () => this.#link?.onDrain(),
          close: onClosed,
          error: onClosed,
        },
      });
    } catch (cause) {
      if (cause instanceof Fault) throw cause;
      const waitedMs = performance.now() - startedAt;
      const code = await tcpCode(codeOf(cause), { host: hostname, port, waitedMs });
      throw this.#connectFault(code, startedAt, cause);
    }
  }

  #onOpen(socket: Socket): void {
    this.#socket = socket;
    if (this.#isAbandoned) return void socket.terminate();
    socket.setNoDelay(true);
    const { host, port } = remoteOf(socket);
    this.#remoteAddress = formatHostPort(host, port);
    if (!this.attempt.tls) socket.write(this.#upgrade.request());
  }

  /**
   * `isAuthorized` is false if the handshake failed, but in Bun 1.4.4 also if the certificate names
   * a different host, which is acceptable here.
   */
  #onHandshake(socket: Socket, isAuthorized: boolean, error: Error | null): void {
    const raw: Uint8Array | undefined = socket.getPeerCertificate()?.raw;
    const isProtocol = codeOf(error) === "EPROTO";
    const isBroken = !isAuthorized && (raw === undefined || isProtocol);
    if (isBroken || raw === undefined) {
      if (isOldTls(error?.message)) return this.#fail(this.#oldTls(error));
      const isAlert = error?.message.includes("_ALERT_") === true;
      return this.#fail(isProtocol && !isAlert ? this.#notTls(error) : this.#closedEarly(error));
    }
    this.#certificateHash = new Uint8Array(createHash("sha256").update(raw).digest());
    const expected = this.attempt.certificateHash;
    if (expected !== undefined && !equalBytes(expected, this.#certificateHash)) {
      const message = `${this.#address} changed its certificate while connecting`;
      return this.#fail(new Fault("unreachable", message, { remedy: "reconnect" }));
    }
    socket.write(this.#upgrade.request());
  }

  #onData(chunk: Uint8Array): void {
    if (this.#link !== undefined) {
      this.#link.onData(chunk);
      releaseBuffer(chunk); // The link has copied the chunk.
      return;
    }
    try {
      const remaining = this.#upgrade.feed(chunk);
      if (remaining !== undefined) this.#onUpgraded(remaining);
    } catch (error) {
      if (!(error instanceof Fault)) return rethrow(error);
      this.#fail(error);
    }
  }

  #onUpgraded(remaining: Uint8Array): void {
    const socket = this.#socket;
    if (socket === undefined) return;
    const { localPort: _, first, ...channelOptions } = this.attempt;
    const certificateHash = this.#certificateHash;
    this.#link = new WsClientLink({
      socket,
      remote: remoteOf(socket),
      certificateHash,
      dialChannel: (first) =>
        dial({ ...channelOptions, first, certificateHash, timeoutMs: CONNECT_TIMEOUT_MS }),
    });
    if (first !== undefined && !this.#upgrade.isFirstReceived) this.#link.send(first);
    this.#link.hasSentFirst = first !== undefined;
    this.#done.resolve(this.#link);
    this.#link.onData(remaining);
  }

  #onSocketClosed(): void {
    if (this.#link !== undefined) return this.#link.onSocketClosed();
    this.#fail(this.#closedEarly(null));
  }

  #fail(fault: Fault): void {
    if (this.#isAbandoned) return;
    this.#done.reject(fault);
    this.#socket?.terminate();
  }

  #closedEarly(cause: Error | null): Fault {
    const remedy = this.attempt.tls
      ? "try again; if it persists, check the port"
      : "it may require TLS; omit --no-tls";
    const message = `${this.#address} closed the connection during the handshake`;
    return new Fault("unreachable", message, { remedy, cause });
  }

  #notTls(cause: Error | null): Fault {
    return new Fault(
      "unreachable",
      `${this.#address} is not a chat server: it does not speak TLS`,
      {
        remedy:
          "check the port; connect to a server with --no-tls through its proxy; " +
          "open a web page if this network has a log-in page",
        cause,
      },
    );
  }

  #oldTls(cause: Error | null): Fault {
    return new Fault("unreachable", `${this.#address} does not support TLS 1.3`, {
      remedy: "enable TLS 1.3 on the proxy in front of it",
      cause,
    });
  }

  #connectFault(code: string, startedAt: number, cause: unknown): Fault {
    const { localPort, host } = this.attempt;
    if (localPort !== undefined && (code === "EADDRINUSE" || code === "EADDRNOTAVAIL")) {
      return new Fault("port-taken", `local port ${localPort} is in use`, {
        remedy: "choose another --local-port, or omit it",
        cause,
      });
    }
    if (localPort !== undefined && localPort < PRIVILEGED_PORTS && code === "EACCES") {
      const message = `local port ${localPort} requires administrator rights`;
      return new Fault("port-taken", message, { remedy: "choose one above 1023", cause });
    }
    const waitedMs = performance.now() - startedAt;
    return connectFault({ code, place: this.#address, host, waitedMs, cause });
  }
}

const PRIVILEGED_PORTS = 1_024;

export function isOldTls(message: string | undefined): boolean {
  return /UNSUPPORTED_PROTOCOL|PROTOCOL_VERSION/.test(message ?? "");
}

interface ConnectOptions {
  readonly localAddress?: string;
  readonly localPort?: number;
  /** Aborted when another address is tried. */
  readonly signal?: AbortSignal;
}

function remoteOf(socket: Socket): Address {
  return normalizeAddress(socket.remoteAddress, socket.remotePort);
}

function codeOf(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : String(error);
}
