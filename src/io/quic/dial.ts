/** Dialer for QUIC over UDP. */

// The certificate is not checked, because the server signs its hash. The handshake proves that the
// peer has the private key.

import { isIP } from "node:net";
import { Fault, msg } from "../../base/fault.ts";
import { CONNECT_TIMEOUT_MS, UDP_ANSWER_TIMEOUT_MS } from "../../base/limits.ts";
import { retry, systemClock, withTimeout } from "../clock.ts";
import { probeUdp } from "../lan/udp-probe.ts";
import { connectInTurn, resolveAddresses } from "../link/addresses.ts";
import type { Address, Dial, DialOptions } from "../link/link.ts";
import { connectFault } from "../ws/connect-fault.ts";
import { formatHostPort } from "../ws/upgrade.ts";
import { type Congestion, QuicSocket, type QuicWire, type UdpFamily } from "./adapter.ts";
import { QUIC_CODE, QuicConnection, udpBindError } from "./connection.ts";
import { QuicLink } from "./link.ts";

/** A listener refuses connections for some milliseconds after a burst of handshakes. */
const BUSY_RETRY_MS = 100;
const REASON_WAIT_MS = 1_000;

export interface QuicDialSettings {
  /** "bbr" (default) is fast on lossy paths, "cubic" fair to other traffic. */
  readonly congestion?: Congestion;
  readonly idleSeconds?: number;
}

const DEFAULT_SERVER_NAME = "chat";
/** Until the handshake has shown the certificate. */
const NO_CERTIFICATE = new Uint8Array(0);

export class QuicDialer {
  readonly #sockets = new Map<string, QuicSocket>();

  constructor(private readonly settings: QuicDialSettings = {}) {}

  readonly dial: Dial = async (options) => {
    const addresses = await resolveAddresses(options.address ?? options.host).catch((cause) => {
      throw new Fault("unreachable", msg`cannot resolve ${options.host}`, { cause });
    });
    return await connectInTurn(addresses, options.timeoutMs, (host, timeoutMs) => {
      const until = performance.now() + timeoutMs;
      const connect = () =>
        this.#connect({ ...options, timeoutMs: until - performance.now() }, host);
      return retry(connect, {
        clock: systemClock(),
        intervalMs: BUSY_RETRY_MS,
        until: until - BUSY_RETRY_MS,
        isTransient: isBusy,
      });
    });
  };

  close(): void {
    for (const socket of this.#sockets.values()) socket.close();
    this.#sockets.clear();
  }

  #socket(host: string, localPort: number | undefined): QuicSocket {
    const family: UdpFamily = host.includes(":") ? "ipv6" : "ipv4";
    const key = `${family} ${localPort ?? "any"}`;
    const existing = this.#sockets.get(key);
    if (existing !== undefined && !existing.isClosed) return existing;
    const socket = QuicSocket.forClients(family, localPort);
    this.#sockets.set(key, socket);
    return socket;
  }

  async #connect(options: DialOptions, host: string): Promise<QuicLink> {
    const remote = { host, port: options.port };
    const name = isIP(options.host) === 0 ? options.host : DEFAULT_SERVER_NAME;
    const address = formatHostPort(options.host, options.port);
    const { congestion = "bbr", idleSeconds } = this.settings;
    const call = { name, congestion, idleSeconds };
    const socket = this.#socket(host, options.localPort);
    const wire = await socket.connect(remote, call).catch((cause: unknown) => {
      throw bindFault(cause, options.localPort);
    });
    const attempt = new Attempt(wire, address, options.first);
    try {
      return await attempt.run(remote, options.timeoutMs);
    } catch (error) {
      wire.close(QUIC_CODE.lost);
      // The socket of IPv6 holds the port for IPv4, too.
      if (options.localPort !== undefined) socket.close();
      throw error;
    }
  }
}

class Attempt {
  readonly #connection: QuicConnection;
  readonly #failed = Promise.withResolvers<never>();
  #isAnswered = false;

  constructor(
    private readonly wire: QuicWire,
    private readonly address: string,
    private readonly first: Uint8Array | undefined,
  ) {
    this.#connection = new QuicConnection(wire);
  }

