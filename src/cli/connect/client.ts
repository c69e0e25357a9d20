/** Logged-in client for a command. */

import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { clientName } from "../../base/client-name.ts";
import { Fault, type FaultDetail, ignoreFault, unlessFault } from "../../base/fault.ts";
import { SCREEN_FRAME_MS, SCREEN_ITEMS_MAX } from "../../base/limits-screen.ts";
import { jsonLine } from "../../base/text.ts";
import { formatUtc } from "../../base/time.ts";
import { defined } from "../../base/values.ts";
import { PROGRAM } from "../../base/version.ts";
import type { AuditEvidence } from "../../client/auditor.ts";
import { Client, type ClientOptions } from "../../client/client.ts";
import type {
  AccountChangedEvent,
  ClientEvent,
  ConnectedEvent,
  LinkEvent,
  ReaderEvent,
} from "../../client/event.ts";
import { SEND_AGAIN } from "../../client/files/transfers.ts";
import type { FollowMode } from "../../client/follower.ts";
import type { GuessDelay } from "../../client/link/connection.ts";
import { type Credentials, TypedCode } from "../../client/login.ts";
import { formatSnapshot, isOlderSnapshot, parseSnapshot } from "../../core/model/snapshot.ts";
import type { Identity } from "../../crypto/identity.ts";
import type { Clock } from "../../io/clock.ts";
import { writeSmallFile } from "../../io/disk/data-folder.ts";
import { watchPresence } from "../../io/disk/presence.ts";
import { makePrivateFolder } from "../../io/disk/private-path.ts";
import { systemEntropy } from "../../io/entropy.ts";
import type { ClientState } from "../../io/state/client-state.ts";
import { findLocalServers, type LocalServer } from "../../io/state/local-servers.ts";
import { removedHomeFault } from "../../io/state/schema.ts";
import { ENGLISH_TERMINAL, type TerminalMessage } from "../../ui/messages/en/terminal.ts";
import { noticeText } from "../../ui/text/notice-text.ts";
import { type Fingerprint, formatFingerprint } from "../../wire/fingerprint.ts";
import { formatAddress, type ServerSpec } from "../../wire/invite.ts";
import { defineVerb, type FlagDefs, type FlagValues, type Verb } from "../command.ts";
import {
  type Context,
  faultLine,
  mayRedraw,
  printNotice,
  runInterruptible,
  WaitNotice,
} from "../context.ts";
import {
  namedUser,
  SERVER_ARGUMENT,
  SERVER_FLAGS,
  type ServerFlags,
  serverOptions,
} from "../flags.ts";
import { openHome } from "../home.ts";
import { CLEAR_LINE } from "../output/progress.ts";
import { renderJson } from "../output/render.ts";
import {
  PASSWORD,
  promptNewPassword,
  promptUserName,
  ROOM_PASSWORD,
  readSecret,
  secretAsker,
  secretPrompt,
} from "../secrets.ts";
import { type AddressDialer, connectingTo, openAddressDialer } from "./dial.ts";
import { chooseServer, discoverServer, lanFinder, ownRoomSecret } from "./discover.ts";
import { deviceIdentity, deviceKeys, nativeFileCipher, nativeHashing, sealedHome } from "./keys.ts";
import { codeInArgument, redeemResetCode } from "./reset-code.ts";

export interface ClientFlags extends ServerFlags {
  readonly passwordFile?: string | undefined;
  readonly roomPasswordFile?: string | undefined;
}

