/** Announcement of a server on the LAN. */

import { lookup } from "node:dns/promises";
import { Fault } from "../../base/fault.ts";
import { VERSION } from "../../base/version.ts";
import { Announcer, LAN, type MulticastDnsNetwork } from "../../io/lan/discovery.ts";
import { interfaceAddresses } from "../../io/lan/interfaces.ts";
import { isLoopback } from "../../io/ws/address.ts";
import type { Fingerprint } from "../../wire/fingerprint.ts";
import { type Context, faultLine, printNotice } from "../context.ts";

export interface AnnouncedServer {
  readonly name: string;
  readonly fingerprint: Fingerprint;
  readonly needs: "password" | "open";
  readonly host: string;
  readonly port: number;
}

interface Announcement {
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
): Announcement {
  const { name, fingerprint, needs, host, port } = server;
  if (isLoopback(host)) return { stop: async () => {} };
  const announcement = { name, fingerprint, needs, version: VERSION };
  const reportFailure = (fault: Fault) => {
    printNotice(context, `not announced on the LAN: ${faultLine(fault)} (or use --no-discovery)`);
  };
  let announcer: Announcer | undefined;
  let isStopped = false;
  const started = addressOf(host).then((address) => {
    if (isStopped || (address !== undefined && isLoopback(address))) return;
    const { clock } = context;
    announcer = new Announcer(
      { announcement, host: address, port, clock, onFailure: reportFailure },
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

async function addressOf(host: string): Promise<string | undefined> {
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
