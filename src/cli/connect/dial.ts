import { networkInterfaces } from "node:os";
import { CONNECT_WITHIN_MS } from "../../base/limits.ts";
import type { Clock } from "../../io/clock.ts";
import { AutoDialer, type WayThere } from "../../io/link/auto-dial.ts";
import type { Dial, Link } from "../../io/link/link.ts";
import { QuicDialer } from "../../io/quic/dial.ts";
import { isLoopback } from "../../io/ws/address.ts";
import { wsDial } from "../../io/ws/dial.ts";
import type { ServerAddress } from "../../wire/invite.ts";

export interface DialerOptions {
  readonly transport: "auto" | WayThere;
  /** Called from there, over TCP and UDP alike. */
  readonly localPort?: number | undefined;
}

/** Connects to one server, any number of times. */
export interface ServerDialer {
  /** One attempt. @throws Fault unreachable, timeout, port-taken */
  readonly dial: () => Promise<Link>;
  /** Closes the sockets, and the links over UDP that are still open. */
  close(): void;
}

export function openDialer(
  clock: Clock,
  address: Pick<ServerAddress, "host" | "port" | "transport">,
  { transport, localPort }: DialerOptions,
): ServerDialer {
  const { host, port } = address;
  const target = {
    host,
    port,
    timeoutMs: CONNECT_WITHIN_MS,
    ...(localPort === undefined ? {} : { localPort }),
  };
  const udp = new QuicDialer(); // Opens nothing before it dials.
  const dials = { tcp: wsDial(), udp: udp.dial };
  const learns = !isThisMachine(host);
  const first = learns ? (address.transport ?? "tcp") : "tcp";
  const auto = new AutoDialer({ dials, clock, first, learns });
  const dial: Dial = transport === "auto" ? auto.dial : dials[transport];
  return { dial: () => dial(target), close: () => udp.close() };
}

/** No packets are lost on loopback, and TCP is faster there. */
function isThisMachine(host: string): boolean {
  if (isLoopback(host)) return true;
  return Object.values(networkInterfaces()).some((own) =>
    own?.some(({ address }) => address === host),
  );
}