export interface ConnectOptions {
  readonly argument?: string | undefined;
  readonly mode?: Credentials["mode"];
  /** Fails if the given password is wrong, even if this device could log in without a password. */
  readonly requiresPassword?: boolean;
  readonly follow?: FollowMode;
  readonly reconnect?: boolean;
  readonly localPort?: number | undefined;
  /** Name if neither the user nor an earlier command supplied one; prompts if `undefined`. */
  readonly fallbackUser?: string | undefined;
  readonly greetOnly?: boolean;
  /** Code of a card, which decides who logs in. The argument may contain one, too. */
  readonly resetCode?: string | undefined;
  readonly newPasswordFile?: string | undefined;
  /** Password that this command has just set. */
  readonly password?: string | undefined;
  /** Waits until the server confirms this command's posts; also sends earlier unconfirmed posts. */
  readonly waitsForPosts?: boolean;
  readonly onLogin?: ClientOptions["onLogin"];
  readonly early?: ClientOptions["early"];
  readonly earlyMessage?: ClientOptions["earlyMessage"];
  /** On a terminal, makes this server and user the defaults for later commands. */
  readonly setsDefaults?: boolean;
  /** Whether running the command again resumes interrupted work. */
  readonly isResumable?: boolean;
  /** Ignores the other machines in the server's cluster. */
  readonly exactAddress?: boolean;
  /**
   * Whether the command prints server data, which may be outdated while the cluster has no
   * majority.
   */
  readonly printsData?: boolean;
  /** Whether the client audits the log; `false` if the command itself requests the proofs. */
  readonly audits?: boolean;
  /** Whether a user interface shows a model of the rooms. */
  readonly hasModel?: boolean;
  /** Whether the command reads events with `read`. Default: true. */
  readonly hasReader?: boolean;
  /**
   * Returns before the client has connected, if this device is known to the server. The client then
   * connects in the background.
   */
  readonly opensAtOnce?: boolean;
}

export interface OpenClient {
  readonly client: Client;
  readonly address: ServerSpec;
  readonly user: string;
  readonly registered: boolean;
  readonly roomSecret: string | undefined;
  readonly password: string | undefined;
  readonly state: ClientState;
  readonly device: Identity;
  readonly guessDelays: GuessDelayDisplay;
  /** True if the client connects in the background. */
  readonly isConnecting: boolean;
  /** Rejects if the home is removed or replaced, which also ends the client; else stays pending. */
  readonly removed: Promise<never>;
  readonly close: () => Promise<void>;
}

/**
 * Logs in, or only connects. A code in the argument, or typed where a password is asked for, first
 * sets a password.
 */
export async function openClient(
  context: Context,
  flags: ClientFlags,
  options: ConnectOptions = {},
): Promise<OpenClient> {
  const { resetCode: token = undefined, ...others } = options;
  const copied = codeInArgument(options.argument ?? flags.server);
  if (copied !== undefined) {
    const { server, token: resetCode } = copied;
    return openByCode(context, { ...flags, server }, { ...others, argument: undefined, resetCode });
  }
  if (token !== undefined) return openByCode(context, flags, options);
  try {
    return await openOnce(context, flags, options);
  } catch (error) {
    if (!(error instanceof TypedCode) || context.terminal === undefined) throw error;
    const { resetCode, isCertain, refusal } = error;
    return openByCode(context, flags, { ...options, resetCode }).catch((fault: unknown) => {
      const isUnknown = fault instanceof Fault && fault.code === "code-wrong";
      throw isUnknown && !isCertain ? refusal : fault;
    });
  }
}

async function openByCode(
  context: Context,
  flags: ClientFlags,
  { resetCode: token = "", newPasswordFile, ...options }: ConnectOptions,
): Promise<OpenClient> {
  const { argument } = options;
  const greet = () => openOnce(context, flags, { argument, greetOnly: true });
  const { user, password } = await redeemResetCode(context, greet, { token, newPasswordFile });
  const login = { mode: "login", requiresPassword: true, opensAtOnce: false, password } as const;
  return openOnce(context, { ...flags, user }, { ...options, ...login });
}

