/** Finds a server on the LAN and asks whether to use it. */

import { Fault } from "../../base/fault.ts";
import { DISCOVER_MS } from "../../base/limits.ts";
import { quoteText } from "../../base/text.ts";
import type { DiscoveryResult } from "../../io/lan/discovery.ts";
import type { ClientState } from "../../io/state/client-state.ts";
import { findLocalServers, type LocalServer } from "../../io/state/local-servers.ts";
import type { DiscoveredServer } from "../../wire/announcement.ts";
import { type Fingerprint, formatFingerprint } from "../../wire/fingerprint.ts";
import { formatAddress, type ServerAddress, type ServerSpec } from "../../wire/invite.ts";
import { type Context, printNotice } from "../context.ts";
import { promptChoice } from "./choice.ts";
import { addressOfLocal } from "./default-server.ts";

/** Known servers of this home. */
type Pins = Pick<ClientState, "pin" | "addressOf">;
type Find = () => Promise<DiscoveryResult>;

/** Servers named in one line. */
const LISTED_MAX = 3;

/** A server that the user may choose. */
interface Offer {
  readonly text: string;
  /** Servers listed in a script's error. */
  readonly listedAddress: ServerAddress;
  readonly address: ServerSpec;
}

/**
 * Asks the user to choose a server: one on the LAN, or one that runs on this machine under another
 * `CHAT_HOME`. Nothing is used without asking, because any machine can announce anything.
 * @throws Fault usage: there is none, no user can be asked, or none was chosen
 */
export async function discoverServer(
  context: Context,
  pins: Pins,
  find: Find = () => listen(context),
): Promise<ServerSpec> {
  const { terminal } = context;
  if (terminal !== undefined) printNotice(context, "searching for servers on this network …");
  const { servers } = await find().catch((error: unknown) => {
    if (error instanceof Fault) return { servers: [] }; // No network: no server was found.
    throw error;
  });
  const here = findLocalServers(context.env);
  const isHere = ({ fingerprint }: DiscoveredServer) =>
    here.some((local) => local.fingerprint === fingerprint);
  const offers = [
    ...here.map(offerOfLocal),
    ...servers.filter((one) => !isHere(one)).map((one) => offerOf(context, one, pins)),
  ];
  if (offers.length === 0) throw noServer("");
  if (terminal === undefined) throw ambiguousServerFault(offers);
  printNotice(context, "no server given; servers found on this machine and its network:");
  const chosen = await promptChoice(context, terminal, offers, ({ text }) => text);
  if (chosen === undefined) throw noServer("");
  return chosen.address;
}

function offerOfLocal(local: LocalServer): Offer {
  const data = quoteText(local.data);
  const text = `${formatAddress(local)}, started under another CHAT_HOME, data in ${data}`;
  return { text, listedAddress: local, address: addressOfLocal(local) };
}

function offerOf(context: Context, server: DiscoveredServer, pins: Pins): Offer {
  const isStrict = context.settings().config.trust === "strict";
  return {
    text: describe(server, pins),
    listedAddress: server,
    address: addressOf(server, isStrict, pins),
  };
}

/** Loaded on demand: nearly every command knows its server. */
async function listen({ clock }: Context): Promise<DiscoveryResult> {
  const { findOnLan } = await import("../../io/lan/discovery.ts");
  return findOnLan({ clock, forMs: DISCOVER_MS });
}

/** `'Room 12' at 192.0.2.7:2428, SHA256:...`, cleaned. */
function describe(server: DiscoveredServer, pins: Pins): string {
  const { name, fingerprint } = server;
  const address = formatAddress(server);
  const shown = fingerprint === undefined ? "no fingerprint" : formatFingerprint(fingerprint);
  return `${quoteText(name)} at ${address}, ${shown}${pinStatus(address, fingerprint, pins)}`;
}

function pinStatus(address: string, fingerprint: Fingerprint | undefined, pins: Pins): string {
  const pin = pins.pin(address);
  if (pin !== undefined)
    return pin.fingerprint === fingerprint ? ", pinned" : ", DIFFERENT FINGERPRINT PINNED";
  const known = fingerprint === undefined ? undefined : pins.addressOf(fingerprint);
  return known === undefined ? ", unknown" : `, claims to be the one known as ${known}`;
}

/**
 * A pin decides. Without one, the server must at least be the announced one; but an announcement
 * proves nothing, and `strict` requires a proof.
 */
function addressOf(server: DiscoveredServer, isStrict: boolean, pins: Pins): ServerSpec {
  const { host, port, fingerprint } = server;
  const address = { host, port, portGiven: true };
  const isPinned = pins.pin(formatAddress(server)) !== undefined;
  if (isPinned || isStrict || fingerprint === undefined) return address;
  return { ...address, fingerprint };
}

function ambiguousServerFault(offers: readonly Offer[]): Fault {
  const [first] = offers;
  const named = offers.slice(0, LISTED_MAX).map(({ text }) => text);
  const more = offers.length > LISTED_MAX ? `; and ${offers.length - LISTED_MAX} more` : "";
  const address = first === undefined ? "SERVER" : formatAddress(first.listedAddress);
  return noServer(`; nearby: ${named.join("; ")}${more}`, {
    remedy: `specify one: --server ${address}`,
  });
}

function noServer(more: string, detail?: { readonly remedy: string }): Fault {
  return new Fault("usage", `no server given or known${more}`, {
    remedy: "specify one, such as chat join 192.0.2.7, or start one: chat serve",
    ...detail,
  });
}
