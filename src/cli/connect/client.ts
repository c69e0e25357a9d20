/** Opens a logged-in client for a command. */

import { Fault } from "../../base/fault.ts";
import type { AuditEvidence } from "../../client/auditor.ts";
import { Client, type ClientOptions } from "../../client/client.ts";
import type { ConnectedEvent, LinkEvent, ReaderEvent, SessionEvent } from "../../client/event.ts";
import type { FollowMode } from "../../client/follower.ts";
import type { Credentials } from "../../client/login.ts";
import type { Identity } from "../../crypto/identity.ts";
import { systemEntropy } from "../../io/entropy.ts";
import { ClientState } from "../../io/state/client-state.ts";
import { ENGLISH_TERMINAL, type Message } from "../../ui/messages/en/terminal.ts";
import { formatFingerprint } from "../../wire/fingerprint.ts";
import { formatAddress, type ServerSpec } from "../../wire/invite.ts";
import { defineVerb, type FlagDefs, type FlagValues, type Verb } from "../command.ts";
import { type Context, faultLine, interruptible, printNotice } from "../context.ts";
import { SERVER_ARGUMENT, SERVER_FLAGS, type ServerFlags, serverOptions } from "../flags.ts";
import {
  PASSWORD,
  promptNewPassword,
  ROOM_PASSWORD,
  readSecret,
  secretPrompt,
} from "../secrets.ts";
import { promptUserName } from "../user-name.ts";
import { chooseServer } from "./default-server.ts";
import { type AddressDialer, openAddressDialer } from "./dial.ts";
import { discoverServer } from "./discover.ts";
import { storeEvidence } from "./evidence.ts";
import { nativeFileCipher } from "./file-cipher.ts";
import { GuessDelayDisplay } from "./guess-delay.ts";
import { nativeHashing } from "./hashing.ts";
import { deviceIdentity, deviceKeys } from "./keys.ts";
import { programName } from "./program-name.ts";
import { sealedHome } from "./sealed-home.ts";

/** Flags of every command that connects to a server. */
export interface ClientFlags extends ServerFlags {
  readonly passwordFile?: string | undefined;
  readonly roomPasswordFile?: string | undefined;
}

export interface ConnectOptions {
  /** The server as an argument, if the command takes one. */
  readonly argument?: string | undefined;
  readonly mode?: Credentials["mode"];
  /** A given password must be correct, even if this device could log in without it. */
  readonly requiresPassword?: boolean;
  readonly follow?: FollowMode;
  readonly reconnect?: boolean;
  readonly localPort?: number | undefined;
  /** User name if none is given and none was used before; if `undefined`, the user is asked. */
  readonly fallbackUser?: string | undefined;
  /** Only exchanges greetings; the command logs in later. */
  readonly greetOnly?: boolean;
  /** Waits for its posts, and therefore also sends those that earlier runs left. */
  readonly posts?: boolean;
  /** On a terminal this server and user become the default of later commands. */
  readonly enters?: boolean;
  /** Resumes after an interruption. */
  readonly resumes?: boolean;
  /** Connects to exactly this machine of the cluster. */
  readonly exactAddress?: boolean;
  /** Shows the server's data, which may be outdated while its cluster has no majority. */
  readonly reads?: boolean;
  /** False: the command requests proofs of the log itself. */
  readonly audits?: boolean;
  /** For a user interface with a model: receives all events, and reads none. */
  readonly onEvent?: ((event: SessionEvent) => void) | undefined;
}

/** A client that is logged in, with its server. */
export interface OpenClient {
  readonly client: Client;
  readonly address: ServerSpec;
  readonly user: string;
  readonly registered: boolean;
  /** The room password or token that was used to join, if any. */
  readonly roomSecret: string | undefined;
  /** The password that was given, if any. */
  readonly password: string | undefined;
  readonly state: ClientState;
  readonly device: Identity;
  readonly guessDelays: GuessDelayDisplay;
  readonly close: () => Promise<void>;
}

/**
 * Finds the server, reads the secrets, opens the stored state of this home, and logs in.
 * @throws Fault
 */
