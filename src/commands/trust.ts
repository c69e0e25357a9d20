/** `chat trust`, which manages the pinned identities of servers. */

import { Fault } from "../base/fault.ts";
import { counted } from "../base/sizes.ts";
import { formatUtc } from "../base/time.ts";
import { argument, defineVerb, flag, stringFlag } from "../cli/command.ts";
import { greetServer, openDialer } from "../cli/connect/dial.ts";
import { fetchRoot, rootInstaller } from "../cli/connect/root.ts";
import { type Context, printNotice } from "../cli/context.ts";
import { usageFault } from "../cli/errors.ts";
import { OutputFile } from "../cli/export/output-file.ts";
import { SERVER_ARGUMENT, TRANSPORT_FLAG, transportOf } from "../cli/flags.ts";
import { openHome } from "../cli/home.ts";
import { printData, printList, printResult, timeCell } from "../cli/output/result.ts";
import type { GreetedServer } from "../client/link/greeting.ts";
import { pin } from "../client/trust.ts";
import type { ClientState, Pin } from "../io/state/client-state.ts";
import { hostLabel } from "../wire/announcement.ts";
import { type Fingerprint, formatFingerprint, parseFingerprint } from "../wire/fingerprint.ts";
import { formatAddress, parseServerSpec, type ServerSpec } from "../wire/invite.ts";

export const command = defineVerb({
  args: {
    action: argument("list, accept, forget or root", {
      required: false,
      choices: ["list", "accept", "forget", "root"],
    }),
    at: SERVER_ARGUMENT,
    fingerprint: stringFlag("FP", "Expected fingerprint"),
    transport: TRANSPORT_FLAG,
    out: stringFlag("FILE", "root: write the certificate to a file instead of installing it"),
    print: flag("root: print the certificate instead of installing it"),
  },
  async run({ action = "list", at, fingerprint, transport, ...output }, context) {
    const address = at === undefined ? undefined : parseServerSpec(at);
    using state = openHome(context);
    if (action === "list") return listPins(context, state, address);
    if (address === undefined) {
      throw usageFault("no server given", `usage: chat trust ${action} SERVER`);
    }
    if (action === "forget") return forgetPin(context, state, address);
    const expected = fingerprint === undefined ? undefined : parseFingerprint(fingerprint);
    const { clock } = context;
    if (action === "root")
      return await installRoot(context, state, address, { expected, ...output });
    const options = { transport: transportOf(context, transport, address) };
    using dialer = openDialer(context, address, options);
    const greeting = await greetServer(clock, dialer.dial);
    return await accept(context, state, address, { greeting, expected });
  },
});

interface RootOptions {
  readonly expected: Fingerprint | undefined;
  readonly out: string | undefined;
  readonly print: boolean;
}

/** Installs, writes or prints the root certificate of a server whose identity is trusted. */
async function installRoot(
  context: Context,
  state: ClientState,
  at: ServerSpec,
  { expected, out, print }: RootOptions,
): Promise<number> {
  const { clock, terminal } = context;
  using dialer = openDialer(context, at, { transport: "tcp" });
  const greeting = await greetServer(clock, dialer.dial);
  const server = formatAddress(at);
  const requested = expected ?? at.fingerprint;
  pin(greeting, { state, clock }, { address: server, requested, strict: true });
  const announced = hostLabel(greeting.fingerprint);
  const lookup = { clock, announced };
  const { pem, sha256, names } = await fetchRoot(at, greeting.greeting.certificateHash, lookup);
  const line = { kind: "root", server, names, sha256: sha256.replaceAll(":", "").toLowerCase() };
  if (print) return printData(context, { ...line, pem }, pem);
  if (out !== undefined) {
    const file = new OutputFile(out);
    file.write(pem);
    file.finish();
    return printResult(context, { ...line, path: out }, `wrote ${out}; SHA-256 ${sha256}`);
  }
  const installer = rootInstaller(context.env);
  printNotice(
    context,
    `root certificate of ${server} for ${names.join(", ")} and no other name; SHA-256 ${sha256}`,
  );
  if (installer === undefined || terminal === undefined) {
    throw usageFault(
      installer === undefined
        ? "no program to install certificates"
        : "a terminal is needed to confirm this",
      "add --out FILE, and import the file in the settings of the browser",
    );
  }
  const question = "Does the server's owner see the same SHA-256, and shall browsers trust it?";
  if (!(await terminal.confirm(question))) {
    throw usageFault(
      "the root certificate was not installed",
      "compare it with the server's owner",
    );
  }
  await installer.install(pem, names[0] ?? server);
  const address = `https://${names[0]}:${at.port}/`;
  const text = `installed for ${installer.reach}; restart them, and open ${address}`;
  return printResult(context, { ...line, installed: true }, text);
}

