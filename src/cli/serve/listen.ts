/** Listeners of a server, and its announcement on the LAN. */

import { lookup } from "node:dns/promises";
import { isIP } from "node:net";
import { Fault } from "../../base/fault.ts";
import { VERSION } from "../../base/version.ts";
import { Announcer, LAN, type MulticastDnsNetwork } from "../../io/lan/discovery.ts";
import { interfaceAddresses } from "../../io/lan/interfaces.ts";
import type { Address, Link, Listener, ListenerEvents, ServerTls } from "../../io/link/link.ts";
import { listenQuic } from "../../io/quic/listener.ts";
import { isLoopback } from "../../io/ws/address.ts";
import { listenWs, type WsListenOptions } from "../../io/ws/listener.ts";
import type { ServiceType } from "../../wire/announcement.ts";
import type { Fingerprint } from "../../wire/fingerprint.ts";
import { type Context, faultLine, printNotice } from "../context.ts";

export interface ListenOptions {
  readonly hosts: readonly [string, ...string[]];
  /** 0 selects a port that is free for both TCP and UDP. */
  readonly port: number;
  /** `undefined` disables TLS and UDP. */
  readonly certificate: ServerTls | undefined;
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
      proxyCertificate,
      isHost: options.isHost,
      http: options.http(() => listener.port),
      irc,
    },
    events,
  );
  return listener;
}

/**
 * Serves plain HTTP and no links.
 * @throws {Fault} port-taken, usage
 */
export function listenHttp(
  { hosts, port }: Pick<ListenOptions, "hosts" | "port">,
  http: WsListenOptions["http"],
  acceptsRequest: (remote: Address) => boolean,
): Listener {
  const [host, next, ...otherHosts] = hosts;
  const events = { accept: () => false, link: (link: Link) => link.close(), acceptsRequest };
  try {
    return listenWs({ host, port, tls: false, http }, events);
  } catch (error) {
    const isLast = next === undefined;
    if (isLast || !(error instanceof Fault) || error.code === "port-taken") throw error;
    return listenHttp({ hosts: [next, ...otherHosts], port }, http, acceptsRequest);
  }
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

interface AnnouncedServer {
  readonly serviceType?: ServiceType;
  readonly name: string;
  readonly fingerprint: Fingerprint;
  readonly needs: "password" | "open";
  readonly host: string;
  readonly port: number;
  readonly isNameChecked?: boolean;
}

export interface RunningDiscovery {
  stop(): Promise<void>;
}

/**
 * Does nothing if only this machine can reach the server. A failure prints a notice, and the server
 * continues without the announcement.
 */
export function announceServer(
  context: Context,
  server: AnnouncedServer,
  network: MulticastDnsNetwork = LAN,
): RunningDiscovery {
  const { serviceType = "chat", name, fingerprint, needs, host, port, isNameChecked } = server;
  if (isLoopback(host)) return { stop: async () => {} };
  const announcement = { name, fingerprint, needs, version: VERSION };
  const reportFailure = (fault: Fault) => {
    printNotice(context, `not announced on the LAN: ${faultLine(fault)} (or use --no-discovery)`);
  };
  const reportRecovery = () => printNotice(context, "now announced on the LAN");
  let announcer: Announcer | undefined;
  let isStopped = false;
  const started = announcedAddressOf(host).then((address) => {
    if (isStopped || (address !== undefined && isLoopback(address))) return;
    const { clock } = context;
    announcer = new Announcer(
      {
        serviceType,
        announcement,
        host: address,
        port,
        isNameChecked,
        clock,
        onFailure: reportFailure,
        onRecovery: reportRecovery,
      },
      address === undefined
        ? network
        : { ...network, interfaces: () => interfacesAt(network, address) },
    );
  });
  started.catch((error: unknown) => {
    reportFailure(
      error instanceof Fault ? error : new Fault("unreachable", String(error), { cause: error }),
    );
  });
  return {
    stop: async () => {
      isStopped = true;
      await announcer?.stop();
    },
  };
}

async function announcedAddressOf(host: string): Promise<string | undefined> {
  if (host === "0.0.0.0" || host === "::") return undefined;
  return (await lookup(host)).address;
}

/**
 * mDNS identifies interfaces by IPv4 address, so an IPv6 address is mapped to the IPv4 address of
 * the same interface.
 */
function interfacesAt(network: MulticastDnsNetwork, address: string): readonly string[] {
  const available = network.interfaces();
  if (available.includes(address)) return [address];
  const siblingAddresses = interfaceAddresses().find((addresses) =>
    addresses.some((interfaceAddress) => interfaceAddress.address === address),
  );
  return available.filter((address) =>
    siblingAddresses?.some((sibling) => sibling.address === address),
  );
}
