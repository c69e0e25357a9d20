/** Chooses the server of a command that names none. */

import { Fault } from "../../base/fault.ts";
import { quoteText } from "../../base/text.ts";
import type { ClientState } from "../../io/state/client-state.ts";
import { findLocalServers, type LocalServer } from "../../io/state/local-servers.ts";
import { formatAddress, parseServerSpec, type ServerSpec } from "../../wire/invite.ts";
import { type Context, printNotice } from "../context.ts";
import { usageFault } from "../errors.ts";
import { promptChoice } from "./choice.ts";
import { storedInvite } from "./invite.ts";

/** A server that a command may use when none is named. */
export interface Candidate {
  readonly address: ServerSpec;
  /** Its data folder, if it runs on this machine. */
  readonly data?: string;
  readonly isLast: boolean;
  /** This home has connected to it before, so scripts may use it. */
  readonly isKnown: boolean;
}

type State = Pick<ClientState, "lastServer" | "pin" | "addressOf">;

/** Servers named in one line. */
const LISTED_MAX = 4;

/**
 * The last used server first, then those that this user runs on this machine. One that was started
 * under another `CHAT_HOME` belongs to another person with this account, and is a candidate only if
 * it was used last.
 */
export function candidates(context: Context, state: State | undefined): readonly Candidate[] {
  const last = state?.lastServer();
  const lastPin = last === undefined ? undefined : state?.pin(last)?.fingerprint;
  const home = context.settings().folders.data;
  const found = new Map<string, Candidate>();
  for (const local of findLocalServers(context.env)) {
    const { fingerprint, data } = local;
    if (local.home !== home && fingerprint !== lastPin) continue;
    const address = formatAddress(local);
    const isLast = address === last || fingerprint === lastPin;
    const isKnown =
      state?.pin(address) !== undefined || state?.addressOf(fingerprint) !== undefined;
    // The machines of a cluster have one identity.
    if (found.has(fingerprint) && address !== last) continue;
    found.set(fingerprint, { address: addressOfLocal(local), data, isLast, isKnown });
  }
  const here = [...found.values()];
  const others = here.filter(({ isLast }) => !isLast);
  const lastHere = here.filter(({ isLast }) => isLast);
  if (lastHere.length > 0 || last === undefined) return [...lastHere, ...others];
  const address = parseServerSpec(last);
  return [{ address, isLast: true, isKnown: lastPin !== undefined }, ...others];
}

/** Includes the secret of its data folder: a user who can read that may join. */
export function addressOfLocal({ host, port, fingerprint, data }: LocalServer): ServerSpec {
  return { ...storedInvite(data), host, port, portGiven: true, fingerprint };
}

/**
 * Chooses the server of a command that names none. If there are several, a person is asked; a
 * script uses the last one, and only one that this home has connected to before.
 * @param isExpected `--fingerprint` names its identity
 * @returns `undefined` if there is no candidate
 * @throws Fault usage, interrupted
 */
export async function chooseServer(
  context: Context,
  state: State,
  isExpected = false,
): Promise<Candidate | undefined> {
  const known = candidates(context, state);
  const { terminal } = context;
  if (terminal === undefined) {
    const chosen = onlyServer(known);
    if (chosen !== undefined && !chosen.isKnown && !isExpected) throw unknownServerFault(chosen);
    return chosen;
  }
  if (known.length < 2) return known[0];
  printNotice(context, "no server given; servers you have used or started:");
  const chosen = await promptChoice(context, terminal, known, describe, known[0]?.isLast === true);
  if (chosen !== undefined) return chosen;
  throw usageFault("no server chosen", "specify one with --server");
}

/** The only possible choice. @throws Fault usage if there are several and none was used last */
export function onlyServer(known: readonly Candidate[]): Candidate | undefined {
  const [first] = known;
  if (known.length < 2 || first?.isLast === true) return first;
  const named = known.slice(0, LISTED_MAX).map(describe).join("; ");
  const more = known.length > LISTED_MAX ? `; and ${known.length - LISTED_MAX} more` : "";
  throw new Fault("usage", `no server given, and several run here: ${named}${more}`, {
    remedy: "specify one with --server",
  });
}

function describe({ address, data, isLast }: Candidate): string {
  const used = isLast ? ", last used" : "";
  const where = data === undefined ? "" : `, data in ${quoteText(data)}`;
  return `${formatAddress(address)}${used}${where}`;
}

function unknownServerFault(candidate: Candidate): Fault {
  const why = "no server given, and scripts do not trust new servers";
  return new Fault("usage", `${why}: ${describe(candidate)}`, {
    remedy: `specify it once: --server ${formatAddress(candidate.address)}`,
  });
}
