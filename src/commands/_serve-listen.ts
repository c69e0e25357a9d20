import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { Fault } from "../base/fault.ts";
import type { CertificatePair } from "../crypto/certificate.ts";
import type { Listener, ListenerEvents } from "../io/link.ts";
import { listenQuic } from "../io/quic-listener.ts";
import { listenWs, type WsListenOptions } from "../io/ws-listener.ts";

export interface ListenWish {
  readonly host: string;
  /** 0 = one that is free for both. */
  readonly port: number;
  /** `undefined`: plain, and over TCP only. */
  readonly certificate: CertificatePair | undefined;
  readonly proxyCertificate?: string | undefined;
  /** How UDP shares the wire; `undefined`: no UDP. */
  readonly udp: "bbr" | "cubic" | undefined;
  readonly http: (port: () => number) => WsListenOptions["http"];
}

export interface Listening {
  readonly port: number;
  /** TCP, and UDP where it is there. */
  readonly listeners: readonly Listener[];
  /** Why there is no UDP, though it was asked for. */
  readonly udpFault: Fault | undefined;
}

/** Free for TCP and taken for UDP is rare, twice in a row rarer. */
const FREE_PORT_TRIES = 8;

/**
 * Listens on one port number over TCP and UDP. TCP must be had; without UDP it goes on.
 * @throws Fault port-taken, usage
 */
export async function openListeners(wish: ListenWish, events: ListenerEvents): Promise<Listening> {
  const udpHost = await addressOf(wish.host);
  for (let tries = 1; ; tries++) {
    const tcp = listenTcp(wish, events);
    const { port } = tcp;
    const { certificate: tls, udp: congestion } = wish;
    if (tls === undefined || congestion === undefined) {
      return { port, listeners: [tcp], udpFault: undefined };
    }
    try {
      const udp = listenQuic({ host: udpHost, port, tls, congestion }, events);
      return { port, listeners: [tcp, udp], udpFault: undefined };
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      const isUnlucky = wish.port === 0 && error.code === "port-taken" && tries < FREE_PORT_TRIES;
      if (!isUnlucky) return { port, listeners: [tcp], udpFault: error };
    }
    await tcp.stop();
  }
}

function listenTcp(wish: ListenWish, events: ListenerEvents): Listener {
  const { host, port, certificate, proxyCertificate } = wish;
  const listener: Listener = listenWs(
    {
      host,
      port,
      tls: certificate ?? false,
      ...(proxyCertificate === undefined ? {} : { proxyCertificate }),
      http: wish.http(() => listener.port),
    },
    events,
  );
  return listener;
}

/** QUIC binds addresses, not names; what cannot be found is said when it is bound. */
async function addressOf(host: string): Promise<string> {
  if (isIP(host) !== 0) return host;
  try {
    return (await lookup(host)).address;
  } catch {
    return host;
  }
}