async function openOnce(
  context: Context,
  flags: ClientFlags,
  options: ConnectOptions,
): Promise<OpenClient> {
  const takesDisplayName = options.mode === "login";
  const requested = serverOptions(context, flags, options.argument, takesDisplayName);
  const { config, folders } = context.settings();
  const state = openHome(context);
  let dialer: AddressDialer | undefined;
  try {
    const isExpected = requested.fingerprint !== undefined;
    const candidate =
      requested.address === undefined ? await chooseServer(context, state, isExpected) : undefined;
    const address =
      requested.address ?? candidate?.address ?? (await discoverServer(context, state));
    // A machine named by the user takes precedence over the cluster node used last.
    const isNamed = requested.address !== undefined || candidate?.data !== undefined;
    const addressText = formatAddress(address);
    const roomSecret =
      (await readSecret(context, ROOM_PASSWORD, flags.roomPasswordFile)) ?? address.secret;
    const pinned = state.pin(addressText)?.fingerprint;
    const expected = requested.fingerprint ?? address.fingerprint ?? pinned;
    const claimedFingerprint = expected ?? state.serverClaiming(addressText);
    const lastUser =
      claimedFingerprint === undefined ? undefined : state.lastUser(claimedFingerprint);
    const chosenUser = requested.user ?? lastUser;
    const knownUser = chosenUser ?? options.fallbackUser;
    if (knownUser === undefined && options.greetOnly !== true && pinned !== undefined) {
      // Reports a changed identity before it asks for a name.
      const { transport } = flags;
      const greeting = { server: addressText, ...defined({ transport }) };
      await (await openClient(context, greeting, { greetOnly: true })).close();
    }
    const typed =
      knownUser === undefined && options.greetOnly !== true
        ? await promptUserName(context, addressText, undefined, takesDisplayName)
        : undefined;
    const named = typed === undefined ? requested : namedUser(typed, takesDisplayName);
    const user = knownUser ?? named.user ?? "";
    using waiting = new WaitNotice(context, connectingTo(address));
    const answering = new WaitNotice(context, `waiting for an answer from ${addressText} …`);
    const isKnown =
      pinned !== undefined &&
      pinned === expected &&
      options.mode !== "register" &&
      state.enrolment(pinned, user) !== undefined;
    const opensAtOnce = isKnown && options.opensAtOnce === true;
    const credentials: Credentials = {
      user,
      displayName: named.displayName,
      mode: options.mode ?? "either",
      password: options.password ?? (await readSecret(context, PASSWORD, flags.passwordFile)),
      roomSecret,
      storedRoomSecret: (server) => ownRoomSecret(context, server),
      requiresPassword: options.requiresPassword ?? false,
      promptSecret: opensAtOnce
        ? undefined
        : secretPrompter(
            context,
            {
              user: named.displayName ?? user,
              server: addressText,
              isFallback: chosenUser !== knownUser,
            },
            waiting,
          ),
    };
    const device = deviceIdentity(state);
    const { clock } = context;
    const { localPort } = options;
    const guessDelays = new GuessDelayDisplay(context);
    dialer = openAddressDialer(clock, address, { transport: requested.transport, localPort });
    const client = new Client(
      {
        clock,
        entropy: systemEntropy(),
        dial: dialer.dial,
        findOnLan: options.exactAddress === true ? undefined : lanFinder(clock),
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
        fingerprint: requested.fingerprint ?? address.fingerprint,
        strict: config.trust === "strict",
        follow: options.follow ?? "none",
        reconnect: options.reconnect ?? false,
        isOneShot: (options.follow ?? "none") === "none",
        adoptsUnsent: options.waitsForPosts ?? false,
        changesDefaults: options.setsDefaults === true && isInteractive(context),
        hasReader: options.hasReader ?? true,
        onLogin: options.onLogin,
        early: options.early,
        earlyMessage: options.earlyMessage,
        model: options.hasModel === true ? terminalModel(clock) : undefined,
        audits: options.audits ?? true,
        onAlarm: ({ evidence }) => reportEvidence(context, evidence),
      },
    );
    const hasInterface = options.hasModel === true;
    client.subscribe((event) => {
      if (event.kind === "guess-delay") return guessDelays.update(event.delay);
      if (event.kind === "stalled" && event.on && !hasInterface) answering.show();
      if (event.kind === "account-changed" && context.json && !hasInterface) {
        context.stdout.write(renderJson(accountChangedJson(event)));
      }
      const line = noticeOf(event, hasInterface);
      if (line !== undefined) printNotice(context, line);
    });
    waiting.start();
    const connect = async () => {
      if (!opensAtOnce) return client.connect();
      const snapshot = state.snapshot(pinned, user);
      client.start(
        pinned as Fingerprint,
        user,
        snapshot === undefined ? undefined : parseSnapshot(snapshot, clock.unixMs()),
      );
      return undefined;
    };
    const membership = await connect().catch((error: unknown) => {
      throw explainNewServer(context, address, error);
    });
    const removed = Promise.withResolvers<never>();
    removed.promise.catch(ignoreFault); // The client reports this fault to user interfaces.
    const stopWatching = watchPresence(
      clock,
      () => state.isPresent(),
      () => {
        const fault = removedHomeFault(folders.data);
        removed.reject(fault);
        client.fail(fault);
      },
    );
    const close = async () => {
      stopWatching();
      if (options.hasModel === true) storeSnapshot(client, state);
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
      isConnecting: opensAtOnce,
      removed: removed.promise,
      close,
    };
  } catch (error) {
    dialer?.close();
    state.close();
    throw error;
  }
}