  async run(remote: Address, timeoutMs: number): Promise<QuicLink> {
    const timers = [
      setTimeout(() => this.#timeOut(timeoutMs), timeoutMs),
      setTimeout(() => {
        if (this.wire.stats().receivedPackets === 0) this.#timeOut(UDP_ANSWER_TIMEOUT_MS);
      }, UDP_ANSWER_TIMEOUT_MS),
    ];
    const startedAt = performance.now();
    const probe = probeUdp(remote, ({ code, cause }) => {
      if (this.#isAnswered) return;
      const waitedMs = performance.now() - startedAt;
      const failed = { code, place: this.address, host: remote.host, waitedMs, cause };
      this.#failed.reject(connectFault({ ...failed, transport: "UDP" }));
    });
    try {
      return await Promise.race([this.#open(remote), this.#failed.promise]);
    } finally {
      for (const timer of timers) clearTimeout(timer);
      void probe.then((close) => close());
    }
  }

  async #open(remote: Address): Promise<QuicLink> {
    try {
      // Data leaves with the end of the handshake, a round trip before `opened` resolves.
      const link = await this.#link(remote, NO_CERTIFICATE);
      if (this.first !== undefined) link.hasSentFirst = link.send(this.first);
      await this.wire.opened();
      this.#isAnswered = true;
      link.certificateHash = this.wire.peerCertificateHash();
      // The answer to the first message shows that the server has accepted the link.
      if (this.first === undefined) await link.accepted;
      return link;
    } catch (cause) {
      // The stream can end before the connection reports its reason.
      if (isClosed(cause)) await withTimeout(this.wire.closed, REASON_WAIT_MS, () => {});
      throw this.#fault(cause);
    }
  }

  async #link(remote: Address, certificateHash: Uint8Array): Promise<QuicLink> {
    const pipe = await this.wire.openPipe();
    const link: QuicLink = new QuicLink({
      wire: this.wire,
      pipe,
      remote,
      certificateHash,
      dialChannel: (first) => this.#openChannel(remote, link.certificateHash, first),
      waitForChannels: (closing) => this.#connection.waitForChannels(closing),
      onEnded: (ended, hangUp, code) => this.#connection.onLinkEnded(ended, hangUp, code),
    });
    this.#connection.add(link);
    return link;
  }

  async #openChannel(
    remote: Address,
    certificateHash: Uint8Array,
    first: Uint8Array | undefined,
  ): Promise<QuicLink> {
    let channel: QuicLink | undefined;
    try {
      channel = await this.#link(remote, certificateHash);
      if (first !== undefined) channel.hasSentFirst = channel.send(first);
      await withTimeout(channel.accepted, CONNECT_TIMEOUT_MS, () => {
        throw new Fault("timeout", msg`${this.address} did not accept another data channel`);
      });
      return channel;
    } catch (cause) {
      channel?.destroy();
      throw this.#fault(cause);
    }
  }

  #fault(cause: unknown): Fault {
    if (cause instanceof Fault && !isClosed(cause)) return cause;
    const isRefusedUnread = this.wire.isRefusedUnread;
    if (isRefusedUnread || this.wire.code === QUIC_CODE.refused) {
      return new Fault(
        "unreachable",
        msg`${this.address} accepts no more connections, of this network or of all`,
        {
          remedy: msg`try again later; its operator sees why`,
          retryAfterMs: isRefusedUnread ? BUSY_RETRY_MS : undefined,
          cause,
        },
      );
    }
    const message = msg`cannot connect to ${this.address} over UDP`;
    return new Fault("unreachable", message, { remedy: "check the port", cause });
  }

  #timeOut(timeoutMs: number): void {
    const seconds = Math.ceil(timeoutMs / 1000);
    const message = msg`${this.address} did not answer over UDP within ${seconds} s`;
    this.#failed.reject(new Fault("timeout", message, { remedy: "UDP may be blocked: use TCP" }));
  }
}

function isClosed(error: unknown): boolean {
  return error instanceof Fault && error.code === "link-closed";
}

function isBusy(error: unknown): boolean {
  return error instanceof Fault && error.retryAfterMs !== undefined;
}

function bindFault(cause: unknown, localPort: number | undefined): Fault {
  const number = udpBindError(cause);
  if (localPort !== undefined && number === "taken") {
    const message = msg`local UDP port ${localPort} is in use`;
    const remedy = "choose another --local-port, or omit it";
    return new Fault("port-taken", message, { remedy, cause });
  }
  if (localPort !== undefined && number === "forbidden") {
    const message = msg`local port ${localPort} requires administrator rights`;
    return new Fault("port-taken", message, { remedy: "choose one above 1023", cause });
  }
  return new Fault("unreachable", "cannot open a UDP socket", { cause });
}
