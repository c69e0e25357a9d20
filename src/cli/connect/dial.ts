/** Dialers that connect to a server, or to any of its addresses, over TCP and UDP. */

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
  /** Local port for both TCP and UDP. */
  readonly localPort?: number | undefined;
}

/** Connects to one server repeatedly. */
export interface ServerDialer extends Disposable {
  /**
   * Makes a single attempt.
   * @throws {Fault} unreachable, timeout, port-taken
   */
  readonly dial: () => Promise<Link>;
  /** Closes the sockets and open UDP links. */
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

/** Connects repeatedly to a server at any of its addresses. */
export interface AddressDialer {
  /**
   * Makes a single attempt.
   * @throws {Fault} unreachable, timeout, port-taken
   */
  readonly dial: (address: ServerAddress) => Promise<Link>;
  /** Closes the sockets and open UDP links. */
  readonly close: () => void;
}

export function openAddressDialer(
  clock: Clock,
  { transport: preferred = "tcp" }: Pick<ServerSpec, "transport">,
  { transport, localPort }: DialerOptions,
): AddressDialer {
  const udp = new QuicDialer(); // Opens no socket before the first dial.
  const dials = { tcp: wsDial(), udp: udp.dial };
  const localAddress = localPort === undefined ? {} : { localPort };
  /**
   * Dialers by address, each with the transport that worked last. When the map is full, the oldest
   * dialer is removed.
   */
  const dialers = new Map<string, AutoDialer>();
  const dialerOf = ({ host, port }: ServerAddress) => {
    const key = `${host} ${port}`;
    const learns = !isThisMachine(host);
    const first = learns ? preferred : "tcp";
    const dialer =
      dialers.get(key) ?? new AutoDialer({ dials, clock, first, remembersTransport: learns });
    dialers.set(key, dialer);
    const [oldest = key] = dialers.keys();
    if (dialers.size > AUTO_DIALERS_MAX) dialers.delete(oldest);
    return dialer;
  };
  return {
    dial: ({ host, port }) => {
      const target = { host, port, timeoutMs: CONNECT_TIMEOUT_MS, ...localAddress };
      return transport === "auto" ? dialerOf(target).dial(target) : dials[transport](target);
    },
    close: () => udp.close(),
  };
}

/**
 * Maximum number of stored dialers, enough for several changes of the cluster's addresses and the
 * user's address.
 */
const AUTO_DIALERS_MAX = 3 * CLUSTER_ADDRESSES_MAX;

/**
 * Reports whether the host is this machine, where packets are never lost and TCP is faster than
 * UDP.
 */
function isThisMachine(host: string): boolean {
  if (isLoopback(host)) return true;
  return interfaceAddresses().some((own) => own.some(({ address }) => address === host));
}