/** Keeps what the user has read, for the next time the client opens. */
function storeSnapshot(client: Client, state: ClientState): void {
  const { fingerprint, user, account, store } = client;
  store.update();
  if (fingerprint === undefined || user === undefined || store.model.rooms.size === 0) return;
  if (state.enrolment(fingerprint, user) === undefined) return; // Signed out by another process.
  const after = account?.session.after;
  const text = formatSnapshot(store.model, after);
  // Without the snapshot, the next start only shows less until it has connected.
  unlessFault(() =>
    state.setSnapshot(fingerprint, user, text, (stored) => isOlderSnapshot(stored, after)),
  );
}

/** Model of the line mode and the full screen. */
function terminalModel(clock: Clock): ClientOptions["model"] {
  const nextFrame = (callback: () => void) => clock.after(SCREEN_FRAME_MS, callback);
  return { nextFrame, itemsMax: SCREEN_ITEMS_MAX };
}

/** Names the likeliest cause of a changed identity: this user has started another server here. */
export function explainNewServer(context: Context, address: ServerSpec, error: unknown): unknown {
  if (!(error instanceof Fault) || error.code !== "fingerprint-changed") return error;
  const found = ({ fingerprint }: LocalServer) =>
    error.message.endsWith(`found ${formatFingerprint(fingerprint)}`);
  const local = findLocalServers(context.env).find(found);
  if (local === undefined) return error;
  const accept = `chat trust accept ${formatAddress(address)}`;
  const remedy = `you started a new server in ${local.data}; to use it, run ${accept}`;
  return new Fault(error.code, error.message, { remedy, cause: error });
}

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

/** Reports whether a user is present. A script's server and user must not become defaults. */
export function isInteractive({ terminal, stdout, json }: Context): boolean {
  return terminal !== undefined && stdout.isTerminal && !json;
}

function secretPrompter(
  context: Context,
  target: { readonly user: string; readonly server: string; readonly isFallback: boolean },
  waiting: WaitNotice,
): Credentials["promptSecret"] {
  const { terminal } = context;
  if (terminal === undefined) return undefined;
  return (secret, isRetry) => {
    waiting.stop();
    if (secret !== "new-password") {
      const kind = secret === "password" ? PASSWORD : ROOM_PASSWORD;
      return readSecret(
        context,
        kind,
        undefined,
        secretPrompt(secret, target, isRetry)(ENGLISH_TERMINAL),
      );
    }
    const notice = `${target.user} is a new name; without a password, only this device can use it`;
    // The user asked for a task on the server, not for an account.
    if (target.isFallback) {
      printNotice(context, notice);
      return Promise.resolve(undefined);
    }
    return promptNewPassword(secretAsker(context, terminal, notice), (texts) =>
      texts.askNewPasswordOf(target.user, target.server),
    );
  };
}

