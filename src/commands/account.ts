/** Commands for the user's own account and devices, and `chat verify-user`. */

import { toBase64Url } from "../base/bytes.ts";
import { Fault, type FaultCode, ignoreFault } from "../base/fault.ts";
import { LINK_CODE_MS } from "../base/limits.ts";
import {
  FIRST_PART_WAIT_MS,
  HANDOVER_WAIT_MS_MAX,
  NEXT_PART_WAIT_MS,
} from "../base/limits-sealed.ts";
import { checkName, formatTarget } from "../base/names.ts";
import { counted } from "../base/sizes.ts";
import { formatUtc } from "../base/time.ts";
import { verifyUser } from "../cli/chat/identity-lines.ts";
import { ISO_DAY_CHARS } from "../cli/chat/slash-views.ts";
import {
  argument,
  defineVerb,
  type FlagDefs,
  type FlagValues,
  flag,
  stringFlag,
  type Verb,
} from "../cli/command.ts";
import {
  clientVerb,
  connectionClosed,
  type OpenClient,
  untilConnected,
  withClient,
} from "../cli/connect/client.ts";
import { externalAddress } from "../cli/connect/invite.ts";
import { eraseAll } from "../cli/connect/lists.ts";
import { userNameOf } from "../cli/connect/operator.ts";
import { codeInArgument, readResetLine } from "../cli/connect/reset-code.ts";
import { type Context, printNotice } from "../cli/context.ts";
import { usageFault } from "../cli/errors.ts";
import { homeKeyWarning, printKeyWarning } from "../cli/exposure.ts";
import {
  confirmAction,
  SERVER_ARGUMENT,
  SERVER_FLAGS,
  serverOptions,
  YES_FLAG,
} from "../cli/flags.ts";
import { openHome } from "../cli/home.ts";
import { terminalQr } from "../cli/output/qr.ts";
import { formatTimestamp, styleOf } from "../cli/output/render.ts";
import { printData, printList, printResult } from "../cli/output/result.ts";
import { LINK_CODE_VARIABLE, RESET, readNewPassword, readSecret } from "../cli/secrets.ts";
import { accountKeyOf, storeAccountKey } from "../client/account-key.ts";
import type { Client } from "../client/client.ts";
import { offerLink, requestLink } from "../client/linking.ts";
import type { Credentials } from "../client/login.ts";
import { CODE_CROWDED } from "../client/short-code.ts";
import { deviceIdOf } from "../crypto/device-id.ts";
import { sha256 } from "../crypto/sha256.ts";
import { delay } from "../io/clock.ts";
import { systemEntropy } from "../io/entropy.ts";
import type { UnsentTexts } from "../io/state/account-removal.ts";
import type { OutboxOwner } from "../io/state/outbox-store.ts";
import { isLoopback } from "../io/ws/address.ts";
import { ENGLISH_TERMINAL } from "../ui/messages/en/terminal.ts";
import { formatAddress, formatInvite, isShortCode, quoteInvite } from "../wire/invite.ts";
import { parseShortCode } from "../wire/short-code.ts";

interface AccountVerb {
  readonly mode: Credentials["mode"];
  readonly kind: string;
  readonly message: (user: string) => string;
}

function accountVerb({ mode, kind, message }: AccountVerb): Verb {
  return clientVerb({
    mode,
    requiresPassword: true,
    setsDefaults: true,
    args: {},
    async run(_args, context, { user }) {
      printKeyWarning(context, homeKeyWarning(context.settings().folders.data));
      return printResult(context, { kind, user }, message(user));
    },
  });
}

export const register = accountVerb({
  mode: "register",
  kind: "registered",
  message: (user) => `registered ${user}; this device is signed in`,
});

export const login = accountVerb({
  mode: "login",
  kind: "logged-in",
  message: (user) => `signed in as ${user}`,
});

const LOGOUT_ARGS = {
  at: SERVER_ARGUMENT,
  forget: flag("Also delete everything about the account from this device"),
  ...YES_FLAG,
  ...SERVER_FLAGS,
} as const satisfies FlagDefs;

const OFFLINE_CODES: ReadonlySet<FaultCode> = new Set(["unreachable", "timeout"]);

