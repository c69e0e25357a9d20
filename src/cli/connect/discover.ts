import { Fault } from "../../base/fault.ts";
import { DISCOVER_MS } from "../../base/limits.ts";
import { quoteText } from "../../base/text.ts";
import type { Found } from "../../io/lan/discovery.ts";
import type { ClientState } from "../../io/state/client-state.ts";
import type { Sighting } from "../../wire/announcement.ts";
import { type Fingerprint, formatFingerprint } from "../../wire/fingerprint.ts";
import { formatPlace, type ServerAddress } from "../../wire/invite.ts";
import { type Context, say } from "../context.ts";

/** What this home knows of servers. */
type Pins = Pick<ClientState, "pin" | "addressOf">;
type Find = () => Promise<Found>;

/** As many as fit a screen beside the question. */
const SHOWN_MAX = 16;
/** As many as fit a line. */
const NAMED_MAX = 3;

/**
 * The server on the LAN that the user chooses. Nothing is taken silently: any machine can announce
 * anything.
 * @throws Fault usage: none is there, no user can be asked, or none was chosen
 */
export async function serverOnLan(
  context: Context,
  pins: Pins,
  find: Find = () => listen(context),
): Promise<ServerAddress> {
  if (context.terminal !== undefined) say(context, "looking for a server on this network …");
  const { servers } = await find().catch((error: unknown) => {
    if (error instanceof Fault) return { servers: [] }; // No network: no server was found.
    throw error;
  });
  if (servers.length === 0) throw noServer("");
  const { terminal } = context;
  if (terminal === undefined) throw unaskedFault(servers);
  const shown = servers.slice(0, SHOWN_MAX);
  say(context, "no server was named; on this network there announces itself:");
  for (const [i, server] of shown.entries()) {
    context.stderr.write(`  ${i + 1}  ${describe(server, pins)}\n`);
  }
  const chosen = shown[await choice(terminal, shown.length)];
  if (chosen === undefined) throw noServer("");
  return addressOf(chosen, context.settings().config.trust === "strict", pins);
}

/** Loaded on demand: nearly every command knows its server. */
async function listen({ clock }: Context): Promise<Found> {
  const { findOnLan } = await import("../../io/lan/discovery.ts");
  return findOnLan({ clock, forMs: DISCOVER_MS });
}

/** `'Room 12' at 192.0.2.7:2428, SHA256:...`, cleaned. */
function describe(server: Sighting, pins: Pins): string {
  const { name, fingerprint } = server;
  const place = formatPlace(server);
  const shown = fingerprint === undefined ? "no fingerprint" : formatFingerprint(fingerprint);
  return `${quoteText(name)} at ${place}, ${shown}${acquaintance(place, fingerprint, pins)}`;
}

function acquaintance(place: string, fingerprint: Fingerprint | undefined, pins: Pins): string {
  const pin = pins.pin(place);
  if (pin !== undefined) return pin.fingerprint === fingerprint ? ", pinned" : ", PINNED OTHERWISE";
  const known = fingerprint === undefined ? undefined : pins.addressOf(fingerprint);
  return known === undefined ? ", not known yet" : `, says it is the one known as ${known}`;
}

/** @returns an index, or -1 */
async function choice(terminal: NonNullable<Context["terminal"]>, count: number): Promise<number> {
  if (count === 1) return (await terminal.confirm("Take it?")) ? 0 : -1;
  const answer = await terminal.askText(`Which one, 1 to ${count} (nothing: none)`);
  return /^\d{1,2}$/.test(answer) ? Number(answer) - 1 : -1;
}

/**
 * A pin decides. Where there is none, the server must at least be the one that was shown; but an
 * announcement proves nothing, and `strict` wants a proof.
 */
function addressOf(server: Sighting, isStrict: boolean, pins: Pins): ServerAddress {
  const { host, port, fingerprint } = server;
  const address = { host, port, portGiven: true };
  const isPinned = pins.pin(formatPlace(server)) !== undefined;
  if (isPinned || isStrict || fingerprint === undefined) return address;
  return { ...address, fingerprint };
}

function unaskedFault(servers: readonly Sighting[]): Fault {
  const [first] = servers;
  const named = servers.slice(0, NAMED_MAX).map((server) => {
    const { fingerprint, name } = server;
    const shown = fingerprint === undefined ? "" : ` (${formatFingerprint(fingerprint)})`;
    return `${quoteText(name)} at ${formatPlace(server)}${shown}`;
  });
  const more = servers.length > NAMED_MAX ? `, and ${servers.length - NAMED_MAX} more` : "";
  const place = first === undefined ? "SERVER" : formatPlace(first);
  return noServer(`; on this network there is ${named.join(", ")}${more}`, {
    remedy: `name the one you mean: --server ${place}`,
  });
}

function noServer(more: string, detail?: { readonly remedy: string }): Fault {
  return new Fault("usage", `no server was named, and none is known yet${more}`, {
    remedy: "name one, e.g. chat join 192.0.2.7, or start one here: chat serve",
    ...detail,
  });
}
