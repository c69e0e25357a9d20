/** Dials a server, or any address of it, over TCP and UDP. */

import { CONNECT_TIMEOUT_MS } from "../../base/limits.ts";
import { CLUSTER_ADDRESSES_MAX } from "../../base/limits-cluster.ts";
import type { Clock } from "../../io/clock.ts";
import { interfaceAddresses } from "../../io/lan/interfaces.ts";
import { AutoDialer, type DialTransport } from "../../io/link/auto-dial.ts";
import type { Link } from "../../io/link/link.ts";
import { QuicDialer } from "../../io/quic/dial.ts";
import { isLoopback } from "../../io/ws/address.ts";
import { wsDial } from "../../io/ws/dial.ts";
import type { ServerAddress, ServerSpec } from "../../wire/invite.ts";

export interface DialerOptions {
  readonly transport: "auto" | DialTransport;
  /** Local port to dial from, for both TCP and UDP. */
  readonly localPort?: number | undefined;
}

/** Connects to one server, any number of times. */
export interface ServerDialer extends Disposable {
  /** Makes a single attempt. @throws Fault unreachable, timeout, port-taken */
  readonly dial: () => Promise<Link>;
  /** Closes the sockets, and the UDP links that are still open. */
  close(): void;
}

export function openDialer(
  clock: Clock,
  address: Pick<ServerSpec, "host" | "port" | "transport">,
  options: DialerOptions,
): ServerDialer {
  const dialer = openAddressDialer(clock, address, options);
  const { close } = dialer;
  return { dial: () => dialer.dial(address), close, [Symbol.dispose]: close };
}

/** Connects to a server at any of its addresses, any number of times. */
export interface AddressDialer {
  /** Makes a single attempt. @throws Fault unreachable, timeout, port-taken */
  readonly dial: (place: ServerAddress) => Promise<Link>;
  /** Closes the sockets, and the UDP links that are still open. */
  readonly close: () => void;
}

export function openAddressDialer(
  clock: Clock,
  { transport: preferred = "tcp" }: Pick<ServerSpec, "transport">,
  { transport, localPort }: DialerOptions,
): AddressDialer {
  const udp = new QuicDialer(); // Opens nothing before it dials.
  const dials = { tcp: wsDial(), udp: udp.dial };
  const from = localPort === undefined ? {} : { localPort };
  /** Working transports by address; the oldest entry is dropped first. */
  const autos = new Map<string, AutoDialer>();
  const autoOf = ({ host, port }: ServerAddress) => {
    const key = `${host} ${port}`;
    const learns = !isThisMachine(host);
    const first = learns ? preferred : "tcp";
    const auto =
      autos.get(key) ?? new AutoDialer({ dials, clock, first, remembersTransport: learns });
    autos.set(key, auto);
    const [oldest = key] = autos.keys();
    if (autos.size > AUTO_DIALERS_MAX) autos.delete(oldest);
    return auto;
  };
  return {
    dial: ({ host, port }) => {
      const target = { host, port, timeoutMs: CONNECT_TIMEOUT_MS, ...from };
      return transport === "auto" ? autoOf(target).dial(target) : dials[transport](target);
    },
    close: () => udp.close(),
  };
}

/** Addresses from the server, which may change a few times, and from the user. */
const AUTO_DIALERS_MAX = 3 * CLUSTER_ADDRESSES_MAX;

/** No packets are lost on loopback, and TCP is faster there. */
function isThisMachine(host: string): boolean {
  if (isLoopback(host)) return true;
  return interfaceAddresses().some((own) => own.some(({ address }) => address === host));
}