function listPins(context: Context, state: ClientState, at: ServerSpec | undefined): number {
  const addressFilter = at === undefined ? undefined : formatAddress(at);
  const pins = state
    .pins()
    .filter(({ address }) => addressFilter === undefined || address === addressFilter);
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
    throw new Fault("not-found", `no pinned identity for ${address}`, {
      remedy: "run chat trust list",
    });
  }
  const line = { kind: "forgotten", address };
  return printResult(context, line, `forgot ${address}; the next connection pins it again`);
}

async function accept(
  context: Context,
  state: ClientState,
  at: ServerSpec,
  {
    greeting,
    expected,
  }: { readonly greeting: GreetedServer; readonly expected: Fingerprint | undefined },
): Promise<number> {
  const address = formatAddress(at);
  const { name } = greeting.welcome.server;
  const old = state.pin(address);
  const foundText = formatFingerprint(greeting.fingerprint);
  const trusted = old === undefined ? "none" : formatFingerprint(old.fingerprint as Fingerprint);
  const texts = `trusted fingerprint: ${trusted}; server's fingerprint: ${foundText}`;
  printNotice(context, `${address} ('${name}'): ${texts}`);
  const isKnown = old?.fingerprint === greeting.fingerprint;
  if (!isKnown) await confirmFingerprint(context, greeting, expected ?? at.fingerprint);
  const isAccepted = await acceptLog(context, state, address, greeting.fingerprint);
  const firstSeenUnixMs = context.clock.unixMs();
  const pin = { address, fingerprint: greeting.fingerprint, name, firstSeenUnixMs };
  state.setPin(pin);
  const text =
    isKnown && !isAccepted
      ? `nothing to accept: ${address} is already trusted, and this device knows of no change; ` +
        "after a restore, run chat join first"
      : `now trusting ${address} with ${foundText}`;
  return printResult(context, pinJson(pin), text);
}

/** Requires an alarm, so that users do not accidentally unpin the log of an honest server. */
async function acceptLog(
  context: Context,
  state: ClientState,
  address: string,
  fingerprint: Fingerprint,
): Promise<boolean> {
  const alarm = state.logPins.alarm(fingerprint);
  const pinnedLog = state.logPins.pin({ fingerprint });
  if (alarm === undefined || pinnedLog === undefined) return false;
  printNotice(context, `history of ${address} rejected: ${alarm}`);
  const question = "Has the server's owner confirmed this change?";
  if (context.terminal !== undefined && !(await context.terminal.confirm(question))) {
    throw new Fault("log-forked", "you did not accept the server's new history", {
      remedy: "ask the server's owner what happened",
    });
  }
  state.acceptHistory(fingerprint);
  printNotice(
    context,
    `forgot the ${counted(pinnedLog.size, "record")} known from ${pinnedLog.origin}; ` +
      "the history that the server presents next will be trusted and remembered",
  );
  return true;
}

async function confirmFingerprint(
  context: Context,
  { fingerprint }: GreetedServer,
  expected: Fingerprint | undefined,
): Promise<void> {
  if (expected !== undefined) {
    if (expected === fingerprint) return;
    const [address, foundText] = [expected, fingerprint].map(formatFingerprint);
    const message = `wrong server: expected ${address}, found ${foundText}`;
    throw new Fault("fingerprint-changed", message, {
      remedy: "ask the server's owner for its fingerprint",
    });
  }
  if (context.terminal === undefined) {
    throw new Fault("usage", "a terminal is needed to confirm the fingerprint", {
      remedy: "add --fingerprint FP with the value from the server's owner",
    });
  }
  if (await context.terminal.confirm("Does this match the fingerprint from the server's owner?"))
    return;
  throw new Fault("fingerprint-changed", "server not accepted", {
    remedy: "ask the server's owner for its fingerprint",
  });
}