/** Signs this device out. */
export const logout = defineVerb({
  args: LOGOUT_ARGS,
  details: `Messages and typed lines are deleted from this device. Drafts, unsent messages, names
and the account's key stay; --forget deletes them, too, also without the server.`,
  async run(args, context) {
    const known = args.forget ? knownAccount(context, args) : undefined;
    if (known?.isSignedIn === false) return forget(context, known);
    let owner: OutboxOwner | undefined;
    const options = { argument: args.at, mode: "login", requiresPassword: true } as const;
    try {
      const code = await withClient(context, args, options, async ({ client }) => {
        const { fingerprint } = await untilConnected(client.read());
        const { user } = client;
        if (user === undefined) throw connectionClosed();
        if (args.forget && !(await mayForgetKey(context, client, args.yes))) return 130;
        await client.logout(true);
        owner = { fingerprint, user };
        return 0;
      });
      if (code !== 0) return code;
    } catch (error) {
      const isOffline = error instanceof Fault && OFFLINE_CODES.has(error.code);
      if (known === undefined || !isOffline || owner !== undefined) throw error;
      printNotice(context, `the server still lists this device (${error.message})`);
      return forget(context, known);
    }
    if (owner === undefined) throw connectionClosed();
    if (args.forget) return forget(context, owner);
    using state = openHome(context);
    const isClean = state.removeOldTexts();
    const { user } = owner;
    const again = "signing in again requires the password, or a code from another device";
    const text = `signed out ${user}; ${again}`;
    printResult(context, { kind: "logged-out", user }, text);
    printLeftTexts(context, state.unsentTexts(owner));
    if (!isClean) printHomeInUse(context);
    return 0;
  },
});

const ROOMS_NAMED_MAX = 5;

/** Asks before the account's key is deleted where no other device has it. */
async function mayForgetKey(context: Context, client: Client, isSure: boolean): Promise<boolean> {
  const sealed = client.rooms.filter(({ isSealed }) => isSealed === true).map(formatTarget);
  if (sealed.length === 0) return true;
  const { devices } = await client.request("devices", {});
  const [holder, other] = devices.filter(({ certified }) => certified);
  if (holder?.current !== true || other !== undefined) return true;
  const named = sealed.slice(0, ROOMS_NAMED_MAX).join(", ");
  const more = sealed.length - ROOMS_NAMED_MAX;
  const places = more > 0 ? `${named} and ${more} more` : named;
  const loss = `no other device of yours can open what is encrypted: ${places}`;
  if (context.terminal === undefined || isSure) {
    printNotice(context, loss);
    return true;
  }
  printNotice(context, `${loss}; to keep it, link another device first: chat link-device`);
  return context.terminal.confirm("Sign out, and delete the key?");
}

/** The account that the flags, or the last sign-in, name in this home. */
function knownAccount(
  context: Context,
  args: FlagValues<typeof LOGOUT_ARGS>,
): (OutboxOwner & { readonly isSignedIn: boolean }) | undefined {
  const named = serverOptions(context, args, args.at, true);
  using state = openHome(context);
  const address = named.address === undefined ? state.lastServer() : formatAddress(named.address);
  const fingerprint = named.fingerprint ?? (address && state.pin(address)?.fingerprint);
  const user = named.user ?? (fingerprint && state.lastUser(fingerprint));
  if (!(fingerprint && user)) return undefined;
  const isSignedIn = state.enrolment(fingerprint, user) !== undefined;
  return { fingerprint, user, isSignedIn };
}

function forget(context: Context, owner: OutboxOwner): number {
  using state = openHome(context);
  const isClean = state.forgetAccount(owner);
  const { user } = owner;
  const line = { kind: "logged-out", user, forgotten: true };
  printResult(context, line, `signed out ${user}, and deleted the account from this device`);
  if (!isClean) printHomeInUse(context);
  return 0;
}

function printLeftTexts(context: Context, { drafts, messages }: UnsentTexts): void {
  const left = [
    drafts > 0 ? counted(drafts, "draft") : "",
    messages > 0 ? counted(messages, "unsent message") : "",
  ].filter((text) => text !== "");
  if (left.length === 0) return;
  const stay = drafts + messages === 1 ? "stays" : "stay";
  const text = `${left.join(" and ")} ${stay} on this device; chat logout --forget deletes`;
  printNotice(context, `${text} ${drafts + messages === 1 ? "it" : "them"}`);
}

