/** Addresses for invites and for the other pages of a cluster. */

import { isLoopback } from "../../io/ws/address.ts";
import { isHostName, isIpv4, isIpv6, mayNameSameMachine } from "../../wire/host.ts";
import { formatAddress, HTTPS_PORT, type ServerAddress } from "../../wire/invite.ts";

export interface InviteAddress {
  readonly host: string;
  readonly port: number;
  readonly origin: string;
  readonly isLoopback: boolean;
}

export interface PageLocation {
  readonly protocol: string;
  readonly hostname: string;
  readonly port: string;
}

const HTTP_PORT = 80;
const PORT_MAX = 65_535;

/**
 * Returns the best address first: the page's address, then addresses reported by the server.
 * @param isRelayed whether `chat web` relays, so that the page's address is local to this user
 */
export function inviteAddresses(
  location: PageLocation,
  reported: readonly ServerAddress[] = [],
  isRelayed = false,
): readonly InviteAddress[] {
  const servers = reported
    .filter(isValidAddress)
    .map(({ host, port }) => makeAddress("https:", host, port));
  const own = pageAddress(location);
  const ownServer = servers.find(({ origin }) => origin === own.origin);
  const otherServers = servers.filter((server) => server !== ownServer);
  const isUseful = !isRelayed && !own.isLoopback;
  if (ownServer !== undefined) return [ownServer, ...otherServers].sort(byLoopback);
  if (isUseful || otherServers.length === 0) return [own, ...otherServers];
  return [...otherServers].sort(byLoopback);
}

export function otherPages(
  location: PageLocation,
  reported: readonly ServerAddress[],
): readonly string[] {
  const own = pageAddress(location);
  const origins = reported
    .filter((address) => isValidAddress(address) && mayNameSameMachine(own.host, address.host))
    .map(({ host, port }) => makeAddress("https:", host, port).origin);
  return [...new Set(origins)].filter((origin) => origin !== own.origin);
}

function byLoopback(a: InviteAddress, b: InviteAddress): number {
  return Number(a.isLoopback) - Number(b.isLoopback);
}

function pageAddress({ protocol, hostname, port }: PageLocation): InviteAddress {
  const standard = protocol === "https:" ? HTTPS_PORT : HTTP_PORT;
  return makeAddress(
    protocol,
    hostname.replace(/^\[|\]$/g, ""),
    port === "" ? standard : Number(port),
  );
}

function makeAddress(protocol: string, host: string, port: number): InviteAddress {
  const standard = protocol === "https:" ? HTTPS_PORT : HTTP_PORT;
  const address = formatAddress({ host, port });
  const authority = port === standard ? address.slice(0, -`:${port}`.length) : address;
  return { host, port, origin: `${protocol}//${authority}`, isLoopback: isLoopback(host) };
}

function isValidAddress({ host, port }: ServerAddress): boolean {
  return (isIpv4(host) || isIpv6(host) || isHostName(host)) && port <= PORT_MAX;
}
