/** Announces a server on the LAN. */

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
  /** New users need the room password. */
  readonly needs: "password" | "open";
  /** As given with `--host`. */
  readonly host: string;
  readonly port: number;
}

/** An Announcer, or a stub that announces nothing. */
interface Announcement {
  stop(): Promise<void>;
}

/**
 * Announces the server on the LAN. A failure is one line: the server works without it.
 * A server that only this machine can reach is never announced.
 */
export function announceServer(
  context: Context,
  announced: AnnouncedServer,
  network: MulticastDnsNetwork = LAN,
): Announcement {
  const { name, fingerprint, needs, host, port } = announced;
  if (isLoopback(host)) return { stop: async () => {} };
  const announcement = { name, fingerprint, needs, version: VERSION };
  const onTrouble = (fault: Fault) => {
    printNotice(context, `not announced on the LAN: ${faultLine(fault)} (or use --no-discovery)`);
  };
  let announcer: Announcer | undefined;
  let isStopped = false;
  const started = addressOf(host).then((address) => {
    if (isStopped || (address !== undefined && isLoopback(address))) return;
    const { clock } = context;
    announcer = new Announcer(
      { announcement, host: address, port, clock, onFailure: onTrouble },
      address === undefined
        ? network
        : { ...network, interfaces: () => interfacesAt(network, address) },
    );
  });
  started.catch((error: unknown) => {
    onTrouble(
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

/** `undefined`: it listens everywhere. */
async function addressOf(host: string): Promise<string | undefined> {
  if (host === "0.0.0.0" || host === "::") return undefined;
  return (await lookup(host)).address;
}

/** The interface with the address; for IPv6 it is identified by its IPv4 address. */
function interfacesAt(network: MulticastDnsNetwork, address: string): readonly string[] {
  const available = network.interfaces();
  if (available.includes(address)) return [address];
  const siblingAddresses = interfaceAddresses().find((one) =>
    one.some((own) => own.address === address),
  );
  return available.filter((own) => siblingAddresses?.some((mate) => mate.address === own));
}