function printHomeInUse(context: Context): void {
  const { data } = context.settings().folders;
  const remedy = "quit it, and run chat logout --forget";
  printNotice(
    context,
    `another chat program uses ${data}, so deleted texts remain there; ${remedy}`,
  );
}

export const unregister = clientVerb({
  requiresPassword: true,
  args: YES_FLAG,
  details:
    "Deletes everything the account posted from the server: messages, reactions and files, " +
    "including direct messages. Then removes the account. Copies on other devices stay.",
  async run(args, context, { client, user }) {
    const question = `Permanently delete the account ${user} and everything it posted?`;
    if (!(await confirmAction(context, args, question))) return 130;
    const erased = await eraseAll(context, client, {});
    await client.request("unregister", {});
    const message = `deleted ${counted(erased, "message")} and the account ${user}`;
    return printResult(context, { kind: "unregistered", user, erased }, message);
  },
});

const ARGS = {
  at: SERVER_ARGUMENT,
  reset: flag("Reset a lost password with a code from chat admin reset"),
  resetFile: stringFlag("FILE", "Reset code file; - for stdin"),
  newPasswordFile: stringFlag("FILE", "New-password file; - for stdin"),
  ...SERVER_FLAGS,
} as const satisfies FlagDefs;

/** Sets a password. */
export const passwd = defineVerb({
  args: ARGS,
  details: `If the account has a password, provide it by CHAT_PASSWORD, --password-file or a prompt.
CHAT_RESET or --reset-file provide the reset code, CHAT_NEW_PASSWORD the new password.`,
  async run(args, context) {
    if (args.reset || args.resetFile !== undefined) return recover(args, context);
    const options = { argument: args.at, mode: "login" } as const;
    return withClient(context, args, options, async ({ client, user, password }) => {
      await untilConnected(client.read());
      const current = password ?? (await currentPassword(context, user));
      await client.passwd(await newPassword(context, args.newPasswordFile), current);
      return printChanged(context, user, "");
    });
  },
});

/** The code decides who the user is. */
async function recover(args: FlagValues<typeof ARGS>, context: Context): Promise<number> {
  const code = codeInArgument(args.at) === undefined ? undefined : args.at;
  const line = code ?? (await readSecret(context, RESET, args.resetFile, "Code"));
  if (line === undefined) {
    throw new Fault("usage", "no reset code given", {
      remedy:
        "set CHAT_RESET or add --reset-file; operators create codes with chat admin reset NAME",
    });
  }
  const { token: resetCode, server } = readResetLine(line);
  const flags = { ...args, server: args.server ?? server };
  const { newPasswordFile } = args;
  const options = { argument: code === undefined ? args.at : undefined, mode: "login" } as const;
  const connect = { ...options, resetCode, newPasswordFile } as const;
  return withClient(context, flags, connect, async ({ client, user }) => {
    await untilConnected(client.read());
    return printChanged(context, user, `; this device is signed in as ${user}`);
  });
}

function printChanged(context: Context, user: string, suffix: string): number {
  const line = { kind: "password-changed", user };
  return printResult(context, line, `changed the password of ${user}${suffix}`);
}

/** An empty answer means that no password is set. */
async function currentPassword(context: Context, user: string): Promise<string | undefined> {
  const question = `Current password of ${user} (leave empty if not set)`;
  return (await context.terminal?.askSecret(question)) || undefined;
}

async function newPassword(
  context: Context,
  file: string | undefined,
  notice?: () => Promise<string | undefined>,
): Promise<string> {
  const password = await readNewPassword(context, file, notice);
  if (password !== undefined) return password;
  throw usageFault("no new password given", "set CHAT_NEW_PASSWORD or add --new-password-file");
}

