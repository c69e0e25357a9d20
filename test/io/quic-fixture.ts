import { expect } from "bun:test";
import { MESSAGE_BYTES_MAX } from "../../src/base/limits.ts";
import { systemClock } from "../../src/io/clock.ts";
import { encodeFrames } from "../../src/io/link/frame.ts";
import type { Link, Listener } from "../../src/io/link/link.ts";
import { type QuicPipe, QuicSocket, type QuicWire } from "../../src/io/quic/adapter.ts";
import { QuicDialer } from "../../src/io/quic/dial.ts";
import { listenQuic, type QuicListenOptions } from "../../src/io/quic/listener.ts";
import { until, within } from "../event.ts";
import { CHUNK_BYTES, expectNumbered, numbered } from "./link-bench.ts";
import { LinkObserver } from "./link-observer.ts";
import { certificate, DIAL_MS, HOST } from "./quic-relays.ts";
import { CALM, UdpRelay, type Weather } from "./udp-relay.ts";

export const OPENING: Uint8Array = encodeFrames([new Uint8Array(0)]);

/** Real time to wait before concluding that nothing happened. */
export function passes(ms: number): Promise<void> {
  return new Promise((resolve) => systemClock().after(ms, resolve));
}

export class QuicHost {
  readonly links: Link[] = [];
  readonly observers: LinkObserver[] = [];
  readonly listener: Listener;

  constructor(more: Partial<QuicListenOptions> = {}) {
    this.listener = listenQuic(
      { host: HOST, port: 0, tls: certificate, ...more },
      {
        accept: () => true,
        link: (link) => {
          this.links.push(link);
          this.observers.push(new LinkObserver(link));
        },
      },
    );
  }

  get target(): { readonly host: string; readonly port: number } {
    return { host: HOST, port: this.listener.port };
  }

  async serves(dialer: QuicDialer): Promise<void> {
    const known = this.links.length;
    const link = await dialer.dial({ ...this.target, timeoutMs: DIAL_MS });
    const atClient = new LinkObserver(link);
    const server = this.links[known];
    const atServer = this.observers[known];
    link.send(numbered(1));
    await atServer?.count(1);
    server?.send(numbered(2));
    await atClient.count(1);
    link.close();
    expect(await atClient.closed()).toBeUndefined();
  }
}

export interface RelayedPair {
  readonly relay: UdpRelay;
  readonly dialer: QuicDialer;
  readonly client: Link;
  readonly server: Link;
  readonly atClient: LinkObserver;
  readonly atServer: LinkObserver;
  close(): void;
}

export async function relayed(
  quicHost: QuicHost,
  conditions: Weather = CALM,
  dialer = new QuicDialer(),
): Promise<RelayedPair> {
  const relay = await UdpRelay.open(quicHost.target, conditions, 7);
  const known = quicHost.links.length;
  const client = await dialer.dial({ host: HOST, port: relay.port, timeoutMs: DIAL_MS });
  const atClient = new LinkObserver(client);
  const server = await until("a link", () => quicHost.links[known]);
  // As after a log-in: before it, little may arrive out of order.
  server.limitMessageBytes?.(MESSAGE_BYTES_MAX);
  const atServer = await until("its observer", () => quicHost.observers[known]);
  const close = () => {
    client.destroy();
    dialer.close();
    relay.close();
  };
  return { relay, dialer, client, server, atClient, atServer, close };
}

export async function exchange(pair: RelayedPair, from: number, count: number): Promise<void> {
  for (let i = from; i < from + count; i++) {
    expect(pair.client.send(numbered(i, CHUNK_BYTES))).toBe(true);
    expect(pair.server.send(numbered(i, CHUNK_BYTES))).toBe(true);
    await Promise.all([pair.client.drained(), pair.server.drained()]);
  }
  await arrived(pair, from + count);
}

export async function arrived({ atClient, atServer }: RelayedPair, count: number): Promise<void> {
  await within("the transfer", Promise.all([atServer.count(count), atClient.count(count)]), 60_000);
  for (const { messages } of [atServer, atClient]) {
    expectNumbered(messages, count);
    for (const [i, message] of messages.entries()) {
      expect(Buffer.compare(message, numbered(i, message.length))).toBe(0);
    }
  }
}

export class Stranger {
  readonly #socket = QuicSocket.forClients("ipv4");

  async wire(port: number): Promise<QuicWire> {
    const call = { name: "x", congestion: "bbr", idleSeconds: undefined } as const;
    return this.#socket.connect({ host: HOST, port }, call);
  }

  async pipe(wire: QuicWire): Promise<{ pipe: QuicPipe; broken: Promise<number | undefined> }> {
    await within("a handshake", wire.opened());
    const pipe = await wire.openPipe();
    const { promise, resolve } = Promise.withResolvers<number | undefined>();
    pipe.listen({ data: () => {}, closed: resolve });
    return { pipe, broken: promise };
  }

  close(): void {
    this.#socket.close();
  }
}

export async function firstDatagrams(quicHost: QuicHost): Promise<Uint8Array[]> {
  const relay = await UdpRelay.open(quicHost.target);
  const observed: Uint8Array[] = [];
  relay.tap = (way, datagram) => {
    if (way === "up") observed.push(datagram.slice());
    return false;
  };
  const stranger = new Stranger();
  const wire = await stranger.wire(relay.port);
  await until("its first datagram", () => observed.length > 0);
  wire.opened().catch(() => {});
  wire.close(0x102);
  stranger.close();
  relay.close();
  return observed;
}
