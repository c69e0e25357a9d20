/** Selection of a server: the default one, or one discovered on the LAN. */

import { Fault, ignoreFault } from "../../base/fault.ts";
import { DISCOVER_MS } from "../../base/limits.ts";
import { cleanText, quoteText } from "../../base/text.ts";
import { defined } from "../../base/values.ts";
import type { FindOnLan } from "../../client/server-locator.ts";
import type { Clock } from "../../io/clock.ts";
import type { DiscoveryResult } from "../../io/lan/discovery.ts";
import type { ClientState } from "../../io/state/client-state.ts";
import { findLocalServers, type LocalServer } from "../../io/state/local-servers.ts";
import type { DiscoveredServer, ServiceType } from "../../wire/announcement.ts";
import { type Fingerprint, formatFingerprint } from "../../wire/fingerprint.ts";
import {
  formatAddress,
  parseServerSpec,
  type ServerAddress,
  type ServerSpec,
} from "../../wire/invite.ts";
import { type Context, printNotice } from "../context.ts";
import { usageFault } from "../errors.ts";
import { storedInvite } from "./invite.ts";

export interface ServerCandidate {
  readonly address: ServerSpec;
  readonly data?: string;
  readonly isLast: boolean;
  /** Whether this home has connected to the server before. Scripts use only known servers. */
  readonly isKnown: boolean;
}

type State = Pick<ClientState, "lastServer" | "pin" | "addressOf">;

const LISTED_MAX = 4;

/**
 * Returns the server used last, then the servers that this user runs on this machine. A server
 * started under another `CHAT_HOME` belongs to another person on the same system account, so it is
 * included only if it was used last.
 */
export function candidates(context: Context, state: State | undefined): readonly ServerCandidate[] {
  const last = state?.lastServer();
  const lastPin = last === undefined ? undefined : state?.pin(last)?.fingerprint;
  const home = context.settings().folders.data;
  const candidateByFingerprint = new Map<string, ServerCandidate>();
  for (const local of findLocalServers(context.env)) {
    const { fingerprint, data } = local;
    if (local.home !== home && fingerprint !== lastPin) continue;
    const address = formatAddress(local);
    const isLast = address === last || fingerprint === lastPin;
    const isKnown =
      state?.pin(address) !== undefined || state?.addressOf(fingerprint) !== undefined;
    // Cluster nodes share one identity: list one address per identity.
    if (candidateByFingerprint.has(fingerprint) && address !== last) continue;
    candidateByFingerprint.set(fingerprint, {
      address: addressOfLocal(local),
      data,
      isLast,
      isKnown,
    });
  }
  const localCandidates = [...candidateByFingerprint.values()];
  const remainingCandidates = localCandidates.filter(({ isLast }) => !isLast);
  const lastCandidates = localCandidates.filter(({ isLast }) => isLast);
  if (lastCandidates.length > 0 || last === undefined)
    return [...lastCandidates, ...remainingCandidates];
  const address = parseServerSpec(last);
  return [{ address, isLast: true, isKnown: lastPin !== undefined }, ...remainingCandidates];
}

/** Adds the secret from the server's data folder: a user who can read the folder may join. */
function addressOfLocal({ host, port, fingerprint, data }: LocalServer): ServerSpec {
  return { ...storedInvite(data), host, port, portGiven: true, fingerprint };
}

/**
 * Returns the password of a server that this user runs on this machine. The server has proved its
 * fingerprint, so no other process on its port receives the password.
 */
export function ownRoomSecret(context: Context, server: Fingerprint): string | undefined {
  const home = context.settings().folders.data;
  const own = findLocalServers(context.env).find(
    (local) => local.fingerprint === server && local.home === home,
  );
  return own === undefined ? undefined : storedInvite(own.data)?.secret;
}

/**
 * With several candidates, a terminal prompts and a script uses the server used last. A script uses
 * only servers that this home has connected to before.
 * @param isExpected whether `--fingerprint` names the server's identity
 * @returns `undefined` if there are no candidates
 * @throws {Fault} usage, interrupted
 */