/** Lists and revokes devices. */
export const devices = clientVerb({
  args: { revoke: stringFlag("DEVICE", "Sign this device out") },
  details: "Devices that signed in with a password cannot use encrypted rooms.",
  early: ({ revoke }) => (revoke === undefined ? [["devices", {}]] : []),
  async run({ revoke: device }, context, { client }) {
    if (device !== undefined) {
      await client.request("revoke", { device });
      await removeRevoked(client);
      return printResult(context, { kind: "revoked", device }, `signed out device ${device}`);
    }
    const style = styleOf(context);
    const { devices } = await client.request("devices", {});
    const entries = devices.map(({ seen, ...entry }) => ({
      ...entry,
      since: formatTimestamp(entry.since, style),
      seen: seen === undefined ? undefined : formatUtc(seen).slice(0, ISO_DAY_CHARS),
    }));
    return printList(context, entries, {
      json: (entry) => ({ kind: "device", ...entry }),
      columns: {
        device: (entry) => entry.device,
        since: ({ since }) => since,
        by: ({ certified }) => (certified ? "account key" : "password"),
        online: ({ online }) => (online ? "online" : "offline"),
        "": ({ current }) => (current ? "this device" : ""),
        "last seen": ({ seen }) => seen,
        program: ({ client: program }) => program,
      },
    });
  },
});
/** If the removal fails, the account's other devices remove the device when they next connect. */
async function removeRevoked(client: Client): Promise<void> {
  const sealed = client.rooms.filter(({ isSealed }) => isSealed === true);
  if (sealed.length === 0) return;
  try {
    const rooms = await client.sealedRooms();
    for (const room of sealed) await rooms.get(room).changes.removeRevoked();
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
  }
}

/** Adds a device with a short code. */
export const linkDevice = defineVerb({
  args: {
    code: argument("Code that the signed-in device shows, on the new device", {
      required: false,
      valueHint: "CODE",
    }),
    at: SERVER_ARGUMENT,
    join: flag("Run on the new device, and ask for the code"),
    "no-wait": flag("Do not wait for earlier messages of encrypted rooms"),
    ...SERVER_FLAGS,
  },
  details: "On a signed-in device: chat link-device. On the new one: chat link-device CODE SERVER",
  async run({ code: first, join: joins, "no-wait": isBrief, ...args }, context) {
    context.continueWithoutOutput();
    const isCode = first !== undefined && isShortCode(first);
    // The first of two arguments must be a code.
    if (first !== undefined && args.at !== undefined) parseShortCode(first);
    const argument = isCode ? args.at : (first ?? args.at);
    if (!isCode && !joins) {
      const options = { argument, mode: "login", follow: "live" } as const;
      return withClient(context, args, options, (open) => offer(context, open, isBrief));
    }
    const code = isCode ? first : await readCode(context);
    parseShortCode(code); // Reports a typing error before it connects.
    const options = { argument, greetOnly: true } as const;
    return withClient(context, args, options, (open) => join(context, open, code, isBrief));
  },
});

async function offer(context: Context, open: OpenClient, isBrief: boolean): Promise<number> {
  const { client, state, device } = open;
  const events = client.read();
  const { fingerprint } = await untilConnected(events);
  const user = checkName(open.user);
  const account = accountKeyOf({ state, clock: context.clock, fingerprint, user, device });
  const onCrowded = () => printNotice(context, `${CODE_CROWDED}; if yours fails, start again`);
  const parties = { ...account, random: systemEntropy(), sendRequest: client.request, onCrowded };
  const { code, answer, linked } = await offerLink(parties);
  const lost = Promise.withResolvers<never>();
  client.subscribe((event) => {
    if (event.kind === "code-asked") answer(event);
    if (event.kind === "closed") lost.reject(event.fault ?? connectionClosed());
  });
  const expires = context.clock.unixMs() + LINK_CODE_MS;
  const externalServer = externalAddress(context, open);
  const server = formatInvite(externalServer);
  const web = `https://${formatAddress(externalServer)}/#link=${code}`;
  const offered = { kind: "link-code", code, expires: formatUtc(expires), server, web };
  printData(context, offered, `${code}\n`);
  if (!context.json) {
    const { stderr } = context;
    printNotice(context, "within 10 minutes, open this in a browser, or scan the code:");
    stderr.write([web, ...terminalQr(context, web), ""].join("\n"));
    printNotice(context, "in a terminal, run this on the new device:");
    stderr.write(`chat link-device ${code} ${quoteInvite(externalServer)}\n`);
    if (isLoopback(externalServer.host)) {
      printNotice(
        context,
        `${externalServer.host} works only on this machine; replace it elsewhere`,
      );
    }
  }
  void discard(events);
  const key = await Promise.race([linked, lost.promise]);
  const added = deviceIdOf(key, sha256);
  const line = { kind: "linked", user, device: added };
  printResult(context, line, `linked device ${added} to ${user}`);
  if (!isBrief) await Promise.race([handOver(context, client, key), lost.promise]);
  return 0;
}