export async function openClient(
  context: Context,
  flags: ClientFlags,
  options: ConnectOptions = {},
): Promise<OpenClient> {
  const chosen = serverOptions(context, flags, options.argument);
  const { config, folders } = context.settings();
  const state = ClientState.open(folders.data);
  let dialer: AddressDialer | undefined;
  try {
    const isExpected = chosen.fingerprint !== undefined;
    const candidate =
      chosen.address === undefined ? await chooseServer(context, state, isExpected) : undefined;
    const address = chosen.address ?? candidate?.address ?? (await discoverServer(context, state));
    // A specific machine is meant, whichever machine of its cluster was used last.
    const isNamed = chosen.address !== undefined || candidate?.data !== undefined;
    const addressText = formatAddress(address);
    const roomSecret =
      (await readSecret(context, ROOM_PASSWORD, flags.roomPasswordFile)) ?? address.secret;
    const expected =
      chosen.fingerprint ?? address.fingerprint ?? state.pin(addressText)?.fingerprint;
    const claimedFingerprint = expected ?? state.serverClaiming(addressText);
    const last = claimedFingerprint === undefined ? undefined : state.lastUser(claimedFingerprint);
    const knownUser = chosen.user ?? last ?? options.fallbackUser;
    const user =
      knownUser ?? (options.greetOnly === true ? "" : await promptUserName(context, addressText));
    const credentials: Credentials = {
      user,
      mode: options.mode ?? "either",
      password: await readSecret(context, PASSWORD, flags.passwordFile),
      roomSecret,
      requiresPassword: options.requiresPassword ?? false,
      promptSecret: secretPrompter(context, { user, server: addressText }),
    };
    const device = deviceIdentity(state);
    const { clock } = context;
    const { localPort } = options;
    const guessDelays = new GuessDelayDisplay(context);
    dialer = openAddressDialer(clock, address, { transport: chosen.transport, localPort });
    const client = new Client(
      {
        clock,
        entropy: systemEntropy(),
        dial: dialer.dial,
        state,
        keys: deviceKeys(device, state),
        hashing: nativeHashing(),
        fileCipher: nativeFileCipher,
        sealed: sealedHome(folders.data, device, clock),
      },
      {
        address: addressText,
        ...serverAddresses(address, expected, state, options),
        isServerExplicit: isNamed,
        program: programName(),
        credentials: options.greetOnly === true ? undefined : credentials,
        fingerprint: chosen.fingerprint ?? address.fingerprint,
        strict: config.trust === "strict",
        follow: options.follow ?? "none",
        reconnect: options.reconnect ?? false,
        isOneShot: (options.follow ?? "none") === "none",
        adoptsUnsent: options.posts ?? false,
        changesDefaults: options.enters === true && isInteractive(context),
        hasReader: options.onEvent === undefined,
        audits: options.audits ?? true,
        onAlarm: ({ evidence }) => reportEvidence(context, folders.data, evidence),
      },
    );
    client.subscribe((event) => {
      if (event.kind === "guess-delay") return guessDelays.update(event.delay);
      const line = noticeOf(event, options.enters === true);
      if (line !== undefined) printNotice(context, line);
    });
    if (options.onEvent !== undefined) client.subscribe(options.onEvent);
    const membership = await client.connect();
    const close = async () => {
      await client.close();
      dialer?.close();
      state.close();
    };
    return {
      client,
      address,
      user: membership?.user ?? user,
      registered: membership?.registered ?? false,
      roomSecret,
      password: credentials.password,
      state,
      device,
      guessDelays,
      close,
    };
  } catch (error) {
    dialer?.close();
    state.close();
    throw error;
  }
}

/** Addresses of the server: those given by the user, and those stored for its fingerprint. */
function serverAddresses(
  address: ServerSpec,
  expected: string | undefined,
  state: ClientState,
  { exactAddress = false }: ConnectOptions,
): Pick<ClientOptions, "addresses" | "storedAddresses"> {
  const { host, port, also = [] } = address;
  if (exactAddress) return { addresses: [{ host, port }] };
  const storedAddresses = expected === undefined ? undefined : state.serverAddresses(expected);
  return { addresses: [{ host, port }, ...also], storedAddresses };
}

/** Only on a terminal: the server and name of a script must not become defaults. */
export function isInteractive({ terminal, stdout, json }: Context): boolean {
  return terminal !== undefined && stdout.isTerminal && !json;
}

/** `undefined` without a terminal. A new user cannot know that no password is needed. */
function secretPrompter(
  context: Context,
  target: { readonly user: string; readonly server: string },
): Credentials["promptSecret"] {
  const { terminal } = context;
  if (terminal === undefined) return undefined;
  return (secret, again) => {
    if (secret !== "new-password") {
      const kind = secret === "password" ? PASSWORD : ROOM_PASSWORD;
      return readSecret(
        context,
        kind,
        undefined,
        secretPrompt(secret, target, again)(ENGLISH_TERMINAL),
      );
    }
    printNotice(
      context,
      `${target.user} is a new name; without a password, only this device can use it`,
    );
    return promptNewPassword(
      (question) => terminal.askSecret(question(ENGLISH_TERMINAL)),
      (texts) => texts.askNewPasswordOf(target.user, target.server),
      (fault) => printNotice(context, faultLine(fault)),
    );
  };
}