const RESUME_REMEDY = { remedy: "run the same command again to resume" };
const UNSENT_REMEDY = {
  remedy: "unconfirmed messages are saved; the next chat send will send them",
};

export async function withClient(
  context: Context,
  flags: ClientFlags,
  options: ConnectOptions,
  work: (open: OpenClient) => Promise<number>,
): Promise<number> {
  const open = await openClient(context, flags, options);
  const runAudited = async () => {
    const exitCode = await Promise.race([work(open), open.removed]).catch((error: unknown) => {
      // An alarm closes the connection and the account's store, and their faults would hide it.
      throw open.client.alarm ?? error;
    });
    await open.client.auditSettled();
    const { majorityFault } = open.client;
    const mayBeOld = options.printsData === true && majorityFault !== undefined;
    if (exitCode === 0 && mayBeOld) throw incompleteFault(majorityFault);
    return exitCode;
  };
  try {
    return await runInterruptible(context, runAudited, interruptRemedy(options));
  } finally {
    await open.close();
  }
}

/** Defines a command that logs in, performs one task, and exits. */
export function clientVerb<const T extends FlagDefs>({
  args,
  details = "",
  early,
  run,
  ...options
}: Omit<ConnectOptions, "early"> & {
  readonly args: T;
  readonly details?: string;
  /** The requests with which `run` begins, so that they leave with the log-in. */
  early?(args: FlagValues<T>): ClientOptions["early"];
  run(args: FlagValues<T>, context: Context, open: OpenClient): Promise<number>;
}): Verb {
  const definitions: FlagDefs = { at: SERVER_ARGUMENT, ...args, ...SERVER_FLAGS };
  return defineVerb({
    args: definitions,
    details,
    run(values, context) {
      const flags = values as ClientFlags & { readonly at?: string };
      const connect = {
        mode: "login",
        ...options,
        argument: flags.at,
        early: early?.(values as FlagValues<T>),
      } as const;
      return withClient(context, flags, connect, async (open) => {
        await untilConnected(open.client.read());
        return run(values as FlagValues<T>, context, open);
      });
    },
  });
}

/** Results without a majority are valid, but other nodes may have more records. */
function incompleteFault({ code, message }: Fault): Fault {
  return new Fault(code, `${message}; results may be incomplete`);
}

function interruptRemedy({
  waitsForPosts: posts,
  isResumable: resumes,
}: ConnectOptions): FaultDetail {
  if (resumes === true) return RESUME_REMEDY;
  if (resumes === false) return { remedy: SEND_AGAIN };
  return posts === true ? UNSENT_REMEDY : {};
}

/** @throws {Fault} the fault that closed the connection; link-closed */
export async function untilConnected(events: AsyncIterator<ReaderEvent>): Promise<ConnectedEvent> {
  for (;;) {
    const { value, done } = await events.next();
    if (done === true) throw connectionClosed();
    if (value.kind === "connected") return value;
    if (value.kind === "closed") throw value.fault ?? connectionClosed();
  }
}

export function connectionClosed(): Fault {
  return new Fault("link-closed", "the connection was closed");
}

function noticeOf(event: ClientEvent, hasInterface: boolean): string | undefined {
  switch (event.kind) {
    case "pinned":
    case "moved":
      return pinNotice(event);
    case "elsewhere":
    case "rejoined":
    case "handover":
    case "account-changed":
      return hasInterface ? undefined : noticeText(event, "someone")(ENGLISH_TERMINAL);
    case "sealed-fault":
      return hasInterface ? undefined : faultLine(event.fault);
    case "sealed-remark":
      return hasInterface ? undefined : event.remark.text;
    case "member-added":
    case "identity-changed":
      return hasInterface ? undefined : event.sentence;
    default:
      return undefined;
  }
}

