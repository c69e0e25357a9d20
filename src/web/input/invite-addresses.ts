/** Addresses that an invite or a list of the server's pages can use. */

import { isLoopback } from "../../io/ws/address.ts";
import { isHostName, isIpv4, isIpv6, mayNameSameMachine } from "../../wire/host.ts";
import { formatAddress, type ServerPlace } from "../../wire/invite.ts";

/** Address in an invite. */
export interface InvitePlace {
  readonly host: string;
  readonly port: number;
  /** With the scheme, for browsers. */
  readonly origin: string;
  /** Whether other machines cannot reach it. */
  readonly isLoopback: boolean;
}

/** The part of `location` in use. */
export interface Bar {
  readonly protocol: string;
  readonly hostname: string;
  readonly port: string;
}

const HTTPS_PORT = 443;
const HTTP_PORT = 80;
const PORT_MAX = 65_535;

/**
 * Addresses for an invite, the best first: the page's own, if others can reach it, and those that
 * the server reports.
 * @param told from the server's answer; absent from older servers
 * @param isPassed whether `chat web` relays: the address bar then leads to this user's own program
 */
export function invitePlaces(
  bar: Bar,
  told: readonly ServerPlace[] = [],
  isPassed = false,
): readonly InvitePlace[] {
  const servers = told.filter(isPlace).map(({ host, port }) => placeAt("https:", host, port));
  const own = placeOfBar(bar);
  const known = servers.find(({ origin }) => origin === own.origin);
  const others = servers.filter((one) => one !== known);
  const isUseful = !isPassed && !own.isLoopback;
  if (known !== undefined) return [known, ...others].sort(byLoopback);
  if (isUseful || others.length === 0) return [own, ...others];
  return [...others].sort(byLoopback);
}

/**
 * Addresses of this page on the other machines of the cluster.
 * @param told from the server, for logged-in users
 */
export function otherPages(bar: Bar, told: readonly ServerPlace[]): readonly string[] {
  const own = placeOfBar(bar);
  const others = told
    .filter((place) => isPlace(place) && mayNameSameMachine(own.host, place.host))
    .map(({ host, port }) => placeAt("https:", host, port).origin);
  return [...new Set(others)].filter((origin) => origin !== own.origin);
}

function byLoopback(one: InvitePlace, other: InvitePlace): number {
  return Number(one.isLoopback) - Number(other.isLoopback);
}

function placeOfBar({ protocol, hostname, port }: Bar): InvitePlace {
  const standard = protocol === "https:" ? HTTPS_PORT : HTTP_PORT;
  return placeAt(protocol, hostname.replace(/^\[|\]$/g, ""), port === "" ? standard : Number(port));
}

function placeAt(protocol: string, host: string, port: number): InvitePlace {
  const standard = protocol === "https:" ? HTTPS_PORT : HTTP_PORT;
  const place = formatAddress({ host, port });
  const shown = port === standard ? place.slice(0, -`:${port}`.length) : place;
  return { host, port, origin: `${protocol}//${shown}`, isLoopback: isLoopback(host) };
}

function isPlace({ host, port }: ServerPlace): boolean {
  return (isIpv4(host) || isIpv6(host) || isHostName(host)) && port <= PORT_MAX;
}