const RESUME_REMEDY = { remedy: "run the same command again to resume" };
/** The remedy omits "run it again", which the message already says. */
const UNSENT_REMEDY = {
  remedy: "unconfirmed messages are saved, and sent by the next chat send",
};

/** Runs a short command: connects, runs it, and closes. */
export async function withClient(
  context: Context,
  flags: ClientFlags,
  options: ConnectOptions,
  work: (open: OpenClient) => Promise<number>,
): Promise<number> {
  const open = await openClient(context, flags, options);
  const runAudited = async () => {
    const exitCode = await work(open);
    await open.client.auditSettled();
    const mayBeOld = options.reads === true && !open.client.hasMajority;
    if (exitCode === 0 && mayBeOld) throw noMajorityFault();
    return exitCode;
  };
  try {
    return await interruptible(context, runAudited, interruptRemedy(options));
  } finally {
    await open.close();
  }
}

/** A command that logs in, does one thing, and ends. */
export function clientVerb<const T extends FlagDefs>({
  args,
  details = "",
  run,
  ...options
}: ConnectOptions & {
  readonly args: T;
  readonly details?: string;
  run(args: FlagValues<T>, context: Context, open: OpenClient): Promise<number>;
}): Verb {
  const definitions: FlagDefs = { at: SERVER_ARGUMENT, ...args, ...SERVER_FLAGS };
  return defineVerb({
    args: definitions,
    details,
    run(values, context) {
      // The parser created the values from these definitions.
      const flags = values as ClientFlags & { readonly at?: string };
      const connect = { mode: "login", ...options, argument: flags.at } as const;
      return withClient(context, flags, connect, async (open) => {
        await untilConnected(open.client.read());
        return run(values as FlagValues<T>, context, open);
      });
    },
  });
}

/** Records shown without a majority are valid; other nodes may have recorded more. */
function noMajorityFault(): Fault {
  return new Fault(
    "no-majority",
    "the server's cluster has no majority; results may be incomplete",
  );
}

function interruptRemedy({ posts, resumes }: ConnectOptions): { readonly remedy?: string } {
  if (resumes === true) return RESUME_REMEDY;
  // A pipe cannot be read again: the file is sent from the start, whatever else is pending.
  return posts === true && resumes === undefined ? UNSENT_REMEDY : {};
}

/**
 * Reads events up to `connected`.
 * @throws Fault if the client closes instead
 */
export async function untilConnected(events: AsyncIterator<ReaderEvent>): Promise<ConnectedEvent> {
  for (;;) {
    const { value, done } = await events.next();
    if (done === true) throw new Fault("link-closed", "the connection was closed");
    if (value.kind === "closed") {
      throw value.fault ?? new Fault("link-closed", "the connection was closed");
    }
    if (value.kind === "connected") return value;
  }
}

/** @param enters whether the user interface shows everything but the first contact itself */
function noticeOf(event: SessionEvent, enters: boolean): string | undefined {
  switch (event.kind) {
    case "pinned":
    case "moved":
      return pinNotice(event);
    case "elsewhere":
      return enters ? undefined : otherMachineText(event)(ENGLISH_TERMINAL);
    case "came-anew":
      return enters ? undefined : ENGLISH_TERMINAL.rejoined[event.reason];
    case "sealed-fault":
      return enters ? undefined : faultLine(event.fault);
    case "sealed-remark":
      return enters ? undefined : event.remark.text;
    case "came-in":
    case "identity-changed":
      return enters ? undefined : event.sentence;
    default:
      return undefined;
  }
}

function pinNotice(event: Extract<LinkEvent, { kind: "pinned" | "moved" }>): string {
  if (event.kind === "moved") {
    const [old, now] = [event.from, event.fingerprint].map(formatFingerprint);
    return `${event.address} has a new key ${now}, signed by its old one ${old}; pin updated`;
  }
  const fingerprint = formatFingerprint(event.fingerprint);
  const { address, knownAs } = event;
  if (knownAs !== undefined) {
    return `${address} is the server known as ${knownAs}; pinned to the same ${fingerprint}`;
  }
  return `first connection to ${address}; pinned its fingerprint ${fingerprint}`;
}

/** The client connected to another machine than last time, or than the one that was named. */
export function otherMachineText({ from, to }: Extract<LinkEvent, { kind: "elsewhere" }>): Message {
  return (texts) => texts.otherMachine(from, to);
}

/** The fault that follows explains it. */
function reportEvidence(context: Context, home: string, evidence: AuditEvidence): void {
  try {
    printNotice(
      context,
      `saved the server's response as evidence in ${storeEvidence(home, evidence)}`,
    );
  } catch (error) {
    printNotice(context, `cannot save the server's response as evidence: ${String(error)}`);
  }
}