async function discard(events: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of events);
}

const HANDOVER_LOOK_MS = 500;

/** Stays until the new device has the earlier messages of encrypted rooms, or does not ask. */
async function handOver(context: Context, client: Client, key: Uint8Array): Promise<void> {
  if (!client.rooms.some(({ isSealed }) => isSealed === true)) return;
  const { clock } = context;
  const rooms = await client.sealedRooms().catch(ignoreFault);
  const device = toBase64Url(key);
  const end = clock.now() + HANDOVER_WAIT_MS_MAX;
  let until = clock.now() + FIRST_PART_WAIT_MS;
  while (rooms !== undefined && clock.now() < Math.min(until, end)) {
    // A hand-over to the next room begins when the device has entered it.
    if (await rooms.isSending(device)) until = clock.now() + NEXT_PART_WAIT_MS;
    await delay(clock, HANDOVER_LOOK_MS);
  }
}

async function join(
  context: Context,
  open: OpenClient,
  code: string,
  isBrief: boolean,
): Promise<number> {
  const { client, state, device } = open;
  const { fingerprint } = client;
  if (fingerprint === undefined) throw connectionClosed();
  const parties = { fingerprint, random: systemEntropy(), sendRequest: client.request };
  const newDevice = { deviceKey: device.publicKey, kind: "cli" } as const;
  const account = await requestLink(parties, code, newDevice);
  storeAccountKey(state, fingerprint, account);
  const { user } = await client.login({ user: account.user, mode: "login" });
  const line = { kind: "linked", user, device: deviceIdOf(device.publicKey, sha256) };
  printResult(context, line, `this device is linked to ${user}`);
  if (isBrief) return 0;
  client.subscribe((event) => {
    if (event.kind !== "handover" || !context.json) return;
    const { name, step, total, messages } = event;
    const done = step === "receiving" ? 0 : messages;
    printData(context, { kind: "handover", room: name, messages: total, done }, "");
  });
  await client.enterSealedRooms();
  return 0;
}

/** @throws {Fault} usage */
async function readCode(context: Context): Promise<string> {
  const code = context.env[LINK_CODE_VARIABLE];
  if (code) return code;
  if (context.terminal === undefined) {
    throw usageFault("no link code given", `set ${LINK_CODE_VARIABLE}`);
  }
  return context.terminal.askText("Link code");
}

/** Compares safety numbers. */
export const verifyIdentity = defineVerb({
  args: {
    name: argument("The user", { required: true, parse: userNameOf }),
    confirm: stringFlag("DIGITS", "Digits shown on their side"),
    accept: flag("Accept their new key"),
    ...SERVER_FLAGS,
  },
  details: `Both of you should see the same 60 digits. Compare them by voice or in person, not over
this server. While a user's new key is unverified, they cannot be added to encrypted rooms, and
nobody can post to encrypted rooms that they are in; accept the new key or confirm its digits.`,
  async run(args, context) {
    const { name: user, accept, confirm: digits } = args;
    if (accept && digits !== undefined) {
      throw usageFault("--accept and --confirm cannot be combined", "use only one of them");
    }
    return withClient(context, args, { mode: "login" }, async ({ client }) => {
      await untilConnected(client.read());
      const confirmation = accept ? "accept" : { digits };
      const command = `chat verify-user ${user} --confirm`;
      const { json, text, rows } = await verifyUser(client, user, confirmation, command);
      if (!context.json) context.stdout.write(rows.map((row) => `${row}\n`).join(""));
      return printResult(context, json, text(ENGLISH_TERMINAL));
    });
  },
});
