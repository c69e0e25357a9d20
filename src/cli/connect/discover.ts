/** Server discovery on the LAN, with a prompt. */

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
import { addressOfLocal, promptChoice } from "./default-server.ts";

type Pins = Pick<ClientState, "pin" | "addressOf">;
type Find = () => Promise<DiscoveryResult>;

const LISTED_MAX = 3;

interface ServerOffer {
  readonly text: string;
  readonly listedAddress: ServerAddress;
  readonly address: ServerSpec;
}

/**
 * The user always chooses, because any machine can announce any server. Also offers servers on this
 * machine that run under a different `CHAT_HOME`.
 * @throws {Fault} usage if no server was found or chosen, or there is no terminal
 */
export async function discoverServer(
  context: Context,
  pins: Pins,
  find: Find = () => listen(context),
): Promise<ServerSpec> {
  const { terminal } = context;
  if (terminal !== undefined) printNotice(context, "searching for servers on this network …");
  const { servers } = await find().catch((error: unknown) => {
    if (error instanceof Fault) return { servers: [] }; // This machine has no network.
    throw error;
  });
  const localServers = findLocalServers(context.env);
  const isLocal = ({ fingerprint }: DiscoveredServer) =>
    localServers.some((local) => local.fingerprint === fingerprint);
  const offers = [
    ...localServers.map(offerOfLocal),
    ...servers.filter((server) => !isLocal(server)).map((server) => offerOf(context, server, pins)),
  ];
  if (offers.length === 0) throw noServer("");
  if (terminal === undefined) throw ambiguousServerFault(offers);
  printNotice(context, "no server given; servers found on this machine and its network:");
  const choice = await promptChoice(context, terminal, offers, ({ text }) => text);
  if (choice === undefined) throw noServer("");
  return choice.address;
}

function offerOfLocal(local: LocalServer): ServerOffer {
  const data = quoteText(local.data);
  const text = `${formatAddress(local)}, started under another CHAT_HOME, data in ${data}`;
  return { text, listedAddress: local, address: addressOfLocal(local) };
}

function offerOf(context: Context, server: DiscoveredServer, pins: Pins): ServerOffer {
  const isStrict = context.settings().config.trust === "strict";
  return {
    text: describe(server, pins),
    listedAddress: server,
    address: addressOf(server, isStrict, pins),
  };
}

/** Loads the module on demand, because most commands already have a server address. */
async function listen({ clock }: Context): Promise<DiscoveryResult> {
  const { findOnLan } = await import("../../io/lan/discovery.ts");
  return findOnLan({ clock, forMs: DISCOVER_MS });
}

function describe(server: DiscoveredServer, pins: Pins): string {
  const { name, fingerprint } = server;
  const address = formatAddress(server);
  const fingerprintText =
    fingerprint === undefined ? "no fingerprint" : formatFingerprint(fingerprint);
  const pinText = pinStatus(address, fingerprint, pins);
  return `${quoteText(name)} at ${address}, ${fingerprintText}${pinText}`;
}

function pinStatus(address: string, fingerprint: Fingerprint | undefined, pins: Pins): string {
  const pin = pins.pin(address);
  if (pin !== undefined)
    return pin.fingerprint === fingerprint ? ", pinned" : ", DIFFERENT FINGERPRINT PINNED";
  const knownAddress = fingerprint === undefined ? undefined : pins.addressOf(fingerprint);
  return knownAddress === undefined
    ? ", unknown"
    : `, claims to be the one known as ${knownAddress}`;
}

/**
 * Includes the announced fingerprint unless a pin exists. An announced fingerprint proves nothing,
 * so `strict` omits it and the server must prove a known identity.
 */
function addressOf(server: DiscoveredServer, isStrict: boolean, pins: Pins): ServerSpec {
  const { host, port, fingerprint } = server;
  const address = { host, port, portGiven: true };
  const isPinned = pins.pin(formatAddress(server)) !== undefined;
  if (isPinned || isStrict || fingerprint === undefined) return address;
  return { ...address, fingerprint };
}

function ambiguousServerFault(offers: readonly ServerOffer[]): Fault {
  const [first] = offers;
  const listed = offers.slice(0, LISTED_MAX).map(({ text }) => text);
  const detailText = offers.length > LISTED_MAX ? `; and ${offers.length - LISTED_MAX} more` : "";
  const address = first === undefined ? "SERVER" : formatAddress(first.listedAddress);
  return noServer(`; nearby: ${listed.join("; ")}${detailText}`, {
    remedy: `specify one: --server ${address}`,
  });
}

function noServer(detailText: string, detail?: { readonly remedy: string }): Fault {
  return new Fault("usage", `no server given or known${detailText}`, {
    remedy: "specify one, such as chat join 192.0.2.7, or start one: chat serve",
    ...detail,
  });
}
