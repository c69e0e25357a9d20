/** Dialers for one or several server addresses, over TCP and UDP. */

import { CONNECT_TIMEOUT_MS } from "../../base/limits.ts";
import { CLUSTER_ADDRESSES_MAX } from "../../base/limits-cluster.ts";
import { PROGRAM } from "../../base/version.ts";
import { fetchGreeting, type GreetedServer } from "../../client/link/greeting.ts";
import type { DialAddress } from "../../client/server-locator.ts";
import { nativeVerifier } from "../../crypto/identity.ts";
import type { Clock } from "../../io/clock.ts";
import { systemEntropy } from "../../io/entropy.ts";
import { interfaceAddresses } from "../../io/lan/interfaces.ts";
import { AutoDialer, type DialTransport } from "../../io/link/auto-dial.ts";
import type { DialOptions, Link } from "../../io/link/link.ts";
import type { QuicDialer } from "../../io/quic/dial.ts";
import { isLoopback } from "../../io/ws/address.ts";
import { wsDial } from "../../io/ws/dial.ts";
import { formatAddress, type ServerAddress, type ServerSpec } from "../../wire/invite.ts";
import { type Context, WaitNotice } from "../context.ts";

export interface DialerOptions {
  readonly transport: "auto" | DialTransport;
  readonly localPort?: number | undefined;
}

export interface ServerDialer extends Disposable {
  /** Dials the address with which the dialer was opened, or another one of the same server. */
  readonly dial: (first?: Uint8Array, to?: ServerAddress) => Promise<Link>;
  close(): void;
}

export function openDialer(
  context: Pick<Context, "clock" | "stderr">,
  address: Pick<ServerSpec, "host" | "port" | "transport">,
  options: DialerOptions,
): ServerDialer {
  const dialer = openAddressDialer(context.clock, address, options);
  const { close } = dialer;
  const waiting = new WaitNotice(context, connectingTo(address));
  const dial = (first?: Uint8Array, to: ServerAddress = address) => {
    waiting.start();
    return dialer.dial(to, first).finally(() => waiting.stop());
  };
  return { dial, close, [Symbol.dispose]: close };
}

/** Text of a command that waits for a server. */
export function connectingTo(address: ServerAddress): string {
  return `connecting to ${formatAddress(address)} …`;
}

export interface AddressDialer {
  /** @throws {Fault} unreachable, timeout, port-taken */
  readonly dial: DialAddress;
  readonly close: () => void;
}

export function openAddressDialer(
  clock: Clock,
  { transport: preferred = "tcp" }: Pick<ServerSpec, "transport">,
  { transport, localPort }: DialerOptions,
): AddressDialer {
  let udp: Promise<QuicDialer> | undefined;
  const dials = {
    tcp: wsDial(),
    udp: async (options: DialOptions) => {
      udp ??= openQuicDialer();
      return (await udp).dial(options);
    },
  };
  const localAddress = localPort === undefined ? {} : { localPort };
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
    dial: ({ host, port }, first) => {
      const target = { host, port, timeoutMs: CONNECT_TIMEOUT_MS, ...localAddress, first };
      return transport === "auto" ? dialerOf(target).dial(target) : dials[transport](target);
    },
    close: () => void udp?.then((dialer) => dialer.close()),
  };
}

/** Most commands use only TCP, so QUIC is loaded when needed. */
async function openQuicDialer(): Promise<QuicDialer> {
  const { QuicDialer } = await import("../../io/quic/dial.ts");
  return new QuicDialer();
}

/** Returns the greeting of a server that this device may not know. */
export function greetServer(
  clock: Clock,
  dial: (first: Uint8Array) => Promise<Link>,
): Promise<GreetedServer> {
  const program = PROGRAM;
  const entropy = systemEntropy();
  return fetchGreeting({ clock, entropy, dial, verifier: nativeVerifier, program });
}

const AUTO_DIALERS_MAX = 3 * CLUSTER_ADDRESSES_MAX;

/** No packets are lost on this machine, so TCP is faster than UDP. */
function isThisMachine(host: string): boolean {
  if (isLoopback(host)) return true;
  return interfaceAddresses().some((own) => own.some(({ address }) => address === host));
}
