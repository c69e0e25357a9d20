/** Opens the listeners of a server. */

import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { Fault } from "../../base/fault.ts";
import type { CertificatePair } from "../../crypto/certificate.ts";
import type { Listener, ListenerEvents } from "../../io/link/link.ts";
import { listenQuic } from "../../io/quic/listener.ts";
import { listenWs, type WsListenOptions } from "../../io/ws/listener.ts";

export interface ListenOptions {
  /** The first one that this machine supports is used. */
  readonly hosts: readonly [string, ...string[]];
  /** 0 = one that is free for both. */
  readonly port: number;
  /** `undefined`: without TLS, and only over TCP. */
  readonly certificate: CertificatePair | undefined;
  readonly proxyCertificate?: string | undefined;
  /** Congestion control of UDP; `undefined`: no UDP. */
  readonly udp: "bbr" | "cubic" | undefined;
  /** Whether a `Host` header names this server. */
  readonly isHost: (host: string | null) => boolean;
  readonly http: (port: () => number) => WsListenOptions["http"];
}

export interface Listening {
  readonly port: number;
  /** TCP, and UDP if available. */
  readonly listeners: readonly Listener[];
  /** Reason why UDP is missing although it was requested. */
  readonly udpFault: Fault | undefined;
}

/** A port that is free for TCP and taken for UDP is rare, so a few attempts are enough. */
const FREE_PORT_TRIES = 8;

/**
 * Listens on one port number over TCP and UDP. TCP is required; UDP may be missing.
 * @throws Fault port-taken, usage
 */
export async function openListeners(
  options: ListenOptions,
  events: ListenerEvents,
): Promise<Listening> {
  const [host, next, ...more] = options.hosts;
  try {
    return await openAt(host, options, events);
  } catch (error) {
    // A taken port is taken for all hosts. Other errors are reported for the last host.
    const isLast = next === undefined;
    if (isLast || !(error instanceof Fault) || error.code === "port-taken") throw error;
    return openListeners({ ...options, hosts: [next, ...more] }, events);
  }
}

/**
 * Listens over TCP, and stops. Called before a first start, so that a server that cannot listen
 * creates no data folder.
 * @throws Fault port-taken, usage
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
): Promise<Listening> {
  const udpHost = await addressOf(host);
  for (let tries = 1; ; tries++) {
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
        options.port === 0 && error.code === "port-taken" && tries < FREE_PORT_TRIES;
      if (!isUdpPortTaken) return { port, listeners: [tcp], udpFault: error };
    }
    await tcp.stop();
  }
}

function listenTcp(host: string, options: ListenOptions, events: ListenerEvents): Listener {
  const { port, certificate, proxyCertificate } = options;
  const listener: Listener = listenWs(
    {
      host,
      port,
      tls: certificate ?? false,
      ...(proxyCertificate === undefined ? {} : { proxyCertificate }),
      isHost: options.isHost,
      http: options.http(() => listener.port),
    },
    events,
  );
  return listener;
}

/** QUIC binds addresses, not names; binding reports names that cannot be resolved. */
async function addressOf(host: string): Promise<string> {
  if (isIP(host) !== 0) return host;
  try {
    return (await lookup(host)).address;
  } catch {
    return host;
  }
}