function pinNotice(event: Extract<LinkEvent, { kind: "pinned" | "moved" }>): string {
  if (event.kind === "moved") {
    const [old, current] = [event.from, event.fingerprint].map(formatFingerprint);
    const change = `a new key, ${current}, signed by its old key, ${old}`;
    return `${event.address} has ${change}; now trusting the new key`;
  }
  const fingerprint = formatFingerprint(event.fingerprint);
  const { address, knownAs } = event;
  if (knownAs !== undefined) {
    const trust = `trusted the same fingerprint, ${fingerprint}`;
    return `${address} is the same server as ${knownAs}; ${trust}`;
  }
  return `first connection to ${address}; pinned its fingerprint ${fingerprint}`;
}

export function accountChangedJson({ kind, what, atUnixMs, by }: AccountChangedEvent) {
  return { kind, what, at: formatUtc(atUnixMs), ...defined({ by }) };
}

export function reportEvidence(context: Context, evidence: AuditEvidence): void {
  const home = context.settings().folders.data;
  try {
    printNotice(
      context,
      `saved the server's response as evidence in ${storeEvidence(home, evidence)}`,
    );
  } catch (error) {
    printNotice(context, `cannot save the server's response as evidence: ${String(error)}`);
  }
}

const SYSTEMS: Readonly<Record<string, string>> = {
  linux: "Linux",
  darwin: "macOS",
  win32: "Windows",
};

function programName(platform: string = process.platform): string {
  return clientName(PROGRAM, `chat on ${SYSTEMS[platform] ?? platform}`);
}

/**
 * Delay before the countdown appears. A correct secret is answered sooner, even after wrong
 * attempts.
 */
const COUNTDOWN_DELAY_MS = 400;
const COUNTDOWN_TICK_MS = 1_000;

/** A countdown on a terminal, otherwise a single line. */
export class GuessDelayDisplay {
  /** Set by the full-screen client, which displays the text itself. */
  displayOverride: ((text: TerminalMessage) => void) | undefined;
  #cancel: (() => void) | undefined;
  #isDrawn = false;

  constructor(private readonly context: Context) {}

  readonly update = (delay: GuessDelay | undefined): void => {
    this.#end();
    if (delay === undefined) return;
    const { clock } = this.context;
    const deadline = clock.now() + delay.waitMs;
    const firstMs = Math.min(COUNTDOWN_DELAY_MS, delay.waitMs);
    this.#cancel = clock.after(firstMs, () => this.#show(delay.of, deadline));
  };

  #show(of: GuessDelay["of"], deadline: number): void {
    const { clock, stderr } = this.context;
    // The answer still has to cross the network, so the countdown stops at one second.
    const seconds = Math.max(1, Math.ceil((deadline - clock.now()) / 1000));
    const message = ENGLISH_TERMINAL.guessDelay(of, seconds);
    const countsDown = this.context.terminal !== undefined && mayRedraw(this.context);
    const fits = message.length + "chat: ".length < stderr.columns();
    if (this.displayOverride !== undefined) {
      return this.displayOverride((texts) => texts.guessDelay(of, seconds));
    }
    if (!countsDown || !fits) return printNotice(this.context, message);
    stderr.write(`${CLEAR_LINE}chat: ${message}`);
    this.#isDrawn = true;
    this.#cancel = clock.after(COUNTDOWN_TICK_MS, () => this.#show(of, deadline));
  }

  #end(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    if (this.#isDrawn) this.context.stderr.write(CLEAR_LINE);
    this.#isDrawn = false;
  }
}

const FOLDER = "evidence";
const DIGITS = 16;

/**
 * Stores a file that proves that a server rewrote its log.
 * @internal
 */
export function storeEvidence(home: string, evidence: AuditEvidence): string {
  const { reason, known, shown } = evidence;
  const name = createHash("sha256")
    .update(JSON.stringify([reason, known, shown]))
    .digest("hex")
    .slice(0, DIGITS);
  const folder = join(home, FOLDER);
  const path = join(folder, `${name}.json`);
  makePrivateFolder(folder);
  if (!existsSync(path)) writeSmallFile(path, jsonLine(evidence));
  return path;
}
