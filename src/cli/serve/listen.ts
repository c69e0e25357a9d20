/** TCP and UDP listeners of a server. */

import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { Fault } from "../../base/fault.ts";
import type { CertificatePair } from "../../crypto/certificate.ts";
import type { Listener, ListenerEvents } from "../../io/link/link.ts";
import { listenQuic } from "../../io/quic/listener.ts";
import { listenWs, type WsListenOptions } from "../../io/ws/listener.ts";

export interface ListenOptions {
  readonly hosts: readonly [string, ...string[]];
  /** 0 selects a port that is free for both TCP and UDP. */
  readonly port: number;
  /** `undefined` disables TLS and UDP. */
  readonly certificate: CertificatePair | undefined;
  readonly proxyCertificate?: string | undefined;
  readonly udp: "bbr" | "cubic" | undefined;
  readonly isHost: (host: string | null) => boolean;
  readonly http: (port: () => number) => WsListenOptions["http"];
  readonly irc?: WsListenOptions["irc"];
}

export interface OpenListeners {
  readonly port: number;
  readonly listeners: readonly Listener[];
  readonly udpFault: Fault | undefined;
}

/** A few attempts are enough, because a port is rarely free for TCP but taken for UDP. */
const FREE_PORT_ATTEMPTS_MAX = 8;

/**
 * TCP is required; UDP may be missing.
 * @throws {Fault} port-taken, usage
 */
export async function openListeners(
  options: ListenOptions,
  events: ListenerEvents,
): Promise<OpenListeners> {
  const [host, next, ...otherHosts] = options.hosts;
  try {
    return await openAt(host, options, events);
  } catch (error) {
    // A port taken on one host is taken on all, so the next host is tried only after other errors.
    const isLast = next === undefined;
    if (isLast || !(error instanceof Fault) || error.code === "port-taken") throw error;
    return openListeners({ ...options, hosts: [next, ...otherHosts] }, events);
  }
}

/**
 * Runs before the first start, so that a server that cannot listen creates no data folder.
 * @throws {Fault} port-taken, usage
 */
export async function checkListening(
  options: Pick<ListenOptions, "hosts" | "port">,
): Promise<void> {
  const { listeners } = await openListeners(
    {
      ...options,
      certificate: undefined,
      udp: undefined,
      isHost: () => false,
      http: () => () => new Response(undefined, { status: 503 }),
    },
    { accept: () => false, link: (link) => link.close() },
  );
  await Promise.all(listeners.map((listener) => listener.stop()));
}

async function openAt(
  host: string,
  options: ListenOptions,
  events: ListenerEvents,
): Promise<OpenListeners> {
  const udpHost = await addressOf(host);
  for (let attempt = 1; ; attempt++) {
    const tcp = listenTcp(host, options, events);
    const { port } = tcp;
    const { certificate: tls, udp: congestion } = options;
    if (tls === undefined || congestion === undefined) {
      return { port, listeners: [tcp], udpFault: undefined };
    }
    try {
      const udp = listenQuic({ host: udpHost, port, tls, congestion }, events);
      return { port, listeners: [tcp, udp], udpFault: undefined };
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      const isUdpPortTaken =
        options.port === 0 && error.code === "port-taken" && attempt < FREE_PORT_ATTEMPTS_MAX;
      if (!isUdpPortTaken) return { port, listeners: [tcp], udpFault: error };
    }
    await tcp.stop();
  }
}

function listenTcp(host: string, options: ListenOptions, events: ListenerEvents): Listener {
  const { port, certificate, proxyCertificate, irc } = options;
  const listener: Listener = listenWs(
    {
      host,
      port,
      tls: certificate ?? false,
      ...(proxyCertificate === undefined ? {} : { proxyCertificate }),
      isHost: options.isHost,
      http: options.http(() => listener.port),
      ...(irc === undefined ? {} : { irc }),
    },
    events,
  );
  return listener;
}

/**
 * QUIC can bind only to an IP address. A failed lookup is ignored, because the bind then reports
 * it.
 */
async function addressOf(host: string): Promise<string> {
  if (isIP(host) !== 0) return host;
  try {
    return (await lookup(host)).address;
  } catch {
    return host;
  }
}
