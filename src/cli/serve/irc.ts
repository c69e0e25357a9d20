/** Listeners for IRC clients. */

import { Fault } from "../../base/fault.ts";
import { quoteText } from "../../base/text.ts";
import type { CertificatePair } from "../../crypto/certificate.ts";
import type { Clock } from "../../io/clock.ts";
import type { LineListener, LineListenerEvents } from "../../io/link/line-socket.ts";
import { listenTcp } from "../../io/tcp/listener.ts";
import { isLoopback } from "../../io/ws/address.ts";
import { checkHost } from "../../wire/host.ts";
import { formatAddress } from "../../wire/invite.ts";
import { type FlagDefs, stringFlag } from "../command.ts";
import { listenHosts } from "../connect/invite.ts";
import { usageFault } from "../errors.ts";

export const IRC_FLAGS = {
  irc: stringFlag("[HOST:]PORT", "Accept IRC clients without TLS (loopback only)"),
  ircTls: stringFlag("[HOST:]PORT", "Accept IRC clients over TLS; the usual port is 6697"),
} as const satisfies FlagDefs;

interface IrcArgs {
  readonly host?: string | undefined;
  readonly irc?: string | undefined;
  readonly ircTls?: string | undefined;
}

export interface IrcEndpoint {
  readonly scheme: "irc" | "ircs";
  readonly hosts: readonly [string, ...string[]];
  readonly port: number;
}

/** @throws {Fault} usage */
export function ircEndpoints({ host, irc, ircTls }: IrcArgs): IrcEndpoint[] {
  const endpoints: IrcEndpoint[] = [];
  if (irc !== undefined) {
    const [plainHost = "127.0.0.1", port] = parseEndpoint("--irc", irc);
    if (!isLoopback(plainHost)) {
      throw usageFault("--irc requires a loopback address", "use --irc-tls for other addresses");
    }
    endpoints.push({ scheme: "irc", hosts: [plainHost], port });
  }
  if (ircTls !== undefined) {
    const [tlsHost, port] = parseEndpoint("--irc-tls", ircTls);
    endpoints.push({ scheme: "ircs", hosts: listenHosts(tlsHost ?? host), port });
  }
  return endpoints;
}

/** Port 0 selects any free port. */
function parseEndpoint(flag: string, text: string): [string | undefined, number] {
  const [, v6, other, digits = ""] = /^(?:(?:\[(.*)\]|([^:]*)):)?(\d{1,5})$/s.exec(text) ?? [];
  const port = Number(digits);
  if (digits === "" || port > 65_535) {
    throw usageFault(
      `${quoteText(text)} is not an address for ${flag}`,
      `write ${flag} PORT, ${flag} HOST:PORT or ${flag} [::1]:PORT`,
    );
  }
  if (v6 !== undefined) return [checkHost(v6, "v6"), port];
  return [other === undefined ? undefined : checkHost(other, "v4-or-name"), port];
}

export interface OpenIrcListener {
  readonly scheme: IrcEndpoint["scheme"];
  readonly host: string;
  readonly listener: LineListener;
}

interface IrcListenOptions {
  readonly clock: Clock;
  /** Used by the endpoints with the scheme `ircs`. */
  readonly certificate: CertificatePair | undefined;
}

/** @throws {Fault} port-taken, usage */
export function openIrcListeners(
  endpoints: readonly IrcEndpoint[],
  events: LineListenerEvents,
  options: IrcListenOptions,
): OpenIrcListener[] {
  return endpoints.map((endpoint) => openIrcListener(endpoint, events, options));
}

function openIrcListener(
  { scheme, hosts, port }: IrcEndpoint,
  events: LineListenerEvents,
  { certificate, clock }: IrcListenOptions,
): OpenIrcListener {
  const tls = scheme === "ircs" ? certificate : undefined;
  const [host, next] = hosts;
  const listen = (host: string) => ({
    scheme,
    host,
    listener: listenTcp({ host, port, tls }, events, clock),
  });
  try {
    return listen(host);
  } catch (error) {
    // A port taken on one host is taken on all, so the next host is tried only after other errors.
    const isLast = next === undefined;
    if (isLast || !(error instanceof Fault) || error.code === "port-taken") throw error;
    return listen(next);
  }
}

/**
 * Runs before the first start, so that a server that cannot listen creates no data folder.
 * @throws {Fault} port-taken, usage
 */
export async function checkIrcListening(
  endpoints: readonly IrcEndpoint[],
  clock: Clock,
): Promise<void> {
  const socket = () => ({ data() {}, queueLow() {}, closed() {} });
  const events = { accept: () => false, socket };
  const opened = openIrcListeners(endpoints, events, { clock, certificate: undefined });
  await Promise.all(opened.map(({ listener }) => listener.stop()));
}

/** @param reachable host at which other machines reach a listener on all addresses */
export function ircAddress({ scheme, host, listener }: OpenIrcListener, reachable: string): string {
  const isWildcard = host === "::" || host === "0.0.0.0";
  const address = { host: isWildcard ? reachable : host, port: listener.port };
  return `${scheme}://${formatAddress(address)}`;
}
