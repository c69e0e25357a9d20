/** `chat trust`: the pinned identities of servers. */

import { Fault } from "../base/fault.ts";
import { formatUtc } from "../base/time.ts";
import { VERSION } from "../base/version.ts";
import { argument, defineVerb, stringFlag } from "../cli/command.ts";
import { openDialer } from "../cli/connect/dial.ts";
import { type Context, printNotice } from "../cli/context.ts";
import { usageFault } from "../cli/errors.ts";
import { SERVER_ARGUMENT, type ServerOptions, TRANSPORT_FLAG, transportOf } from "../cli/flags.ts";
import { printList, printResult, timeCell } from "../cli/output/result.ts";
import { fetchGreeting, type Greeted } from "../client/trust.ts";
import { nativeVerifier } from "../crypto/verifier.ts";
import { systemEntropy } from "../io/entropy.ts";
import { ClientState, type Pin } from "../io/state/client-state.ts";
import { type Fingerprint, formatFingerprint, parseFingerprint } from "../wire/fingerprint.ts";
import { formatAddress, parseServerSpec, type ServerSpec } from "../wire/invite.ts";

export const command = defineVerb({
  args: {
    action: argument("list, accept or forget", {
      required: false,
      choices: ["list", "accept", "forget"],
    }),
    at: SERVER_ARGUMENT,
    fingerprint: stringFlag("FP", "The expected fingerprint"),
    transport: TRANSPORT_FLAG,
  },
  async run({ action = "list", at, fingerprint, transport }, context) {
    const address = at === undefined ? undefined : parseServerSpec(at);
    using state = ClientState.open(context.settings().folders.data);
    if (action === "list") return listPins(context, state, address);
    if (address === undefined) {
      throw usageFault("no server is named", `chat trust ${action} SERVER`);
    }
    if (action === "forget") return forgetPin(context, state, address);
    const expected = fingerprint === undefined ? undefined : parseFingerprint(fingerprint);
    const greeting = await greetServer(context, address, transportOf(context, transport, address));
    return await accept(context, state, address, { met: greeting, expected });
  },
});

function listPins(context: Context, state: ClientState, at: ServerSpec | undefined): number {
  const only = at === undefined ? undefined : formatAddress(at);
  const pins = state.pins().filter(({ address }) => only === undefined || address === only);
  return printList(context, pins, {
    json: pinJson,
    columns: {
      server: ({ address }) => address,
      name: ({ name }) => name,
      fingerprint: (pin) => pinJson(pin).fingerprint,
      since: ({ firstSeenUnixMs }, style) => timeCell(firstSeenUnixMs, style),
    },
  });
}

function pinJson({ address, name, fingerprint, firstSeenUnixMs }: Pin) {
  return {
    kind: "pin",
    address,
    name,
    fingerprint: formatFingerprint(fingerprint as Fingerprint),
    since: formatUtc(firstSeenUnixMs),
  };
}

function forgetPin(context: Context, state: ClientState, at: ServerSpec): number {
  const address = formatAddress(at);
  if (!state.forgetPin(address)) {
    throw new Fault("not-found", `nothing is pinned for ${address}`, {
      remedy: "list them: chat trust list",
    });
  }
  const line = { kind: "forgotten", address };
  return printResult(context, line, `${address} is forgotten; the next contact pins it anew`);
}

async function accept(
  context: Context,
  state: ClientState,
  at: ServerSpec,
  {
    met: greeting,
    expected,
  }: { readonly met: Greeted; readonly expected: Fingerprint | undefined },
): Promise<number> {
  const address = formatAddress(at);
  const { name } = greeting.welcome.server;
  const old = state.pin(address);
  const found = formatFingerprint(greeting.fingerprint);
  const before =
    old === undefined
      ? "nothing is pinned yet"
      : `pinned is ${formatFingerprint(old.fingerprint as Fingerprint)}`;
  printNotice(context, `${address} ('${name}'): ${before}, found ${found}`);
  if (old?.fingerprint !== greeting.fingerprint)
    await confirmFingerprint(context, greeting, expected ?? at.fingerprint);
  await acceptLog(context, state, address, greeting.fingerprint);
  const firstSeenUnixMs = context.clock.unixMs();
  const pin = { address, fingerprint: greeting.fingerprint, name, firstSeenUnixMs };
  state.setPin(pin);
  return printResult(context, pinJson(pin), `${address} is trusted by ${found} from now on`);
}

/**
 * Resets the pinned log only after an alarm: the log of an honest server is not unpinned
 * accidentally.
 */
async function acceptLog(
  context: Context,
  state: ClientState,
  address: string,
  fingerprint: Fingerprint,
): Promise<void> {
  const alarm = state.logPins.alarm(fingerprint);
  const known = state.logPins.pin({ fingerprint });
  if (alarm === undefined || known === undefined) return;
  printNotice(context, `the history of ${address} was not accepted: ${alarm}`);
  const question = "Does the server's owner say that it is meant to be so?";
  if (context.terminal !== undefined && !(await context.terminal.confirm(question))) {
    throw new Fault("log-forked", "the history was not accepted", {
      remedy: "ask the server's owner what has happened to it",
    });
  }
  state.logPins.forget(fingerprint);
  printNotice(
    context,
    `the ${known.size} records of ${known.origin} are let go; ` +
      "the history that the server shows next is pinned",
  );
}

/** The user compares the fingerprint, or gave it beforehand. @throws Fault */
async function confirmFingerprint(
  context: Context,
  { fingerprint }: Greeted,
  expected: Fingerprint | undefined,
): Promise<void> {
  if (expected !== undefined) {
    if (expected === fingerprint) return;
    const [address, found] = [expected, fingerprint].map(formatFingerprint);
    const message = `this is not that server: expected ${address}, found ${found}`;
    throw new Fault("fingerprint-changed", message, {
      remedy: "ask the server's owner for its fingerprint",
    });
  }
  if (context.terminal === undefined) {
    throw new Fault("usage", "there is no user to compare the fingerprint", {
      remedy: "add --fingerprint FP as the server's owner says it",
    });
  }
  if (await context.terminal.confirm("Is this what the server's owner says it is?")) return;
  throw new Fault("fingerprint-changed", "the server was not accepted", {
    remedy: "ask its owner for its fingerprint",
  });
}

async function greetServer(
  context: Context,
  address: ServerSpec,
  transport: ServerOptions["transport"],
): Promise<Greeted> {
  const { clock } = context;
  using dialer = openDialer(clock, address, { transport });
  const program = `chat/${VERSION}`;
  const entropy = systemEntropy();
  return await fetchGreeting({
    clock,
    entropy,
    dial: dialer.dial,
    verifier: nativeVerifier,
    program,
  });
}
