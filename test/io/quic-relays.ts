import { makeCertificate } from "../../src/crypto/certificate.ts";
import type { Link, Listener } from "../../src/io/link/link.ts";
import { QuicDialer } from "../../src/io/quic/dial.ts";
import { QuicLink } from "../../src/io/quic/link.ts";
import { listenQuic } from "../../src/io/quic/listener.ts";
import type { LinkSetup } from "./link-bench.ts";
import { UdpRelay } from "./udp-relay.ts";

export const HOST = "127.0.0.1";
export const DIAL_MS = 20_000;
export const certificate = await makeCertificate();

interface Path {
  readonly target: number;
  readonly relay: UdpRelay;
  readonly dialer: QuicDialer;
  link: QuicLink | undefined;
}

/**
 * Relays for QUIC links. Each link has a separate relay, so that it can be stalled alone; later
 * links reuse the relays.
 */
export class QuicRelays implements LinkSetup {
  readonly #paths: Path[] = [];
  readonly #stopped = new Set<number>();
  readonly #straight = new QuicDialer();

  readonly listen: LinkSetup["listen"] = (events) => {
    const listener = listenQuic({ host: HOST, port: 0, tls: certificate }, events);
    const { transport, port } = listener;
    return {
      transport,
      port,
      publish: (topic, message) => listener.publish(topic, message),
      stop: async () => {
        await listener.stop();
        this.#stopped.add(port);
      },
    };
  };

  readonly dial = async ({ port }: Listener): Promise<Link> => {
    // A relay does not forward refusals.
    if (this.#stopped.has(port))
      return this.#straight.dial({ host: HOST, port, timeoutMs: DIAL_MS });
    const path = await this.#free(port);
    const link = await path.dialer.dial({ host: HOST, port: path.relay.port, timeoutMs: DIAL_MS });
    path.link = quicLink(link);
    return link;
  };

  readonly stall = (client: Link): (() => void) => this.#of(client).relay.part();

  readonly sever = (client: Link): void => client.destroy();

  close(): void {
    this.#straight.close();
    for (const { dialer, relay } of this.#paths.splice(0)) {
      dialer.close();
      relay.close();
    }
  }

  #of(client: Link): Path {
    const path = this.#paths.find(({ link }) => link === client);
    if (path === undefined) throw new Error("not a link of this setup");
    return path;
  }

  async #free(target: number): Promise<Path> {
    const idle = this.#paths.find((path) => path.target === target && path.link?.isClosed === true);
    if (idle !== undefined) return idle;
    const relay = await UdpRelay.open({ host: HOST, port: target });
    const path: Path = { target, relay, dialer: new QuicDialer(), link: undefined };
    this.#paths.push(path);
    return path;
  }
}

function quicLink(link: Link): QuicLink {
  if (link instanceof QuicLink) return link;
  throw new Error("not a QUIC link");
}
