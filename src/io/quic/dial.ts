/** Dials QUIC over UDP. */

// The certificate is not checked here: the server's proof over its hash shows its owner; the
// handshake proves that the peer holds its private key.

import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { Fault, msg } from "../../base/fault.ts";
import { CONNECT_TIMEOUT_MS, UDP_ANSWER_TIMEOUT_MS } from "../../base/limits.ts";
import { withTimeout } from "../clock.ts";
import type { Address, Dial, DialOptions } from "../link/link.ts";
import { formatHostPort } from "../ws/upgrade.ts";
import { type Congestion, QuicSocket, type QuicWire, type UdpFamily } from "./adapter.ts";
import { udpBindError } from "./bind.ts";
import { QUIC_CODE } from "./close.ts";
import { QuicConnection } from "./connection.ts";
import { QuicLink } from "./link.ts";
import { probeUdp } from "./udp-probe.ts";

/** Addresses tried per name; a name has one or two. */
const UDP_ADDRESSES_MAX = 4;

export interface QuicDialSettings {
  /** Congestion control: "bbr" (the default) is fast on lossy paths, "cubic" is fair to others. */
  readonly congestion?: Congestion;
  /** Silence after which a link is lost; at most and by default QUIC_IDLE_TIMEOUT_SECONDS. */
  readonly idleSeconds?: number;
}

/** SNI carries only names; a server with an address is asked for its only certificate. */
const NO_NAME = "chat";

/** A socket per address family carries all links, for the lifetime of the dialler. */
export class QuicDialer {
  readonly #settings: QuicDialSettings;
  /** Keyed by family and local port; this program uses one port, so there are at most two. */
  readonly #sockets = new Map<string, QuicSocket>();

  constructor(settings: QuicDialSettings = {}) {
    this.#settings = settings;
  }

  readonly dial: Dial = async (options) => {
    const addresses = await this.#addressesOf(options.host);
    const until = performance.now() + options.timeoutMs;
    let failure: unknown;
    for (const host of addresses) {
      const leftMs = until - performance.now();
      if (leftMs <= 0) break;
      try {
        return await this.#connect({ ...options, timeoutMs: leftMs }, host);
      } catch (error) {
        failure = error;
      }
    }
    throw failure;
  };

  /** Breaks existing links. Dialling again opens new sockets. */
  close(): void {
    for (const socket of this.#sockets.values()) socket.close();
    this.#sockets.clear();
  }

  async #addressesOf(host: string): Promise<string[]> {
    if (isIP(host) !== 0) return [host];
    try {
      const found = await lookup(host, { all: true });
      return found.slice(0, UDP_ADDRESSES_MAX).map(({ address }) => address);
    } catch (cause) {
      throw new Fault("unreachable", msg`no machine is known by the name ${host}`, { cause });
    }
  }

  #socket(host: string, localPort: number | undefined): QuicSocket {
    const family: UdpFamily = host.includes(":") ? "ipv6" : "ipv4";
    const key = `${family} ${localPort ?? "any"}`;
    const kept = this.#sockets.get(key);
    if (kept !== undefined && !kept.isGone) return kept;
    const socket = QuicSocket.forClients(family, localPort);
    this.#sockets.set(key, socket);
    return socket;
  }

  async #connect(options: DialOptions, host: string): Promise<QuicLink> {
    const remote = { host, port: options.port };
    const name = isIP(options.host) === 0 ? options.host : NO_NAME;
    const where = formatHostPort(options.host, options.port);
    const { congestion = "bbr", idleSeconds } = this.#settings;
    const call = { name, congestion, idleSeconds };
    const wire = await this.#socket(host, options.localPort)
      .connect(remote, call)
      .catch((cause: unknown) => {
        throw bindFault(cause, options.localPort);
      });
    const attempt = new Attempt(wire, where);
    try {
      return await attempt.run(remote, options.timeoutMs);
    } catch (error) {
      wire.close(QUIC_CODE.lost);
      throw error;
    }
  }
}

/** A connection that becomes a link. */
class Attempt {
  readonly #wire: QuicWire;
  readonly #where: string;
  readonly #connection: QuicConnection;
  readonly #failed = Promise.withResolvers<never>();
  #isAnswered = false;

  constructor(wire: QuicWire, where: string) {
    this.#wire = wire;
    this.#where = where;
    this.#connection = new QuicConnection(wire);
  }

  async run(remote: Address, timeoutMs: number): Promise<QuicLink> {
    const timers = [
      setTimeout(() => this.#late(timeoutMs), timeoutMs),
      setTimeout(() => {
        if (this.#wire.stats().receivedPackets === 0) this.#late(UDP_ANSWER_TIMEOUT_MS);
      }, UDP_ANSWER_TIMEOUT_MS),
    ];
    const probe = probeUdp(remote, () => {
      if (this.#isAnswered) return;
      const sentence = msg`nobody listens for UDP on ${this.#where}`;
      this.#failed.reject(new Fault("unreachable", sentence));
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
      await this.#wire.opened();
      this.#isAnswered = true;
      const hash = this.#wire.peerCertificateHash();
      const link = await this.#link(remote, hash);
      await link.taken;
      return link;
    } catch (cause) {
      throw this.#fault(cause);
    }
  }

  async #link(remote: Address, certificateHash: Uint8Array): Promise<QuicLink> {
    const pipe = await this.#wire.openPipe();
    const link = new QuicLink({
      wire: this.#wire,
      pipe,
      remote,
      certificateHash,
      openLane: () => this.#openLane(remote, certificateHash),
      settled: (closing) => this.#connection.settled(closing),
      over: (ended, hangUp, code) => this.#connection.over(ended, hangUp, code),
    });
    this.#connection.add(link);
    return link;
  }

  async #openLane(remote: Address, certificateHash: Uint8Array): Promise<QuicLink> {
    let lane: QuicLink | undefined;
    try {
      lane = await this.#link(remote, certificateHash);
      await withTimeout(lane.taken, CONNECT_TIMEOUT_MS, () => {
        throw new Fault("timeout", msg`${this.#where} did not take another lane`);
      });
      return lane;
    } catch (cause) {
      lane?.destroy();
      throw this.#fault(cause);
    }
  }

  #fault(cause: unknown): Fault {
    if (cause instanceof Fault && cause.code !== "link-closed") return cause;
    if (this.#wire.code === QUIC_CODE.refused) {
      return new Fault("unreachable", msg`${this.#where} takes no more connections`, {
        remedy: "try again later",
        cause,
      });
    }
    const sentence = msg`${this.#where} did not open a connection over UDP`;
    return new Fault("unreachable", sentence, { remedy: "check the port", cause });
  }

  #late(timeoutMs: number): void {
    const seconds = Math.ceil(timeoutMs / 1000);
    const sentence = msg`${this.#where} did not answer over UDP within ${seconds} s`;
    this.#failed.reject(new Fault("timeout", sentence, { remedy: "UDP may be blocked: use TCP" }));
  }
}

function bindFault(cause: unknown, localPort: number | undefined): Fault {
  const number = udpBindError(cause);
  if (localPort !== undefined && number === "taken") {
    const sentence = msg`the local UDP port ${localPort} is taken by another program`;
    const remedy = "choose another with --local-port, or leave it out";
    return new Fault("port-taken", sentence, { remedy, cause });
  }
  if (localPort !== undefined && number === "forbidden") {
    const sentence = msg`the local port ${localPort} is only for the system's administrator`;
    return new Fault("port-taken", sentence, { remedy: "choose one above 1023", cause });
  }
  return new Fault("unreachable", "this machine opens no UDP socket", { cause });
}