export async function chooseServer(
  context: Context,
  state: State,
  isExpected = false,
): Promise<ServerCandidate | undefined> {
  const options = candidates(context, state);
  const { terminal } = context;
  if (terminal === undefined) {
    const choice = onlyServer(options);
    if (choice !== undefined && !choice.isKnown && !isExpected) throw unknownServerFault(choice);
    return choice;
  }
  if (options.length < 2) return options[0];
  printNotice(context, "no server given; servers you have used or started:");
  const choice = await promptChoice(
    context,
    terminal,
    options,
    describe,
    options[0]?.isLast === true,
  );
  if (choice !== undefined) return choice;
  throw usageFault("no server chosen", "specify one with --server");
}

export function onlyServer(options: readonly ServerCandidate[]): ServerCandidate | undefined {
  const [first] = options;
  if (options.length < 2 || first?.isLast === true) return first;
  const listed = options.slice(0, LISTED_MAX).map(describe).join("; ");
  const moreText = options.length > LISTED_MAX ? `; and ${options.length - LISTED_MAX} more` : "";
  throw new Fault("usage", `no server given, and several are running here: ${listed}${moreText}`, {
    remedy: "specify one with --server",
  });
}

function describe({ address, data, isLast }: ServerCandidate): string {
  const usedText = isLast ? ", last used" : "";
  const dataText = data === undefined ? "" : `, data in ${quoteText(data)}`;
  return `${formatAddress(address)}${usedText}${dataText}`;
}

function unknownServerFault(candidate: ServerCandidate): Fault {
  const reason = "no server given, and scripts do not trust new servers";
  return new Fault("usage", `${reason}: ${describe(candidate)}`, {
    remedy: `specify it once: --server ${formatAddress(candidate.address)}`,
  });
}

/** The list and the prompt must fit on one screen. */
const CHOICES_LISTED_MAX = 16;

/**
 * @param hasDefault whether an empty answer selects the first choice
 * @returns `undefined` if the user made no choice
 * @throws {Fault} interrupted
 */
async function promptChoice<Choice>(
  context: Pick<Context, "stderr">,
  terminal: NonNullable<Context["terminal"]>,
  choices: readonly Choice[],
  describe: (choice: Choice) => string,
  hasDefault = false,
): Promise<Choice | undefined> {
  const listed = choices.slice(0, CHOICES_LISTED_MAX);
  for (const [i, choice] of listed.entries()) {
    context.stderr.write(`  ${i + 1}  ${cleanText(describe(choice))}\n`);
  }
  if (listed.length === 1) return (await terminal.confirm("Use it?")) ? listed[0] : undefined;
  const emptyAnswerText = hasDefault ? "[1]" : "(or press Enter to cancel)";
  const answer = await terminal.askText(`Choose 1 to ${listed.length} ${emptyAnswerText}`);
  if (answer === "" && hasDefault) return listed[0];
  return /^\d{1,2}$/.test(answer) ? listed[Number(answer) - 1] : undefined;
}

type Pins = Pick<ClientState, "pin" | "addressOf">;
type Find = () => Promise<DiscoveryResult>;

const OFFERS_LISTED_MAX = 3;

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
  const found = await find().catch(ignoreFault); // A machine without a network finds none.
  const servers = found?.servers ?? [];
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
    text: describeServer(server, pins),
    listedAddress: server,
    address: addressOf(server, isStrict, pins),
  };
}

/** Loads the module on demand, because most commands already have a server address. */
async function listen({ clock }: Context): Promise<DiscoveryResult> {
  const { findOnLan } = await import("../../io/lan/discovery.ts");
  return findOnLan({ clock, forMs: DISCOVER_MS });
}

/** Searches the LAN for a server, or for a share, that has moved to another address. */
export function lanFinder(clock: Clock, serviceType?: ServiceType): FindOnLan {
  return async (fingerprint, isKnown) => {
    const { findOnLan } = await import("../../io/lan/discovery.ts");
    const isWanted = (server: DiscoveredServer) =>
      server.fingerprint === fingerprint && !isKnown(server);
    const search = { clock, forMs: DISCOVER_MS, isWanted, ...defined({ serviceType }) };
    const found = await findOnLan(search).catch(ignoreFault);
    const [{ host, port } = {}] = found?.servers ?? [];
    return host === undefined || port === undefined ? undefined : { host, port };
  };
}

function describeServer(server: DiscoveredServer, pins: Pins): string {
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
  const listed = offers.slice(0, OFFERS_LISTED_MAX).map(({ text }) => text);
  const detailText =
    offers.length > OFFERS_LISTED_MAX ? `; and ${offers.length - OFFERS_LISTED_MAX} more` : "";
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
